// A file of known divergences.
#include "fuzz/target.h"
#include "oracle/known.h"

namespace exactloss::fuzz {

void Run(std::string_view bytes) {
  const std::size_t line = bytes.find("line:");  // links before it may have large numbers
  if (line != bytes.npos && HasLargeNumber(bytes.substr(line))) return;
  try {
    (void)ReadKnown(FileOf(bytes).parent_path());
  } catch (const UsageError&) {
  }
}

}  // namespace exactloss::fuzz
