// Focal loss as many tutorials write it: p_t from the cross entropy itself, alpha one factor for both
// classes.
#pragma once

#include "reference/losses/bce_with_logits.h"

namespace exactloss {

struct FocalSimple {
  inline static const LossSpec kSpec = {.name = "focal_simple",
                                        .formula = "b = bce_with_logits(x, t); alpha (1 - exp(-b))^gamma b",
                                        .libtorch = "composite: the form of tutorials",
                                        .family = Family::kElementwise,
                                        .inputs = {kInput, kProbabilityTarget},
                                        .parameters = {kAlpha, kGamma},
                                        .reductions = kReductions};

  explicit FocalSimple(const Problem& problem)
      : alpha(problem.parameter("alpha")), gamma(problem.parameter("gamma")) {}

  /// 1 <= b / (1 - exp(-b)) <= 1 + b.
  template <class T>
  T Term(const T* v) const {
    const T b = BceWithLogits::Of(v[0], v[1], T(1.0)), error = -Expm1(-b);
    return alpha * PowTimes(error, gamma, b, [&] { return Within(b / error, T(1.0), 1 + b); });
  }

  Parameter alpha, gamma;
};

}  // namespace exactloss
