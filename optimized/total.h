// A sum of terms with a bound of its error, and what it rounds to.
#pragma once

#include <cmath>

#include "optimized/formats.h"

namespace exactloss::optimized {

/// What a lane that adds up at most kBlock / kSumLanes doubles loses of their magnitudes.
inline constexpr std::size_t kAddedToALane = kBlock / kSumLanes + 1;
inline constexpr double kLaneSumUnit = 0x1p-53 * static_cast<double>(kAddedToALane);

struct Total {
  Word2 sum;
  double error = 0;
  double special = 0;  ///< the sum of terms that are infinite or NaN because an input is

  void Add(const Total& other) {
    sum = optimized::Add(sum, other.sum);
    error += other.error + std::fabs(other.sum.hi) * 0x1p-100;
    special += other.special;
  }

  /// False where the sum left the range of doubles, though no input is infinite.
  bool IsFinite() const { return std::isfinite(sum.hi) && std::isfinite(sum.lo); }

  /// sum / divisor, right to 2^-100.
  Word2 Over(double divisor) const {
    const double quotient = sum.hi / divisor;
    const double rest = std::fma(-quotient, divisor, sum.hi) + sum.lo;
    return std::isfinite(rest) ? TwoSum(quotient, rest / divisor) : Word2{quotient, 0};
  }

  double Rounded(Dtype dtype, double divisor) const { return RoundTo(dtype, Over(divisor)); }

  /// Whether the error leaves the rounded quotient as it is.
  bool IsSure(Dtype dtype, double divisor) const {
    const Word2 value = Over(divisor);
    const bool exact = error == 0 && std::fma(-(1 / divisor), divisor, 1.0) == 0;
    const double margin = exact ? 0 : error / divisor * (1 + 0x1p-40) + std::fabs(value.hi) * 0x1p-98;
    return RoundTo(dtype, TwoSum(value.hi, value.lo - margin)) ==
           RoundTo(dtype, TwoSum(value.hi, value.lo + margin));
  }
};

/// The sum over the divisor, rounded. Where the bound leaves that open, or the sum left the range of doubles,
/// `refined` gives the sum in double words, and `decided` the rounded quotient whatever it takes. Binary64
/// sums are of double words from the start.
template <class Refined, class Decided>
double RoundedLoss(Total total, Dtype dtype, Mode mode, double divisor, const Refined& refined,
                   const Decided& decided) {
  if (total.special != 0) return total.special;  // NaN is not 0 either
  const bool tested = mode == Mode::kExact && dtype != Dtype::kF64;
  const auto sure = [&] { return total.IsFinite() && (!tested || total.IsSure(dtype, divisor)); };
  if (!sure() && dtype != Dtype::kF64) total = refined();
  return sure() ? total.Rounded(dtype, divisor) : decided();
}

}  // namespace exactloss::optimized
