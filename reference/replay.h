// A whole problem at any scalar: the formula texts of reference/losses/ with weights, layouts and reductions
// written anew, apart from terms.h. What the legs of a gradient's truth run at intervals and dual numbers,
// and the tests at a second interval engine and at points.
#pragma once

#include <algorithm>
#include <cstddef>
#include <map>
#include <string_view>
#include <vector>

#include "reference/losses/bce.h"
#include "reference/losses/bce_with_logits.h"
#include "reference/losses/ciou.h"
#include "reference/losses/cross_entropy.h"
#include "reference/losses/dice.h"
#include "reference/losses/diou.h"
#include "reference/losses/focal_simple.h"
#include "reference/losses/giou.h"
#include "reference/losses/huber.h"
#include "reference/losses/iou.h"
#include "reference/losses/kl_div.h"
#include "reference/losses/l1.h"
#include "reference/losses/mse.h"
#include "reference/losses/sigmoid_focal.h"
#include "reference/losses/smooth_l1.h"
#include "reference/losses/triplet_margin.h"
#include "reference/problem.h"

namespace exactloss {

/// The values of each input; none where it is not given.
template <class T>
using Inputs = std::vector<std::vector<T>>;

/// An element of a differentiable input.
struct Leaf {
  std::size_t input;
  std::size_t index;
};
std::vector<Leaf> LeavesOf(const Problem& problem);

template <class T>
Inputs<T> InputsOf(const Problem& problem) {
  Inputs<T> inputs;
  for (const auto& tensor : problem.inputs) {
    inputs.emplace_back();
    if (tensor) inputs.back().assign(tensor->values.begin(), tensor->values.end());
  }
  return inputs;
}

/// Dual numbers whose variables are the leaves.
template <class T>
Inputs<Dual<T>> VariablesOf(const Problem& problem) {
  Inputs<Dual<T>> inputs = InputsOf<Dual<T>>(problem);
  std::uint32_t variable = 0;
  for (const Leaf& leaf : LeavesOf(problem)) {
    Dual<T>& x = inputs[leaf.input][leaf.index];
    x = Dual<T>::Variable(x.value, variable++);
  }
  return inputs;
}

/// Where the element `at` of a tensor of that shape finds its partner in a tensor that broadcasts to it.
std::size_t BroadcastIndex(const Shape& from, const Shape& to, std::size_t at);

template <class T>
std::vector<T> Reduce(const Problem& problem, std::vector<T> terms, const T& divisor) {
  if (problem.reduction == Reduction::kNone) return terms;
  const T sum = Sum(terms);
  if (problem.reduction == Reduction::kSum) return {sum};
  return {sum / divisor};
}
template <class T>
T Count(std::size_t n) {
  return T(static_cast<double>(n));
}

template <class Formula, class T>
std::vector<T> ElementTerms(const Problem& problem, const Inputs<T>& inputs, std::size_t count) {
  const Formula formula(problem);
  std::vector<T> terms;
  for (std::size_t i = 0; i < inputs[0].size(); ++i) {
    std::vector<T> v;
    for (std::size_t k = 0; k < count; ++k) {
      v.push_back(inputs[k].empty()
                      ? T(1.0)
                      : inputs[k][BroadcastIndex(problem.inputs[k]->shape, problem.inputs[0]->shape, i)]);
    }
    terms.push_back(formula.Term(v.data()));
  }
  return terms;
}

template <class Formula, class T>
std::vector<T> Elementwise(const Problem& problem, const Inputs<T>& inputs) {
  std::vector<T> terms = ElementTerms<Formula>(problem, inputs, inputs.size());
  const bool batch = problem.reduction == Reduction::kBatchMean;
  const T divisor = Count<T>(batch ? static_cast<std::size_t>(problem.inputs[0]->shape[0]) : terms.size());
  return Reduce(problem, std::move(terms), divisor);
}

template <class Formula, class T>
std::vector<T> Boxes(const Problem& problem, const std::vector<T>& a, const std::vector<T>& b) {
  const Formula formula(problem);
  std::vector<T> terms;
  for (std::size_t at = 0; at < a.size(); at += kCorners) {
    std::vector<T> v(a.begin() + static_cast<std::ptrdiff_t>(at),
                     a.begin() + static_cast<std::ptrdiff_t>(at) + kCorners);
    v.insert(v.end(), b.begin() + static_cast<std::ptrdiff_t>(at),
             b.begin() + static_cast<std::ptrdiff_t>(at) + kCorners);
    terms.push_back(formula.Term(v.data()));
  }
  const T divisor = Count<T>(terms.size());
  return Reduce(problem, std::move(terms), divisor);
}
template <class Formula, class T>
std::vector<T> BoxPairs(const Problem& problem, const Inputs<T>& inputs) {
  return Boxes<Formula>(problem, inputs[0], inputs[1]);
}

template <class T>
std::vector<T> DetectionSum(const Problem& problem, const Inputs<T>& inputs) {
  const auto weighted = [&](std::string_view weight, const std::vector<T>& part) {
    return Parameter(problem.parameter(weight)) * part[0];
  };
  std::vector<T> focal = ElementTerms<SigmoidFocal>(problem, inputs, 2), corners;
  const SmoothL1 smooth_l1(problem);
  for (std::size_t i = 0; i < inputs[2].size(); ++i) {
    corners.push_back(smooth_l1.Of(inputs[2][i] - inputs[3][i]));
  }
  const T elements = Count<T>(focal.size()), corner_count = Count<T>(corners.size());
  return {weighted("class_weight", Reduce(problem, std::move(focal), elements)) +
          weighted("box_weight", Reduce(problem, std::move(corners), corner_count)) +
          weighted("iou_weight", Boxes<Ciou>(problem, inputs[2], inputs[3]))};
}

/// The rows of classes of (N, C, d...) or (C), as flat indices.
std::vector<std::vector<std::size_t>> ClassRowsOf(const Shape& shape);

template <class T>
std::vector<T> NllSum(const Problem& problem, const Inputs<T>& inputs) {
  std::vector<T> terms;
  T divisor(0.0);
  const std::vector<double>& target = problem.input("target")->values;
  const std::vector<T>& weight = inputs[2];
  const auto rows = ClassRowsOf(problem.inputs[0]->shape);
  for (std::size_t row = 0; row < rows.size(); ++row) {
    terms.push_back(T(0.0));
    if (target[row] == problem.parameter("ignore_index")) continue;
    const auto t = static_cast<std::size_t>(target[row]);
    const T w = weight.empty() ? T(1.0) : weight[t];
    terms.back() = -(w * inputs[0][rows[row][t]]);
    divisor = divisor + w;
  }
  return Reduce(problem, std::move(terms), divisor);
}

template <class T>
std::vector<T> CrossEntropySum(const Problem& problem, const Inputs<T>& inputs) {
  std::vector<T> terms;
  T divisor(0.0);
  const bool has_indices = problem.inputs[1].has_value();
  const std::vector<T>&probabilities = inputs[2], &weight = inputs[3];
  const Parameter smoothing(problem.parameter("label_smoothing"));
  const auto rows = ClassRowsOf(problem.inputs[0]->shape);
  for (std::size_t row = 0; row < rows.size(); ++row) {
    terms.push_back(T(0.0));
    if (has_indices && problem.inputs[1]->values[row] == problem.parameter("ignore_index")) continue;
    const std::vector<std::size_t>& places = rows[row];
    const std::size_t target = has_indices ? static_cast<std::size_t>(problem.inputs[1]->values[row]) : 0;
    std::vector<T> x, c;
    std::size_t top = 0;
    for (std::size_t j = 0; j < places.size(); ++j) {
      const std::vector<double>& logits = problem.inputs[0]->values;
      if (logits[places[j]] > logits[places[top]]) top = j;
      x.push_back(inputs[0][places[j]]);
      const T own = has_indices ? T(j == target ? 1.0 : 0.0) : probabilities[places[j]];
      T share = (1 - T(smoothing.exact())) * own;
      if (!(smoothing == 0)) share = share + T(smoothing.exact()) / Count<T>(places.size());
      c.push_back(weight.empty() ? share : share * weight[j]);
    }
    divisor = divisor + (has_indices && !weight.empty() ? weight[target] : T(1.0));
    const SoftmaxRow<T> softmax(x.data(), x.size(), top);
    T& term = terms.back() = CrossEntropy::Value(softmax, c);
    // Value passes over a coefficient of 0, which may be a variable all the same.
    for (std::size_t j = 0; j < c.size(); ++j) {
      if (SignOf(c[j]) == Sign::kZero) term = term + Share(c[j], softmax.below[j] + softmax.LogSum());
    }
  }
  return Reduce(problem, std::move(terms), divisor);
}

template <class T>
std::vector<T> DiceSum(const Problem& problem, const Inputs<T>& inputs) {
  const bool per_sample = problem.loss->name == "dice" && problem.parameter("per_sample") != 0;
  const std::size_t samples = per_sample ? static_cast<std::size_t>(problem.inputs[0]->shape[0]) : 1;
  const std::size_t size = inputs[0].size() / samples;
  std::vector<T> terms;
  for (std::size_t at = 0; at < inputs[0].size(); at += size) {
    terms.push_back(Dice::Value(inputs[0].data() + at, inputs[1].data() + at, size,
                                Parameter(problem.parameter("smooth"))));
  }
  return Reduce(problem, std::move(terms), Count<T>(samples));
}

template <class T>
std::vector<T> BceDiceSum(const Problem& problem, const Inputs<T>& inputs) {
  std::vector<T> terms;
  for (std::size_t i = 0; i < inputs[0].size(); ++i) {
    terms.push_back(BceWithLogits::Of(inputs[0][i], inputs[1][i], T(1.0)));
  }
  return {Parameter(problem.parameter("bce_weight")) * (Sum(terms) / Count<T>(terms.size())) +
          Parameter(problem.parameter("dice_weight")) * DiceSum(problem, inputs)[0]};
}

template <class T>
std::vector<T> TripletSum(const Problem& problem, const Inputs<T>& inputs) {
  const TripletMargin formula(problem);
  const auto size = static_cast<std::size_t>(problem.inputs[0]->shape.back());
  std::vector<T> terms;
  for (std::size_t at = 0; at < inputs[0].size(); at += size) {
    terms.push_back(formula.Row(inputs[0].data() + at, inputs[1].data() + at, inputs[2].data() + at, size));
  }
  const T divisor = Count<T>(terms.size());
  return Reduce(problem, std::move(terms), divisor);
}

/// The elements of the loss after its reduction.
template <class T>
std::vector<T> LossOf(const Problem& problem, const Inputs<T>& inputs) {
  using Replay = std::vector<T> (*)(const Problem&, const Inputs<T>&);
  static const std::map<std::string_view, Replay> replays = {
      {"mse", Elementwise<Mse, T>},
      {"l1", Elementwise<L1, T>},
      {"smooth_l1", Elementwise<SmoothL1, T>},
      {"huber", Elementwise<Huber, T>},
      {"bce", Elementwise<Bce, T>},
      {"bce_with_logits", Elementwise<BceWithLogits, T>},
      {"sigmoid_focal", Elementwise<SigmoidFocal, T>},
      {"focal_simple", Elementwise<FocalSimple, T>},
      {"kl_div", Elementwise<KlDiv, T>},
      {"nll", NllSum<T>},
      {"cross_entropy", CrossEntropySum<T>},
      {"dice", DiceSum<T>},
      {"bce_dice", BceDiceSum<T>},
      {"iou", BoxPairs<Iou, T>},
      {"giou", BoxPairs<Giou, T>},
      {"diou", BoxPairs<Diou, T>},
      {"ciou", BoxPairs<Ciou, T>},
      {"detection", DetectionSum<T>},
      {"triplet_margin", TripletSum<T>},
  };
  return replays.at(problem.loss->name)(problem, inputs);
}

}  // namespace exactloss
