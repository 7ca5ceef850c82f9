// The list of losses. A new one is a header in losses/ and a line here.
#include <algorithm>

#include "reference/loss_spec.h"
#include "reference/losses/bce.h"
#include "reference/losses/bce_dice.h"
#include "reference/losses/bce_with_logits.h"
#include "reference/losses/ciou.h"
#include "reference/losses/cross_entropy.h"
#include "reference/losses/detection.h"
#include "reference/losses/dice.h"
#include "reference/losses/diou.h"
#include "reference/losses/focal_simple.h"
#include "reference/losses/giou.h"
#include "reference/losses/huber.h"
#include "reference/losses/iou.h"
#include "reference/losses/kl_div.h"
#include "reference/losses/l1.h"
#include "reference/losses/mse.h"
#include "reference/losses/nll.h"
#include "reference/losses/sigmoid_focal.h"
#include "reference/losses/smooth_l1.h"
#include "reference/losses/triplet_margin.h"

namespace exactloss {

const std::vector<LossSpec>& Catalogue() {
  static const std::vector<LossSpec> losses = {
      Mse::kSpec,           L1::kSpec,        SmoothL1::kSpec,     Huber::kSpec,         Bce::kSpec,
      BceWithLogits::kSpec, Nll::kSpec,       CrossEntropy::kSpec, SigmoidFocal::kSpec,  FocalSimple::kSpec,
      Dice::kSpec,          BceDice::kSpec,   Iou::kSpec,          Giou::kSpec,          Diou::kSpec,
      Ciou::kSpec,          Detection::kSpec, KlDiv::kSpec,        TripletMargin::kSpec,
  };
  return losses;
}

const LossSpec* FindLoss(std::string_view name) {
  const auto& losses = Catalogue();
  const auto found =
      std::find_if(losses.begin(), losses.end(), [&](const LossSpec& loss) { return loss.name == name; });
  return found == losses.end() ? nullptr : &*found;
}

}  // namespace exactloss
