// Binary cross entropy plus soft Dice, the usual sum of segmentation.
#pragma once

#include "reference/losses/common_specs.h"

namespace exactloss {

struct BceDice {
  inline static const LossSpec kSpec = {
      .name = "bce_dice",
      .formula = "bce_weight mean(bce_with_logits(x, t)) + dice_weight dice(x, t)",
      .libtorch = "composite of the two",
      .family = Family::kComposite,
      .inputs = {kInput, kProbabilityTarget},
      .parameters = {PartWeight("bce_weight"), PartWeight("dice_weight"), kSmooth},
      .reductions = {Reduction::kMean}};
};

}  // namespace exactloss
