#include "reference/limits.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace exactloss {
namespace {

/// Exponents of the surrogates. Squares and products of three doubles lie far below them, their reciprocals
/// above.
constexpr std::int64_t kExponents[] = {1200, 1500, 1800};
constexpr std::size_t kOrders = std::size(kExponents);
constexpr std::size_t kFewInfinities = 3;  // all orders of so many are tried

/// For each trial the exponent of each of `count` infinities.
std::vector<std::vector<std::int64_t>> Trials(std::size_t count) {
  std::vector<std::vector<std::int64_t>> trials;
  if (count <= kFewInfinities) {
    std::size_t all = 1;
    for (std::size_t i = 0; i < count; ++i) all *= kOrders;
    for (std::size_t trial = 0; trial < all; ++trial) {
      std::vector<std::int64_t>& exponents = trials.emplace_back();
      for (std::size_t i = 0, rest = trial; i < count; ++i, rest /= kOrders) {
        exponents.push_back(kExponents[rest % kOrders]);
      }
    }
    return trials;
  }
  for (const std::int64_t exponent : kExponents) trials.emplace_back(count, exponent);
  std::vector<std::int64_t> rising, falling, alternating;
  const std::int64_t span = kExponents[kOrders - 1] - kExponents[0];
  for (std::size_t i = 0; i < count; ++i) {
    rising.push_back(kExponents[0] +
                     span * static_cast<std::int64_t>(i) / static_cast<std::int64_t>(count - 1));
    alternating.push_back(kExponents[i % kOrders]);
  }
  falling.assign(rising.rbegin(), rising.rend());
  trials.insert(trials.end(), {rising, falling, alternating});
  return trials;
}

std::vector<Interval> WithSurrogates(const std::vector<double>& values,
                                     const std::vector<std::int64_t>& exponents) {
  std::vector<Interval> variables;
  Lift(values, variables);
  std::size_t next = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!std::isinf(values[i])) continue;
    const Interval surrogate = Interval::PowerOfTwo(exponents[next++]);
    variables[i] = values[i] < 0 ? -surrogate : surrogate;
  }
  return variables;
}

/// A number beyond all sizes that the dtype's numbers and products of a few of them have stands for an
/// infinity, one within 2^-1150 for 0.
Interval Snapped(Dtype dtype, const Interval& x) {
  const std::int64_t huge_exponent = dtype == Dtype::kF64 ? 1100 : 600, tiny_exponent = -1150;
  const EvaluationScope scope(Real::kInlineBits);
  const Interval huge = Interval::PowerOfTwo(huge_exponent), tiny = Interval::PowerOfTwo(tiny_exponent);
  if (x.IsNan()) return x;
  if (SignOf(x - huge) == Sign::kPositive) return Interval::Infinity(1);
  if (SignOf(x + huge) == Sign::kNegative) return Interval::Infinity(-1);
  if (SignOf(x - tiny) == Sign::kNegative && SignOf(x + tiny) == Sign::kPositive) return 0.0;
  return x;
}

/// Numbers beyond the range of the dtype are told apart as those within it: 2^17 and 2^1200 are no limit in
/// f16.
bool Agree(Dtype dtype, const Interval& x, const Interval& y) {
  if (x.IsNan() || y.IsNan()) return false;
  const Enclosure of_x = x.ToEnclosure(), of_y = y.ToEnclosure();
  const double nearest = Nearest(dtype, of_x);
  return nearest == Nearest(dtype, of_y) &&
         (std::isfinite(nearest) || Nearest(Dtype::kF64, of_x) == Nearest(Dtype::kF64, of_y));
}

/// What two trials have in common.
Proven Common(Dtype dtype, const Proven& x, const Proven& y) {
  Proven common{.value = Interval::Nan(), .allowed = {}, .proven = x.proven && y.proven};
  if (!Agree(dtype, x.value, y.value)) return common;
  common.value = x.value.IsPoint() ? x.value : Hull(x.value, y.value);
  if (x.kink && y.kink && Agree(dtype, *x.allowed, *y.allowed)) {
    common.allowed = x.allowed;
    common.kink = true;
  }
  return common;
}

/// Do the steps from trial to trial keep their sign and not shrink, though the exponents are evenly spaced?
/// So grows a logarithm, without a bound.
int SignOfGrowth(const Interval& first, const Interval& second, const Interval& third) {
  const EvaluationScope scope(Real::kInlineBits);
  const Interval step = second - first, next = third - second;
  for (const int sign : {1, -1}) {
    const auto is_positive = [&](const Interval& x) { return SignOf(sign * x) == Sign::kPositive; };
    if (is_positive(step) && is_positive(2 * next - step)) return sign;
  }
  return 0;
}

}  // namespace

std::vector<Proven> ProveLimit(Prover& prover, std::int64_t term, const std::vector<double>& values,
                               const ProofOptions& options) {
  const auto count = static_cast<std::size_t>(
      std::count_if(values.begin(), values.end(), [](double x) { return std::isinf(x); }));
  std::vector<std::vector<Proven>> trials;
  for (const std::vector<std::int64_t>& exponents : Trials(count)) {
    trials.push_back(prover.Prove(term, WithSurrogates(values, exponents), options));
  }
  const auto snapped = [&](Proven output) {
    output.value = Snapped(options.dtype, output.value);
    return output;
  };
  std::vector<Proven> limit = trials[0];
  for (std::size_t i = 0; i < limit.size(); ++i) {
    limit[i] = snapped(trials[0][i]);
    for (std::size_t k = 1; k < trials.size(); ++k) {
      limit[i] = Common(options.dtype, limit[i], snapped(trials[k][i]));
    }
    if (count > 1 || !limit[i].value.IsNan()) continue;
    const int sign = SignOfGrowth(trials[0][i].value, trials[1][i].value, trials[2][i].value);
    if (sign != 0) limit[i].value = Interval::Infinity(sign);
  }
  return limit;
}

}  // namespace exactloss
