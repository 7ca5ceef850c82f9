// Intervals as the enclosures of truth.h: when they are narrow enough, and what is kept of their ends.
#include <algorithm>
#include <cmath>
#include <cstdint>

#include "reference/interval.h"

namespace exactloss {
namespace {

__extension__ using Int128 = __int128;
__extension__ using Uint128 = unsigned __int128;

constexpr int kProvenBits = 32;  // Ziv's loop ends at 2^-32 ulp

/// floor(log2 |x|) of a regular number.
std::int64_t ExponentOf(const Real& x) { return static_cast<std::int64_t>(mpfr_get_exp(x.get())) - 1; }

bool IsBeyond(const Real& x, const FloatFormat& format) {
  return mpfr_inf_p(x.get()) || (mpfr_regular_p(x.get()) && ExponentOf(x) > format.max_exponent + 1);
}

/// The top 128 bits of the significand, the highest bit set; `exact` if there are no others.
Uint128 TopBits(const Real& x, bool* exact) {
  static_assert(sizeof(mp_limb_t) == 8);
  const auto* limbs = static_cast<const mp_limb_t*>(mpfr_custom_get_significand(x.get()));
  const std::size_t count = (static_cast<std::size_t>(mpfr_get_prec(x.get())) + 63) / 64;
  *exact = count <= 2 || std::all_of(limbs, limbs + count - 2, [](mp_limb_t limb) { return limb == 0; });
  return (static_cast<Uint128>(limbs[count - 1]) << 64) | (count > 1 ? limbs[count - 2] : 0);
}

/// 106 bits of an end, rounded away from or towards zero.
Extended EndOf(const Real& x, mpfr_rnd_t direction) {
  if (!mpfr_regular_p(x.get())) return {mpfr_get_d(x.get(), MPFR_RNDN), 0, 0};
  constexpr int kTailBits = 128 - 53;
  const int sign = mpfr_sgn(x.get());
  const bool outward = (direction == MPFR_RNDU) == (sign > 0);
  bool exact = false;
  const Uint128 bits = TopBits(x, &exact);
  const auto head_bits = static_cast<std::uint64_t>(bits >> kTailBits);
  auto rest = static_cast<Int128>(bits & ((static_cast<Uint128>(1) << kTailBits) - 1));
  double head = static_cast<double>(head_bits) * 0x1p-52;
  if (outward && !exact) ++rest;  // what lies below is less than one unit
  if (rest == 0) return {sign * head, 0, ExponentOf(x)};
  if (rest > static_cast<Int128>(1) << (kTailBits - 1)) {
    head += 0x1p-52;
    rest -= static_cast<Int128>(1) << kTailBits;
  }
  double tail = static_cast<double>(rest);
  const auto kept = static_cast<Int128>(tail);
  if (outward && kept < rest) tail = std::nextafter(tail, HUGE_VAL);
  if (!outward && kept > rest) tail = std::nextafter(tail, -HUGE_VAL);
  tail *= 0x1p-127;
  std::int64_t scale = ExponentOf(x);
  if (head == 2) head /= 2, tail /= 2, ++scale;
  return {sign * head, sign * tail, scale};
}

}  // namespace

bool Interval::IsTight(Dtype dtype) const {
  if (IsNan()) return false;
  if (is_point_) return true;
  const FloatFormat& format = FormatOf(dtype);
  const int low = mpfr_sgn(lower_.get()), high = mpfr_sgn(upper_.get());
  if (low * high > 0 && IsBeyond(lower_, format) && IsBeyond(upper_, format)) return true;
  std::int64_t exponent = format.min_exponent;
  if (low * high > 0) exponent = std::max(exponent, ExponentOf(low > 0 ? lower_ : upper_));
  Real width(64);
  mpfr_sub(width.get(), upper_.get(), lower_.get(), MPFR_RNDU);
  return mpfr_cmp_ui_2exp(width.get(), 1,
                          static_cast<mpfr_exp_t>(exponent - (format.precision - 1) - kProvenBits)) <= 0;
}

Enclosure Interval::ToEnclosure() const { return {EndOf(lower(), MPFR_RNDD), EndOf(upper(), MPFR_RNDU)}; }

double Interval::ToDouble() const {
  const double low = mpfr_get_d(lower().get(), MPFR_RNDN), high = mpfr_get_d(upper().get(), MPFR_RNDN);
  return low == -high ? 0 : low / 2 + high / 2;  // 0 of all numbers
}

long double Interval::Middle() const {
  const long double low = mpfr_get_ld(lower().get(), MPFR_RNDN);
  return is_point_ ? low : low / 2 + mpfr_get_ld(upper_.get(), MPFR_RNDN) / 2;
}

}  // namespace exactloss
