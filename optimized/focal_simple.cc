// Focal loss as many tutorials write it: alpha s^gamma b with b = bce_with_logits(x, t) and s = 1 - exp(-b);
// alpha is one factor for both classes. Its slopes are those of b times alpha s^gamma (1 + gamma b exp(-b) /
// s).
#include "optimized/losses.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "optimized/focal_simple.cc"
#include <hwy/foreach_target.h>  // IWYU pragma: keep

#include "optimized/elementwise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace exactloss::optimized::HWY_NAMESPACE {

struct FocalSimpleFormula {
  static constexpr std::size_t kOthers = 0;

  template <class N, class Sink>
  HWY_INLINE void operator()(const Arguments<N>& arguments, Sink* sink) const {
    const N& x = arguments.input;
    const Logistic<N> logistic(x);
    const N wrong = Select(logistic.negative, arguments.target, N(1.0) - arguments.target);
    const N b = wrong * logistic.magnitude + logistic.log;
    const N s = -Expm1(-b);
    const N scaled = N(alpha) * Power(s, gamma);
    sink->Loss(Relative(scaled * b, units));

    const N factor = scaled * (N(1.0) + N(gamma) * b * Exp(-b) / s);
    const N pull = wrong - logistic.minor;
    sink->Input(Within(factor * Select(logistic.negative, -pull, pull),
                       Abs(factor) * (Abs(wrong) + logistic.minor), units));
    if constexpr (Sink::kTakesTarget) sink->Target(Relative(-(factor * x), units));
  }

  double alpha, gamma;
  double units;  ///< of the error of the power, and what is around it
};

void RunFocalSimple(const ElementCall& call, const FocalParameters& parameters) {
  RunElements(FocalSimpleFormula{parameters.alpha, parameters.gamma, 2 + PowerUnits(parameters.gamma)}, call);
}

}  // namespace exactloss::optimized::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "optimized/arguments.h"
#include "optimized/dispatch.h"
#include "optimized/kernels.h"

namespace exactloss::optimized {

HWY_EXPORT(RunFocalSimple);

Error FocalSimple(const Call& call, const Pair& pair, const FocalParameters& parameters) {
  if (!(parameters.alpha <= 1)) return {"alpha", "must not exceed 1"};
  if (!(parameters.gamma >= 0)) return {"gamma", "must not be negative"};
  ElementCall element_call;
  if (const Error error = CheckElements(call, pair, &element_call)) return error;
  EXACTLOSS_DISPATCH(RunFocalSimple)(element_call, parameters);
  return {};
}

const Contract kFocalSimpleContract = {.loss = "focal_simple", .fast = 0.501, .exact = 0.5, .f64 = 0.51};

}  // namespace exactloss::optimized
#endif  // HWY_ONCE
