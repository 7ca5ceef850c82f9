// Smooth L1.
#include "optimized/losses.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "optimized/smooth_l1.cc"
#include <hwy/foreach_target.h>  // IWYU pragma: keep

#include "optimized/smooth_l1-inl.h"

HWY_BEFORE_NAMESPACE();
namespace exactloss::optimized::HWY_NAMESPACE {

void RunSmoothL1(const ElementCall& call, double beta) {
  RunElements(SmoothL1Formula{beta, 1 / beta, IsPowerOfTwo(beta) ? 0.0 : 1.0}, call);
}

}  // namespace exactloss::optimized::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "optimized/arguments.h"
#include "optimized/dispatch.h"
#include "optimized/kernels.h"

namespace exactloss::optimized {

HWY_EXPORT(RunSmoothL1);

Error SmoothL1(const Call& call, const Pair& pair, const SmoothL1Parameters& parameters) {
  if (!(parameters.beta >= 0)) return {"beta", "must not be negative"};
  ElementCall element_call;
  if (const Error error = CheckElements(call, pair, &element_call)) return error;
  EXACTLOSS_DISPATCH(RunSmoothL1)(element_call, parameters.beta);
  return {};
}

const Contract kSmoothL1Contract = {.loss = "smooth_l1", .fast = 0.501, .exact = 0.5, .f64 = 0.51};

}  // namespace exactloss::optimized
#endif  // HWY_ONCE
