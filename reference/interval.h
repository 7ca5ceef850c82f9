// Intervals with proven ends: every operation rounds outward, so the result holds the exact result of every
// choice of arguments. Ends have Evaluation::Current().bits.
//
// A point (one exact number) is known as such: it costs one call of MPFR an operation, whose ternary value
// tells whether the result is a point again. Zero is never negative. An end may be infinite; a point at
// infinity is the value of a pole with a known sign, such as log 0. NaN is an interval of its own, and
// spreads.
#pragma once

#include <cstdint>
#include <utility>

#include "reference/evaluation.h"
#include "reference/holding.h"
#include "reference/real.h"
#include "reference/scalar.h"
#include "reference/truth.h"

namespace exactloss {

class Interval {
 public:
  Interval() : Interval(0.0) {}
  Interval(double exact);  // NOLINT(google-explicit-constructor): a double is a real number, exactly
  static Interval PowerOfTwo(std::int64_t exponent);
  static Interval Infinity(int sign);
  static Interval Nan();
  static Interval Everything();

  bool IsPoint() const { return is_point_; }
  bool IsNan() const { return mpfr_nan_p(lower_.get()); }
  bool IsZero() const { return is_point_ && mpfr_zero_p(lower_.get()); }
  bool IsInfinite() const { return is_point_ && mpfr_inf_p(lower_.get()); }
  bool Is(int number) const;  ///< exactly
  /// +1 or -1 if this is exactly that number, else 0.
  int UnitSign() const;

  const Real& lower() const { return lower_; }
  const Real& upper() const { return is_point_ ? lower_ : upper_; }

  friend Interval operator-(const Interval& x);
  friend Interval operator+(const Interval& x, const Interval& y);
  friend Interval operator-(const Interval& x, const Interval& y);
  friend Interval operator*(const Interval& x, const Interval& y);
  friend Interval operator/(const Interval& x, const Interval& y);
  friend Interval Sqr(const Interval& x);
  friend Interval Sqrt(const Interval& x);
  friend Interval Exp(const Interval& x);
  friend Interval Expm1(const Interval& x);
  friend Interval Log(const Interval& x);  ///< log 0 = -infinity
  friend Interval Log1p(const Interval& x);
  friend Interval Atan(const Interval& x);
  friend Interval Power(const Interval& x, const Interval& exponent);  ///< x >= 0; 0^0 = 1, 0^-1 = infinity
  friend Interval Hull(const Interval& x, const Interval& y);
  /// What x and the hull of `lower` and `upper` have in common.
  friend Interval Within(const Interval& x, const Interval& lower, const Interval& upper);
  friend Sign SignOf(const Interval& x);
  friend Interval PiOf(Type<Interval>);

  /// Is it no wider than 2^-32 ulp of the dtype, ulp(0) being the smallest subnormal, or beyond its range?
  bool IsTight(Dtype dtype) const;
  Enclosure ToEnclosure() const;
  long double Middle() const;
  double ToDouble() const;  ///< the middle, in a sixth of the time

 private:
  struct Empty {};
  explicit Interval(Empty) {}
  void Normalise();
  Interval LowerEnd() const;

  template <class Function>
  static Interval Increasing(Function function, const Interval& x);
  /// The same of a costly function from the lower end alone, as grow(function(end), [0, width]), where x is
  /// so narrow beside 1 and its distance from 0 that this is as good.
  template <class Function, class Grow>
  static Interval FromLowerEnd(Function function, const Interval& x, Grow grow);
  template <class Operation>
  static Interval OfPoints(Operation operation, const Interval& x, const Interval& y);
  /// Of the ends that lower(number) and upper(number) set.
  template <class Lower, class Upper>
  static Interval OfEnds(Lower lower, Upper upper);

  Real lower_, upper_;  ///< upper_ has no number where this is a point
  bool is_point_ = true;
};

inline Interval Detach(const Interval& x) { return Holding<Interval>::Of(x); }

// What a plain interval is at a kink: all branches have one value there.
inline Interval AtKink(const Interval&, const Interval&, const Interval& tie, const Interval&) {
  Evaluation::Current().tie = true;
  return tie;
}
inline Interval NotANumber(const Interval&, const Interval&) { return Interval::Nan(); }
inline Interval Undecided(const Interval& x, const Interval& y) { return Hull(x, y); }

}  // namespace exactloss
