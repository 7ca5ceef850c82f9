// MPFR numbers of MPFR's default precision, for tests that take so many bits that no rounding of theirs
// decides one of the results.
#pragma once

#include <mpfr.h>

namespace exactloss::optimized {

class Number {
 public:
  Number(double value = 0) {  // NOLINT(google-explicit-constructor): formulas mix numbers and constants
    mpfr_init_set_d(value_, value, MPFR_RNDN);
  }
  Number(const Number& other) { mpfr_init_set(value_, other.value_, MPFR_RNDN); }
  Number& operator=(const Number& other) {
    mpfr_set(value_, other.value_, MPFR_RNDN);
    return *this;
  }
  ~Number() { mpfr_clear(value_); }

  friend Number operator+(const Number& a, const Number& b) { return Of(mpfr_add, a, b); }
  friend Number operator-(const Number& a, const Number& b) { return Of(mpfr_sub, a, b); }
  friend Number operator*(const Number& a, const Number& b) { return Of(mpfr_mul, a, b); }
  friend Number operator/(const Number& a, const Number& b) { return Of(mpfr_div, a, b); }
  friend Number Sqrt(const Number& a) { return Of(mpfr_sqrt, a); }
  friend Number Exp(const Number& a) { return Of(mpfr_exp, a); }
  friend Number Pow(const Number& a, const Number& b) { return Of(mpfr_pow, a, b); }
  friend Number Softplus(const Number& a) { return Of(mpfr_log1p, Exp(a)); }

  float ToFloat(mpfr_rnd_t rounding = MPFR_RNDN) const { return mpfr_get_flt(value_, rounding); }
  /// To nearest, of numbers that such a format has neither too large nor too small.
  double Rounded(mpfr_prec_t precision) const {
    Number r = *this;
    mpfr_prec_round(r.value_, precision, MPFR_RNDN);
    return mpfr_get_d(r.value_, MPFR_RNDN);
  }

 private:
  template <class Function, class... Numbers>
  static Number Of(Function function, const Numbers&... numbers) {
    Number r;
    function(r.value_, numbers.value_..., MPFR_RNDN);
    return r;
  }

  mpfr_t value_;
};

}  // namespace exactloss::optimized
