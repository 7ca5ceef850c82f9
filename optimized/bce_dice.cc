// Mean binary cross entropy of logits plus soft Dice: v E / D + u B / n, see overlap.h.
#include "optimized/losses.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "optimized/bce_dice.cc"
#include <hwy/foreach_target.h>  // IWYU pragma: keep

#include "optimized/overlap-inl.h"

HWY_BEFORE_NAMESPACE();
namespace exactloss::optimized::HWY_NAMESPACE {

void RunBceDice(const OverlapCall& call) {
  if (call.bce_weight == 0) {
    RunOverlap<false>(call);
  } else {
    RunOverlap<true>(call);
  }
}

}  // namespace exactloss::optimized::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "optimized/arguments.h"
#include "optimized/dispatch.h"
#include "optimized/kernels.h"

namespace exactloss::optimized {

HWY_EXPORT(RunBceDice);

Error BceDice(const Call& call, const Pair& pair, const BceDiceParameters& parameters) {
  if (!std::isfinite(parameters.bce_weight)) return {"bce_weight", "must be finite"};
  if (!std::isfinite(parameters.dice_weight)) return {"dice_weight", "must be finite"};
  OverlapCall overlap;
  if (const Error error = CheckOverlap(call, pair, parameters.smooth, false, &overlap)) return error;
  overlap.reduced = true;
  overlap.bce_weight = parameters.bce_weight;
  overlap.dice_weight = parameters.dice_weight;
  EXACTLOSS_DISPATCH(RunBceDice)(overlap);
  return {};
}

const Contract kBceDiceContract = {.loss = "bce_dice", .fast = 0.501, .exact = 0.5, .f64 = 0.51};

}  // namespace exactloss::optimized
#endif  // HWY_ONCE
