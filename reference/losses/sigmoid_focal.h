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
    const T focal = ErrorPower(x, t) * BceWithLogits::Of(x, t, T(1.0));
    if (alpha < 0) return focal;
    return (alpha * t + (1 - T(alpha.exact())) * other) * focal;
  }

  /// (1 - p_t)^gamma. Below gamma = 1 its slopes hold a negative power, which the logarithm keeps finite.
  template <class T>
  T ErrorPower(const T& x, const T& t) const {
    const T other = 1 - t;
    if (gamma == 0 || !(gamma < 1)) return Pow(Sigmoid(x) * other + Sigmoid(-x) * t, gamma);
    return Exp(gamma * SameFunction(
                           x, [&] { return LogError(-x, other, t); }, [&] { return LogError(x, t, other); }));
  }

  /// log(1 - p_t) at x >= 0, with the exponential that does not vanish beside the target's shares.
  template <class T>
  static T LogError(const T& x, const T& t, const T& other) {
    return SameFunction(
        -other, [&] { return Log(other + t * Exp(-x)) - Softplus(-x); },
        [&] { return Log(t + other * Exp(x)) - Softplus(x); });
  }

  Parameter alpha, gamma;
};

}  // namespace exactloss
