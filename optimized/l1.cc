// Mean absolute error: |x - t|, with PyTorch's slope 0 at x = t.
#include "optimized/losses.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "optimized/l1.cc"
#include <hwy/foreach_target.h>  // IWYU pragma: keep

#include "optimized/elementwise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace exactloss::optimized::HWY_NAMESPACE {

struct L1Formula {
  static constexpr std::size_t kOthers = 0;
  static constexpr bool kNeverCancels = true;  ///< but in x - t, which is right to half an ulp

  template <class N, class Sink>
  HWY_INLINE void operator()(const Arguments<N>& a, Sink* sink) const {
    const Difference<N> difference = Subtract(a.input, a.target);
    sink->Loss(Scaled(Abs(difference), 1.0));
    sink->Input(SignTimes(difference, 1.0));
    if constexpr (Sink::kTakesTarget) sink->Target(SignTimes(difference, -1.0));
  }
};

void RunL1(const ElementCall& call) { RunElements(L1Formula(), call); }

}  // namespace exactloss::optimized::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "optimized/arguments.h"
#include "optimized/dispatch.h"
#include "optimized/kernels.h"

namespace exactloss::optimized {

HWY_EXPORT(RunL1);

Error L1(const Call& call, const Pair& pair) {
  ElementCall element_call;
  if (const Error error = CheckElements(call, pair, &element_call)) return error;
  EXACTLOSS_DISPATCH(RunL1)(element_call);
  return {};
}

const Contract kL1Contract = {.loss = "l1", .fast = 0.501, .exact = 0.5, .f64 = 0.51};

}  // namespace exactloss::optimized
#endif  // HWY_ONCE
