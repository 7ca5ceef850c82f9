// Complete IoU (Zheng et al. 2020).
#include "optimized/box_decision.h"
#include "optimized/losses.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "optimized/ciou.cc"
#include <hwy/foreach_target.h>  // IWYU pragma: keep

#include "optimized/ciou-inl.h"

HWY_BEFORE_NAMESPACE();
namespace exactloss::optimized::HWY_NAMESPACE {

void RunCiou(const ElementCall& call, double eps) { RunBoxes(CiouFormula{{eps}}, call); }

}  // namespace exactloss::optimized::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "optimized/arguments.h"
#include "optimized/dispatch.h"
#include "optimized/kernels.h"

namespace exactloss::optimized {

HWY_EXPORT(RunCiou);

void CiouInMulti(const BoxConstants& constants, const Multi (&inputs)[kRowInputs],
                 Multi (&outputs)[kRowOutputs]) {
  HWY_NAMESPACE::EvaluateInMulti<HWY_NAMESPACE::CiouFormula>(constants, inputs, outputs);
}

Error Ciou(const Call& call, const Pair& boxes, const BoxParameters& parameters) {
  ElementCall box_call;
  if (const Error error = CheckBoxes(call, boxes, parameters, &box_call)) return error;
  EXACTLOSS_DISPATCH(RunCiou)(box_call, parameters.eps);
  return {};
}

const Contract kCiouContract = {.loss = "ciou", .fast = 0.501, .exact = 0.5, .f64 = 0.51};

}  // namespace exactloss::optimized
#endif  // HWY_ONCE
