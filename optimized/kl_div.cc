// Kullback-Leibler divergence: t (log t - x), or exp(t) (t - x) of log targets.
#include "optimized/losses.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "optimized/kl_div.cc"
#include <hwy/foreach_target.h>  // IWYU pragma: keep

#include "optimized/elementwise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace exactloss::optimized::HWY_NAMESPACE {

struct KlDivFormula {
  static constexpr std::size_t kOthers = 0;

  template <class N, class Sink>
  HWY_INLINE void operator()(const Arguments<N>& a, Sink* sink) const {
    const N &x = a.input, &t = a.target;
    const N log = Log(t), zero(0.0);
    const N of_log = Select(t == zero, zero, t * log), of_input = t * x;
    sink->Loss(Within(of_log - of_input, Abs(of_log) + Abs(of_input)));
    sink->Input(Exactly(zero - t));
    if constexpr (Sink::kTakesTarget) {
      sink->Target(Within(log + N(1.0) - x, Abs(log) + N(1.0) + Abs(x)));
    }
  }
};

struct KlDivOfLogsFormula {
  static constexpr std::size_t kOthers = 0;

  template <class N, class Sink>
  HWY_INLINE void operator()(const Arguments<N>& a, Sink* sink) const {
    const N share = Exp(a.target), difference = a.target - a.input;
    sink->Loss(Relative(share * difference));
    sink->Input(Relative(-share));
    if constexpr (Sink::kTakesTarget) {
      const N next = a.target + N(1.0);  // before x: exact where the sum cancels
      sink->Target(Within(share * (next - a.input), share * (Abs(next) + Abs(a.input))));
    }
  }
};

void RunKlDiv(const ElementCall& call, bool log_target) {
  log_target ? RunElements(KlDivOfLogsFormula(), call) : RunElements(KlDivFormula(), call);
}

}  // namespace exactloss::optimized::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "optimized/arguments.h"
#include "optimized/dispatch.h"
#include "optimized/kernels.h"

namespace exactloss::optimized {

HWY_EXPORT(RunKlDiv);

Error KlDiv(const Call& call, const Pair& pair, const KlDivParameters& parameters) {
  ElementCall element_call;
  if (const Error error = CheckElements(call, pair, &element_call)) return error;
  EXACTLOSS_DISPATCH(RunKlDiv)(element_call, parameters.log_target);
  return {};
}

const Contract kKlDivContract = {.loss = "kl_div", .fast = 0.501, .exact = 0.5, .f64 = 0.51};

}  // namespace exactloss::optimized
#endif  // HWY_ONCE
