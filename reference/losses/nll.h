// Negative log-likelihood of log-probabilities. torch.nn.NLLLoss.
#pragma once

#include "reference/losses/common_specs.h"

namespace exactloss {

struct Nll {
  inline static const LossSpec kSpec = {
      .name = "nll",
      .formula = "-w[t] x[t]; the mean divides by the sum of w[t]",
      .libtorch = "nll_loss",
      .family = Family::kClassRows,
      .inputs = {kInput, {.name = "target", .role = Role::kClassIndex}, kWeight},
      .parameters = {kIgnoreIndex},
      .reductions = kReductions};
};

}  // namespace exactloss
