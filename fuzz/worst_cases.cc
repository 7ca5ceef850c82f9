// A file of worst cases. What is taken is there already when it is added again.
#include "fuzz/target.h"
#include "oracle/worst.h"
#include "reference/problem.h"

namespace exactloss::fuzz {

void Run(std::string_view bytes) {
  if (HasLargeNumber(bytes)) return;
  try {
    const std::string text(bytes);
    if (WithWorstCases(text, ReadWorstCases(text), "text") != text) Fail("a case is recorded twice");
  } catch (const UsageError&) {
  }
}

}  // namespace exactloss::fuzz
