// Smooth L1: d^2 / (2 beta) while |d| < beta, else |d| - beta / 2; d = x - t. Beta 0 is L1.
#if defined(EXACTLOSS_OPTIMIZED_SMOOTH_L1_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef EXACTLOSS_OPTIMIZED_SMOOTH_L1_INL_H_
#undef EXACTLOSS_OPTIMIZED_SMOOTH_L1_INL_H_
#else
#define EXACTLOSS_OPTIMIZED_SMOOTH_L1_INL_H_
#endif

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

}  // namespace exactloss::optimized::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // EXACTLOSS_OPTIMIZED_SMOOTH_L1_INL_H_
