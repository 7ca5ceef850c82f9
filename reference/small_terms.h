// Terms of a few variables: the formula text itself, run at dual intervals, jets and counted numbers.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "reference/counted.h"
#include "reference/dual.h"
#include "reference/jet.h"
#include "reference/terms.h"

namespace exactloss {

/// Where the variables of a term lie.
class Placement {
 public:
  struct Slot {
    std::uint32_t input;
    Role role;
    bool differentiable;
    bool given;                        ///< one that is not counts as 1
    std::vector<std::int64_t> stride;  ///< of each dimension of the terms
    std::int64_t offset;
  };

  /// The first `inputs` inputs of an elementwise loss, broadcast to the shape of the first of all.
  static Placement Elementwise(const Problem& problem, std::size_t inputs);
  /// `width` elements of each of two inputs for every row.
  static Placement Rows(const Problem& problem, std::uint32_t first, std::uint32_t second,
                        std::int64_t width);

  std::int64_t Count() const { return count_; }
  const std::vector<Slot>& slots() const { return slots_; }
  std::int64_t IndexOf(const Slot& slot, std::int64_t term) const;

 private:
  Shape shape_;
  std::int64_t count_ = 1;
  std::vector<Slot> slots_;
};

/// `Formula::Term(const T* v)` with one v for each slot; N of the slots are differentiable.
template <class Formula, std::size_t N>
class SmallTerms final : public Terms {
 public:
  static constexpr std::size_t kMostSlots = 8;

  /// The sum of the terms counts `weight` / `divisor` times.
  SmallTerms(const Problem& problem, Placement placement, std::int64_t divisor, double weight = 1)
      : formula_(problem), placement_(std::move(placement)), divisor_(divisor), weight_(weight) {
    roundings_ = MostRoundings(problem);
  }

  std::int64_t Count() const override { return placement_.Count(); }

  void Elements(std::int64_t term, std::vector<Element>& elements) const override {
    elements.clear();
    for (const auto& slot : placement_.slots()) {
      if (slot.given) elements.push_back({slot.input, placement_.IndexOf(slot, term)});
    }
  }

  void Evaluate(std::int64_t, const std::vector<Interval>& variables, TermValue& result) const override {
    std::vector<Dual<Interval>> v;
    v.reserve(placement_.slots().size());
    std::uint32_t given = 0;
    for (const auto& slot : placement_.slots()) {
      if (!slot.given) {
        v.emplace_back(1.0);
      } else {
        v.push_back(slot.differentiable ? Dual<Interval>::Variable(variables[given], given)
                                        : Dual<Interval>(variables[given]));
        ++given;
      }
    }
    const Dual<Interval> term = formula_.Term(v.data());
    result.value = term.value;
    result.slopes.assign(given, Interval());
    for (const auto& slope : term.slopes) result.slopes[slope.variable] = slope.value;
  }

  void Gauge(std::int64_t, const std::vector<double>& variables, TermGauge& result) const override {
    std::array<Jet<N>, kMostSlots> v;
    std::array<std::size_t, N> places = {};  // among the variables
    std::array<bool, N> is_prediction = {};
    std::size_t given = 0, differentiable = 0;
    const auto& slots = placement_.slots();
    for (std::size_t i = 0; i < slots.size(); ++i) {
      if (slots[i].given && slots[i].differentiable) {
        places[differentiable] = given;
        is_prediction[differentiable] = slots[i].role == Role::kPrediction;
        v[i] = Jet<N>::Variable(variables[given], differentiable++);
      } else {
        v[i] = Jet<N>(slots[i].given ? variables[given] : 1.0);
      }
      given += slots[i].given;
    }
    const Jet<N> term = formula_.Term(v.data());
    result.slopes.assign(given, 0);
    result.value = std::fabs(term.value);
    for (std::size_t i = 0; i < differentiable; ++i) {
      long double& gauge = result.slopes[places[i]];
      gauge = std::fabs(term.Slope(i));
      for (std::size_t j = 0; j < differentiable; ++j) {
        if (is_prediction[j]) gauge += Product(variables[places[j]], term.Curvature(i, j));
      }
      if (is_prediction[i]) result.value += Product(variables[places[i]], term.Slope(i));
    }
  }

  Interval ComputeFactor() const override { return Interval(weight_) / static_cast<double>(divisor_); }
  double Roundings() const override { return roundings_; }

 private:
  /// Of the terms: a formula goes other ways at other numbers.
  double MostRoundings(const Problem& problem) const {
    int most = 0;
    std::vector<Counted> values;
    for (std::int64_t term = 0; term < placement_.Count(); ++term) {
      values.clear();
      for (const auto& slot : placement_.slots()) {
        const auto at = static_cast<std::size_t>(slot.given ? placement_.IndexOf(slot, term) : 0);
        values.emplace_back(slot.given ? problem.inputs[slot.input]->values[at] : 1.0);
      }
      Counted::Roundings() = 0;
      (void)formula_.Term(values.data());
      most = std::max(most, Counted::Roundings());
    }
    return most;
  }

  static long double Product(long double x, long double derivative) {
    return x == 0 ? 0 : std::fabs(x * derivative);
  }

  Formula formula_;
  Placement placement_;
  std::int64_t divisor_;
  double weight_;
  double roundings_ = 0;
};

}  // namespace exactloss
