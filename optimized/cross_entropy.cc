// Cross entropy of logits: sum_j c_j (lse(x) - x_j).
#include "optimized/losses.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "optimized/cross_entropy.cc"
#include <hwy/foreach_target.h>  // IWYU pragma: keep

#include "optimized/softmax_few-inl.h"
#include "optimized/softmax_float-inl.h"

HWY_BEFORE_NAMESPACE();
namespace exactloss::optimized::HWY_NAMESPACE {

/// The sum of all losses in double words.
template <class T>
RowSum SumInWords(const RowCall& call) {
  RowCall losses = call;
  losses.gradients[0] = losses.gradients[1] = nullptr;
  losses.loss = nullptr;
  return RowDriver<WordKernel<T>, T>(losses).Run();
}

template <class T, bool kExact, bool kGeneral>
RowSum SumOf(const RowCall& call) {
  if constexpr (std::is_same_v<T, double>) {
    return RowDriver<WordKernel<T>, T>(call).Run();
  } else {
    if constexpr (!kGeneral) {
      if (call.classes <= kFewClasses) return FewClasses<T, kExact>::Run(call);
    }
    if constexpr (HWY_NATIVE_FMA && std::is_same_v<T, float> && !kExact && !kGeneral) {
      return RowDriver<FloatKernel, T>(call).Run();
    } else {
      return RowDriver<SoftmaxKernel<T, kExact, kGeneral>, T>(call).Run();
    }
  }
}

template <class T, bool kExact, bool kGeneral>
void RunRowsAs(const RowCall& call) {
  const RowSum sum = SumOf<T, kExact, kGeneral>(call);
  if (!call.reduced || call.loss == nullptr) return;
  double rounded = 0;
  if (sum.special != 0) {  // infinite, or NaN
    rounded = Divide(sum, call.divisor).value.hi;
  } else {
    const auto sure = [&](const RowSum& total) {
      const Quotient mean = Divide(total, call.divisor);
      return RoundsTo(call.dtype, mean.value, mean.error, &rounded) && total.IsFinite();
    };
    const bool tested = kExact || !sum.IsFinite();
    if (!sure(sum) && tested && (std::is_same_v<T, double> || !sure(SumInWords<T>(call))))
      rounded = DecideCrossEntropySum(call);
  }
  Store(call.dtype, rounded, static_cast<T*>(call.loss));
}

void RunCrossEntropy(const RowCall& call) {
  const bool general = call.target == nullptr || call.smoothing != 0, exact = call.mode == Mode::kExact;
  if (call.dtype == Dtype::kF64) return RunRowsAs<double, true, true>(call);
  if (call.dtype != Dtype::kF32)
    return general ? RunRowsAs<Half, true, true>(call) : RunRowsAs<Half, true, false>(call);
  if (general) return exact ? RunRowsAs<float, true, true>(call) : RunRowsAs<float, false, true>(call);
  return exact ? RunRowsAs<float, true, false>(call) : RunRowsAs<float, false, false>(call);
}

}  // namespace exactloss::optimized::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "optimized/dispatch.h"
#include "optimized/kernels.h"
#include "optimized/row_arguments.h"

namespace exactloss::optimized {

HWY_EXPORT(RunCrossEntropy);

Error CrossEntropy(const Call& call, const ClassRows& rows, const CrossEntropyParameters& parameters) {
  if (!(parameters.label_smoothing >= 0 && parameters.label_smoothing <= 1))
    return {"label_smoothing", "must lie in [0, 1]"};
  RowCall row_call;
  if (const Error error = CheckRows(call, rows, parameters.ignore_index, &row_call)) return error;
  row_call.smoothing = parameters.label_smoothing;
  if (HasNoWeight(row_call)) {
    StoreNoWeight(row_call);
    return {};
  }
  EXACTLOSS_DISPATCH(RunCrossEntropy)(row_call);
  return {};
}

const Contract kCrossEntropyContract = {.loss = "cross_entropy", .fast = 2, .exact = 0.5, .f64 = 0.51};

}  // namespace exactloss::optimized
#endif  // HWY_ONCE
