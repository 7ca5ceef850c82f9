// The bound that an answer is held to, derived and not chosen: so many unit roundoffs of the gauge. The
// operations of the formula are counted (reference/counted.h); what a sum adds depends on the order in which
// the subject says that it adds. docs/theory.md has the theory.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "reference/truth.h"

namespace exactloss {

/// In which order a subject adds numbers.
enum class SummationOrder : std::uint8_t {
  kUnknown,     ///< the worst of all: no order of n numbers rounds one of them more often than n - 1 times
  kSequential,  ///< one after the other
  kPairwise,    ///< halves of halves, down to blocks that are added one after the other
  kBlocked,     ///< so many sums side by side, one after the other; then these
};

std::string_view Name(SummationOrder order);
std::optional<SummationOrder> ParseSummationOrder(std::string_view name);

struct Summation {
  SummationOrder order = SummationOrder::kUnknown;
  std::int64_t width = 1;                 ///< pairwise: numbers in a block; blocked: sums side by side
  std::optional<Dtype> accumulator = {};  ///< none: the dtype of the problem
};

/// How often the sum of so many numbers rounds one of them at most.
double RoundingsOfSum(const Summation& summation, double terms);

struct Bound {
  double formula = 0;  ///< roundings
  Sums row = {}, reduction = {};
  double underflows = 0;  ///< halves of the smallest number, besides
  Summation summation = {};

  /// All of it, in unit roundoffs of the dtype.
  double Roundings(Dtype dtype) const;
};

Bound BoundOf(const OutputTruth& output, const Summation& summation);

/// "3 roundings of the formula + 9 (sum of 10 terms, order unknown: at worst sequential) = 12"
std::string BoundText(Dtype dtype, const Bound& bound);

}  // namespace exactloss
