// Generalized IoU (Rezatofighi et al. 2019): 1 - I / (U + eps) + (C - U) / (C + eps), C the area of the
// enclosing box.
#include "optimized/box_decision.h"
#include "optimized/losses.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "optimized/giou.cc"
#include <hwy/foreach_target.h>  // IWYU pragma: keep

#include "optimized/boxes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace exactloss::optimized::HWY_NAMESPACE {

/// (C - U) / (C + eps) and its slopes.
template <class N>
struct Slack {
  HWY_INLINE Slack(const Overlap<N>& overlap, const BoxArguments<N>& v, double eps) : o(overlap) {
    const Enclosing<N> enclosing(v);
    const N area = enclosing.width * enclosing.height;
    const N apart = Select(o.meet, N(0.0), o.x.reach * o.y.reach);
    divisor = area + N(eps);
    const N both = MulAdd(o.x.beyond_a, o.y.beyond_b, o.x.beyond_b * o.y.beyond_a);
    gap = both - apart;
    gap_size = Size(both) + Size(apart);
    divisor_size = Size(area) + eps;
    rest_a = Select(o.meet, o.y.beyond_a, o.y.a);
    rest_b = Select(o.meet, o.y.beyond_b, o.y.b);
  }
  HWY_INLINE void Divide(const N& inverse_) {
    inverse = inverse_;
    loss = gap * inverse;
    size = Size(inverse) * (divisor_size * Size(inverse));  // how far the divisor cancelled, over itself
    loss_size = gap_size * size;
  }

  /// With m the share of the inner corner: (1 - m) (h (C - U) - q' (U + eps)) / (C + eps)^2 + m p' /
  /// (C + eps); where the boxes do not meet, h stands for the last p'.
  template <bool kTarget, bool kY, bool kHigh>
  HWY_INLINE N Value(const View<kTarget, N>& view) const {
    const N outside = NegMulAdd(Theirs(view), o.union_area, view.mine() * gap) * inverse;
    const N slope =
        MulAdd(view.template outer<kHigh>(), outside, view.template inner<kHigh>() * Rest<kTarget, kY>());
    return slope * (kHigh ? -inverse : inverse);
  }
  template <bool kTarget, bool kY, bool kHigh>
  HWY_INLINE Pack SizeOf(const View<kTarget, N>& view) const {
    const Pack outside =
        MulAdd(Size(Theirs(view)), o.union_size, Size(view.mine()) * gap_size) * Size(inverse);
    return size * MulAdd(Size(view.template outer<kHigh>()), outside,
                         Size(view.template inner<kHigh>()) * Size(Rest<kTarget, kY>()));
  }
  /// What the other box has across, beyond the reach.
  template <bool kTarget>
  static HWY_INLINE const N& Theirs(const View<kTarget, N>& view) {
    return kTarget ? view.across.beyond_a : view.across.beyond_b;
  }
  template <bool kTarget, bool kY>
  HWY_INLINE const N& Rest() const {
    if constexpr (kY) {
      return kTarget ? o.rest_b : o.rest_a;
    } else {
      return kTarget ? rest_b : rest_a;
    }
  }

  const Overlap<N>& o;
  N divisor, gap, rest_a, rest_b;
  N inverse, loss;
  Pack gap_size, divisor_size, size, loss_size;
};

struct GiouFormula : BoxConstants {
  static constexpr BoxesInMulti* kInMulti = GiouInMulti;

  template <class N, class Sink>
  HWY_INLINE void operator()(const BoxArguments<N>& boxes, Sink* sink) const {
    Overlap<N> overlap(boxes, eps);
    Slack<N> slack(overlap, boxes, eps);
    const N both = N(1.0) / (overlap.union_area * slack.divisor);
    overlap.Divide(both * slack.divisor);
    slack.Divide(both * overlap.union_area);
    sink->Loss(If(overlap.sure & IsSure(slack.divisor, slack.divisor_size),
                  Bounded(overlap.loss + slack.loss, Size(overlap.loss) + slack.loss_size)));
    overlap.Gradients(slack, sink);
  }
};

void RunGiou(const ElementCall& call, double eps) { RunBoxes(GiouFormula{{eps}}, call); }

}  // namespace exactloss::optimized::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "optimized/arguments.h"
#include "optimized/dispatch.h"
#include "optimized/kernels.h"

namespace exactloss::optimized {

HWY_EXPORT(RunGiou);

void GiouInMulti(const BoxConstants& constants, const Multi (&inputs)[kRowInputs],
                 Multi (&outputs)[kRowOutputs]) {
  HWY_NAMESPACE::EvaluateInMulti<HWY_NAMESPACE::GiouFormula>(constants, inputs, outputs);
}

Error Giou(const Call& call, const Pair& boxes, const BoxParameters& parameters) {
  ElementCall box_call;
  if (const Error error = CheckBoxes(call, boxes, parameters, &box_call)) return error;
  EXACTLOSS_DISPATCH(RunGiou)(box_call, parameters.eps);
  return {};
}

const Contract kGiouContract = {.loss = "giou", .fast = 0.501, .exact = 0.5, .f64 = 0.51};

}  // namespace exactloss::optimized
#endif  // HWY_ONCE
