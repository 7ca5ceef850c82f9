// Distance IoU (Zheng et al. 2020): 1 - I / (U + eps) + d^2 / (c^2 + eps), d the distance of the centres, c
// the diagonal of the enclosing box.
#include "optimized/box_decision.h"
#include "optimized/losses.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "optimized/diou.cc"
#include <hwy/foreach_target.h>  // IWYU pragma: keep

#include "optimized/boxes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace exactloss::optimized::HWY_NAMESPACE {

struct DiouFormula : BoxConstants {
  static constexpr BoxesInMulti* kInMulti = DiouInMulti;

  template <class N, class Sink>
  HWY_INLINE void operator()(const BoxArguments<N>& boxes, Sink* sink) const {
    Overlap<N> overlap(boxes, eps);
    CentreDistance<N> distance(overlap, boxes, eps);
    const N both = N(1.0) / (overlap.union_area * distance.diagonal);
    overlap.Divide(both * distance.diagonal);
    distance.Divide(both * overlap.union_area);
    sink->Loss(
        If(overlap.sure, Bounded(overlap.loss + distance.loss, Size(overlap.loss) + distance.loss_size)));
    overlap.Gradients(distance, sink);
  }
};

void RunDiou(const ElementCall& call, double eps) { RunBoxes(DiouFormula{{eps}}, call); }

}  // namespace exactloss::optimized::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "optimized/arguments.h"
#include "optimized/dispatch.h"
#include "optimized/kernels.h"

namespace exactloss::optimized {

HWY_EXPORT(RunDiou);

void DiouInMulti(const BoxConstants& constants, const Multi (&inputs)[kRowInputs],
                 Multi (&outputs)[kRowOutputs]) {
  HWY_NAMESPACE::EvaluateInMulti<HWY_NAMESPACE::DiouFormula>(constants, inputs, outputs);
}

Error Diou(const Call& call, const Pair& boxes, const BoxParameters& parameters) {
  ElementCall box_call;
  if (const Error error = CheckBoxes(call, boxes, parameters, &box_call)) return error;
  EXACTLOSS_DISPATCH(RunDiou)(box_call, parameters.eps);
  return {};
}

const Contract kDiouContract = {.loss = "diou", .fast = 0.501, .exact = 0.5, .f64 = 0.51};

}  // namespace exactloss::optimized
#endif  // HWY_ONCE
