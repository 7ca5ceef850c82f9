#include "reference/interval.h"

#include <algorithm>
#include <cmath>

namespace exactloss {
namespace {

int Bits() { return Evaluation::Current().bits; }

/// An end of a product: 0 times an end at infinity is 0, since the factors themselves are finite.
void SetProduct(mpfr_ptr result, const Real& x, const Real& y, mpfr_rnd_t direction) {
  mpfr_mul(result, x.get(), y.get(), direction);
  if (mpfr_nan_p(result)) mpfr_set_zero(result, 1);
}

Real Product(const Real& x, const Real& y, mpfr_rnd_t direction) {
  Real result(Bits());
  SetProduct(result.get(), x, y, direction);
  return result;
}

Real PowerOf(const Real& x, const Real& exponent, mpfr_rnd_t direction) {
  Real result(Bits());
  mpfr_pow(result.get(), x.get(), exponent.get(), direction);
  return result;
}

const Real& Lesser(const Real& x, const Real& y) { return mpfr_lessequal_p(x.get(), y.get()) ? x : y; }
const Real& Greater(const Real& x, const Real& y) { return mpfr_lessequal_p(x.get(), y.get()) ? y : x; }

int SignOfEnd(const Real& x) { return mpfr_sgn(x.get()); }

}  // namespace

void Interval::Normalise() {
  if (mpfr_nan_p(lower_.get()) || (!is_point_ && mpfr_nan_p(upper_.get()))) {
    mpfr_set_nan(lower_.get());
    is_point_ = true;
  }
  if (mpfr_zero_p(lower_.get())) mpfr_set_zero(lower_.get(), 1);
  if (!is_point_ && mpfr_zero_p(upper_.get())) mpfr_set_zero(upper_.get(), 1);
}

template <class Lower, class Upper>
Interval Interval::OfEnds(Lower lower, Upper upper) {
  Interval result{Empty{}};
  result.lower_.Init(Bits());
  result.upper_.Init(Bits());
  lower(result.lower_.get());
  upper(result.upper_.get());
  result.is_point_ = false;
  result.Normalise();
  return result;
}

template <class Operation>
Interval Interval::OfPoints(Operation operation, const Interval& x, const Interval& y) {
  Interval result{Empty{}};
  result.lower_.Init(Bits());
  const int inexact = operation(result.lower_.get(), x.lower_.get(), y.lower_.get(), MPFR_RNDD);
  if (inexact != 0) {
    result.upper_ = result.lower_;
    mpfr_nextabove(result.upper_.get());
    result.is_point_ = false;
  }
  result.Normalise();
  return result;
}

template <class Function>
Interval Interval::Increasing(Function function, const Interval& x) {
  if (x.is_point_) {
    const auto ignoring = [&](mpfr_ptr result, mpfr_srcptr a, mpfr_srcptr, mpfr_rnd_t direction) {
      return function(result, a, direction);
    };
    return OfPoints(ignoring, x, x);
  }
  return OfEnds([&](mpfr_ptr lower) { function(lower, x.lower_.get(), MPFR_RNDD); },
                [&](mpfr_ptr upper) { function(upper, x.upper_.get(), MPFR_RNDU); });
}

template <class Function, class Grow>
Interval Interval::FromLowerEnd(Function function, const Interval& x, Grow grow) {
  if (x.is_point_ || SignOfEnd(x.lower_) * SignOfEnd(x.upper_) <= 0) return Increasing(function, x);
  const Interval end = x.LowerEnd(), width = x - end;
  const auto exponent = [](const Real& real) { return mpfr_get_exp(real.get()); };
  const mpfr_exp_t scale = std::min({mpfr_exp_t{0}, exponent(x.lower_), exponent(x.upper_)});
  const bool is_narrow = mpfr_regular_p(width.upper_.get()) && exponent(width.upper_) <= scale - Bits() / 2;
  return is_narrow ? grow(Increasing(function, end), width) : Increasing(function, x);
}

Interval::Interval(double exact) {
  lower_.Init(Bits());
  lower_.Set(exact);
  Normalise();
}

Interval Interval::PowerOfTwo(std::int64_t exponent) {
  Interval result;
  mpfr_set_si_2exp(result.lower_.get(), 1, exponent, MPFR_RNDN);
  return result;
}

Interval Interval::Infinity(int sign) {
  Interval result;
  mpfr_set_inf(result.lower_.get(), sign);
  return result;
}

Interval Interval::Nan() { return Interval(std::numeric_limits<double>::quiet_NaN()); }

Interval Interval::Everything() {
  return OfEnds([](mpfr_ptr lower) { mpfr_set_inf(lower, -1); },
                [](mpfr_ptr upper) { mpfr_set_inf(upper, 1); });
}

bool Interval::Is(int number) const {
  return is_point_ && !IsNan() && mpfr_cmp_si(lower_.get(), number) == 0;
}

int Interval::UnitSign() const {
  if (!is_point_ || mpfr_get_exp(lower_.get()) != 1) return 0;
  return Is(1) ? 1 : Is(-1) ? -1 : 0;
}

Interval Interval::LowerEnd() const {
  Interval end{Empty{}};
  end.lower_ = lower_;
  return end;
}

Interval operator-(const Interval& x) {
  Interval result{Interval::Empty{}};
  result.lower_ = x.upper();
  result.lower_.Negate();
  if (!x.is_point_) {
    result.upper_ = x.lower_;
    result.upper_.Negate();
    result.is_point_ = false;
  }
  result.Normalise();
  return result;
}

Interval operator+(const Interval& x, const Interval& y) {
  if (x.is_point_ && y.is_point_) return Interval::OfPoints(mpfr_add, x, y);
  return Interval::OfEnds(
      [&](mpfr_ptr lower) { mpfr_add(lower, x.lower_.get(), y.lower_.get(), MPFR_RNDD); },
      [&](mpfr_ptr upper) { mpfr_add(upper, x.upper().get(), y.upper().get(), MPFR_RNDU); });
}

Interval operator-(const Interval& x, const Interval& y) {
  if (x.is_point_ && y.is_point_) return Interval::OfPoints(mpfr_sub, x, y);
  return Interval::OfEnds(
      [&](mpfr_ptr lower) { mpfr_sub(lower, x.lower_.get(), y.upper().get(), MPFR_RNDD); },
      [&](mpfr_ptr upper) { mpfr_sub(upper, x.upper().get(), y.lower_.get(), MPFR_RNDU); });
}

Interval operator*(const Interval& x, const Interval& y) {
  if (const int sign = x.UnitSign(); sign != 0) return sign > 0 ? y : -y;
  if (const int sign = y.UnitSign(); sign != 0) return sign > 0 ? x : -x;
  if (x.is_point_ && y.is_point_) return Interval::OfPoints(mpfr_mul, x, y);
  if (x.IsNan() || y.IsNan()) return Interval::Nan();
  if (x.IsZero()) return y.IsInfinite() ? Interval::Nan() : x;
  if (y.IsZero()) return x.IsInfinite() ? Interval::Nan() : y;

  const Real &a = x.lower_, &b = x.upper(), &c = y.lower_, &d = y.upper();
  const auto product = [](const Real& low_x, const Real& low_y, const Real& high_x, const Real& high_y) {
    return Interval::OfEnds([&](mpfr_ptr lower) { SetProduct(lower, low_x, low_y, MPFR_RNDD); },
                            [&](mpfr_ptr upper) { SetProduct(upper, high_x, high_y, MPFR_RNDU); });
  };
  if (SignOfEnd(a) >= 0) {
    if (SignOfEnd(c) >= 0) return product(a, c, b, d);
    return SignOfEnd(d) <= 0 ? product(b, c, a, d) : product(b, c, b, d);
  }
  if (SignOfEnd(b) <= 0) {
    if (SignOfEnd(c) >= 0) return product(a, d, b, c);
    return SignOfEnd(d) <= 0 ? product(b, d, a, c) : product(a, d, a, c);
  }
  if (SignOfEnd(c) >= 0) return product(a, d, b, d);
  if (SignOfEnd(d) <= 0) return product(b, c, a, c);
  const Real lower = Lesser(Product(a, d, MPFR_RNDD), Product(b, c, MPFR_RNDD));
  const Real upper = Greater(Product(a, c, MPFR_RNDU), Product(b, d, MPFR_RNDU));
  return Interval::OfEnds([&](mpfr_ptr end) { mpfr_set(end, lower.get(), MPFR_RNDD); },
                          [&](mpfr_ptr end) { mpfr_set(end, upper.get(), MPFR_RNDU); });
}

Interval operator/(const Interval& x, const Interval& y) {
  if (x.IsNan() || y.IsNan()) return Interval::Nan();
  const int low = SignOfEnd(y.lower_), high = SignOfEnd(y.upper());
  if (low == 0 && high == 0) {
    Evaluation::Current().undefined = true;
    return Interval::Nan();
  }
  if (low <= 0 && high >= 0) return Interval::Everything();
  if (x.is_point_ && y.is_point_) return Interval::OfPoints(mpfr_div, x, y);
  if (high < 0) return -x / -y;

  const Real &a = x.lower_, &b = x.upper(), &c = y.lower_, &d = y.upper();
  const Real &below = SignOfEnd(a) >= 0 ? d : c, &above = SignOfEnd(b) >= 0 ? c : d;
  return Interval::OfEnds([&](mpfr_ptr lower) { mpfr_div(lower, a.get(), below.get(), MPFR_RNDD); },
                          [&](mpfr_ptr upper) { mpfr_div(upper, b.get(), above.get(), MPFR_RNDU); });
}

Interval Sqr(const Interval& x) {
  if (x.is_point_ || SignOfEnd(x.lower_) >= 0) return Interval::Increasing(mpfr_sqr, x);
  if (SignOfEnd(x.upper_) <= 0) return Interval::Increasing(mpfr_sqr, -x);
  Interval result = Interval::Increasing(mpfr_sqr, Hull(-x, x));
  mpfr_set_zero(result.lower_.get(), 1);
  return result;
}

Interval Sqrt(const Interval& x) { return Interval::Increasing(mpfr_sqrt, x); }
Interval Exp(const Interval& x) {
  return Interval::FromLowerEnd(
      mpfr_exp, x, [](const Interval& f, const Interval& width) { return f * (1 + width * (1 + width)); });
}
Interval Expm1(const Interval& x) {
  return Interval::FromLowerEnd(mpfr_expm1, x, [](const Interval& f, const Interval& width) {
    return f + (1 + f) * (width * (1 + width));
  });
}
Interval Log(const Interval& x) {
  return Interval::FromLowerEnd(mpfr_log, x,
                                [&](const Interval& f, const Interval& width) { return f + width / x; });
}
Interval Log1p(const Interval& x) {
  if (SignOfEnd(x.lower_) < 0) return Interval::Increasing(mpfr_log1p, x);  // the pole at -1 may be near
  return Interval::FromLowerEnd(
      mpfr_log1p, x, [&](const Interval& f, const Interval& width) { return f + width / (1 + x); });
}
Interval Atan(const Interval& x) {
  return Interval::FromLowerEnd(
      mpfr_atan, x, [&](const Interval& f, const Interval& width) { return f + width / (1 + Sqr(x)); });
}

Interval Power(const Interval& x, const Interval& exponent) {
  if (exponent.Is(1)) return x;
  if (exponent.Is(2)) return Sqr(x);
  if (x.is_point_ && exponent.is_point_) return Interval::OfPoints(mpfr_pow, x, exponent);
  if (SignOfEnd(x.lower_) < 0) return Interval::Nan();
  if (exponent.is_point_) {
    const bool rises = SignOfEnd(exponent.lower_) >= 0;
    const Real &least = rises ? x.lower_ : x.upper_, &greatest = rises ? x.upper_ : x.lower_;
    return Interval::OfEnds(
        [&](mpfr_ptr lower) { mpfr_pow(lower, least.get(), exponent.lower_.get(), MPFR_RNDD); },
        [&](mpfr_ptr upper) { mpfr_pow(upper, greatest.get(), exponent.lower_.get(), MPFR_RNDU); });
  }
  // x^e is monotone in x and in e, so its extremes are at the corners.
  const Real* bases[] = {&x.lower_, &x.upper()};
  const Real* exponents[] = {&exponent.lower_, &exponent.upper()};
  Real lower, upper;
  for (const Real* base : bases) {
    for (const Real* power : exponents) {
      const Real down = PowerOf(*base, *power, MPFR_RNDD), up = PowerOf(*base, *power, MPFR_RNDU);
      const bool first = base == bases[0] && power == exponents[0];
      lower = first ? down : Lesser(lower, down);
      upper = first ? up : Greater(upper, up);
    }
  }
  return Interval::OfEnds([&](mpfr_ptr end) { mpfr_set(end, lower.get(), MPFR_RNDD); },
                          [&](mpfr_ptr end) { mpfr_set(end, upper.get(), MPFR_RNDU); });
}

Interval PiOf(Type<Interval>) {
  return Interval::OfEnds([](mpfr_ptr lower) { mpfr_const_pi(lower, MPFR_RNDD); },
                          [](mpfr_ptr upper) { mpfr_const_pi(upper, MPFR_RNDU); });
}

Interval Hull(const Interval& x, const Interval& y) {
  if (x.IsNan() || y.IsNan()) return Interval::Nan();
  const Real &least = Lesser(x.lower_, y.lower_), &greatest = Greater(x.upper(), y.upper());
  return Interval::OfEnds([&](mpfr_ptr lower) { mpfr_set(lower, least.get(), MPFR_RNDD); },
                          [&](mpfr_ptr upper) { mpfr_set(upper, greatest.get(), MPFR_RNDU); });
}

Interval Within(const Interval& x, const Interval& lower, const Interval& upper) {
  const Interval bounds = Hull(lower, upper);
  if (x.is_point_ || bounds.IsNan()) return x;
  const Real &least = Greater(x.lower_, bounds.lower_), &greatest = Lesser(x.upper_, bounds.upper_);
  return Interval::OfEnds([&](mpfr_ptr end) { mpfr_set(end, least.get(), MPFR_RNDD); },
                          [&](mpfr_ptr end) { mpfr_set(end, greatest.get(), MPFR_RNDU); });
}

Sign SignOf(const Interval& x) {
  if (x.IsNan()) return Sign::kNan;
  const int low = SignOfEnd(x.lower_), high = SignOfEnd(x.upper());
  if (low > 0) return Sign::kPositive;
  if (high < 0) return Sign::kNegative;
  return low == 0 && high == 0 ? Sign::kZero : Sign::kUnknown;
}

}  // namespace exactloss
