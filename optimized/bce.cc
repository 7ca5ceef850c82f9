// Binary cross entropy of probabilities: w (t max(-log x, ..) + (1 - t) max(-log(1 - x), ..)), the logarithms
// no less than a clamp. The slope is (x - t) / (x (1 - x)) where neither is clamped, else that of the part
// that is not.
#include "optimized/losses.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "optimized/bce.cc"
#include <hwy/foreach_target.h>  // IWYU pragma: keep

#include "optimized/elementwise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace exactloss::optimized::HWY_NAMESPACE {

template <bool kWeighted>
struct BceFormula {
  static constexpr std::size_t kOthers = kWeighted ? 1 : 0;

  template <class N, class Sink>
  HWY_INLINE void operator()(const Arguments<N>& a, Sink* sink) const {
    const N &x = a.input, &t = a.target;
    const N zero(0.0), one(1.0), limit(-clamp);
    const N other = one - t, rest = one - x;
    const N up = -Log(x), down = -Log1p(-x);
    const auto up_clamped = up > limit, down_clamped = down > limit;  // a NaN is not
    const N up_value = Select(up_clamped, limit, up), down_value = Select(down_clamped, limit, down);
    sink->Loss(Relative(Weighted(a, Share(t, up_value) + Share(other, down_value))));
    if constexpr (Doubles<N>) {
      // One division. Where it gives no number, at the ends of [0, 1] without a clamp, others decide.
      const N top = Select(up_clamped, Select(down_clamped, zero, other), Select(down_clamped, -t, x - t));
      const N bottom = Select(up_clamped, rest, Select(down_clamped, x, x * rest));
      sink->Input(Relative(Weighted(a, top / bottom)));
    } else {
      const N up_slope = Select(up_clamped, zero, Share(t, Inverse(x)));
      const N down_slope = Select(down_clamped, zero, Share(other, Inverse(rest)));
      const auto apart = up_clamped | down_clamped | (x <= zero) | (rest <= zero);
      sink->Input(Relative(Weighted(a, Select(apart, down_slope - up_slope, (x - t) / (x * rest)))));
    }
    if constexpr (Sink::kTakesTarget) {
      Arguments<N> positive = a;
      if constexpr (kWeighted) positive.other[0] = Abs(a.other[0]);
      sink->Target(
          Within(Weighted(a, up_value - down_value), Weighted(positive, Abs(up_value) + Abs(down_value))));
    }
  }

  template <class N>
  static HWY_INLINE N Weighted(const Arguments<N>& a, const N& value) {
    if constexpr (kWeighted) {
      return Share(a.other[0], value);
    } else {
      return value;
    }
  }
  /// share * value, where a share of 0 takes no part: 0 log 0 = 0; a NaN does. Doubles leave 0 * inf to
  /// others.
  template <class N>
  static HWY_INLINE N Share(const N& share, const N& value) {
    if constexpr (Doubles<N>) {
      return share * value;
    } else {
      return Select((share == N(0.0)) & IsNumber(value), N(0.0), share * value);
    }
  }
  template <class N>
  static HWY_INLINE N Inverse(const N& x) {
    return Select(x == N(0.0), N(kInfinity), N(1.0) / x);
  }

  double clamp;
};

void RunBce(const ElementCall& call, double clamp) {
  if (call.inputs[2].data == nullptr) {
    RunElements(BceFormula<false>{clamp}, call);
  } else {
    RunElements(BceFormula<true>{clamp}, call);
  }
}

}  // namespace exactloss::optimized::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "optimized/arguments.h"
#include "optimized/dispatch.h"
#include "optimized/kernels.h"

namespace exactloss::optimized {

HWY_EXPORT(RunBce);

Error Bce(const Call& call, const Pair& pair, const BceParameters& parameters) {
  if (!(parameters.log_clamp <= 0)) return {"log_clamp", "must not be positive"};
  ElementCall element_call;
  if (const Error error = CheckElements(call, pair, {&parameters.weight}, &element_call)) return error;
  EXACTLOSS_DISPATCH(RunBce)(element_call, parameters.log_clamp);
  return {};
}

const Contract kBceContract = {.loss = "bce", .fast = 0.501, .exact = 0.5, .f64 = 0.51};

}  // namespace exactloss::optimized
#endif  // HWY_ONCE
