// Cross entropy of logits with class indices or class probabilities. torch.nn.CrossEntropyLoss.
#pragma once

#include "reference/losses/common_specs.h"

namespace exactloss {

struct CrossEntropy {
  inline static const LossSpec kSpec = {
      .name = "cross_entropy",
      .formula =
          "sum_j c_j (lse(x) - x_j); index: c_j = (1 - s) w_t [j = t] + s w_j / C, the mean divides by the "
          "sum "
          "of w_t; probabilities: c_j = w_j ((1 - s) p_j + s / C); s = label_smoothing",
      .libtorch = "cross_entropy_loss",
      .family = Family::kClassRows,
      .inputs = {kInput,
                 {.name = "target", .role = Role::kClassIndex, .optional = true},
                 {.name = "target_probabilities",
                  .role = Role::kTarget,
                  .differentiable = true,
                  .optional = true,
                  .min = 0,
                  .max = 1},
                 kWeight},
      .parameters = {kIgnoreIndex, {"label_smoothing", 0, ParameterKind::kReal, 0, 1}},
      .reductions = kReductions};
};

}  // namespace exactloss
