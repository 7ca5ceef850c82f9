// Huber's loss: quadratic within delta of the target, linear beyond. torch.nn.HuberLoss.
#pragma once

#include "reference/losses/common_specs.h"
#include "reference/problem.h"
#include "reference/scalar.h"

namespace exactloss {

struct Huber {
  inline static const LossSpec kSpec = {
      .name = "huber",
      .formula = "e = |x - t|; e <= delta: e^2 / 2, else delta (e - delta / 2)",
      .libtorch = "huber_loss",
      .family = Family::kElementwise,
      .inputs = {kInput, kTarget},
      .parameters = {{"delta", 1, ParameterKind::kReal, 0, kLargest, true}},
      .reductions = kReductions,
      .non_negative = true};

  explicit Huber(const Problem& problem) : delta(problem.parameter("delta")) {}

  template <class T>
  T Term(const T* v) const {
    const T difference = v[0] - v[1];
    const auto quadratic = [&] { return T(0.5) * Sqr(difference); };
    return Piecewise(Abs(difference) - delta, quadratic, quadratic,
                     [&] { return delta * (Abs(difference) - delta * T(0.5)); });
  }

  Parameter delta;
};

}  // namespace exactloss
