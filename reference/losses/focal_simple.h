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

  template <class T>
  T Term(const T* v) const {
    const T b = BceWithLogits::Of(v[0], v[1], T(1.0));
    return alpha * (Pow(-Expm1(-b), gamma) * b);
  }

  Parameter alpha, gamma;
};

}  // namespace exactloss
