// Focal loss as many tutorials write it: alpha s^gamma b with b = bce_with_logits(x, t) and s = 1 - exp(-b);
// alpha is one factor for both classes. Its slopes are those of b times alpha s^gamma (1 + gamma b exp(-b) /
// s).
//
// Far out s goes to 1, and all three to multiples of alpha that a format may have as a midpoint, such as
// 3 |x| / 4. They never get there, and exp(-b) is what they stay off; FarOut keeps that apart, so that its
// sign decides.
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
    if constexpr (std::is_same_v<N, Multi>) {
      if (wrong * logistic.magnitude > Multi(kFarOut)) return FarOut(x, logistic, wrong, sink);
    }
    const N s = -Expm1(-b);
    const N scaled = N(alpha) * PowerOfShare(s, gamma, logistic, wrong);
    sink->Loss(Relative(scaled * b, units));

    const N factor = scaled * (N(1.0) + N(gamma) * b * Exp(-b) / s);
    const N pull = wrong - logistic.minor;
    sink->Input(Within(factor * Select(logistic.negative, -pull, pull),
                       Abs(factor) * (Abs(wrong) + logistic.minor), units));
    if constexpr (Sink::kTakesTarget) sink->Target(Relative(-(factor * x), units));
  }

  double alpha, gamma;
  double units;  ///< of the error of the power, and what is around it

  static constexpr double kFarOut = 72;

  /// The limits, and what is added to them.
  template <class Sink>
  void FarOut(const Multi& x, const Logistic<Multi>& logistic, const Multi& wrong, Sink* sink) const {
    const Multi linear = wrong * logistic.magnitude, b = linear + logistic.log, small = Exp(-b);
    const Multi grown = Expm1(Multi(gamma) * Log1p(-small));  // s^gamma - 1
    sink->Loss(Approx<Multi>{Multi(alpha) * (linear + (logistic.log + grown * b))});

    const Multi added = Multi(gamma) * b * small / (Multi(1.0) - small),
                factor = grown + added + grown * added;
    const Multi slope = wrong + (factor * (wrong - logistic.minor) - logistic.minor);
    sink->Input(Approx<Multi>{Multi(alpha) * (logistic.negative ? -slope : slope)});
    if constexpr (Sink::kTakesTarget) sink->Target(Approx<Multi>{Multi(-alpha) * (x + factor * x)});
  }
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
