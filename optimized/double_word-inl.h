// DoubleWord: a pack of values, each an unevaluated sum hi + lo of two doubles, right to some 2^-100. For
// binary64 results, and for the few narrow ones that a plain double leaves in doubt. The algorithms are those
// of Joldes, Muller and Popescu, "Tight and rigorous error bounds for basic building blocks of double-word
// arithmetic" (2017).
#if defined(EXACTLOSS_OPTIMIZED_DOUBLE_WORD_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef EXACTLOSS_OPTIMIZED_DOUBLE_WORD_INL_H_
#undef EXACTLOSS_OPTIMIZED_DOUBLE_WORD_INL_H_
#else
#define EXACTLOSS_OPTIMIZED_DOUBLE_WORD_INL_H_
#endif

#include "optimized/functions-inl.h"

HWY_BEFORE_NAMESPACE();
namespace exactloss::optimized::HWY_NAMESPACE {

struct DoubleWord {
  using Mask = PackMask;
  static constexpr double kUnit = 0x1p-88;

  DoubleWord() = default;
  HWY_INLINE DoubleWord(double c) : hi(c), lo(0.0) {}  // NOLINT(google-explicit-constructor)
  HWY_INLINE explicit DoubleWord(const Pack& p) : hi(p), lo(0.0) {}
  HWY_INLINE DoubleWord(const Pack& h, const Pack& l) : hi(h), lo(l) {}

  Pack hi, lo;
};

HWY_INLINE DoubleWord TwoSum(const Pack& a, const Pack& b) {
  const Pack sum = a + b, b_part = sum - a;
  return {sum, (a - (sum - b_part)) + (b - b_part)};
}
/// |a| >= |b|, or a = 0.
HWY_INLINE DoubleWord FastTwoSum(const Pack& a, const Pack& b) {
  const Pack sum = a + b;
  return {sum, b - (sum - a)};
}

/// a b - product, `product` being a b rounded.
HWY_INLINE Pack LostIn(const Pack& product, const Pack& a, const Pack& b) {
#if HWY_NATIVE_FMA
  return MulAdd(a, b, -product);
#else
  // Dekker's product of Veltkamp's halves; without the detour by 2^-28 a large factor would overflow.
  const auto split = [](const Pack& x) HWY_ATTR {
    const PackMask large = Abs(x) > 0x1p996;
    const Pack scaled = Select(large, x * 0x1p-28, x), c = scaled * 0x1.0000002p27;
    const Pack high = c - (c - scaled);
    return DoubleWord(Select(large, high * 0x1p28, high),
                      Select(large, (scaled - high) * 0x1p28, scaled - high));
  };
  const DoubleWord x = split(a), y = split(b);
  return x.lo * y.lo - (((product - x.hi * y.hi) - x.lo * y.hi) - x.hi * y.lo);
#endif
}
/// a b exactly.
HWY_INLINE DoubleWord TwoProduct(const Pack& a, const Pack& b) {
  const Pack product = a * b;
  return {product, LostIn(product, a, b)};
}

HWY_INLINE DoubleWord operator-(const DoubleWord& a) { return {-a.hi, -a.lo}; }
HWY_INLINE DoubleWord operator+(const DoubleWord& a, const DoubleWord& b) {
  const DoubleWord s = TwoSum(a.hi, b.hi), t = TwoSum(a.lo, b.lo);
  const DoubleWord v = FastTwoSum(s.hi, s.lo + t.hi);
  return FastTwoSum(v.hi, t.lo + v.lo);
}
HWY_INLINE DoubleWord operator-(const DoubleWord& a, const DoubleWord& b) { return a + -b; }
HWY_INLINE DoubleWord operator*(const DoubleWord& a, const DoubleWord& b) {
  const DoubleWord p = TwoProduct(a.hi, b.hi);
  return FastTwoSum(p.hi, MulAdd(a.hi, b.lo, MulAdd(a.lo, b.hi, MulAdd(a.lo, b.lo, p.lo))));
}
HWY_INLINE DoubleWord MulAdd(const DoubleWord& a, const DoubleWord& b, const DoubleWord& c) {
  return a * b + c;
}
HWY_INLINE DoubleWord NegMulAdd(const DoubleWord& a, const DoubleWord& b, const DoubleWord& c) {
  return c - a * b;
}

HWY_INLINE PackMask operator<(const DoubleWord& a, const DoubleWord& b) {
  return (a.hi < b.hi) | ((a.hi == b.hi) & (a.lo < b.lo));
}
HWY_INLINE PackMask operator>(const DoubleWord& a, const DoubleWord& b) { return b < a; }
HWY_INLINE PackMask operator==(const DoubleWord& a, const DoubleWord& b) {
  return (a.hi == b.hi) & (a.lo == b.lo);
}
HWY_INLINE PackMask operator<=(const DoubleWord& a, const DoubleWord& b) { return (a < b) | (a == b); }
HWY_INLINE PackMask operator>=(const DoubleWord& a, const DoubleWord& b) { return b <= a; }
HWY_INLINE PackMask IsNumber(const DoubleWord& x) { return IsNumber(x.hi); }
HWY_INLINE PackMask IsNegative(const DoubleWord& x) { return IsNegative(x.hi); }

HWY_INLINE DoubleWord Select(const PackMask& mask, const DoubleWord& a, const DoubleWord& b) {
  return {Select(mask, a.hi, b.hi), Select(mask, a.lo, b.lo)};
}
HWY_INLINE DoubleWord Abs(const DoubleWord& x) { return Select(IsNegative(x), -x, x); }
HWY_INLINE DoubleWord Max(const DoubleWord& a, const DoubleWord& b) { return Select(a > b, a, b); }
HWY_INLINE DoubleWord Min(const DoubleWord& a, const DoubleWord& b) { return Select(a < b, a, b); }
/// By a power of two.
HWY_INLINE DoubleWord Scaled(const DoubleWord& a, const Pack& power) { return {a.hi * power, a.lo * power}; }

// In double_word.cc, once for all losses: right to some 2^-98 of the result.
DoubleWord operator/(const DoubleWord& a, const DoubleWord& b);
DoubleWord Sqrt(const DoubleWord& x);
DoubleWord Exp(const DoubleWord& x);
DoubleWord Expm1(const DoubleWord& x);
DoubleWord Log(const DoubleWord& x);
DoubleWord Log1p(const DoubleWord& x);
DoubleWord Log1pOfUnit(const DoubleWord& x);                     ///< log(1 + x) for 0 <= x <= 1
DoubleWord AtanRatio(const DoubleWord& y, const DoubleWord& x);  ///< atan(y / x) for x >= 0

}  // namespace exactloss::optimized::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // EXACTLOSS_OPTIMIZED_DOUBLE_WORD_INL_H_
