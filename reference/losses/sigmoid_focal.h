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
    const T error = Error(x, t), cross_entropy = BceWithLogits::Of(x, t, T(1.0));
    const T focal =
        PowTimes(error, gamma, cross_entropy, [&] { return RatioToError(x, cross_entropy, error); });
    if (alpha < 0) return focal;
    return (alpha * t + (1 - T(alpha.exact())) * other) * focal;
  }

  /// 1 - p_t
  template <class T>
  static T Error(const T& x, const T& t) {
    return Sigmoid(x) * (1 - t) + Sigmoid(-x) * t;
  }

  /// The cross entropy over the error. Both are means with the shares 1 - t and t of two parts, so the
  /// ratio lies between those of the parts, log(1 + exp(+-x)) / sigmoid(+-x) = -log(1 - s) / s. That is >= 1,
  /// and <= 2 max(1, 1 +- x) <= 3 + x^2.
  template <class T>
  static T RatioToError(const T& x, const T& cross_entropy, const T& error) {
    return Within(cross_entropy / error, T(1.0), 3 + Sqr(x));
  }

  Parameter alpha, gamma;
};

}  // namespace exactloss
