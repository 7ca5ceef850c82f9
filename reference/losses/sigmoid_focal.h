// Focal loss (Lin et al. 2017), as torchvision.ops.sigmoid_focal_loss.
#pragma once

#include "reference/losses/bce_with_logits.h"

namespace exactloss {

struct SigmoidFocal {
  inline static const LossSpec kSpec = {.name = "sigmoid_focal",
                                        .formula =
                                            "p = sigmoid(x), p_t = p t + (1 - p)(1 - t); "
                                            "(alpha t + (1 - alpha)(1 - t)) (1 - p_t)^gamma "
                                            "bce_with_logits(x, t); alpha < 0: without its factor",
                                        .libtorch = "composite: torchvision.ops.sigmoid_focal_loss",
                                        .family = Family::kElementwise,
                                        .inputs = {kInput, kProbabilityTarget},
                                        .parameters = {kAlpha, kGamma},
                                        .reductions = kReductions,
                                        .non_negative = true};

  explicit SigmoidFocal(const Problem& problem)
      : alpha(problem.parameter("alpha")), gamma(problem.parameter("gamma")) {}

  template <class T>
  T Term(const T* v) const {
    const T &x = v[0], &t = v[1], other = 1 - t;
    const T error = Sigmoid(x) * other + Sigmoid(-x) * t;  // 1 - p_t
    const T focal = Pow(error, gamma) * BceWithLogits::Of(x, t, T(1.0));
    if (alpha < 0) return focal;
    return (alpha * t + (1 - T(alpha.exact())) * other) * focal;
  }

  Parameter alpha, gamma;
};

}  // namespace exactloss
