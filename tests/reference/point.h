// A number of Boost.Multiprecision's mpfr_float as a scalar for formulas: no enclosure, but hundreds of
// digits, for difference quotients.
#pragma once

#include <boost/multiprecision/mpfr.hpp>
#include <limits>
#include <utility>
#include <vector>

#include "reference/evaluation.h"
#include "reference/holding.h"
#include "reference/norm.h"
#include "reference/scalar.h"

namespace exactloss {

class Point {
 public:
  using Number = boost::multiprecision::number<boost::multiprecision::mpfr_float_backend<0>,
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

  Point() : number(0) {}
  Point(double exact) : number(exact) {}                 // NOLINT(google-explicit-constructor)
  Point(Number number_) : number(std::move(number_)) {}  // NOLINT(google-explicit-constructor)

  Number number;

  friend Point operator-(const Point& x) { return Number(-x.number); }
  friend Point operator+(const Point& x, const Point& y) { return Number(x.number + y.number); }
  friend Point operator-(const Point& x, const Point& y) { return Number(x.number - y.number); }
  friend Point operator*(const Point& x, const Point& y) { return Number(x.number * y.number); }
  friend Point operator/(const Point& x, const Point& y) { return Number(x.number / y.number); }
  friend bool operator<(const Point& x, const Point& y) { return x.number < y.number; }

  friend Point Sqr(const Point& x) { return x * x; }
  friend Point Sqrt(const Point& x) { return Number(sqrt(x.number)); }
  friend Point Exp(const Point& x) { return Number(exp(x.number)); }
  friend Point Expm1(const Point& x) { return Number(expm1(x.number)); }
  friend Point Log(const Point& x) { return Number(log(x.number)); }
  friend Point Log1p(const Point& x) { return Number(log1p(x.number)); }
  friend Point Atan(const Point& x) { return Number(atan(x.number)); }
  friend Point Power(const Point& x, const Point& exponent) { return Number(pow(x.number, exponent.number)); }
  friend Point Within(const Point& x, const Point&, const Point&) { return x; }
  friend Point Magnitude(const Point& x) { return Number(abs(x.number)); }

  friend Point Detach(const Point& x) { return Holding<Point>::Of(x); }
  friend Sign SignOf(const Point& x) {
    if (isnan(x.number)) return Sign::kNan;
    return x.number == 0 ? Sign::kZero : x.number < 0 ? Sign::kNegative : Sign::kPositive;
  }
  friend Point AtKink(const Point&, const Point&, const Point& tie, const Point&) {
    Evaluation::Current().tie = true;
    return tie;
  }
  friend Point NotANumber(const Point&, const Point&) { return std::numeric_limits<double>::quiet_NaN(); }
  /// A point has a sign, so that nothing is undecided.
  friend Point Undecided(const Point& x, const Point&) { return x; }
};

inline Point PiOf(Type<Point>) { return Point(4.0) * Atan(Point(1.0)); }
/// Of equal branches at a kink (dual numbers ask for it).
inline Point Hull(const Point& x, const Point&) { return x; }

}  // namespace exactloss
