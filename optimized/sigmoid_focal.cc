// Focal loss (Lin et al. 2017): a u^gamma b with b = bce_with_logits(x, t), u = 1 - p_t = p (1 - t) + (1 - p)
// t and a = alpha t + (1 - alpha)(1 - t).
//
// With b' = p - t and u' = p (1 - p)(1 - 2 t), the slope along x is a u^gamma (gamma b u' / u + b'), and
// along t u^gamma ((2 alpha - 1) b + a (gamma b (1 - 2 p) / u - x)).
#include "optimized/losses.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "optimized/sigmoid_focal.cc"
#include <hwy/foreach_target.h>  // IWYU pragma: keep

#include "optimized/elementwise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace exactloss::optimized::HWY_NAMESPACE {

struct SigmoidFocalFormula {
  static constexpr std::size_t kOthers = 0;

  template <class N, class Sink>
  HWY_INLINE void operator()(const Arguments<N>& arguments, Sink* sink) const {
    const N &x = arguments.input, &t = arguments.target;
    const Logistic<N> logistic(x);
    const N one(1.0), other = one - t;
    const N p = logistic.Sigmoid(), q = logistic.Complement();
    const N wrong = Select(logistic.negative, t, other);
    const N b = wrong * logistic.magnitude + logistic.log;
    const N u = p * other + q * t;
    const bool balanced = alpha >= 0;
    const N a = balanced ? N(alpha) * t + (one - N(alpha)) * other : one;
    const N power = Power(u, gamma), scaled = a * power;
    sink->Loss(Relative(scaled * b, units));

    const N turn = N(gamma) * b * (p * q) * (other - t) / u;
    const N pull = wrong - logistic.minor;
    const N slope = turn + Select(logistic.negative, -pull, pull);
    sink->Input(Within(scaled * slope, Abs(scaled) * (Abs(turn) + Abs(wrong) + logistic.minor), units));
    if constexpr (Sink::kTakesTarget) {
      const N steep = N(gamma) * b * Select(logistic.negative, logistic.gap, -logistic.gap) / u;
      const N tilt = (balanced ? N(alpha) - (one - N(alpha)) : N(0.0)) * b;
      sink->Target(Within(power * (tilt + a * (steep - x)),
                          power * (Abs(tilt) + Abs(a) * (Abs(steep) + Abs(x))), units));
    }
  }

  double alpha, gamma;
  double units;  ///< of the error of the power, and what is around it
};

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
