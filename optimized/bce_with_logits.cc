// Binary cross entropy of logits: (1 - t) softplus(x) + q t softplus(-x), times w.
//
// With a = |x| and the share `wrong` of the class that x speaks against (1 - t for x > 0, q t for x < 0), it
// is wrong a + (wrong + right) softplus(-a): no term cancels while t lies in [0, 1].
#include "optimized/losses.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "optimized/bce_with_logits.cc"
#include <hwy/foreach_target.h>  // IWYU pragma: keep

#include "optimized/elementwise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace exactloss::optimized::HWY_NAMESPACE {

template <bool kWeighted>
struct BceWithLogitsFormula {
  static constexpr std::size_t kOthers = kWeighted ? 2 : 0;

  template <class N, class Sink>
  HWY_INLINE void operator()(const Arguments<N>& a, Sink* sink) const {
    const Logistic<N> logistic(a.input);
    const N other = N(1.0) - a.target;  // exact for most targets of a narrow format
    N positive = a.target, weight = N(1.0);
    if constexpr (kWeighted) {
      weight = a.other[0];
      positive = positive * a.other[1];
    }
    const N wrong = Select(logistic.negative, positive, other);
    const N mass = kWeighted ? positive + other : N(1.0);
    const N linear = wrong * logistic.magnitude, curved = mass * logistic.log;
    const N loss = linear + curved;
    // sgn(x) (wrong - mass sigmoid(-|x|))
    const N share = mass * logistic.minor;
    N slope = wrong - share, size = Abs(wrong) * kTiny + Abs(share);
    if constexpr (!kWeighted && !Doubles<N>) {
      // Beside a target of 1/2, of which a small logit leaves but tanh(|x| / 2) / 2.
      const N off = wrong - N(0.5), half = logistic.gap * N(0.5);
      const auto even = Abs(off) < N(0.25);
      slope = Select(even, off + half, slope);
      size = Select(even, Abs(off) + half, size);
    }
    const N signed_slope = Select(logistic.negative, -slope, slope);
    const N scale = kWeighted ? Abs(weight) : N(1.0);
    sink->Loss(Within(kWeighted ? loss * weight : loss, (Abs(linear) + Abs(curved)) * scale));
    sink->Input(Within(kWeighted ? signed_slope * weight : signed_slope, size * scale));
    if constexpr (Sink::kTakesTarget) {
      // q softplus(-x) - softplus(x) = (q - 1) softplus(-x) - x
      if constexpr (kWeighted) {
        const N curve = (a.other[1] - N(1.0)) * logistic.log;
        const N line = Select(logistic.negative, a.other[1], N(-1.0)) * logistic.magnitude;
        sink->Target(Within((curve + line) * weight, (Abs(curve) + Abs(line)) * scale));
      } else {
        sink->Target(Exactly(-a.input));
      }
    }
  }

  /// 1 - t is exact, or right to half an ulp of a double, which is less than the bound's unit.
  static constexpr double kTiny = 0x1p-5;
};

void RunBceWithLogits(const ElementCall& call) {
  if (call.inputs[2].data == nullptr && call.inputs[3].data == nullptr) {
    RunElements(BceWithLogitsFormula<false>(), call);
  } else {
    RunElements(BceWithLogitsFormula<true>(), call);
  }
}

}  // namespace exactloss::optimized::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "optimized/arguments.h"
#include "optimized/dispatch.h"
#include "optimized/kernels.h"

namespace exactloss::optimized {

HWY_EXPORT(RunBceWithLogits);

Error BceWithLogits(const Call& call, const Pair& pair, const BceWithLogitsParameters& parameters) {
  ElementCall element_call;
  if (const Error error =
          CheckElements(call, pair, {&parameters.weight, &parameters.pos_weight}, &element_call)) {
    return error;
  }
  EXACTLOSS_DISPATCH(RunBceWithLogits)(element_call);
  return {};
}

const Contract kBceWithLogitsContract = {.loss = "bce_with_logits", .fast = 0.501, .exact = 0.5, .f64 = 0.51};

}  // namespace exactloss::optimized
#endif  // HWY_ONCE
