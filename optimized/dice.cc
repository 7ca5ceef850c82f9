// Soft Dice (Milletari et al. 2016): E / D, see overlap.h.
#include "optimized/losses.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "optimized/dice.cc"
#include <hwy/foreach_target.h>  // IWYU pragma: keep

#include "optimized/overlap-inl.h"

HWY_BEFORE_NAMESPACE();
namespace exactloss::optimized::HWY_NAMESPACE {

void RunDice(const OverlapCall& call) { RunOverlap<false>(call); }

}  // namespace exactloss::optimized::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "optimized/arguments.h"
#include "optimized/dispatch.h"
#include "optimized/kernels.h"

namespace exactloss::optimized {

HWY_EXPORT(RunDice);

Error Dice(const Call& call, const Pair& pair, const DiceParameters& parameters) {
  OverlapCall overlap;
  if (const Error error = CheckOverlap(call, pair, parameters.smooth, parameters.per_sample, &overlap))
    return error;
  EXACTLOSS_DISPATCH(RunDice)(overlap);
  return {};
}

const Contract kDiceContract = {.loss = "dice", .fast = 0.501, .exact = 0.5, .f64 = 0.51};

}  // namespace exactloss::optimized
#endif  // HWY_ONCE
