// Norms of vectors: the p-norm for 0 < p <= infinity, with its kinks at zeros of the vector and at ties of
// the maximum.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "reference/dual.h"

namespace exactloss {

template <class T>
T Sum(const std::vector<T>& terms) {
  T sum(0.0);
  for (const T& term : terms) sum = sum + term;
  return sum;
}

/// sum_i a_i x_i' of that value: the slopes of all terms sorted once, so linear in their number but for the
/// sort.
template <class T>
Dual<T> LinearCombination(T value, const std::vector<T>& a, const std::vector<Dual<T>>& x) {
  typename Dual<T>::Slopes all;
  for (std::size_t i = 0; i < x.size(); ++i) {
    for (const auto& slope : x[i].slopes) all.push_back({slope.variable, a[i] * slope.value});
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const auto& s, const auto& t) { return s.variable < t.variable; });
  typename Dual<T>::Slopes merged;
  for (auto& slope : all) {
    if (!merged.empty() && merged.back().variable == slope.variable) {
      merged.back().value = merged.back().value + slope.value;
    } else {
      merged.push_back(std::move(slope));
    }
  }
  return {std::move(value), std::move(merged)};
}

template <class T>
Dual<T> Sum(const std::vector<Dual<T>>& terms) {
  std::vector<T> values;
  values.reserve(terms.size());
  for (const Dual<T>& term : terms) values.push_back(term.value);
  return LinearCombination(Sum(values), std::vector<T>(terms.size(), T(1.0)), terms);
}

/// |x|^p; an exact power where p is a small integer.
template <class T>
T AbsolutePower(const T& x, Parameter p) {
  return p == 2 ? Sqr(x) : Pow(Abs(x), p);
}

/// The largest |x_i|. PyTorch takes the mean of the slopes of those that are largest.
template <class T>
T MaximumNorm(const std::vector<T>& v) {
  std::vector<T> largest = {Abs(v[0])};
  for (std::size_t i = 1; i < v.size(); ++i) {
    const T next = Abs(v[i]);
    const T lead = next - largest[0];
    switch (SignOf(lead)) {
      case Sign::kNegative:
        break;
      case Sign::kZero:
        largest.push_back(next);
        break;
      case Sign::kUnknown:
        largest = {Undecided(largest[0], next)};
        break;
      case Sign::kNan:  // a NaN takes part, wherever it stands
        largest = {lead};
        break;
      default:
        largest = {next};
    }
  }
  if (largest.size() == 1) return largest[0];
  const T mean = Sum(largest) / T(static_cast<double>(largest.size()));
  T result = largest[0];
  for (std::size_t i = 1; i < largest.size(); ++i) {
    result = AtKink(largest[i] - result, result, mean, largest[i]);
  }
  return result;
}

/// What grows and ties as the norm does: the sum of |x_i|^p, or the maximum.
template <class T>
T PowerSum(const std::vector<T>& v, Parameter p) {
  if (p.IsInfinite()) return MaximumNorm(v);
  std::vector<T> powers;
  powers.reserve(v.size());
  for (const T& x : v) powers.push_back(AbsolutePower(x, p));
  return Sum(powers);
}

/// Do the vectors hold the same magnitudes, in whatever order?
template <class T>
bool SameMagnitudes(const std::vector<T>& u, const std::vector<T>& v) {
  return std::is_permutation(u.begin(), u.end(), v.begin(), v.end(),
                             [](const T& x, const T& y) { return SignOf(Sqr(x) - Sqr(y)) == Sign::kZero; });
}

/// A number with the sign of norm(u) - norm(v), also of its slopes: equal norms are roots that intervals
/// never prove equal, but the sums of powers below them are exact for whole p. Equal magnitudes are equal at
/// any p, and p > 1 orders them as p = 2 does.
template <class T>
T NormOrder(const std::vector<T>& u, const std::vector<T>& v, Parameter p) {
  const T order = PowerSum(u, p) - PowerSum(v, p);
  const bool as_squares =
      SignOf(order) == Sign::kUnknown && (u.size() == 1 || !(p < 1)) && SameMagnitudes(u, v);
  return as_squares ? PowerSum(u, Parameter(2)) - PowerSum(v, Parameter(2)) : order;
}

/// The p-norm of plain numbers.
template <class T>
T NormValue(const std::vector<T>& v, Parameter p) {
  if (p == 2) return Sqrt(PowerSum(v, p));
  return p == 1 || p.IsInfinite() ? PowerSum(v, p) : Power(PowerSum(v, p), T(1.0) / T(p.exact()));
}

/// What formulas call: of plain numbers that value, of dual numbers (below) with its slopes.
template <class T>
T Norm(const std::vector<T>& v, Parameter p) {
  return NormValue(v, p);
}

/// At the zero vector the derivative along an axis is the norm of the slopes along it; PyTorch takes 0.
template <class T>
Dual<T> NormAtZero(const std::vector<Dual<T>>& v, Parameter p) {
  Evaluation& evaluation = Evaluation::Current();
  evaluation.tie = true;
  if (evaluation.reading == Reading::kTorch) return Dual<T>(0.0);
  typename Dual<T>::Slopes all;
  for (const Dual<T>& x : v) all.insert(all.end(), x.slopes.begin(), x.slopes.end());
  std::stable_sort(all.begin(), all.end(),
                   [](const auto& s, const auto& t) { return s.variable < t.variable; });
  typename Dual<T>::Slopes norms;
  for (auto first = all.begin(); first != all.end();) {
    std::vector<T> along;
    const std::uint32_t variable = first->variable;
    for (; first != all.end() && first->variable == variable; ++first) along.push_back(first->value);
    const T norm = NormValue(along, p);
    norms.push_back({variable, evaluation.reading == Reading::kRight ? norm : -norm});
  }
  return {T(0.0), std::move(norms)};
}

/// Along x_i: sign(x_i) (|x_i| / norm)^(p - 1). For p < 1 the norm leaves x_i = 0 with an infinite slope on
/// either side; PyTorch takes 0.
template <class T>
Dual<T> Norm(const std::vector<Dual<T>>& v, Parameter p) {
  if (p.IsInfinite()) return MaximumNorm(v);
  if (p == 1) return PowerSum(v, p);
  const bool is_zero =
      std::all_of(v.begin(), v.end(), [](const auto& x) { return SignOf(x) == Sign::kZero; });
  if (is_zero) return NormAtZero(v, p);

  Evaluation& evaluation = Evaluation::Current();
  std::vector<T> values, slopes;
  for (const Dual<T>& x : v) values.push_back(x.value);
  const T norm = NormValue(values, p);
  std::vector<Dual<T>> terms = v;
  for (std::size_t i = 0; i < v.size(); ++i) {
    if (p == 2) {
      slopes.push_back(values[i] / norm);
    } else if (SignOf(values[i]) != Sign::kZero) {
      const bool negative = SignOf(values[i]) == Sign::kNegative;
      const T slope = Power(Abs(values[i]) / norm, T(p.exact()) - T(1.0));
      slopes.push_back(negative ? -slope : slope);
    } else if (p < 1 && (evaluation.tie = true, evaluation.reading != Reading::kTorch)) {
      const T pole = Power(T(0.0), T(-1.0));
      slopes.push_back(T(1.0));
      for (auto& slope : terms[i].slopes) slope.value = evaluation.reading == Reading::kRight ? pole : -pole;
    } else {
      slopes.push_back(T(0.0));
    }
  }
  return LinearCombination(norm, slopes, terms);
}

}  // namespace exactloss
