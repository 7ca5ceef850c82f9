// The SIMD target that computes is one of each thread: two audits side by side may ask for different ones.
#pragma once

#include <hwy/highway.h>
#include <hwy/targets.h>

namespace exactloss::optimized {

hwy::ChosenTarget& ThisThreadsTarget();

}  // namespace exactloss::optimized

#if (HWY_TARGETS & (HWY_TARGETS - 1)) == 0
#define EXACTLOSS_DISPATCH(FUNCTION) HWY_STATIC_DISPATCH(FUNCTION)
#else
#define EXACTLOSS_DISPATCH(FUNCTION) \
  (*(HWY_DISPATCH_TABLE(FUNCTION)[exactloss::optimized::ThisThreadsTarget().GetIndex()]))
#endif
