// Smooth L1: quadratic within beta of the target, linear beyond. torch.nn.SmoothL1Loss.
#pragma once

#include "reference/losses/common_specs.h"
#include "reference/problem.h"
#include "reference/scalar.h"

namespace exactloss {

struct SmoothL1 {
  inline static const LossSpec kSpec = {
      .name = "smooth_l1",
      .formula = "e = |x - t|; e < beta: e^2 / (2 beta), else e - beta / 2; beta = 0 is l1",
      .libtorch = "smooth_l1_loss",
      .family = Family::kElementwise,
      .inputs = {kInput, kTarget},
      .parameters = {kBeta},
      .reductions = kReductions,
      .non_negative = true};

  explicit SmoothL1(const Problem& problem) : beta(problem.parameter("beta")) {}

  template <class T>
  T Term(const T* v) const {
    return Of(v[0] - v[1]);
  }

  template <class T>
  T Of(const T& difference) const {
    if (beta == 0) return Abs(difference);
    const T half_beta = beta * T(0.5);
    const auto linear = [&] { return Abs(difference) - half_beta; };
    return Piecewise(
        Abs(difference) - beta, [&] { return Sqr(difference) / (beta * T(2.0)); }, linear, linear);
  }

  Parameter beta;
};

}  // namespace exactloss
