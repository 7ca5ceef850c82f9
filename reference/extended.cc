// Reading an enclosure: rounding and errors of numbers of any size, in binary64 arithmetic without loss.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "reference/truth.h"

namespace exactloss {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

/// value * 2^exponent; an exponent beyond what a double can show for gives infinity or zero.
double Scale(double value, std::int64_t exponent) {
  constexpr std::int64_t kBeyond = 4096;
  return std::ldexp(value, static_cast<int>(std::clamp(exponent, -kBeyond, kBeyond)));
}

bool IsNan(const Extended& x) { return std::isnan(x.head); }

/// floor(log2 |x|) of a finite number that is not zero.
std::int64_t Exponent(const Extended& x) {
  const bool is_below_a_power = std::fabs(x.head) == 1 && x.head * x.tail < 0;
  return x.scale - (is_below_a_power ? 1 : 0);
}

Extended Negated(const Extended& x) { return {-x.head, -x.tail, x.scale}; }

Extended FromDouble(double value) {
  if (value == 0 || !std::isfinite(value)) return {value, 0, 0};
  const int exponent = std::ilogb(value);
  return {std::ldexp(value, -exponent), 0, exponent};
}

/// The exponent of the last bit that the dtype keeps of `x`, at most that of its largest number.
std::int64_t UlpExponent(const FloatFormat& format, const Extended& x) {
  std::int64_t exponent = format.min_exponent;
  if (x.head != 0) exponent = std::clamp<std::int64_t>(Exponent(x), format.min_exponent, format.max_exponent);
  return exponent - (format.precision - 1);
}

double Round(Dtype dtype, const Extended& x) {
  if (x.head == 0 || !std::isfinite(x.head)) return x.head;
  const FloatFormat& format = FormatOf(dtype);
  if (x.scale > format.max_exponent + 1) return std::copysign(kInfinity, x.head);
  const std::int64_t unit = UlpExponent(format, x);
  // The sum is the head of x to nearest even, the rest is exact and decides only where the head is at a tie.
  const double sum = x.head + x.tail;
  const double rest = x.tail - (sum - x.head);
  const double scaled = Scale(sum, x.scale - unit);
  double integer = std::nearbyint(scaled);
  const double fraction = scaled - integer;
  const bool is_tie = std::fabs(fraction) == 0.5;
  if (is_tie && (rest > 0) == (fraction > 0) && rest != 0) integer += 2 * fraction;
  const double value = Scale(integer, unit);
  if (std::fabs(value) > MaxFinite(dtype)) return std::copysign(kInfinity, x.head);
  return std::copysign(value, x.head);
}

/// What rounds to an infinity counts as the power of two that follows the largest number.
Extended Bounded(Dtype dtype, const Extended& x) {
  if (!std::isinf(Round(dtype, x))) return x;
  return {std::copysign(1.0, x.head), 0, FormatOf(dtype).max_exponent + 1};
}

/// (a - b) / 2^unit with a relative error of a few 2^-53, where `b` is of one double.
double Difference(const Extended& a, const Extended& b, std::int64_t unit) {
  const double heads = Scale(a.head, a.scale - unit) - Scale(b.head, b.scale - unit);
  return heads + Scale(a.tail, a.scale - unit);
}

double Difference(const Extended& a, const Extended& b) {
  const std::int64_t unit = std::max(a.scale, b.scale);
  return Scale(Difference(a, b, unit), unit);
}

/// How many ulps [lower, upper] lies above `got`, at the point of it where that is least; negative if it does
/// not.
double UlpsAbove(const FloatFormat& format, const Extended& got, const Extended& lower,
                 const Extended& upper) {
  const auto ulps = [&](const Extended& x) { return Difference(x, got, UlpExponent(format, x)); };
  const double to_lower = ulps(lower);
  // The ulp doubles at a power of two, up to that of the largest number, so the least may be there: at the
  // first if `got` is positive, else at the last.
  const std::int64_t last = std::min<std::int64_t>(Exponent(upper), format.max_exponent);
  const bool has_power_of_two = upper.head > 0 && (lower.head <= 0 || Exponent(lower) < last);
  if (to_lower <= 0 || !has_power_of_two) return to_lower;
  const std::int64_t exponent = got.head < 0 ? last : Exponent(lower) + 1;
  return std::min(to_lower, ulps({1, 0, exponent}));
}

}  // namespace

bool IsNan(const Enclosure& e) { return IsNan(e.lower) || IsNan(e.upper); }

bool IsExactZero(const Enclosure& e) { return e.lower.head == 0 && e.upper.head == 0; }

double Nearest(Dtype dtype, const Enclosure& e, bool* unique) {
  double value = kNan;
  bool is_unique = true;
  if (!IsNan(e)) {
    const double lower = Round(dtype, e.lower), upper = Round(dtype, e.upper);
    is_unique = lower == upper;
    value = is_unique ? std::midpoint(lower, upper) : RoundTo(dtype, ToDouble(e));  // of -0 and 0 it is 0
  }
  if (unique != nullptr) *unique = is_unique;
  return value;
}

double UlpError(Dtype dtype, const Enclosure& truth, double got) {
  if (IsNan(truth) || std::isnan(got)) return IsNan(truth) && std::isnan(got) ? 0 : kInfinity;
  const FloatFormat& format = FormatOf(dtype);
  const Extended number = Bounded(dtype, FromDouble(got));
  const Extended lower = Bounded(dtype, truth.lower), upper = Bounded(dtype, truth.upper);
  return std::max({0.0, UlpsAbove(format, number, lower, upper),
                   UlpsAbove(format, Negated(number), Negated(upper), Negated(lower))});
}

double AbsoluteError(Dtype dtype, const Enclosure& truth, double got) {
  if (IsNan(truth) || std::isnan(got)) return IsNan(truth) && std::isnan(got) ? 0 : kInfinity;
  const Extended number = Bounded(dtype, FromDouble(got));
  return std::max({0.0, Difference(Bounded(dtype, truth.lower), number),
                   Difference(Negated(Bounded(dtype, truth.upper)), Negated(number))});
}

double ToDouble(const Enclosure& e) {
  if (IsNan(e)) return kNan;
  const double lower = Round(Dtype::kF64, e.lower), upper = Round(Dtype::kF64, e.upper);
  return lower == -kInfinity && upper == kInfinity ? 0 : std::midpoint(lower, upper);
}

}  // namespace exactloss
