// Dual numbers: a value and its slopes along the variables that it depends on, for any scalar of scalar.h.
//
// Slopes are sparse: a variable that a number does not depend on has none, since a dense 0 times the infinite
// slope of a pole would be NaN. Every rule calls the primitives that the value calls (Sigmoid(-x), never 1 -
// s).
//
// At a kink the slope along a variable x_i is that of the branch into which s moves with x_i
// (Reading::kRight) or against it (kLeft): the chain rule of one-sided derivatives, exact for every
// composition of such functions.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <utility>
#include <vector>

#include "reference/evaluation.h"
#include "reference/scalar.h"

namespace exactloss {

template <class T>
class Dual {
 public:
  struct Slope {
    std::uint32_t variable;
    T value;
  };
  using Slopes = std::vector<Slope>;  ///< ascending by variable

  Dual() : value(0.0) {}
  Dual(double constant) : value(constant) {}  // NOLINT(google-explicit-constructor)
  explicit Dual(T constant) requires(!std::same_as<T, double>) : value(std::move(constant)) {}
  Dual(T value_, Slopes slopes_) : value(std::move(value_)), slopes(std::move(slopes_)) {}

  static Dual Variable(T value, std::uint32_t variable) { return {std::move(value), {{variable, T(1.0)}}}; }

  /// The slope along a variable; none: it is 0.
  const T* SlopeAlong(std::uint32_t variable) const {
    const auto at =
        std::lower_bound(slopes.begin(), slopes.end(), variable,
                         [](const Slope& slope, std::uint32_t key) { return slope.variable < key; });
    return at != slopes.end() && at->variable == variable ? &at->value : nullptr;
  }

  T value;
  Slopes slopes;

  friend Dual operator-(const Dual& x) {
    return x.Map(-x.value, [](const T& d) { return -d; });
  }
  friend Dual operator+(const Dual& x, const Dual& y) { return Join(x.value + y.value, x, y, Same, Same); }
  friend Dual operator-(const Dual& x, const Dual& y) {
    return Join(x.value - y.value, x, y, Same, [](const T& d) { return -d; });
  }
  friend Dual operator*(const Dual& x, const Dual& y) {
    return Join(
        x.value * y.value, x, y, [&](const T& d) { return d * y.value; },
        [&](const T& d) { return x.value * d; });
  }
  friend Dual operator/(const Dual& x, const Dual& y) {
    const T quotient = x.value / y.value;
    return Join(
        quotient, x, y, [&](const T& d) { return d / y.value; },
        [&](const T& d) { return -(quotient * d / y.value); });
  }

  /// f(x) of that value, with slopes f(slope).
  template <class F>
  Dual Map(T new_value, F f) const {
    Slopes mapped;
    mapped.reserve(slopes.size());
    for (const Slope& slope : slopes) mapped.push_back({slope.variable, f(slope.value)});
    return {std::move(new_value), std::move(mapped)};
  }
  Dual Chain(T new_value, const T& derivative) const {
    return Map(std::move(new_value), [&](const T& d) { return derivative * d; });
  }

  /// of_x(slope of x) + of_y(slope of y) for each variable, each where there is one.
  template <class OfX, class OfY>
  static Dual Join(T value, const Dual& x, const Dual& y, OfX of_x, OfY of_y) {
    Slopes joined;
    joined.reserve(x.slopes.size() + y.slopes.size());
    auto i = x.slopes.begin();
    auto j = y.slopes.begin();
    while (i != x.slopes.end() || j != y.slopes.end()) {
      if (j == y.slopes.end() || (i != x.slopes.end() && i->variable < j->variable)) {
        joined.push_back({i->variable, of_x(i->value)}), ++i;
      } else if (i == x.slopes.end() || j->variable < i->variable) {
        joined.push_back({j->variable, of_y(j->value)}), ++j;
      } else {
        joined.push_back({i->variable, of_x(i->value) + of_y(j->value)}), ++i, ++j;
      }
    }
    return {std::move(value), std::move(joined)};
  }

 private:
  static const T& Same(const T& d) { return d; }
};

template <class T>
Sign SignOf(const Dual<T>& x) {
  return SignOf(x.value);
}

template <class T>
Dual<T> PiOf(Type<Dual<T>>) {
  return Dual<T>(Pi<T>());
}

template <class T>
Dual<T> Detach(const Dual<T>& x) {
  return Dual<T>(Detach(x.value));
}

template <class T>
Dual<T> Sqr(const Dual<T>& x) {
  return x.Chain(Sqr(x.value), T(2.0) * x.value);
}
template <class T>
Dual<T> Sqrt(const Dual<T>& x) {
  const T root = Sqrt(x.value);
  return x.Chain(root, T(0.5) / root);
}
template <class T>
Dual<T> Exp(const Dual<T>& x) {
  const T value = Exp(x.value);
  return x.Chain(value, value);
}
template <class T>
Dual<T> Expm1(const Dual<T>& x) {
  return x.Chain(Expm1(x.value), Exp(x.value));
}
/// At 0 the slope is the limit from inside the domain: a pole of the sign of x's slope.
template <class T>
Dual<T> Log(const Dual<T>& x) {
  if (SignOf(x.value) == Sign::kZero) return x.Chain(Log(x.value), Power(x.value, T(-1.0)));
  return x.Map(Log(x.value), [&](const T& d) { return d / x.value; });
}
template <class T>
Dual<T> Log1p(const Dual<T>& x) {
  return x.Map(Log1p(x.value), [&](const T& d) { return d / (T(1.0) + x.value); });
}
template <class T>
Dual<T> Atan(const Dual<T>& x) {
  return x.Map(Atan(x.value), [&](const T& d) { return d / (T(1.0) + Sqr(x.value)); });
}
template <class T>
Dual<T> Pow(const Dual<T>& x, Parameter p) {
  if (p == 0) return Dual<T>(1.0);
  const T exponent(p.exact());
  if (x.slopes.empty()) return Dual<T>(Power(x.value, exponent));
  return x.Chain(Power(x.value, exponent), exponent * Power(x.value, exponent - T(1.0)));
}

template <class T>
Dual<T> Within(const Dual<T>& x, const Dual<T>& lower, const Dual<T>& upper) {
  return x.Map(Within(x.value, lower.value, upper.value), [](const T& d) { return d; });
}
template <class T, class Ratio>
Dual<T> PowTimes(const Dual<T>& e, Parameter p, const Dual<T>& b, Ratio ratio) {
  const T power = Power(e.value, T(p.exact())), along_e = T(p.exact()) * power * T(ratio().value);
  return Dual<T>::Join(
      power * b.value, e, b, [&](const T& d) { return along_e * d; }, [&](const T& d) { return power * d; });
}

template <class T>
Dual<T> Softplus(const Dual<T>& x) {
  const Logistic<T> logistic(x.value);
  return x.Chain(logistic.Softplus(), logistic.Sigmoid());
}
template <class T>
Dual<T> Sigmoid(const Dual<T>& x) {
  const Logistic<T> logistic(x.value);
  const T sigmoid = logistic.Sigmoid();
  return x.Chain(sigmoid, sigmoid * logistic.Complement());
}
template <class T>
Dual<T> XLogX(const Dual<T>& x) {
  const T log = Log(x.value);
  return x.Chain(Share(x.value, log), log + T(1.0));
}
template <class T>
Dual<T> AtanRatio(const Dual<T>& w, const Dual<T>& h) {
  const T square = Sqr(w.value) + Sqr(h.value), along_w = h.value / square, along_h = -w.value / square;
  return Dual<T>::Join(
      AtanRatio(w.value, h.value), w, h, [&](const T& d) { return along_w * d; },
      [&](const T& d) { return along_h * d; });
}
template <class T>
Dual<T> Share(const Dual<T>& weight, const Dual<T>& f) {
  return Dual<T>::Join(
      Share(weight.value, f.value), weight, f, [&](const T& d) { return d * f.value; },
      [&](const T& d) { return Share(weight.value, d); });
}

// --- kinks
// ----------------------------------------------------------------------------------------------------

/// pick(variable, slope of x, slope of y) for every variable of either, a missing slope being 0.
template <class T, class Pick>
Dual<T> MergeSlopes(T value, const Dual<T>& x, const Dual<T>& y, Pick pick) {
  const T zero(0.0);
  typename Dual<T>::Slopes merged;
  auto i = x.slopes.begin();
  auto j = y.slopes.begin();
  while (i != x.slopes.end() || j != y.slopes.end()) {
    const bool has_x = i != x.slopes.end() && (j == y.slopes.end() || i->variable <= j->variable);
    const bool has_y = j != y.slopes.end() && (i == x.slopes.end() || j->variable <= i->variable);
    const std::uint32_t variable = has_x ? i->variable : j->variable;
    merged.push_back({variable, pick(variable, has_x ? i->value : zero, has_y ? j->value : zero)});
    if (has_x) ++i;
    if (has_y) ++j;
  }
  return {std::move(value), std::move(merged)};
}

template <class T>
Dual<T> Hull(const Dual<T>& x, const Dual<T>& y) {
  return MergeSlopes(Hull(x.value, y.value), x, y,
                     [](std::uint32_t, const T& dx, const T& dy) { return Hull(dx, dy); });
}

/// On either side of NaN: every slope that a branch has is NaN.
template <class T>
Dual<T> NotANumber(const Dual<T>& x, const Dual<T>& y) {
  return MergeSlopes(NotANumber(x.value, y.value), x, y,
                     [](std::uint32_t, const T& dx, const T& dy) { return NotANumber(dx, dy); });
}

template <class T>
Dual<T> Undecided(const Dual<T>& x, const Dual<T>& y) {
  return Hull(x, y);
}

template <class T>
Dual<T> AtKink(const Dual<T>& s, const Dual<T>& negative, Dual<T> tie, const Dual<T>& positive) {
  Evaluation& evaluation = Evaluation::Current();
  evaluation.tie = true;
  if (evaluation.reading == Reading::kTorch) return tie;
  const bool rightward = evaluation.reading == Reading::kRight;
  return MergeSlopes(tie.value, negative, positive,
                     [&](std::uint32_t variable, const T& below, const T& above) {
                       const T* direction = s.SlopeAlong(variable);
                       switch (direction == nullptr ? Sign::kZero : SignOf(*direction)) {
                         case Sign::kNegative:
                           return rightward ? below : above;
                         case Sign::kPositive:
                           return rightward ? above : below;
                         default:
                           // Along this axis s stays 0, where both branches agree; or its direction is
                           // unknown.
                           return Hull(below, above);
                       }
                     });
}

}  // namespace exactloss
