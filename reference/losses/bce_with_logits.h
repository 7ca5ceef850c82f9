// Binary cross entropy of logits. torch.nn.BCEWithLogitsLoss.
#pragma once

#include "reference/losses/common_specs.h"
#include "reference/problem.h"
#include "reference/scalar.h"

namespace exactloss {

struct BceWithLogits {
  inline static const LossSpec kSpec = {
      .name = "bce_with_logits",
      .formula = "w ((1 - t) x + (1 + (q - 1) t) log(1 + exp(-x))), q = pos_weight",
      .libtorch = "binary_cross_entropy_with_logits",
      .family = Family::kElementwise,
      .inputs = {kInput, kTarget, kWeight, {.name = "pos_weight", .role = Role::kWeight, .optional = true}},
      .parameters = {},
      .reductions = kReductions};

  explicit BceWithLogits(const Problem&) {}

  template <class T>
  T Term(const T* v) const {
    return v[2] * Of(v[0], v[1], v[3]);
  }

  /// (1 - t) softplus(x) + q t softplus(-x), in the form of either sign of x that does not cancel.
  template <class T>
  static T Of(const T& x, const T& t, const T& q) {
    const T other = 1 - t, mass = other + q * t;
    return SameFunction(
        x, [&] { return mass * Softplus(x) - q * t * x; }, [&] { return other * x + mass * Softplus(-x); });
  }
};

}  // namespace exactloss
