// report.json, as `exactloss compare` reads it.
#include "fuzz/target.h"
#include "reports/document.h"

namespace exactloss::fuzz {

void Run(std::string_view bytes) {
  try {
    (void)ReadDocument(FileOf(bytes).string());
  } catch (const UsageError&) {
  }
}

}  // namespace exactloss::fuzz
