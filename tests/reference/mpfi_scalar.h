// Boost.Multiprecision's mpfi_float as a scalar for formulas: a second engine of proven enclosures under the
// same texts. Its comparisons abort where they cannot decide and its NaN is that of one end, so both are
// asked of the ends here.
#pragma once

#include <boost/multiprecision/mpfi.hpp>
#include <utility>

#include "reference/evaluation.h"
#include "reference/scalar.h"

namespace exactloss {

class Mpfi {
 public:
  using Number = boost::multiprecision::number<boost::multiprecision::mpfi_float_backend<0>,
                                               boost::multiprecision::et_off>;

  /// New numbers have that many bits or a few more until the scope ends.
  class Precision {
   public:
    explicit Precision(int bits) : outer_(Number::thread_default_precision()) {
      constexpr double kDigitsOfBit = 0.30103;
      Number::thread_default_precision(static_cast<unsigned>(bits * kDigitsOfBit) + 1);
    }
    ~Precision() { Number::thread_default_precision(outer_); }
    Precision(const Precision&) = delete;
    Precision& operator=(const Precision&) = delete;

   private:
    unsigned outer_;
  };

  Mpfi() : number_(0) {}
  Mpfi(double exact) : number_(exact) {}  // NOLINT(google-explicit-constructor)

  mpfr_srcptr lower() const { return &number_.backend().data()->left; }
  mpfr_srcptr upper() const { return &number_.backend().data()->right; }

  bool IsNan() const { return mpfr_nan_p(lower()) || mpfr_nan_p(upper()); }
  bool IsZero() const { return mpfr_zero_p(lower()) && mpfr_zero_p(upper()); }
  bool IsInfinity() const { return mpfr_inf_p(lower()) && mpfr_equal_p(lower(), upper()); }
  bool HoldsZero() const { return mpfr_sgn(lower()) <= 0 && mpfr_sgn(upper()) >= 0; }

  static Mpfi Nan() {
    return OfEnds([](mpfr_ptr end) { mpfr_set_nan(end); });
  }
  static Mpfi Infinity() {
    return OfEnds([](mpfr_ptr end) { mpfr_set_inf(end, 1); });
  }
  static Mpfi Everything() { return Hull(-Infinity(), Infinity()); }

  friend Mpfi operator-(const Mpfi& x) { return Number(-x.number_); }
  friend Mpfi operator+(const Mpfi& x, const Mpfi& y) { return Number(x.number_ + y.number_); }
  friend Mpfi operator-(const Mpfi& x, const Mpfi& y) { return Number(x.number_ - y.number_); }
  friend Mpfi operator*(const Mpfi& x, const Mpfi& y) {
    if ((x.IsZero() && y.IsInfinity()) || (x.IsInfinity() && y.IsZero())) return Nan();
    return Number(x.number_ * y.number_);
  }
  friend Mpfi operator/(const Mpfi& x, const Mpfi& y) {
    if (x.IsNan() || y.IsNan()) return Nan();
    if (y.IsZero()) {
      Evaluation::Current().undefined = true;
      return Nan();
    }
    return y.HoldsZero() ? Everything() : Mpfi(Number(x.number_ / y.number_));
  }

  friend Mpfi Sqr(const Mpfi& x) { return Of(mpfi_sqr, x); }
  friend Mpfi Sqrt(const Mpfi& x) { return Of(mpfi_sqrt, x); }
  friend Mpfi Exp(const Mpfi& x) { return Of(mpfi_exp, x); }
  friend Mpfi Expm1(const Mpfi& x) { return Of(mpfi_expm1, x); }
  friend Mpfi Log(const Mpfi& x) { return Of(mpfi_log, x); }
  friend Mpfi Log1p(const Mpfi& x) { return Of(mpfi_log1p, x); }
  friend Mpfi Atan(const Mpfi& x) { return Of(mpfi_atan, x); }

  /// x^e for x >= 0: by multiplication for a small whole e, which keeps exact powers exact, else exp(e log
  /// x).
  friend Mpfi Power(const Mpfi& x, const Mpfi& e) {
    constexpr int kFew = 8;
    if (x.IsNan() || e.IsNan() || mpfr_sgn(x.lower()) < 0) return Nan();
    if (mpfr_equal_p(e.lower(), e.upper()) && mpfr_integer_p(e.lower()) &&
        mpfr_cmp_si(e.lower(), kFew) <= 0 && mpfr_sgn(e.lower()) >= 0) {
      Mpfi power = 1.0;
      for (auto n = mpfr_get_si(e.lower(), MPFR_RNDN); n > 0; --n) power = power * x;
      return power;
    }
    if (!x.HoldsZero()) return Exp(e * Log(x));
    if (e.HoldsZero()) return Everything();
    const bool rises = mpfr_sgn(e.lower()) > 0;
    if (x.IsZero()) return rises ? Mpfi(0.0) : Infinity();
    const Mpfi most = Exp(e * Log(OfEnds([&](mpfr_ptr end) { mpfr_set(end, x.upper(), MPFR_RNDU); })));
    return rises ? Hull(0.0, most) : Hull(most, Infinity());
  }

  friend Mpfi Hull(const Mpfi& x, const Mpfi& y) {
    if (x.IsNan() || y.IsNan()) return Nan();
    Mpfi hull;
    mpfi_union(hull.number_.backend().data(), x.number_.backend().data(), y.number_.backend().data());
    return hull;
  }
  friend Mpfi Within(const Mpfi& x, const Mpfi& lower, const Mpfi& upper) {
    if (x.IsNan()) return x;
    const Mpfi bounds = Hull(lower, upper);
    Mpfi common;
    mpfi_intersect(common.number_.backend().data(), x.number_.backend().data(),
                   bounds.number_.backend().data());
    return common;
  }
  friend Sign SignOf(const Mpfi& x) {
    if (x.IsNan()) return Sign::kNan;
    if (x.IsZero()) return Sign::kZero;
    if (x.HoldsZero()) return Sign::kUnknown;
    return mpfr_sgn(x.lower()) > 0 ? Sign::kPositive : Sign::kNegative;
  }
  friend Mpfi PiOf(Type<Mpfi>) {
    Mpfi pi;
    mpfi_const_pi(pi.number_.backend().data());
    return pi;
  }

 private:
  Mpfi(Number number) : number_(std::move(number)) {}  // NOLINT(google-explicit-constructor)

  template <class Function>
  static Mpfi Of(Function function, const Mpfi& x) {
    Mpfi result;
    function(result.number_.backend().data(), x.number_.backend().data());
    return result;
  }
  /// Both ends set alike, to a number that needs no rounding.
  template <class Set>
  static Mpfi OfEnds(Set set) {
    Mpfi result;
    set(&result.number_.backend().data()->left);
    set(&result.number_.backend().data()->right);
    return result;
  }

  Number number_;
};

inline Mpfi Detach(const Mpfi& x) { return x; }
inline Mpfi AtKink(const Mpfi&, const Mpfi&, const Mpfi& tie, const Mpfi&) {
  Evaluation::Current().tie = true;
  return tie;
}
inline Mpfi NotANumber(const Mpfi&, const Mpfi&) { return Mpfi::Nan(); }
inline Mpfi Undecided(const Mpfi& x, const Mpfi& y) { return Hull(x, y); }

}  // namespace exactloss
