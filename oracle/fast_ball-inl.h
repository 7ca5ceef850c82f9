// Balls: what the fast tier computes with. A ball is a vector of enclosures: |truth - head - tail| <= radius,
// with |tail| <= ulp(head)/2, so that what a double loses is kept in the tail: a tiny term decides to which
// side of a midpoint a number falls, however small it is beside the head.
//
// Proof, operation by operation (u = 2^-53; hats are what is computed). TwoSum is exact. TwoProduct is exact
// above 2^-960. A radius is a sum and product of a few positive numbers, off by less than a share of 2^-40 in
// a formula of less than 2^10 operations; Rounded, in fast_oracle.cc, adds a share of 2^-30.
//
// - Renormalised: FastTwoSum(sum, low) is exact for |sum| >= |low|, else off by 2.01u |low|.
// - Sum: the heads' error e is exact; t^ = at + bt and low = e + t^ are each off by u of the result, so that
// with
//   the renormalisation 2^-51 (|t^| + |low|) covers it.
// - Product: heads' product p + e exact. What is left out is at bt <= u |ah bt|; ah bt + at bh and its sum
// with e
//   are off by at most 3u (|ah bt| + |at bh|) + u |e|. 2^-51 (|ah bt| + |at bh| + |e|) covers it. Radii:
//   (|ah| + |at|) rb + (|bh| + |bt| + rb) ra, of which 1 + 2^-50 times the heads cover the tails.
// - Quotient: q = ah i, i = 1/bh rounded: |ah/bh - q| <= 2.01u |q|, the remainder r = ah - q bh is exact or
// off by
//   u |r|. a/b - q = (r + at - q bt) / (bh + bt); every rounding after r costs a share of at most 2^-50 of m
//   i, m = |r| + |at| + |q bt|; so does leaving bt out of the divisor. Radii: (ra + |q| rb) / |b|, where rb
//   <= 2^-20 |bh|; a wider divisor gives an infinite radius.
//
// Absolute errors of 2^-1074 are not counted: numbers that count for a verdict are above 2^-149 / 2^32,
// factors that follow are at most 2^256 each, and exponentials end at 2^-865.
#if defined(EXACTLOSS_ORACLE_FAST_BALL_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef EXACTLOSS_ORACLE_FAST_BALL_INL_H_
#undef EXACTLOSS_ORACLE_FAST_BALL_INL_H_
#else
#define EXACTLOSS_ORACLE_FAST_BALL_INL_H_
#endif

#include <hwy/highway.h>

#include <limits>

HWY_BEFORE_NAMESPACE();
namespace exactloss::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using D = hn::CappedTag<double, 8>;
using V = hn::VFromD<D>;
using Mask = decltype(hn::Eq(V(), V()));

HWY_INLINE V Constant(double c) { return hn::Set(D(), c); }

struct Exactly {
  V value, error;  ///< rounded, and what that lost
};

HWY_INLINE Exactly TwoSum(V a, V b) {
  const V sum = hn::Add(a, b), part = hn::Sub(sum, a);
  return {sum, hn::Add(hn::Sub(a, hn::Sub(sum, part)), hn::Sub(b, part))};
}

/// TwoSum of a larger and a smaller number.
HWY_INLINE Exactly FastTwoSum(V large, V small) {
  const V sum = hn::Add(large, small);
  return {sum, hn::Sub(small, hn::Sub(sum, large))};
}

#if !HWY_NATIVE_FMA
/// The 26 leading bits (Dekker).
HWY_INLINE V Leading(V a) {
  const V shifted = hn::Mul(a, Constant(0x1p27 + 1));
  return hn::Sub(shifted, hn::Sub(shifted, a));
}
#endif

/// a b - value, which is exact if `value` is near the product.
HWY_INLINE V ProductMinus(V a, V b, V value) {
#if HWY_NATIVE_FMA
  return hn::MulSub(a, b, value);
#else
  const V a1 = Leading(a), a2 = hn::Sub(a, a1), b1 = Leading(b), b2 = hn::Sub(b, b1);
  const V most = hn::Add(hn::Add(hn::Sub(hn::Mul(a1, b1), value), hn::Mul(a1, b2)), hn::Mul(a2, b1));
  return hn::Add(most, hn::Mul(a2, b2));
#endif
}

struct Ball {
  Ball() = default;
  // NOLINTNEXTLINE(google-explicit-constructor): a double is a real number, exactly
  HWY_INLINE Ball(V exact) : head(exact), tail(Constant(0)), radius(Constant(0)) {}
  // NOLINTNEXTLINE(google-explicit-constructor): formulas mix balls and constants
  HWY_INLINE Ball(double exact) : Ball(Constant(exact)) {}
  HWY_INLINE Ball(V h, V t, V r) : head(h), tail(t), radius(r) {}

  V head, tail, radius;
};

/// A number that is right to the share 2^-49 of itself.
HWY_INLINE Ball Nearly(V value) { return {value, Constant(0), hn::Mul(hn::Abs(value), Constant(0x1p-49))}; }

HWY_INLINE Ball operator-(const Ball& a) { return {hn::Neg(a.head), hn::Neg(a.tail), a.radius}; }

HWY_INLINE Ball operator+(const Ball& a, const Ball& b) {
  const Exactly heads = TwoSum(a.head, b.head);
  const V tails = hn::Add(a.tail, b.tail), low = hn::Add(heads.error, tails);
  const Exactly sum = FastTwoSum(heads.value, low);
  const V lost = hn::Add(hn::Abs(tails), hn::Abs(low));
  return {sum.value, sum.error, hn::MulAdd(lost, Constant(0x1p-51), hn::Add(a.radius, b.radius))};
}
HWY_INLINE Ball operator-(const Ball& a, const Ball& b) { return a + -b; }

HWY_INLINE Ball operator*(const Ball& a, const Ball& b) {
  const V product = hn::Mul(a.head, b.head), error = ProductMinus(a.head, b.head, product);
  const V one = hn::Mul(a.head, b.tail), other = hn::Mul(a.tail, b.head);
  const Exactly sum = FastTwoSum(product, hn::Add(error, hn::Add(one, other)));
  const V lost = hn::Mul(hn::Add(hn::Add(hn::Abs(one), hn::Abs(other)), hn::Abs(error)), Constant(0x1p-51));
  const V spread =
      hn::MulAdd(hn::Abs(a.head), b.radius, hn::Mul(hn::Add(hn::Abs(b.head), b.radius), a.radius));
  return {sum.value, sum.error, hn::MulAdd(spread, Constant(1 + 0x1p-50), lost)};
}

HWY_INLINE Ball operator/(const Ball& a, const Ball& b) {
  const V inverse = hn::Div(Constant(1), b.head), quotient = hn::Mul(a.head, inverse);
  const V rest = hn::Neg(ProductMinus(quotient, b.head, a.head)), cross = hn::Mul(quotient, b.tail);
  const Exactly sum = FastTwoSum(quotient, hn::Mul(hn::Add(rest, hn::Sub(a.tail, cross)), inverse));
  const V lost = hn::Mul(hn::Add(hn::Add(hn::Abs(rest), hn::Abs(a.tail)), hn::Abs(cross)), Constant(0x1p-50));
  const V spread = hn::MulAdd(hn::Abs(quotient), b.radius, a.radius);
  const V radius = hn::Mul(hn::MulAdd(spread, Constant(1 + 0x1p-18), lost), hn::Abs(inverse));
  const Mask is_narrow = hn::Le(b.radius, hn::Mul(hn::Abs(b.head), Constant(0x1p-20)));
  return {sum.value, sum.error,
          hn::IfThenElse(is_narrow, radius, Constant(std::numeric_limits<double>::infinity()))};
}

/// times a power of two
HWY_INLINE Ball Scaled(const Ball& a, double power) {
  const V p = Constant(power);
  return {hn::Mul(a.head, p), hn::Mul(a.tail, p), hn::Mul(a.radius, hn::Abs(p))};
}

HWY_INLINE Ball Select(Mask mask, const Ball& yes, const Ball& no) {
  return {hn::IfThenElse(mask, yes.head, no.head), hn::IfThenElse(mask, yes.tail, no.tail),
          hn::IfThenElse(mask, yes.radius, no.radius)};
}

HWY_INLINE Mask IsNegative(const Ball& a) { return hn::Lt(a.head, Constant(0)); }
HWY_INLINE Ball Abs(const Ball& a) { return Select(IsNegative(a), -a, a); }

/// By how much the truth may be off the head.
HWY_INLINE V Spread(const Ball& a) { return hn::Add(hn::Abs(a.tail), a.radius); }

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace exactloss::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
