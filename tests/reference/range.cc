#include "tests/reference/range.h"

#include "reference/text.h"

namespace exactloss {
namespace {

// No dtype tells a number beyond 2^kHugeExponent from another, nor one within its reciprocal from 0.
constexpr int kHugeExponent = 1250;

}  // namespace

Point::Number Exactly(mpfr_srcptr x) {
  Point::Number number;
  mpfr_set_prec(number.backend().data(), mpfr_get_prec(x));
  mpfr_set(number.backend().data(), x, MPFR_RNDN);
  return number;
}

Point::Number Exactly(const Extended& x) {
  constexpr int kBits = 4096;  // head and tail may lie far apart
  mpfr_t number;
  mpfr_init2(number, kBits);
  mpfr_set_d(number, x.head, MPFR_RNDN);
  mpfr_add_d(number, number, x.tail, MPFR_RNDN);
  mpfr_mul_2si(number, number, static_cast<mpfr_exp_t>(x.scale), MPFR_RNDN);
  Point::Number exact = Exactly(number);
  mpfr_clear(number);
  return exact;
}

Range::Range(const Enclosure& e) : lower(Exactly(e.lower)), upper(Exactly(e.upper)) {}
Range::Range(const Interval& x) : Range(x.lower().get(), x.upper().get()) {}
Range::Range(mpfr_srcptr lower_, mpfr_srcptr upper_) : lower(Exactly(lower_)), upper(Exactly(upper_)) {}

bool IsNan(const Range& x) { return isnan(x.lower) || isnan(x.upper); }

bool Intersect(const Range& x, const Range& y) { return x.lower <= y.upper && y.lower <= x.upper; }

bool IsInside(const Range& inner, const Range& outer) {
  return outer.lower <= inner.lower && inner.upper <= outer.upper;
}

bool Contains(const Range& x, const Point::Number& number) { return x.lower <= number && number <= x.upper; }

bool IsNarrow(const Range& x, int bits) {
  if (IsNan(x)) return false;
  if (x.lower == x.upper) return true;
  const Point::Number huge = ldexp(Point::Number(1), kHugeExponent), tiny = 1 / huge;
  if (x.lower > huge || x.upper < -huge) return true;
  if (isinf(x.lower) || isinf(x.upper)) return false;
  const Point::Number width = x.upper - x.lower;
  const Point::Number size = abs(x.lower) < abs(x.upper) ? abs(x.upper) : abs(x.lower);
  return width <= tiny || width <= ldexp(size, -bits);
}

std::string ToString(const Point::Number& x) {
  char text[80];
  mpfr_snprintf(text, sizeof text, "%.40Rg", x.backend().data());
  return text;
}

std::string ToString(const Range& x) { return Concat("[", ToString(x.lower), ", ", ToString(x.upper), "]"); }

}  // namespace exactloss
