// The words that formulas are written in. A formula is a template over its scalar: an interval, a dual
// number, a jet or a plain floating-point number; each brings the primitives
//
//   + - * /   Sqr Sqrt Exp Expm1 Log Log1p Atan Power(x, exponent) PiOf(Type<T>) Detach(x)
//   Within(x, lower, upper)   SignOf(x)   for Piecewise: AtKink(s, negative, tie, positive), Undecided and
//   NotANumber(negative, positive)
//
// and this header builds the rest on them. A formula branches with SameFunction and Piecewise alone; these
// take lambdas, so that an interval whose sign is unknown can take both ways.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace exactloss {

enum class Sign : std::uint8_t { kNegative, kZero, kPositive, kUnknown, kNan };

inline Sign SignOf(long double x) {
  if (std::isnan(x)) return Sign::kNan;
  if (x == 0) return Sign::kZero;
  return x < 0 ? Sign::kNegative : Sign::kPositive;
}
inline long double Exp(long double x) { return std::exp(x); }
inline long double Log1p(long double x) { return std::log1p(x); }

/// A parameter of a loss: an exact binary64 number without arithmetic of its own, which would round.
class Parameter {
 public:
  explicit constexpr Parameter(double value) : value_(value) {}
  constexpr double exact() const { return value_; }
  friend constexpr bool operator==(Parameter a, double b) { return a.value_ == b; }
  friend constexpr bool operator<(Parameter a, double b) { return a.value_ < b; }
  constexpr bool IsInfinite() const {
    return value_ > std::numeric_limits<double>::max() || value_ < -std::numeric_limits<double>::max();
  }

 private:
  double value_;
};

template <class T>
T operator+(const T& x, Parameter p) {
  return x + T(p.exact());
}
template <class T>
T operator-(const T& x, Parameter p) {
  return x - T(p.exact());
}
template <class T>
T operator*(Parameter p, const T& x) {
  return T(p.exact()) * x;
}

template <class T>
struct Type {};

template <class T>
T Pi() {
  return PiOf(Type<T>());
}

/// One analytic function written in two ways, each good on its side of s = 0.
template <class T, class Negative, class Positive>
T SameFunction(const T& s, Negative negative, Positive positive) {
  return SignOf(s) == Sign::kNegative ? negative() : positive();
}

/// A function with a kink, or a seam, at s = 0; `tie` is the element that PyTorch takes there.
template <class T, class Negative, class Tie, class Positive>
T Piecewise(const T& s, Negative negative, Tie tie, Positive positive) {
  switch (SignOf(s)) {
    case Sign::kNegative:
      return negative();
    case Sign::kZero:
      return AtKink(s, negative(), T(tie()), positive());
    case Sign::kUnknown:
      return Undecided(T(negative()), T(positive()));
    case Sign::kNan:
      return NotANumber(T(negative()), T(positive()));
    case Sign::kPositive:
      break;
  }
  return positive();
}

/// Softplus and sigmoid of one number: they share exp(-|x|), and no form cancels or overflows.
template <class T>
class Logistic {
 public:
  explicit Logistic(const T& x)
      : x_(x), negative_(SignOf(x) == Sign::kNegative), e_(Exp(negative_ ? x : -x)) {}

  T Softplus() const { return negative_ ? Log1p(e_) : x_ + Log1p(e_); }  ///< log(1 + exp(x))
  T Sigmoid() const { return Share(negative_); }                         ///< 1 / (1 + exp(-x))
  T Complement() const { return Share(!negative_); }                     ///< 1 - sigmoid

 private:
  T Share(bool of_e) const { return (of_e ? e_ : T(1.0)) / (T(1.0) + e_); }

  const T& x_;
  bool negative_;
  T e_;
};

template <class T>
T Softplus(const T& x) {
  return Logistic<T>(x).Softplus();
}
template <class T>
T Sigmoid(const T& x) {
  return Logistic<T>(x).Sigmoid();
}

/// PyTorch takes 0 at 0.
template <class T>
T Abs(const T& x) {
  return Piecewise(
      x, [&] { return -x; }, [] { return T(0.0); }, [&] { return x; });
}

/// PyTorch takes the mean of the slopes at a tie.
template <class T>
T Max(const T& x, const T& y) {
  return Piecewise(
      x - y, [&] { return y; }, [&] { return T(0.5) * (x + y); }, [&] { return x; });
}
template <class T>
T Min(const T& x, const T& y) {
  return Piecewise(
      x - y, [&] { return x; }, [&] { return T(0.5) * (x + y); }, [&] { return y; });
}

/// weight * f, and 0 at weight 0 even where f has a pole: 0 log 0 = 0. A NaN stays one.
template <class T>
T Share(const T& weight, const T& f) {
  return SignOf(weight) == Sign::kZero && SignOf(f) != Sign::kNan ? T(0.0) : weight * f;
}
template <class T>
T XLogX(const T& x) {
  return Share(x, Log(x));
}

/// x^p for x >= 0.
template <class T>
T Pow(const T& x, Parameter p) {
  return Power(x, T(p.exact()));
}

/// b e^p for p >= 0, where b and e may vanish together: b / e = ratio(), which a slope holds. With
/// `ratio` it is finite, and the pole of e^(p - 1) below p = 1 meets the zero of b before any rounding.
template <class T, class Ratio>
T PowTimes(const T& e, Parameter p, const T& b, Ratio) {
  return Pow(e, p) * b;
}

/// x, which a proof shows to lie in [lower, upper]. Where that is 0 / 0 of what has underflowed, or an
/// enclosure that holds a pole, the bounds are what is left of it.
inline long double Within(long double x, long double lower, long double upper) {
  return std::fmin(std::fmax(x, lower), upper);
}

/// atan(w / h), read as h -> 0+ at h = 0.
template <class T>
T AtanRatio(const T& w, const T& h) {
  if (SignOf(h) != Sign::kZero) return Atan(w / h);
  switch (SignOf(w)) {
    case Sign::kPositive:
      return T(0.5) * Pi<T>();
    case Sign::kNegative:
      return T(-0.5) * Pi<T>();
    default:
      return Atan(w / h);  // 0 / 0 has no limit
  }
}

}  // namespace exactloss
