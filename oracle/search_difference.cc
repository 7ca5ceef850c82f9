// The largest difference between two subjects.
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "oracle/ordinal.h"
#include "oracle/search.h"
#include "reference/text.h"

namespace exactloss {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Numbers of the dtype between the two; infinite where one of them is NaN.
double Distance(Dtype dtype, std::uint64_t a, std::uint64_t b) {
  const double x = FromBits(dtype, a), y = FromBits(dtype, b);
  if (std::isnan(x) || std::isnan(y)) return std::isnan(x) && std::isnan(y) ? 0 : kInfinity;
  return std::fabs(static_cast<double>(OrdinalOf(dtype, x)) - static_cast<double>(OrdinalOf(dtype, y)));
}

/// Of each output that both gave, the element in which they differ most.
std::vector<DifferenceQuest::Difference> Differences(const Problem& problem, const Answer& a,
                                                     const Answer& b) {
  std::vector<DifferenceQuest::Difference> differences;
  for (const Output& x : a.outputs) {
    const auto y = std::find_if(b.outputs.begin(), b.outputs.end(),
                                [&](const Output& output) { return output.name == x.name; });
    if (y == b.outputs.end() || y->dtype != x.dtype || y->bits.size() != x.bits.size()) continue;
    DifferenceQuest::Difference largest{x.name, 0, -1, problem};
    for (std::size_t i = 0; i < x.bits.size(); ++i) {
      const double ulp = Distance(x.dtype, x.bits[i], y->bits[i]);
      if (ulp > largest.ulp) largest.ulp = ulp, largest.index = static_cast<std::int64_t>(i);
    }
    differences.push_back(std::move(largest));
  }
  return differences;
}

}  // namespace

std::vector<Outcome> DifferenceQuest::Score(const Problem& problem, const std::vector<Answer>& answers) {
  std::vector<Outcome> outcomes;
  for (const Difference& difference : Differences(problem, answers[0], answers[1])) {
    const bool is_nan = std::isinf(difference.ulp);
    outcomes.push_back({Concat(difference.output, is_nan ? " nan" : ""),
                        is_nan ? 0 : static_cast<int>(std::log2(1 + difference.ulp)),
                        static_cast<int>(std::min<std::int64_t>(difference.index, 8)), difference.ulp,
                        difference.ulp});
  }
  return outcomes;
}

void DifferenceQuest::Keep(const Problem& problem, const std::vector<Answer>& answers) {
  for (Difference& difference : Differences(problem, answers[0], answers[1])) {
    if (difference.ulp == 0) continue;
    const std::string key = Concat(difference.output, std::isinf(difference.ulp) ? " nan" : "");
    const auto [found, is_new] = largest_.try_emplace(key, difference);
    if (!is_new && difference.ulp > found->second.ulp) found->second = std::move(difference);
  }
}

std::vector<DifferenceQuest::Difference> DifferenceQuest::Largest() const {
  std::vector<Difference> largest;
  for (const auto& [key, difference] : largest_) largest.push_back(difference);
  std::stable_sort(largest.begin(), largest.end(),
                   [](const Difference& a, const Difference& b) { return a.ulp > b.ulp; });
  return largest;
}

}  // namespace exactloss
