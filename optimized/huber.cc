// Huber (1964): d^2 / 2 up to |d| = delta, then delta (|d| - delta / 2); d = x - t.
#include "optimized/losses.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "optimized/huber.cc"
#include <hwy/foreach_target.h>  // IWYU pragma: keep

#include "optimized/elementwise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace exactloss::optimized::HWY_NAMESPACE {

struct HuberFormula {
  static constexpr std::size_t kOthers = 0;
  static constexpr bool kNeverCancels = true;  ///< but in x - t, which is right to half an ulp

  template <class N, class Sink>
  HWY_INLINE void operator()(const Arguments<N>& a, Sink* sink) const {
    const Difference<N> difference = Subtract(a.input, a.target), distance = Abs(difference);
    const auto near = distance.value <= N(delta);
    sink->Loss(Select(near, ScaledSquare(difference, 0.5), Times(Less(distance, delta / 2), N(delta))));
    sink->Input(Select(near, Scaled(difference, 1.0), SignTimes(difference, delta)));
    if constexpr (Sink::kTakesTarget) {
      sink->Target(Select(near, Scaled(difference, -1.0), SignTimes(difference, -delta)));
    }
  }

  double delta;
};

void RunHuber(const ElementCall& call, double delta) { RunElements(HuberFormula{delta}, call); }

}  // namespace exactloss::optimized::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "optimized/arguments.h"
#include "optimized/dispatch.h"
#include "optimized/kernels.h"

namespace exactloss::optimized {

HWY_EXPORT(RunHuber);

Error Huber(const Call& call, const Pair& pair, const HuberParameters& parameters) {
  if (!(parameters.delta > 0)) return {"delta", "must be positive"};
  ElementCall element_call;
  if (const Error error = CheckElements(call, pair, &element_call)) return error;
  EXACTLOSS_DISPATCH(RunHuber)(element_call, parameters.delta);
  return {};
}

const Contract kHuberContract = {.loss = "huber", .fast = 0.501, .exact = 0.5, .f64 = 0.51};

}  // namespace exactloss::optimized
#endif  // HWY_ONCE
