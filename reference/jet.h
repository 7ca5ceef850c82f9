// Jets: a value with its first and second derivatives in N variables, for gauges. They say how large an error
// the inputs' own conditioning explains, so a few digits are enough; `long double` has them, and an exponent
// range in which no product of doubles overflows or vanishes.
#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
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
    x.variables_ = Variables{1} << variable;
    x.slope_[variable] = 1;
    return x;
  }

  Scalar value = 0;

  Scalar Slope(std::size_t i) const { return slope_[i]; }
  Scalar Curvature(std::size_t i, std::size_t j) const { return curvature_[Place(i, j)]; }

  /// f(x) from f, f' and f'' at x.
  Jet Chain(Scalar f, Scalar f1, Scalar f2) const {
    Jet result = Scaled(f, f1);
    if (f2 == 0) return result;
    result.ForEachPair(variables_, [&](std::size_t i, std::size_t j, Scalar& curvature) {
      curvature += Product(f2, Product(slope_[i], slope_[j]));
    });
    return result;
  }

  /// f(x, y) from f and its derivatives at x and y; along y it is linear.
  static Jet Join(Scalar f, const Jet& x, Scalar fx, const Jet& y, Scalar fy, Scalar fxx, Scalar fxy) {
    Jet result = Linear(f, x, fx, y, fy);
    result.ForEachPair(result.variables_, [&](std::size_t i, std::size_t j, Scalar& curvature) {
      curvature += Product(fxx, Product(x.slope_[i], x.slope_[j]));
      curvature += Product(fxy, Product(x.slope_[i], y.slope_[j]) + Product(x.slope_[j], y.slope_[i]));
    });
    return result;
  }

  friend Jet operator-(const Jet& x) { return x.Scaled(-x.value, -1); }
  friend Jet operator+(const Jet& x, const Jet& y) { return Linear(x.value + y.value, x, 1, y, 1); }
  friend Jet operator-(const Jet& x, const Jet& y) { return Linear(x.value - y.value, x, 1, y, -1); }
  friend Jet operator*(const Jet& x, const Jet& y) {
    Jet result = Linear(x.value * y.value, x, y.value, y, x.value);
    if (x.variables_ == 0 || y.variables_ == 0) return result;
    result.ForEachPair(result.variables_, [&](std::size_t i, std::size_t j, Scalar& curvature) {
      curvature += Product(x.slope_[i], y.slope_[j]) + Product(x.slope_[j], y.slope_[i]);
    });
    return result;
  }
  friend Jet operator/(const Jet& x, const Jet& y) {
    const Scalar reciprocal = 1 / y.value;
    return x * y.Chain(reciprocal, -reciprocal * reciprocal, 2 * reciprocal * reciprocal * reciprocal);
  }

 private:
  using Variables = std::uint32_t;  ///< a set, as bits

  /// A slope of 0 means no dependence: it stays 0 at a pole.
  static Scalar Product(Scalar derivative, Scalar slope) { return slope == 0 ? 0 : derivative * slope; }

  static std::size_t Place(std::size_t i, std::size_t j) {
    return i >= j ? i * (i + 1) / 2 + j : j * (j + 1) / 2 + i;
  }

  template <class Visit>
  static void ForEach(Variables variables, Visit visit) {
    for (; variables != 0; variables &= variables - 1) {
      visit(static_cast<std::size_t>(std::countr_zero(variables)));
    }
  }
  /// visit(i, j, d2/dx_i dx_j) for j <= i.
  template <class Visit>
  void ForEachPair(Variables variables, Visit visit) {
    ForEach(variables, [&](std::size_t i) {
      ForEach(variables & ((Variables{2} << i) - 1),
              [&](std::size_t j) { visit(i, j, curvature_[i * (i + 1) / 2 + j]); });
    });
  }

  /// Adds factor * x but for its value.
  void Add(Scalar factor, const Jet& x) {
    variables_ |= x.variables_;
    ForEach(x.variables_, [&](std::size_t i) { slope_[i] += Product(factor, x.slope_[i]); });
    ForEachPair(x.variables_, [&](std::size_t i, std::size_t j, Scalar& curvature) {
      curvature += Product(factor, x.Curvature(i, j));
    });
  }
  Jet Scaled(Scalar new_value, Scalar factor) const {
    Jet result;
    result.value = new_value;
    result.Add(factor, *this);
    return result;
  }
  /// a x + b y of that value.
  static Jet Linear(Scalar value, const Jet& x, Scalar a, const Jet& y, Scalar b) {
    Jet result = x.Scaled(value, a);
    result.Add(b, y);
    return result;
  }

  Variables variables_ = 0;  ///< what it depends on; along all others it is constant
  std::array<Scalar, N> slope_ = {};
  std::array<Scalar, N*(N + 1) / 2> curvature_ = {};  ///< the lower triangle
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
  Jet<N> constant;
  constant.value = x.value;
  return constant;
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
Jet<N> Within(const Jet<N>& x, const Jet<N>& lower, const Jet<N>& upper) {
  Jet<N> result = x;
  result.value = Within(x.value, lower.value, upper.value);
  return result;
}
template <std::size_t N, class Ratio>
Jet<N> PowTimes(const Jet<N>& e, Parameter p, const Jet<N>& b, Ratio ratio) {
  const long double exponent = p.exact(), power = std::pow(e.value, exponent), r = ratio().value;
  const long double fall = p == 0 ? 0 : exponent * std::pow(e.value, exponent - 1);
  return Jet<N>::Join(power * b.value, e, exponent * power * r, b, power,
                      p == 1 ? 0 : (exponent - 1) * fall * r, fall);
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
