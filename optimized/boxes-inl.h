// The geometry that the IoU family shares, at any kind of number.
//
// On one axis, with x1, x2 of the input and X1, X2 of the target, low = X1 - x1 and high = x2 - X2:
//   reach    = min(x2, X2) - max(x1, X1)          how far the boxes reach into each other
//   beyond_a = max(low, 0) + max(high, 0)         the input's width but the reach
//   beyond_b = max(-low, 0) + max(-high, 0)       the target's
// hold whatever the corners are; of the areas that are differences of widths' products only sums of terms of
// one sign are left (p, q of the x axis, p', q' of the y axis, i, i' the reaches, w, h, u, k the sides):
//   U - I = p h + i p' + q k + i q'               where they meet, else w h + u k
//   C - U = p q' + q p'                           where they meet, less i i' where they do not
// so nothing cancels between boxes that agree in most digits, or in all.
#if defined(EXACTLOSS_OPTIMIZED_BOXES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef EXACTLOSS_OPTIMIZED_BOXES_INL_H_
#undef EXACTLOSS_OPTIMIZED_BOXES_INL_H_
#else
#define EXACTLOSS_OPTIMIZED_BOXES_INL_H_
#endif

#include "optimized/box_driver-inl.h"

HWY_BEFORE_NAMESPACE();
namespace exactloss::optimized::HWY_NAMESPACE {

template <class N>
HWY_INLINE N Larger(const N& a, const N& b) {
  return Max(a, b);
}
HWY_INLINE Pack Larger(const Pack& a, const Pack& b) { return Pack(hn::Max(a.v, b.v)); }
template <class N>
HWY_INLINE N Smaller(const N& a, const N& b) {
  return Min(a, b);
}
HWY_INLINE Pack Smaller(const Pack& a, const Pack& b) { return Pack(hn::Min(a.v, b.v)); }

/// The share of a corner's slope that goes to the box whose corner reaches less far: PyTorch halves ties.
template <class N>
HWY_INLINE N InnerShare(const N& difference) {
  return Select(difference < N(0.0), N(1.0), Select(difference == N(0.0), N(0.5), N(0.0)));
}

/// The magnitude of a value, for a bound; a Multi needs none.
HWY_INLINE Pack Size(const Pack& a) { return Abs(a); }
HWY_INLINE Pack Size(const DoubleWord& a) { return Abs(a.hi); }
inline Pack Size(const Multi&) { return Pack(0.0); }

/// Right to one unit of `size`.
HWY_INLINE Approx<Pack> Bounded(const Pack& value, const Pack& size) { return {value, size * Pack::kUnit}; }
HWY_INLINE Approx<DoubleWord> Bounded(const DoubleWord& value, const Pack& size) {
  return {value, size * DoubleWord::kUnit};
}
inline Approx<Multi> Bounded(const Multi& value, const Pack&) { return {value}; }

/// No bound holds where a divisor may be 0: a divisor of terms of these sizes that cancel too far.
HWY_INLINE PackMask IsSure(const Pack& divisor, const Pack& size) { return size * 0x1p-40 <= Abs(divisor); }
HWY_INLINE PackMask IsSure(const DoubleWord& divisor, const Pack& size) { return IsSure(divisor.hi, size); }
inline bool IsSure(const Multi&, const Pack&) { return true; }
template <class N>
HWY_INLINE Approx<N> If(const PackMask& sure, const Approx<N>& a) {
  return {a.value, Select(sure, a.error, Pack(kInfinity))};
}
inline Approx<Multi> If(bool, const Approx<Multi>& a) { return a; }

template <class N>
struct Axis {
  HWY_INLINE Axis(const N& a1, const N& a2, const N& b1, const N& b2)
      : a(a2 - a1),
        b(b2 - b1),
        low(b1 - a1),
        high(a2 - b2),
        reach(Smaller(a2, b2) - Larger(a1, b1)),
        low_inner(InnerShare(low)),
        high_inner(InnerShare(high)),
        low_outer(N(1.0) - low_inner),
        high_outer(N(1.0) - high_inner) {
    beyond_a = Larger(low, N(0.0)) + Larger(high, N(0.0));
    beyond_b = Larger(-low, N(0.0)) + Larger(-high, N(0.0));
  }

  N a, b;  ///< lengths of the input and the target
  N low, high, reach;
  N low_inner, high_inner, low_outer, high_outer;  ///< the input's shares
  N beyond_a, beyond_b;
};

/// An axis and the one across it, as the input (or the target) sees them.
template <bool kTarget, class N>
struct View {
  HWY_INLINE View(const Axis<N>& along_, const Axis<N>& across_) : along(along_), across(across_) {}

  HWY_INLINE const N& mine() const { return kTarget ? across.b : across.a; }
  HWY_INLINE const N& other() const { return kTarget ? across.a : across.b; }
  template <bool kHigh>
  HWY_INLINE const N& inner() const {
    if constexpr (kTarget) {
      return kHigh ? along.high_outer : along.low_outer;
    } else {
      return kHigh ? along.high_inner : along.low_inner;
    }
  }
  template <bool kHigh>
  HWY_INLINE const N& outer() const {
    if constexpr (kTarget) {
      return kHigh ? along.high_inner : along.low_inner;
    } else {
      return kHigh ? along.high_outer : along.low_outer;
    }
  }

  const Axis<N>& along;
  const Axis<N>& across;
};

/// 1 - I / (U + eps) and its slopes.
template <class N>
struct Overlap {
  HWY_INLINE Overlap(const BoxArguments<N>& v, double eps)
      : x(v.a.x1, v.a.x2, v.b.x1, v.b.x2),
        y(v.a.y1, v.a.y2, v.b.y1, v.b.y2),
        meet((x.reach > N(0.0)) & (y.reach > N(0.0))),
        reach_x(Select(meet, x.reach, N(0.0))),
        reach_y(Select(meet, y.reach, N(0.0))),
        rest_a(Select(meet, x.beyond_a, x.a)),
        rest_b(Select(meet, x.beyond_b, x.b)),
        different(MulAdd(rest_a, y.a, MulAdd(rest_b, y.b, MulAdd(reach_x, y.beyond_a + y.beyond_b, N(eps))))),
        union_area(MulAdd(reach_x, reach_y, different)),
        common_x(MulAdd(x.beyond_a, y.a, MulAdd(x.beyond_b, y.b, N(eps)))),
        common_y(MulAdd(y.beyond_a, x.a, MulAdd(y.beyond_b, x.b, N(eps)))),
        union_size(MulAdd(Size(rest_a), Size(y.a), MulAdd(Size(rest_b), Size(y.b), Size(union_area) + eps))),
        sure(IsSure(union_area, union_size)) {}

  /// To be called when 1 / (U + eps) is known.
  HWY_INLINE void Divide(const N& inverse_) {
    inverse = inverse_;
    loss = different * inverse;
    factor_x = reach_y * inverse * inverse;
    factor_y = reach_x * inverse * inverse;
  }

  /// (U + eps)^2 / reach across times the slope of the loss along a low corner; a high one has the opposite.
  template <bool kHigh, bool kTarget>
  HWY_INLINE N Slope(const View<kTarget, N>& view, const N& common) const {
    const N& inner = view.template inner<kHigh>();
    const N turn = NegMulAdd(view.template outer<kHigh>(), view.mine(), inner * view.other());
    return MulAdd(view.along.reach, turn, inner * common);
  }
  template <bool kHigh, bool kTarget>
  HWY_INLINE Pack SlopeSize(const View<kTarget, N>& view, const N& common) const {
    const Pack inner = Size(view.template inner<kHigh>());
    const Pack turn =
        MulAdd(Size(view.template outer<kHigh>()), Size(view.mine()), inner * Size(view.other()));
    return MulAdd(Size(view.along.reach), turn, inner * Size(common));
  }

  /// The slope along a corner, with what `rest` adds to it there: Value and Size of (kTarget, kY, kHigh).
  template <bool kTarget, bool kY, bool kHigh, class Rest>
  HWY_INLINE Approx<N> Gradient(const Rest& rest) const {
    const View<kTarget, N> view(kY ? y : x, kY ? x : y);
    const N &common = kY ? common_y : common_x, &factor = kY ? factor_y : factor_x;
    const N slope = Slope<kHigh>(view, common), added = rest.template Value<kTarget, kY, kHigh>(view);
    const Pack size =
        MulAdd(Size(factor), SlopeSize<kHigh>(view, common), rest.template SizeOf<kTarget, kY, kHigh>(view));
    return Bounded(kHigh ? NegMulAdd(factor, slope, added) : MulAdd(factor, slope, added), size);
  }
  template <class Sink, class Rest>
  HWY_INLINE void Gradients(const Rest& rest, Sink* sink) const {
    sink->Input(Gradient<false, false, false>(rest), Gradient<false, true, false>(rest),
                Gradient<false, false, true>(rest), Gradient<false, true, true>(rest));
    if constexpr (Sink::kTakesTarget) {
      sink->Target(Gradient<true, false, false>(rest), Gradient<true, true, false>(rest),
                   Gradient<true, false, true>(rest), Gradient<true, true, true>(rest));
    }
  }

  Axis<N> x, y;
  typename N::Mask meet;
  N reach_x, reach_y, rest_a, rest_b;
  N different, union_area;  ///< U - I + eps, U + eps
  N common_x, common_y;     ///< p h + q k + eps, p' w + q' u + eps
  Pack union_size;
  typename N::Mask sure;
  N inverse, loss, factor_x, factor_y;
};

/// The smallest box around both.
template <class N>
struct Enclosing {
  HWY_INLINE explicit Enclosing(const BoxArguments<N>& v)
      : width(Larger(v.a.x2, v.b.x2) - Smaller(v.a.x1, v.b.x1)),
        height(Larger(v.a.y2, v.b.y2) - Smaller(v.a.y1, v.b.y1)) {}

  N width, height;
};

/// d^2 / (c^2 + eps): the squared distance of the centres over the squared diagonal of the enclosing box.
template <class N>
struct CentreDistance {
  HWY_INLINE CentreDistance(const Overlap<N>& overlap, const BoxArguments<N>& v, double eps)
      : enclosing(v), dx(overlap.x.high - overlap.x.low), dy(overlap.y.high - overlap.y.low) {
    diagonal = MulAdd(enclosing.width, enclosing.width, MulAdd(enclosing.height, enclosing.height, N(eps)));
    size_x = DistanceSize(overlap.x, dx);
    size_y = DistanceSize(overlap.y, dy);
  }
  HWY_INLINE void Divide(const N& inverse) {
    loss = MulAdd(dx, dx, dy * dy) * (inverse * N(0.25));
    loss_size = MulAdd(size_x, size_x, size_y * size_y) * (Size(inverse) * 0.25);
    const N half = inverse * N(0.5), twice = inverse * N(2.0) * loss;
    centre_x = dx * half;
    centre_y = dy * half;
    wide_x = enclosing.width * twice;
    wide_y = enclosing.height * twice;
    const Pack size_twice = Size(inverse) * 2.0 * loss_size;
    centre_size_x = size_x * Size(half);
    centre_size_y = size_y * Size(half);
    wide_size_x = Size(enclosing.width) * size_twice;
    wide_size_y = Size(enclosing.height) * size_twice;
  }

  /// d / c^2 dd / dx1, and 2 c dc / dx1 d^2 / c^4 on the outer side.
  template <bool kTarget, bool kY, bool kHigh>
  HWY_INLINE N Value(const View<kTarget, N>& view) const {
    const N &centre = kY ? centre_y : centre_x, &wide = kY ? wide_y : wide_x;
    const N& outer = view.template outer<kHigh>();
    const N moved = kTarget ? -centre : centre;
    return kHigh ? NegMulAdd(outer, wide, moved) : MulAdd(outer, wide, moved);
  }
  template <bool kTarget, bool kY, bool kHigh>
  HWY_INLINE Pack SizeOf(const View<kTarget, N>& view) const {
    return MulAdd(Size(view.template outer<kHigh>()), kY ? wide_size_y : wide_size_x,
                  kY ? centre_size_y : centre_size_x);
  }

  /// A double may have rounded both parts of the difference of the centres; a double word holds them.
  static HWY_INLINE Pack DistanceSize(const Axis<Pack>& axis, const Pack&) {
    return axis.beyond_a + axis.beyond_b;
  }
  static HWY_INLINE Pack DistanceSize(const Axis<DoubleWord>&, const DoubleWord& d) { return Size(d); }
  static Pack DistanceSize(const Axis<Multi>&, const Multi&) { return Pack(0.0); }

  Enclosing<N> enclosing;
  N dx, dy, diagonal;
  N loss, centre_x, centre_y, wide_x, wide_y;
  Pack size_x, size_y, loss_size, centre_size_x, centre_size_y, wide_size_x, wide_size_y;
};

/// Nothing to add.
template <class N>
struct NoRest {
  template <bool kTarget, bool kY, bool kHigh>
  HWY_INLINE N Value(const View<kTarget, N>&) const {
    return N(0.0);
  }
  template <bool kTarget, bool kY, bool kHigh>
  HWY_INLINE Pack SizeOf(const View<kTarget, N>&) const {
    return Pack(0.0);
  }
};

}  // namespace exactloss::optimized::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // EXACTLOSS_OPTIMIZED_BOXES_INL_H_
