// Focal loss (Lin et al. 2017).
#include "optimized/losses.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "optimized/sigmoid_focal.cc"
#include <hwy/foreach_target.h>  // IWYU pragma: keep

#include "optimized/sigmoid_focal-inl.h"

HWY_BEFORE_NAMESPACE();
namespace exactloss::optimized::HWY_NAMESPACE {

void RunSigmoidFocal(const ElementCall& call, const FocalParameters& parameters) {
  RunElements(SigmoidFocalFormula{parameters.alpha, parameters.gamma, 2 + PowerUnits(parameters.gamma)},
              call);
}

}  // namespace exactloss::optimized::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "optimized/arguments.h"
#include "optimized/dispatch.h"
#include "optimized/kernels.h"

namespace exactloss::optimized {

HWY_EXPORT(RunSigmoidFocal);

Error SigmoidFocal(const Call& call, const Pair& pair, const FocalParameters& parameters) {
  if (!(parameters.alpha <= 1)) return {"alpha", "must not exceed 1"};
  if (!(parameters.gamma >= 0)) return {"gamma", "must not be negative"};
  ElementCall element_call;
  if (const Error error = CheckElements(call, pair, &element_call)) return error;
  EXACTLOSS_DISPATCH(RunSigmoidFocal)(element_call, parameters);
  return {};
}

const Contract kSigmoidFocalContract = {.loss = "sigmoid_focal", .fast = 0.501, .exact = 0.5, .f64 = 0.51};

}  // namespace exactloss::optimized
#endif  // HWY_ONCE
