// Repro lines, of problems and of contracts. What is taken must be written and read again the same.
#include "fuzz/target.h"
#include "oracle/contracts.h"
#include "oracle/fill.h"
#include "reference/problem.h"

namespace exactloss::fuzz {
namespace {

void RunProblem(const std::string& line) {
  const std::string once = FormatProblem(ParseProblem(line, FillTensor));
  const std::string twice = FormatProblem(ParseProblem(once, FillTensor));
  if (once != twice) Fail("a line is not read as it was written:\n" + once + "\n" + twice);
}

}  // namespace

void Run(std::string_view bytes) {
  if (HasLargeNumber(bytes)) return;
  const std::string line(bytes);
  try {
    if (IsContract(line)) {
      (void)ParseContract(line);
    } else {
      RunProblem(line);
    }
  } catch (const UsageError&) {
  }
  try {
    (void)ParseCall(line);
  } catch (const UsageError&) {
  }
}

}  // namespace exactloss::fuzz
