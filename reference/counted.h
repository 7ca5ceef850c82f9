// A number that counts the roundings that a straightforward evaluation makes of it: one an operation, two a
// function of a mathematical library (a result within 1 ulp is two unit roundoffs away).
#pragma once

#include <cmath>
#include <numbers>

#include "reference/scalar.h"

namespace exactloss {

class Counted {
 public:
  Counted(double value) : value_(value) {}  // NOLINT(google-explicit-constructor)

  static int& Roundings() { return roundings_; }

  friend Counted operator-(Counted x) { return -x.value_; }
  friend Counted operator+(Counted x, Counted y) { return Count(1, x.value_ + y.value_); }
  friend Counted operator-(Counted x, Counted y) { return Count(1, x.value_ - y.value_); }
  friend Counted operator*(Counted x, Counted y) { return Count(1, x.value_ * y.value_); }
  friend Counted operator/(Counted x, Counted y) { return Count(1, x.value_ / y.value_); }
  friend Counted Sqr(Counted x) { return Count(1, x.value_ * x.value_); }
  friend Counted Exp(Counted x) { return Count(2, std::exp(x.value_)); }
  friend Counted Expm1(Counted x) { return Count(2, std::expm1(x.value_)); }
  friend Counted Log(Counted x) { return Count(2, std::log(x.value_)); }
  friend Counted Log1p(Counted x) { return Count(2, std::log1p(x.value_)); }
  friend Counted Atan(Counted x) { return Count(2, std::atan(x.value_)); }
  friend Counted Power(Counted x, Counted p) { return Count(2, std::pow(x.value_, p.value_)); }
  friend Counted Within(Counted x, Counted, Counted) { return x; }
  friend Counted Detach(Counted x) { return x; }
  friend Sign SignOf(Counted x) { return exactloss::SignOf(static_cast<long double>(x.value_)); }
  friend Counted AtKink(Counted, Counted, Counted tie, Counted) { return tie; }
  friend Counted NotANumber(Counted, Counted y) { return y; }
  friend Counted Undecided(Counted, Counted y) { return y; }

 private:
  static Counted Count(int roundings, double value) {
    roundings_ += roundings;
    return value;
  }

  static inline thread_local int roundings_ = 0;
  double value_;
};

inline Counted PiOf(Type<Counted>) { return std::numbers::pi; }

}  // namespace exactloss
