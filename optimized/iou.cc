// Intersection over union: 1 - I / (U + eps) = (U - I + eps) / (U + eps).
//
// Along x1, of the share m of the inner corner (1, 1/2 or 0) and the reaches i, i':
// i' (m (p h + q k + eps) + i (m k - (1 - m) h)) / (U + eps)^2, where nothing cancels but at a tie.
#include "optimized/box_decision.h"
#include "optimized/losses.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "optimized/iou.cc"
#include <hwy/foreach_target.h>  // IWYU pragma: keep

#include "optimized/boxes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace exactloss::optimized::HWY_NAMESPACE {

struct IouFormula : BoxConstants {
  static constexpr BoxesInMulti* kInMulti = IouInMulti;

  template <class N, class Sink>
  HWY_INLINE void operator()(const BoxArguments<N>& boxes, Sink* sink) const {
    Overlap<N> overlap(boxes, eps);
    overlap.Divide(N(1.0) / overlap.union_area);
    sink->Loss(If(overlap.sure, Bounded(overlap.loss, Size(overlap.loss))));
    overlap.Gradients(NoRest<N>(), sink);
  }
};

void RunIou(const ElementCall& call, double eps) { RunBoxes(IouFormula{{eps}}, call); }

}  // namespace exactloss::optimized::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "optimized/arguments.h"
#include "optimized/dispatch.h"
#include "optimized/kernels.h"

namespace exactloss::optimized {

HWY_EXPORT(RunIou);

void IouInMulti(const BoxConstants& constants, const Multi (&inputs)[kRowInputs],
                Multi (&outputs)[kRowOutputs]) {
  HWY_NAMESPACE::EvaluateInMulti<HWY_NAMESPACE::IouFormula>(constants, inputs, outputs);
}

Error Iou(const Call& call, const Pair& boxes, const BoxParameters& parameters) {
  ElementCall box_call;
  if (const Error error = CheckBoxes(call, boxes, parameters, &box_call)) return error;
  EXACTLOSS_DISPATCH(RunIou)(box_call, parameters.eps);
  return {};
}

const Contract kIouContract = {.loss = "iou", .fast = 0.501, .exact = 0.5, .f64 = 0.51};

}  // namespace exactloss::optimized
#endif  // HWY_ONCE
