#include "tests/arb/ball.h"

#include <flint/flint.h>

namespace exactloss::arb {

thread_local slong Precision::bits_ = 128;

namespace {

using Binary = void (*)(arb_t, const arb_t, const arb_t, slong);
using Unary = void (*)(arb_t, const arb_t, slong);

Ball Apply(Binary operation, const Ball& a, const Ball& b) {
  Ball result;
  operation(result.get(), a.get(), b.get(), Precision::bits());
  return result;
}

Ball Apply(Unary function, const Ball& a) {
  Ball result;
  function(result.get(), a.get(), Precision::bits());
  return result;
}

Ball Infinity(int sign) {
  Ball result;
  sign > 0 ? arb_pos_inf(result.get()) : arb_neg_inf(result.get());
  return result;
}

/// Exactly +-infinity. Arb makes such a ball indeterminate as soon as another operand has a radius.
bool IsInfinite(const Ball& a) { return arb_is_exact(a.get()) && arf_is_inf(arb_midref(a.get())); }

bool IsFinite(const Ball& a) { return arb_is_finite(a.get()) != 0; }

}  // namespace

Ball operator-(const Ball& a) {
  Ball result;
  arb_neg(result.get(), a.get());
  return result;
}

Ball operator+(const Ball& a, const Ball& b) {
  if (IsInfinite(a) && IsFinite(b)) return a;
  if (IsInfinite(b) && IsFinite(a)) return b;
  return Apply(arb_add, a, b);
}
Ball operator-(const Ball& a, const Ball& b) { return a + -b; }
Ball operator*(const Ball& a, const Ball& b) {
  if (IsInfinite(a) && !arb_contains_zero(b.get())) return Infinity(Sign(a) * Sign(b));
  if (IsInfinite(b) && !arb_contains_zero(a.get())) return Infinity(Sign(a) * Sign(b));
  return Apply(arb_mul, a, b);
}

Ball operator/(const Ball& a, const Ball& b) {
  if (IsInfinite(a) && !arb_contains_zero(b.get()) && IsFinite(b)) {
    return Infinity(Sign(a) * Sign(b));
  }
  return Apply(arb_div, a, b);
}

Ball Exp(const Ball& a) { return Apply(arb_exp, a); }
Ball Expm1(const Ball& a) { return Apply(arb_expm1, a); }
Ball Log(const Ball& a) { return IsZero(a) ? Infinity(-1) : Apply(arb_log, a); }
Ball Log1p(const Ball& a) { return Apply(arb_log1p, a); }
Ball Sqrt(const Ball& a) { return Apply(arb_sqrt, a); }
Ball Atan(const Ball& a) { return Apply(arb_atan, a); }

Ball Pow(const Ball& base, const Ball& exponent) {
  if (IsZero(exponent)) return 1.0;
  if (IsZero(base)) return Sign(exponent) > 0 ? Ball(0.0) : Infinity(1);
  return Apply(arb_pow, base, exponent);
}

Ball Abs(const Ball& a) {
  Ball result;
  arb_abs(result.get(), a.get());
  return result;
}

Ball Max(const Ball& a, const Ball& b) { return Apply(arb_max, a, b); }
Ball Min(const Ball& a, const Ball& b) { return Apply(arb_min, a, b); }

Ball Pi() {
  Ball result;
  arb_const_pi(result.get(), Precision::bits());
  return result;
}

bool IsZero(const Ball& a) { return arb_is_zero(a.get()); }

std::string ToString(const Ball& a, int digits) {
  char* text = arb_get_str(a.get(), digits, ARB_STR_MORE);
  std::string result = text;
  flint_free(text);
  return result;
}

int Sign(const Ball& a) {
  if (arb_is_zero(a.get())) return 0;
  if (arb_is_positive(a.get())) return 1;
  if (arb_is_negative(a.get())) return -1;
  throw Undecided();
}

int Compare(const Ball& a, const Ball& b) { return Sign(a - b); }

}  // namespace exactloss::arb
