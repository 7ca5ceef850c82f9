// Smooth L1: d^2 / (2 beta) while |d| < beta, else |d| - beta / 2; d = x - t. Beta 0 is L1.
#include "optimized/losses.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "optimized/smooth_l1.cc"
#include <hwy/foreach_target.h>  // IWYU pragma: keep

#include "optimized/elementwise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace exactloss::optimized::HWY_NAMESPACE {

struct SmoothL1Formula {
  static constexpr std::size_t kOthers = 0;
  static constexpr bool kNeverCancels = true;  ///< but in x - t, which is right to half an ulp

  template <class N, class Sink>
  HWY_INLINE void operator()(const Arguments<N>& a, Sink* sink) const {
    const Difference<N> difference = Subtract(a.input, a.target), distance = Abs(difference);
    const auto near = distance.value < N(beta);
    const N inverse = Reciprocal<N>(beta, rounded_inverse);
    sink->Loss(Select(near, Widened(SquareTimes(difference, N(0.5) * inverse), units),
                      Scaled(Less(distance, beta / 2), 1.0)));
    sink->Input(Select(near, Widened(Times(difference, inverse), units), SignTimes(difference, 1.0)));
    if constexpr (Sink::kTakesTarget) {
      sink->Target(Select(near, Widened(Times(difference, -inverse), units), SignTimes(difference, -1.0)));
    }
  }

  double beta, rounded_inverse;
  double units;  ///< 1 / beta is rounded unless beta is a power of two
};

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
