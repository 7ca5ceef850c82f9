#include "tests/arb/number.h"

#include <algorithm>
#include <cmath>

namespace exactloss::arb {

thread_local Reading ReadingScope::reading_ = Reading::kRight;
thread_local bool ReadingScope::tie_ = false;

namespace {

bool TorchReads() { return ReadingScope::reading() == Reading::kTorch; }

/// Calls visit(leaf, slope of a, slope of b) for every leaf of either; a missing slope is 0.
template <class Visit>
void ForEachLeaf(const Number& a, const Number& b, Visit visit) {
  const Ball zero;
  auto i = a.slopes.begin();
  auto j = b.slopes.begin();
  while (i != a.slopes.end() || j != b.slopes.end()) {
    if (j == b.slopes.end() || (i != a.slopes.end() && i->first < j->first)) {
      visit(i->first, i->second, zero), ++i;
    } else if (i == a.slopes.end() || j->first < i->first) {
      visit(j->first, zero, j->second), ++j;
    } else {
      visit(i->first, i->second, j->second), ++i, ++j;
    }
  }
}

/// f(a, b) of that value, with the slopes slope(a', b').
template <class Slope>
Number Combine(Ball value, const Number& a, const Number& b, Slope slope) {
  Number result(std::move(value));
  result.slopes.reserve(a.slopes.size() + b.slopes.size());
  ForEachLeaf(a, b, [&](std::size_t leaf, const Ball& da, const Ball& db) {
    result.slopes.emplace_back(leaf, slope(da, db));
  });
  return result;
}

/// f(a) of that value and derivative.
Number Chain(const Number& a, Ball value, const Ball& derivative) {
  Number result(std::move(value));
  result.slopes.reserve(a.slopes.size());
  for (const auto& [leaf, slope] : a.slopes) result.slopes.emplace_back(leaf, derivative * slope);
  return result;
}

template <Ball (*larger)(const Ball&, const Ball&)>
Number AtTie(const Number& a, const Number& b) {
  ReadingScope::MeetTie();
  return Combine(a.value, a, b, [](const Ball& da, const Ball& db) {
    return TorchReads() ? (da + db) / 2.0 : larger(da, db);
  });
}

Number MaximumNorm(const std::vector<Number>& v) {
  std::vector<Number> largest = {Abs(v[0])};
  for (std::size_t i = 1; i < v.size(); ++i) {
    Number a = Abs(v[i]);
    const int order = Compare(a.value, largest[0].value);
    if (order > 0) largest.clear();
    if (order >= 0) largest.push_back(std::move(a));
  }
  if (largest.size() == 1) return largest[0];
  ReadingScope::MeetTie();
  if (TorchReads()) return Sum(largest) / static_cast<double>(largest.size());
  Number result = largest[0];
  for (const Number& a : largest) {
    result = Combine(a.value, result, a, [](const Ball& da, const Ball& db) { return Max(da, db); });
  }
  return result;
}

/// The norm at the zero vector: along a direction it is the norm of the slopes.
Number NormAtZero(const std::vector<Number>& v, double p) {
  ReadingScope::MeetTie();
  if (TorchReads()) return 0.0;
  Number powers;
  for (const Number& x : v) {
    for (const auto& [leaf, slope] : x.slopes) {
      Number power;
      power.slopes.emplace_back(leaf, Pow(Abs(slope), Ball(p)));
      powers = powers + power;
    }
  }
  for (auto& [leaf, power] : powers.slopes) power = Pow(power, Ball(1.0) / p);
  return powers;
}

}  // namespace

Number Leaf(double value, std::size_t leaf) {
  Number result(value);
  result.slopes.emplace_back(leaf, ReadingScope::reading() == Reading::kLeft ? -1.0 : 1.0);
  return result;
}

Ball SlopeOf(const Number& a, std::size_t leaf) {
  const auto at = std::lower_bound(a.slopes.begin(), a.slopes.end(), leaf,
                                   [](const auto& slope, std::size_t key) { return slope.first < key; });
  return at != a.slopes.end() && at->first == leaf ? at->second : Ball();
}

Number operator-(const Number& a) { return Chain(a, -a.value, -1.0); }

Number operator+(const Number& a, const Number& b) {
  return Combine(a.value + b.value, a, b, [](const Ball& da, const Ball& db) { return da + db; });
}

Number operator-(const Number& a, const Number& b) {
  return Combine(a.value - b.value, a, b, [](const Ball& da, const Ball& db) { return da - db; });
}

// A slope that is missing stays missing beside a pole: each factor's slopes are scaled by themselves.
Number operator*(const Number& a, const Number& b) {
  const Number of_a = Chain(a, a.value * b.value, b.value), of_b = Chain(b, 0.0, a.value);
  return Combine(of_a.value, of_a, of_b, [](const Ball& da, const Ball& db) { return da + db; });
}

Number operator/(const Number& a, const Number& b) {
  const Ball quotient = a.value / b.value;
  const Number of_a = Chain(a, quotient, Ball(1.0) / b.value), of_b = Chain(b, 0.0, quotient / b.value);
  return Combine(quotient, of_a, of_b, [](const Ball& da, const Ball& db) { return da - db; });
}

Number Sqr(const Number& a) { return Chain(a, a.value * a.value, a.value * 2.0); }

Number Exp(const Number& a) {
  const Ball value = Exp(a.value);
  return Chain(a, value, value);
}

Number Expm1(const Number& a) { return Chain(a, Expm1(a.value), Exp(a.value)); }

/// At 0 the slope is that from above, where alone there is a logarithm.
Number Log(const Number& a) {
  const Ball slope = IsZero(a.value) ? Pow(Ball(), Ball(-1.0)) : Ball(1.0) / a.value;
  return Chain(a, Log(a.value), slope);
}

Number Log1p(const Number& a) { return Chain(a, Log1p(a.value), Ball(1.0) / (Ball(1.0) + a.value)); }

Number Atan(const Number& a) { return Chain(a, Atan(a.value), Ball(1.0) / (Ball(1.0) + a.value * a.value)); }

Number Pow(const Number& base, double exponent) {
  if (exponent == 0) return 1.0;
  const Ball power = Pow(base.value, Ball(exponent));
  return Chain(base, power, Ball(exponent) * power / base.value);
}

Number Sum(const std::vector<Number>& terms) {
  Number sum;
  for (const Number& term : terms) sum = sum + term;
  return sum;
}

Number Abs(const Number& a) {
  const int sign = Sign(a.value);
  if (sign != 0) return sign < 0 ? -a : a;
  ReadingScope::MeetTie();
  return Combine(0.0, a, a, [](const Ball& da, const Ball&) { return TorchReads() ? Ball(0.0) : Abs(da); });
}

Number Max(const Number& a, const Number& b) {
  const int order = Compare(a.value, b.value);
  if (order != 0) return order > 0 ? a : b;
  return AtTie<Max>(a, b);
}

Number Min(const Number& a, const Number& b) {
  const int order = Compare(a.value, b.value);
  if (order != 0) return order < 0 ? a : b;
  return AtTie<Min>(a, b);
}

Number PositivePart(const Number& a, TieElement element) {
  const int sign = Sign(a.value);
  if (sign != 0) return sign > 0 ? a : Number(0.0);
  ReadingScope::MeetTie();
  if (TorchReads()) return element == TieElement::kOther ? a : Number(0.0);
  return Combine(0.0, a, a, [](const Ball& da, const Ball&) { return Max(da, 0.0); });
}

Number Norm(const std::vector<Number>& v, double p) {
  if (std::isinf(p)) return MaximumNorm(v);
  if (std::all_of(v.begin(), v.end(), [](const Number& x) { return IsZero(x.value); })) {
    return NormAtZero(v, p);
  }
  std::vector<Number> powers;
  for (const Number& x : v) {
    const Number magnitude = Abs(x);
    if (p == 1) {
      powers.push_back(magnitude);
    } else if (!IsZero(x.value)) {
      powers.push_back(Pow(magnitude, p));
    } else if (p < 1 && !TorchReads()) {
      // |x|^p leaves 0 with an infinite slope, the more so the norm.
      Number cusp;
      for (const auto& [leaf, slope] : magnitude.slopes) {
        if (!IsZero(slope)) cusp.slopes.emplace_back(leaf, Pow(Ball(), Ball(p) - 1.0));
      }
      powers.push_back(std::move(cusp));
    }
  }
  const Number sum = Sum(powers);
  if (p == 1) return sum;
  const Ball norm = Pow(sum.value, Ball(1.0) / p);
  return Chain(sum, norm, norm / (sum.value * p));
}

Number Detach(const Number& a) { return a.value; }

}  // namespace exactloss::arb
