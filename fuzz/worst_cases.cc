// A file of worst cases. What is taken is there already when it is added again.
#include "fuzz/target.h"
#include "oracle/worst.h"
#include "reference/problem.h"

namespace exactloss::fuzz {

void Run(std::string_view bytes) {
  if (HasLargeNumber(bytes)) return;
  try {
    std::string text(bytes);
    if (!text.empty() && !text.ends_with('\n')) text += '\n';
    if (WithWorstCases(text, ReadWorstCases(text), "text") != text) Fail("a case is recorded twice");
  } catch (const UsageError&) {
  }
}

}  // namespace exactloss::fuzz
