// Cross entropy of logits with class indices or class probabilities. torch.nn.CrossEntropyLoss.
#pragma once

#include <cstddef>
#include <vector>

#include "reference/losses/common_specs.h"
#include "reference/scalar.h"

namespace exactloss {

/// exp(x - max x) of a row of logits, and what lse and softmax are made of: no sum of them cancels.
template <class T>
struct SoftmaxRow {
  /// `top` is the place of a largest logit.
  SoftmaxRow(const T* x, std::size_t classes, std::size_t top_) : top(top_), rest(0.0) {
    below.reserve(classes);
    weights.reserve(classes);
    for (std::size_t j = 0; j < classes; ++j) {
      below.push_back(x[top] - x[j]);
      weights.push_back(j == top ? T(1.0) : Exp(-below[j]));
      if (j != top) rest = rest + weights[j];
    }
  }

  T LogSum() const { return Log1p(rest); }  ///< lse(x) - max x
  T Probability(std::size_t j) const { return weights[j] / (1 + rest); }
  T Complement() const { return rest / (1 + rest); }  ///< 1 - Probability(top)

  std::size_t top;
  std::vector<T> below;    ///< max x - x_j
  std::vector<T> weights;  ///< exp(x_j - max x)
  T rest;                  ///< the sum of the weights but that of the top, which is 1
};

struct CrossEntropy {
  inline static const LossSpec kSpec = {
      .name = "cross_entropy",
      .formula =
          "sum_j c_j (lse(x) - x_j); index: c_j = (1 - s) w_t [j = t] + s w_j / C, the mean divides by the "
          "sum "
          "of w_t; probabilities: c_j = w_j ((1 - s) p_j + s / C); s = label_smoothing",
      .libtorch = "cross_entropy_loss",
      .family = Family::kClassRows,
      .inputs = {kInput,
                 {.name = "target", .role = Role::kClassIndex, .optional = true},
                 {.name = "target_probabilities",
                  .role = Role::kTarget,
                  .differentiable = true,
                  .optional = true,
                  .min = 0,
                  .max = 1},
                 kWeight},
      .parameters = {kIgnoreIndex, {"label_smoothing", 0, ParameterKind::kReal, 0, 1}},
      .reductions = kReductions};

  /// sum_j c_j (lse(x) - x_j)
  template <class T>
  static T Value(const SoftmaxRow<T>& row, const std::vector<T>& c) {
    T mass(0.0), value(0.0);
    for (std::size_t j = 0; j < c.size(); ++j) {
      if (SignOf(c[j]) == Sign::kZero) continue;
      mass = mass + c[j];
      value = value + c[j] * row.below[j];
    }
    return value + mass * row.LogSum();
  }

  /// Along x_j: (sum c) softmax_j - c_j. At the top 1 - softmax is taken as such, since it may be tiny.
  template <class T>
  static std::vector<T> Slopes(const SoftmaxRow<T>& row, const std::vector<T>& c) {
    T others(0.0);
    for (std::size_t j = 0; j < c.size(); ++j) {
      if (j != row.top && SignOf(c[j]) != Sign::kZero) others = others + c[j];
    }
    const T mass = others + c[row.top], scale = mass / (1 + row.rest);
    std::vector<T> slopes;
    slopes.reserve(c.size());
    for (std::size_t j = 0; j < c.size(); ++j) {
      if (j == row.top) {
        slopes.push_back(others - mass * row.Complement());
      } else {
        const T drawn = scale * row.weights[j];
        slopes.push_back(SignOf(c[j]) == Sign::kZero ? drawn : drawn - c[j]);
      }
    }
    return slopes;
  }
};

}  // namespace exactloss
