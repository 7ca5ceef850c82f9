// Absolute error. torch.nn.L1Loss.
#pragma once

#include "reference/losses/common_specs.h"
#include "reference/problem.h"
#include "reference/scalar.h"

namespace exactloss {

struct L1 {
  inline static const LossSpec kSpec = {.name = "l1",
                                        .formula = "|x - t|",
                                        .libtorch = "l1_loss",
                                        .family = Family::kElementwise,
                                        .inputs = {kInput, kTarget},
                                        .parameters = {},
                                        .reductions = kReductions,
                                        .non_negative = true};

  explicit L1(const Problem&) {}

  template <class T>
  T Term(const T* v) const {
    return Abs(v[0] - v[1]);
  }
};

}  // namespace exactloss
