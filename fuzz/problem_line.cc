// Repro lines, of problems and of contracts. What is taken must be written and read again the same.
#include <cctype>

#include "fuzz/target.h"
#include "oracle/contracts.h"
#include "oracle/fill.h"
#include "reference/problem.h"

namespace exactloss::fuzz {
namespace {

/// A line may ask for 2^28 elements, which takes seconds and no parsing: five digits are enough here.
bool HasLargeNumber(std::string_view line) {
  int digits = 0;
  for (const char c : line) {
    digits = std::isdigit(static_cast<unsigned char>(c)) != 0 ? digits + 1 : 0;
    if (digits > 5) return true;
  }
  return false;
}

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
