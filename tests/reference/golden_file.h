// Golden values: tests/golden/<loss>.in, problems with what is known of them from elsewhere.
//
//   # a comment
//   mse f64 none input=2.5,0 target=3,0      a repro line at the margin
//     loss = 0.25 0                          below it outputs, a value for each of their elements
//     grad:input = -1 0
//
//   value = decimal (exact, or rounded to 30 digits) | inf | -inf | nan | low|decimal|high
//   The last one is a kink: the ends of the subdifferential, and within it the element that PyTorch takes.
#pragma once

#include <cstddef>
#include <filesystem>
#include <istream>
#include <string>
#include <vector>

#include "reference/problem.h"

namespace exactloss {

struct GoldenValue {
  std::string value;
  std::string low, high;  ///< empty: no kink
};

struct GoldenOutput {
  std::size_t line;
  std::size_t output;  ///< in the order of OutputsOf
  std::vector<GoldenValue> values;
};

struct GoldenProblem {
  std::size_t line;
  Problem problem;
  std::vector<GoldenOutput> outputs;
};

/// Throws UsageError "<name>:<line>: ..." at a line that is wrong.
std::vector<GoldenProblem> ReadGolden(std::istream& in, const std::string& name);
std::vector<GoldenProblem> ReadGolden(const std::filesystem::path& path);

}  // namespace exactloss
