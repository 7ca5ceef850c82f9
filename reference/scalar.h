// The words that formulas are written in. A formula is a template over its scalar: an interval, a dual
// number, a jet or a plain floating-point number; each brings the primitives
//
//   + - * /   Sqr Sqrt Exp Log Atan Power(x, exponent) Pi<T>() LogisticOf(x) XLogX(x) AtanRatio(w, h)
//   SignOf(x) Hull(x, y) Combine (for kinks) Detach
//
// and this header builds the rest on them. A formula branches with SameFunction and Piecewise alone; these
// take lambdas, so that an interval whose sign is unknown can take both ways.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

namespace exactloss {

enum class Sign : std::uint8_t { kNegative, kZero, kPositive, kUnknown, kNan };

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
T Pi();

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
    case Sign::kPositive:
    case Sign::kNan:
      break;
  }
  return positive();
}

/// What softplus and the sigmoid have in common: one exponential.
template <class T>
struct Logistic {
  T softplus;    ///< log(1 + exp(x))
  T sigmoid;     ///< 1 / (1 + exp(-x))
  T complement;  ///< 1 - sigmoid, without cancellation
};

template <class T>
T Softplus(const T& x) {
  return LogisticOf(x).softplus;
}
template <class T>
T Sigmoid(const T& x) {
  return LogisticOf(x).sigmoid;
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

/// weight * f, and 0 at weight 0 even where f has a pole: 0 log 0 = 0.
template <class T>
T Share(const T& weight, const T& f);

/// x^p for x >= 0.
template <class T>
T Pow(const T& x, Parameter p);

}  // namespace exactloss
