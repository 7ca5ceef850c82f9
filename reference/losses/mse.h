// Squared error. torch.nn.MSELoss.
#pragma once

#include "reference/losses/common_specs.h"
#include "reference/problem.h"
#include "reference/scalar.h"

namespace exactloss {

struct Mse {
  inline static const LossSpec kSpec = {.name = "mse",
                                        .formula = "(x - t)^2",
                                        .libtorch = "mse_loss",
                                        .family = Family::kElementwise,
                                        .inputs = {kInput, kTarget},
                                        .parameters = {},
                                        .reductions = kReductions,
                                        .non_negative = true};

  explicit Mse(const Problem&) {}

  template <class T>
  T Term(const T* v) const {
    return Sqr(v[0] - v[1]);
  }
};

}  // namespace exactloss
