// Samples of what fills make, for the tests of what they promise.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "oracle/fill.h"

namespace exactloss {

inline constexpr std::uint64_t kCount = 60;

inline std::vector<Problem> Problems(std::string_view fill, std::string_view loss, Dtype dtype,
                                     Reduction reduction = Reduction::kMean) {
  std::vector<Problem> problems;
  for (std::uint64_t i = 0; i < kCount; ++i) {
    problems.push_back(FillProblem(*FindFill(fill), *FindLoss(loss), dtype, reduction, 3, i));
  }
  return problems;
}

/// All values of an input in many problems.
inline std::vector<double> Values(std::string_view fill, std::string_view loss, std::string_view input,
                                  Dtype dtype) {
  std::vector<double> values;
  for (const Problem& problem : Problems(fill, loss, dtype)) {
    const auto& tensor = problem.input(input);
    if (tensor) values.insert(values.end(), tensor->values.begin(), tensor->values.end());
  }
  return values;
}

template <class Predicate>
double Share(const std::vector<double>& values, Predicate predicate) {
  return static_cast<double>(std::count_if(values.begin(), values.end(), predicate)) /
         static_cast<double>(values.size());
}

/// (input, target) at each element of many problems.
inline std::vector<std::pair<double, double>> Pairs(std::string_view fill, std::string_view loss,
                                                    Dtype dtype) {
  const std::vector<double> x = Values(fill, loss, "input", dtype), t = Values(fill, loss, "target", dtype);
  std::vector<std::pair<double, double>> pairs;
  for (std::size_t i = 0; i < x.size(); ++i) pairs.emplace_back(x[i], t[i]);
  return pairs;
}

/// Is a at most `steps` numbers of the dtype away from b?
inline bool WithinSteps(Dtype dtype, double a, double b, int steps) {
  double low = b, high = b;
  for (; steps > 0; --steps) {
    low = NextDown(dtype, low);
    high = NextUp(dtype, high);
  }
  return low <= a && a <= high;
}

}  // namespace exactloss
