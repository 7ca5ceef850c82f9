// A baseline: what is taken is written and read again the same.
#include "reports/baseline.h"

#include "fuzz/target.h"
#include "reference/problem.h"

namespace exactloss::fuzz {

void Run(std::string_view bytes) {
  try {
    const Baseline baseline = ReadBaseline(FileOf(bytes).string());
    const std::string file = FileOf({}).string();
    SaveBaseline(baseline, file);
    if (ReadBaseline(file).rows.size() != baseline.rows.size())
      Fail("a baseline is not read as it was written");
  } catch (const UsageError&) {
  }
}

}  // namespace exactloss::fuzz
