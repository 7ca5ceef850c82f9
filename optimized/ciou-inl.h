// Complete IoU (Zheng et al. 2020): DIoU + alpha v with v = (4 / pi^2) (atan(u / k) - atan(w / h))^2 and
// alpha = v / (1 - IoU + v + eps), which the gradient holds constant.
//
// The difference of the angles is one arc tangent of (u h - w k) / (h k + w u), exactly 0 where the aspects
// agree and right at heights of 0; turned boxes may add or take away pi. Its rounding is absolute, 2^-52 of a
// turn, since the products cancel no further than the sides' lengths: (u h)^2 + (w k)^2 <= (w^2 + h^2) (u^2 +
// k^2).
#if defined(EXACTLOSS_OPTIMIZED_CIOU_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef EXACTLOSS_OPTIMIZED_CIOU_INL_H_
#undef EXACTLOSS_OPTIMIZED_CIOU_INL_H_
#else
#define EXACTLOSS_OPTIMIZED_CIOU_INL_H_
#endif

#include "optimized/boxes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace exactloss::optimized::HWY_NAMESPACE {

/// pi, and 4 / pi^2.
template <class N>
HWY_INLINE N Pi() {
  if constexpr (std::is_same_v<N, Multi>) {
    return AtanRatio(Multi(1.0), Multi(0.0)) * Multi(2.0);
  } else if constexpr (std::is_same_v<N, DoubleWord>) {
    return {0x1.921fb54442d18p1, 0x1.1a62633145c07p-53};
  } else {
    return 0x1.921fb54442d18p1;
  }
}
template <class N>
HWY_INLINE N AspectScale() {
  if constexpr (std::is_same_v<N, Multi>) {
    return Multi(4.0) / (Pi<Multi>() * Pi<Multi>());
  } else if constexpr (std::is_same_v<N, DoubleWord>) {
    return {0x1.9f02f6222c720p-2, -0x1.24a918f92ba3dp-56};
  } else {
    return 0x1.9f02f6222c720p-2;
  }
}

/// a b - c d, right to the last bits also where it cancels.
HWY_INLINE Pack DifferenceOfProducts(const Pack& a, const Pack& b, const Pack& c, const Pack& d) {
  const DoubleWord second = TwoProduct(c, d);
#if HWY_NATIVE_FMA
  return MulAdd(a, b, -second.hi) - second.lo;
#else
  const DoubleWord first = TwoProduct(a, b);
  return (first.hi - second.hi) + (first.lo - second.lo);
#endif
}
template <class N>
HWY_INLINE N DifferenceOfProducts(const N& a, const N& b, const N& c, const N& d) {
  return a * b - c * d;
}

/// alpha v and its slopes, the distance of the centres added to both.
template <class N>
struct Aspect {
  HWY_INLINE Aspect(const Overlap<N>& o, const CentreDistance<N>& distance_) : distance(distance_) {
    // The angle between (w, h) and (u, k), both turned to positive heights.
    const N w = Select(o.y.a < N(0.0), -o.x.a, o.x.a), u = Select(o.y.b < N(0.0), -o.x.b, o.x.b);
    const N h = Abs(o.y.a), k = Abs(o.y.b);
    const N sine = DifferenceOfProducts(u, h, w, k), cosine = MulAdd(h, k, w * u);
    const N acute = AtanRatio(sine, Abs(cosine)), obtuse = Pi<N>() - Abs(acute);
    const auto backward = (sine < N(0.0)) | ((sine == N(0.0)) & (u < N(0.0)));
    angle = Select(cosine < N(0.0), Select(backward, -obtuse, obtuse), acute);
    square_a = MulAdd(o.x.a, o.x.a, o.y.a * o.y.a);
    square_b = MulAdd(o.x.b, o.x.b, o.y.b * o.y.b);
    aspect = angle * angle * AspectScale<N>();
    // The widths' roundings may turn an angle of 0 by an ulp, but not between boxes that are the same.
    const N apart = (o.x.beyond_a + o.x.beyond_b) + (o.y.beyond_a + o.y.beyond_b);
    angle_size = Size(angle) + Select(Size(apart) == 0.0, Pack(0.0), Pack(1.0));
  }

  /// alpha = v / (1 - IoU + v + eps); the reciprocal of w^2 + h^2 is known.
  HWY_INLINE void Divide(const Overlap<N>& o, double eps, const N& inverse_a, const N& inverse_b) {
    const N share = o.union_area / MulAdd(aspect + N(eps), o.union_area, o.different);
    const N alpha = Select(aspect == N(0.0), N(0.0), aspect * share);
    loss = alpha * aspect;
    const N twice = N(2.0) * AspectScale<N>() * angle, slope = twice * alpha;
    // The bounds of the angle, of v and of alpha, in units.
    const Pack turn = angle_size, aspect_size = turn * MulAdd(turn, kUnit, Size(angle) * 2.0);
    const Pack alpha_size = aspect_size * Size(share) * 4.0;
    loss_size = MulAdd(MulAdd(alpha_size, kUnit, Size(alpha)) * 2.0, aspect_size, Size(loss));
    slope_size =
        MulAdd(MulAdd(alpha_size, kUnit, Size(alpha)), turn, MulAdd(alpha_size, Size(angle), Size(slope)));
    along_a = slope * inverse_a;
    along_b = slope * inverse_b;
    along_size_a = slope_size * Size(inverse_a);
    along_size_b = slope_size * Size(inverse_b);
  }

  template <bool kTarget, bool kY, bool kHigh>
  HWY_INLINE N Value(const View<kTarget, N>& view) const {
    const N& along = kTarget ? along_b : along_a;
    const N added = distance.template Value<kTarget, kY, kHigh>(view);
    return kTarget == kY ? Add<kHigh>(along, view.mine(), added) : Add<!kHigh>(along, view.mine(), added);
  }
  template <bool kTarget, bool kY, bool kHigh>
  HWY_INLINE Pack SizeOf(const View<kTarget, N>& view) const {
    return MulAdd(kTarget ? along_size_b : along_size_a, Size(view.mine()),
                  distance.template SizeOf<kTarget, kY, kHigh>(view));
  }
  template <bool kNegative>
  static HWY_INLINE N Add(const N& a, const N& b, const N& c) {
    return kNegative ? NegMulAdd(a, b, c) : MulAdd(a, b, c);
  }

  static constexpr double kUnit = N::kUnit;
  const CentreDistance<N>& distance;
  N angle, square_a, square_b, aspect, loss, along_a, along_b;
  Pack angle_size, loss_size, slope_size, along_size_a, along_size_b;
};

struct CiouFormula : BoxConstants {
  static constexpr BoxesInMulti* kInMulti = CiouInMulti;

  template <class N, class Sink>
  HWY_INLINE void operator()(const BoxArguments<N>& boxes, Sink* sink) const {
    Overlap<N> overlap(boxes, eps);
    CentreDistance<N> distance(overlap, boxes, eps);
    Aspect<N> aspect(overlap, distance);
    const N areas = overlap.union_area * distance.diagonal, all = N(1.0) / (areas * aspect.square_a);
    const N both = all * aspect.square_a;
    overlap.Divide(both * distance.diagonal);
    distance.Divide(both * overlap.union_area);
    N inverse_b = N(0.0);
    if constexpr (Sink::kTakesTarget) inverse_b = N(1.0) / aspect.square_b;
    aspect.Divide(overlap, eps, all * areas, inverse_b);
    sink->Loss(If(overlap.sure, Bounded(overlap.loss + distance.loss + aspect.loss,
                                        Size(overlap.loss) + distance.loss_size + aspect.loss_size)));
    overlap.Gradients(aspect, sink);
  }
};

}  // namespace exactloss::optimized::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // EXACTLOSS_OPTIMIZED_CIOU_INL_H_
