// Intervals as the enclosures of truth.h: when they are narrow enough, and what is kept of their ends.
#include <algorithm>
#include <limits>

#include "reference/interval.h"

namespace exactloss {
namespace {

constexpr int kProvenBits = 32;  // Ziv's loop ends at 2^-32 ulp

/// floor(log2 |x|) of a regular number.
std::int64_t ExponentOf(const Real& x) { return static_cast<std::int64_t>(mpfr_get_exp(x.get())) - 1; }

bool IsBeyond(const Real& x, const FloatFormat& format) {
  return mpfr_inf_p(x.get()) || (mpfr_regular_p(x.get()) && ExponentOf(x) > format.max_exponent + 1);
}

Extended EndOf(const Real& x, mpfr_rnd_t direction) {
  if (!mpfr_regular_p(x.get())) return {mpfr_get_d(x.get(), MPFR_RNDN), 0, 0};
  Real mantissa = x;
  std::int64_t scale = ExponentOf(x);
  mpfr_set_exp(mantissa.get(), 1);
  double head = mpfr_get_d(mantissa.get(), MPFR_RNDN);
  mpfr_sub_d(mantissa.get(), mantissa.get(), head, MPFR_RNDN);  // exact
  double tail = mpfr_get_d(mantissa.get(), direction);
  if (head == 2 || head == -2) {
    head /= 2;
    tail /= 2;
    ++scale;
  }
  return {head, tail, scale};
}

}  // namespace

bool Interval::IsTight(Dtype dtype) const {
  if (IsNan()) return false;
  if (is_point_) return true;
  const FloatFormat& format = FormatOf(dtype);
  const int low = mpfr_sgn(lower_.get()), high = mpfr_sgn(upper_.get());
  if (low * high > 0 && IsBeyond(lower_, format) && IsBeyond(upper_, format)) return true;
  if (mpfr_inf_p(lower_.get()) || mpfr_inf_p(upper_.get())) return false;
  std::int64_t exponent = format.min_exponent;
  if (low * high > 0) exponent = std::max(exponent, ExponentOf(low > 0 ? lower_ : upper_));
  Real width(64);
  mpfr_sub(width.get(), upper_.get(), lower_.get(), MPFR_RNDU);
  return mpfr_cmp_ui_2exp(width.get(), 1,
                          static_cast<mpfr_exp_t>(exponent - (format.precision - 1) - kProvenBits)) <= 0;
}

Enclosure Interval::ToEnclosure() const { return {EndOf(lower(), MPFR_RNDD), EndOf(upper(), MPFR_RNDU)}; }

long double Interval::Middle() const {
  const long double low = mpfr_get_ld(lower().get(), MPFR_RNDN);
  return is_point_ ? low : low / 2 + mpfr_get_ld(upper_.get(), MPFR_RNDN) / 2;
}

}  // namespace exactloss
