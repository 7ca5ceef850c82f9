// Jets: a value with its first and second derivatives in N variables, for gauges. They say how large an error
// the inputs' own conditioning explains, so a few digits are enough; `long double` has them, and an exponent
// range in which no product of doubles overflows or vanishes.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>

#include "reference/scalar.h"

namespace exactloss {

template <std::size_t N>
class Jet {
 public:
  using Scalar = long double;

  Jet() : Jet(0.0) {}
  Jet(double constant) : value(constant) {}  // NOLINT(google-explicit-constructor)
  static Jet Variable(Scalar value, std::size_t variable) {
    Jet x;
    x.value = value;
    x.slope[variable] = 1;
    return x;
  }

  Scalar value = 0;
  std::array<Scalar, N> slope = {};
  std::array<std::array<Scalar, N>, N> curvature = {};  ///< the lower triangle: [i][j] with j <= i

  Scalar Curvature(std::size_t i, std::size_t j) const { return i >= j ? curvature[i][j] : curvature[j][i]; }

  /// f(x) from f, f' and f'' at x.
  Jet Chain(Scalar f, Scalar f1, Scalar f2) const {
    Jet result;
    result.value = f;
    ForEachPair([&](std::size_t i, std::size_t j) {
      result.curvature[i][j] = Product(f1, curvature[i][j]) + Product(f2, Product(slope[i], slope[j]));
    });
    for (std::size_t i = 0; i < N; ++i) result.slope[i] = Product(f1, slope[i]);
    return result;
  }

  friend Jet operator-(const Jet& x) { return x.Chain(-x.value, -1, 0); }
  friend Jet operator+(const Jet& x, const Jet& y) { return Linear(x.value + y.value, x, 1, y, 1); }
  friend Jet operator-(const Jet& x, const Jet& y) { return Linear(x.value - y.value, x, 1, y, -1); }
  friend Jet operator*(const Jet& x, const Jet& y) {
    Jet result = Linear(x.value * y.value, x, y.value, y, x.value);
    ForEachPair([&](std::size_t i, std::size_t j) {
      result.curvature[i][j] += Product(x.slope[i], y.slope[j]) + Product(x.slope[j], y.slope[i]);
    });
    return result;
  }
  friend Jet operator/(const Jet& x, const Jet& y) {
    const Scalar reciprocal = 1 / y.value;
    return x * y.Chain(reciprocal, -reciprocal * reciprocal, 2 * reciprocal * reciprocal * reciprocal);
  }

 private:
  /// A slope of 0 means no dependence: it stays 0 at a pole.
  static Scalar Product(Scalar derivative, Scalar slope) { return slope == 0 ? 0 : derivative * slope; }

  template <class Visit>
  static void ForEachPair(Visit visit) {
    for (std::size_t i = 0; i < N; ++i) {
      for (std::size_t j = 0; j <= i; ++j) visit(i, j);
    }
  }

  /// a x + b y of that value.
  static Jet Linear(Scalar value, const Jet& x, Scalar a, const Jet& y, Scalar b) {
    Jet result;
    result.value = value;
    for (std::size_t i = 0; i < N; ++i) result.slope[i] = Product(a, x.slope[i]) + Product(b, y.slope[i]);
    ForEachPair([&](std::size_t i, std::size_t j) {
      result.curvature[i][j] = Product(a, x.curvature[i][j]) + Product(b, y.curvature[i][j]);
    });
    return result;
  }
};

template <std::size_t N>
Sign SignOf(const Jet<N>& x) {
  return SignOf(x.value);
}
template <std::size_t N>
Jet<N> AtKink(const Jet<N>&, const Jet<N>&, const Jet<N>& tie, const Jet<N>&) {
  return tie;
}
template <std::size_t N>
Jet<N> NotANumber(const Jet<N>&, const Jet<N>& y) {
  return y;
}
template <std::size_t N>
Jet<N> Undecided(const Jet<N>&, const Jet<N>& y) {
  return y;
}
template <std::size_t N>
Jet<N> Detach(const Jet<N>& x) {
  return x.Chain(x.value, 0, 0);
}

template <std::size_t N>
Jet<N> Sqr(const Jet<N>& x) {
  return x.Chain(x.value * x.value, 2 * x.value, 2);
}
template <std::size_t N>
Jet<N> Exp(const Jet<N>& x) {
  const long double e = std::exp(x.value);
  return x.Chain(e, e, e);
}
template <std::size_t N>
Jet<N> Expm1(const Jet<N>& x) {
  const long double e = std::exp(x.value);
  return x.Chain(std::expm1(x.value), e, e);
}
template <std::size_t N>
Jet<N> Log(const Jet<N>& x) {
  const long double r = 1 / x.value;
  return x.Chain(std::log(x.value), r, -r * r);
}
template <std::size_t N>
Jet<N> Atan(const Jet<N>& x) {
  const long double r = 1 / (1 + x.value * x.value);
  return x.Chain(std::atan(x.value), r, -2 * x.value * r * r);
}
template <std::size_t N>
Jet<N> Pow(const Jet<N>& x, Parameter p) {
  const long double e = p.exact(), f = std::pow(x.value, e);
  if (p == 0) return Jet<N>(1.0);
  return x.Chain(f, e * std::pow(x.value, e - 1), e == 1 ? 0 : e * (e - 1) * std::pow(x.value, e - 2));
}
template <std::size_t N>
Jet<N> Softplus(const Jet<N>& x) {
  const Logistic<long double> logistic(x.value);
  const long double s = logistic.Sigmoid();
  return x.Chain(logistic.Softplus(), s, s * logistic.Complement());
}
template <std::size_t N>
Jet<N> Sigmoid(const Jet<N>& x) {
  const Logistic<long double> logistic(x.value);
  const long double s = logistic.Sigmoid(), c = logistic.Complement();
  return x.Chain(s, s * c, s * c * (c - s));
}
template <std::size_t N>
Jet<N> XLogX(const Jet<N>& x) {
  const long double log = std::log(x.value);
  return x.Chain(x.value == 0 ? 0 : x.value * log, log + 1, 1 / x.value);
}
template <std::size_t N>
Jet<N> Share(const Jet<N>& weight, const Jet<N>& f) {
  if (weight.value != 0) return weight * f;
  Jet<N> bounded = f;  // the slope of the weight times a pole is not to reach the other slopes
  if (std::isinf(f.value)) bounded = Jet<N>(0.0), bounded.value = f.value;
  Jet<N> result = weight * bounded;
  result.value = 0;
  return result;
}
/// Half a turn is in the constant's place: an angle between 0 and a ratio.
template <std::size_t N>
Jet<N> AtanRatio(const Jet<N>& w, const Jet<N>& h) {
  if (h.value != 0) return Atan(w / h);
  Jet<N> result = -Atan(h / w);
  result.value += std::copysign(std::numbers::pi_v<long double> / 2, w.value);
  return result;
}

template <std::size_t N>
Jet<N> PiOf(Type<Jet<N>>) {
  return Jet<N>(std::numbers::pi);
}

}  // namespace exactloss
