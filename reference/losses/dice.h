// Soft Dice loss (Milletari et al. 2016) of logits.
#pragma once

#include "reference/losses/common_specs.h"

namespace exactloss {

struct Dice {
  inline static const LossSpec kSpec = {.name = "dice",
                                        .formula =
                                            "p = sigmoid(x); 1 - (2 sum(p t) + s) / (sum p + sum t + s), s = "
                                            "smooth; over all elements or per sample",
                                        .libtorch = "composite: the usual form",
                                        .family = Family::kOverlap,
                                        .inputs = {kInput, kProbabilityTarget},
                                        .parameters = {kSmooth, {"per_sample", 0, ParameterKind::kBoolean}},
                                        .reductions = kReductions};
};

}  // namespace exactloss
