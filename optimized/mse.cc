// Mean squared error: (x - t)^2, 2 (x - t).
#include "optimized/losses.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "optimized/mse.cc"
#include <hwy/foreach_target.h>  // IWYU pragma: keep

#include "optimized/elementwise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace exactloss::optimized::HWY_NAMESPACE {

struct MseFormula {
  static constexpr std::size_t kOthers = 0;
  static constexpr bool kNeverCancels = true;  ///< but in x - t, which is right to half an ulp

  template <class N, class Sink>
  HWY_INLINE void operator()(const Arguments<N>& a, Sink* sink) const {
    const Difference<N> difference = Subtract(a.input, a.target);
    sink->Loss(ScaledSquare(difference, 1.0));
    sink->Input(Scaled(difference, 2.0));
    if constexpr (Sink::kTakesTarget) sink->Target(Scaled(difference, -2.0));
  }
};

void RunMse(const ElementCall& call) { RunElements(MseFormula(), call); }

}  // namespace exactloss::optimized::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "optimized/arguments.h"
#include "optimized/dispatch.h"
#include "optimized/kernels.h"

namespace exactloss::optimized {

HWY_EXPORT(RunMse);

Error Mse(const Call& call, const Pair& pair) {
  ElementCall element_call;
  if (const Error error = CheckElements(call, pair, &element_call)) return error;
  EXACTLOSS_DISPATCH(RunMse)(element_call);
  return {};
}

const Contract kMseContract = {.loss = "mse", .fast = 0.501, .exact = 0.5, .f64 = 0.51};

}  // namespace exactloss::optimized
#endif  // HWY_ONCE
