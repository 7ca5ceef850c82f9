// What a formula is written in, at any kind of number N: Pack, DoubleWord, Multi. A formula gives each output
// with a bound of its error, so it says where an output cancels; the drivers do the rest.
#if defined(EXACTLOSS_OPTIMIZED_FORMULA_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef EXACTLOSS_OPTIMIZED_FORMULA_INL_H_
#undef EXACTLOSS_OPTIMIZED_FORMULA_INL_H_
#else
#define EXACTLOSS_OPTIMIZED_FORMULA_INL_H_
#endif

#include "optimized/double_word-inl.h"
#include "optimized/multi.h"

HWY_BEFORE_NAMESPACE();
namespace exactloss::optimized::HWY_NAMESPACE {

/// A value, and a bound of |value - truth|. A Multi knows its own.
template <class N>
struct Approx {
  N value;
  Pack error;
};
template <>
struct Approx<Multi> {
  Multi value;
};

/// Right to `units` roundings of `scale`, the sum of the magnitudes that the value is made of.
HWY_INLINE Approx<Pack> Within(const Pack& value, const Pack& scale, double units = 1) {
  return {value, scale * (units * Pack::kUnit)};
}
HWY_INLINE Approx<DoubleWord> Within(const DoubleWord& value, const DoubleWord& scale, double units = 1) {
  return {value, Abs(scale.hi) * (units * DoubleWord::kUnit)};
}
inline Approx<Multi> Within(const Multi& value, const Multi&, double = 1) { return {value}; }

/// Rounded once more, it stays below an ulp of a narrow format: what mode fast asks of a value that cancels.
HWY_INLINE PackMask IsFaithful(const Pack& value, const Pack& error) { return error <= Abs(value) * 0x1p-25; }

/// A product or a sum of terms of one sign: right to so many roundings of itself.
HWY_INLINE Approx<Pack> Relative(const Pack& value, double units = 1) {
  return Within(value, Abs(value), units);
}
HWY_INLINE Approx<DoubleWord> Relative(const DoubleWord& value, double units = 1) {
  return Within(value, value, units);
}
inline Approx<Multi> Relative(const Multi& value, double = 1) { return {value}; }

/// Sums and products of few numbers of a narrow format are often exact in double, and then often midpoints:
/// their bound must be 0. `lost` is what their roundings lost, itself right to a few roundings.
HWY_INLINE Approx<Pack> Losing(const Pack& value, const Pack& lost) {
  // A bound of less than an ulp would vanish beside the value.
  return {value, Select(lost == 0.0, 0.0, Max(Abs(lost) * 2.0, Abs(value) * 0x1p-51))};
}

/// x - t with what its rounding lost.
template <class N>
struct Difference {
  N value;
  Pack lost;
};
HWY_INLINE Difference<Pack> Subtract(const Pack& x, const Pack& t) {
  const DoubleWord d = TwoSum(x, -t);
  return {d.hi, d.lo};
}
HWY_INLINE Difference<DoubleWord> Subtract(const DoubleWord& x, const DoubleWord& t) {
  return {x - t, Pack(0.0)};
}
template <>
struct Difference<Multi> {
  Multi value;
};
inline Difference<Multi> Subtract(const Multi& x, const Multi& t) { return {x - t}; }

/// A factor times a difference, and a factor times its square.
HWY_INLINE Approx<Pack> Times(const Difference<Pack>& d, const Pack& c) {
  const DoubleWord product = TwoProduct(d.value, c);
  return Losing(product.hi, MulAdd(Abs(d.lost), Abs(c), Abs(product.lo)));
}
HWY_INLINE Approx<DoubleWord> Times(const Difference<DoubleWord>& d, const DoubleWord& c) {
  return Relative(d.value * c);
}
inline Approx<Multi> Times(const Difference<Multi>& d, const Multi& c) { return {d.value * c}; }

HWY_INLINE Approx<Pack> SquareTimes(const Difference<Pack>& d, const Pack& c) {
  const DoubleWord square = TwoProduct(d.value, d.value), product = TwoProduct(square.hi, c);
  const Pack lost_square = MulAdd(Abs(d.value) * 2.5, Abs(d.lost), Abs(square.lo));
  return Losing(product.hi, MulAdd(lost_square, Abs(c), Abs(product.lo)));
}
HWY_INLINE Approx<DoubleWord> SquareTimes(const Difference<DoubleWord>& d, const DoubleWord& c) {
  return Relative(d.value * d.value * c);
}
inline Approx<Multi> SquareTimes(const Difference<Multi>& d, const Multi& c) {
  return {d.value * d.value * c};
}

/// 0 - a: +0 where a is +0.
HWY_INLINE Approx<Pack> Opposite(const Approx<Pack>& a) { return {Pack(0.0) - a.value, a.error}; }
HWY_INLINE Approx<DoubleWord> Opposite(const Approx<DoubleWord>& a) {
  return {DoubleWord(Pack(0.0) - a.value.hi, -a.value.lo), a.error};
}
inline Approx<Multi> Opposite(const Approx<Multi>& a) { return {-a.value}; }

template <class Mask, class N>
HWY_INLINE Approx<N> Select(const Mask& mask, const Approx<N>& a, const Approx<N>& b) {
  if constexpr (std::is_same_v<N, Multi>) {
    return mask ? a : b;
  } else {
    return {Select(mask, a.value, b.value), Select(mask, a.error, b.error)};
  }
}

/// Zero where nothing was computed, with its own sign.
template <class N>
HWY_INLINE Approx<N> Exactly(const N& value) {
  if constexpr (std::is_same_v<N, Multi>) {
    return {value};
  } else {
    return {value, Pack(0.0)};
  }
}

/// The same value with the error of `units` roundings of it on top.
HWY_INLINE Approx<Pack> Widened(const Approx<Pack>& a, double units) {
  return {a.value, MulAdd(Abs(a.value), units * Pack::kUnit, a.error)};
}
HWY_INLINE Approx<DoubleWord> Widened(const Approx<DoubleWord>& a, double units) {
  return {a.value, MulAdd(Abs(a.value.hi), units * DoubleWord::kUnit, a.error)};
}
inline Approx<Multi> Widened(const Approx<Multi>& a, double) { return a; }

/// |x - t|, and that less a constant.
HWY_INLINE Difference<Pack> Abs(const Difference<Pack>& d) { return {Abs(d.value), d.lost}; }
HWY_INLINE Difference<DoubleWord> Abs(const Difference<DoubleWord>& d) { return {Abs(d.value), d.lost}; }
inline Difference<Multi> Abs(const Difference<Multi>& d) { return {Abs(d.value)}; }
HWY_INLINE Difference<Pack> Less(const Difference<Pack>& d, double c) {
  const DoubleWord rest = TwoSum(d.value, Pack(-c));
  return {rest.hi, Abs(rest.lo) + Abs(d.lost)};
}
HWY_INLINE Difference<DoubleWord> Less(const Difference<DoubleWord>& d, double c) {
  return {d.value - c, d.lost};
}
inline Difference<Multi> Less(const Difference<Multi>& d, double c) { return {d.value - Multi(c)}; }

/// The sign of a difference: -1, 0, 1 or NaN, times c.
template <class N>
HWY_INLINE Approx<N> SignTimes(const Difference<N>& d, double c) {
  return Exactly(Select(d.value > N(0.0), N(c), Select(d.value < N(0.0), N(-c), d.value)));
}

/// u^exponent for u >= 0. Small integers are multiplied out; the rest has PowerUnits more error.
template <class N>
HWY_INLINE N Power(const N& u, double exponent) {
  if (exponent == 0) return N(1.0);
  if (exponent == 1) return u;
  if (exponent == 2) return u * u;
  if (exponent == 3) return u * u * u;
  if (exponent == 4) return (u * u) * (u * u);
  if (exponent == 0.5) return Sqrt(u);
  return Exp(N(exponent) * Log(u));
}
inline double PowerUnits(double exponent) {
  const bool multiplied = exponent == 0.5 || (exponent <= 4 && exponent == static_cast<int>(exponent));
  return multiplied ? exponent : 16 + exponent;
}

/// exp(-|x|) and what the logistic function and softplus are made of.
template <class N>
struct Logistic {
  HWY_INLINE explicit Logistic(const N& x) : negative(IsNegative(x)), magnitude(Abs(x)) { Fill(); }
  HWY_INLINE N Sigmoid() const { return Select(negative, minor, major); }
  HWY_INLINE N Complement() const { return Select(negative, major, minor); }

  typename N::Mask negative;
  N magnitude;     ///< |x|
  N minor, major;  ///< sigmoid(-|x|) and sigmoid(|x|)
  N gap;           ///< their difference
  N log;           ///< softplus(-|x|)

 private:
  HWY_INLINE void Fill();
};
template <>
HWY_INLINE void Logistic<Pack>::Fill() {
  const ExpParts parts = SplitExpOfMinus(magnitude);
  const Pack small = MulAdd(parts.excess, parts.power, parts.power);
  const Pack one = small + 1.0, two = small + 2.0;
  const Pack both = Pack(1.0) / (one * two);  // one division for 1 / (1 + e) and e / (2 + e)
  major = two * both;
  minor = small * major;
  gap = NegMulAdd(parts.excess, parts.power, Pack(1.0) - parts.power) * major;
  log = TwiceAtanh(small * (one * both));
}
template <>
HWY_INLINE void Logistic<DoubleWord>::Fill() {
  const DoubleWord small = Exp(-magnitude);
  major = DoubleWord(1.0) / (small + 1.0);
  minor = small * major;
  gap = -Expm1(-magnitude) * major;
  log = Log1pOfUnit(small);
}
template <>
inline void Logistic<Multi>::Fill() {
  // Further out exp would underflow to an interval that holds 0, which may divide; there no format can tell
  // the difference.
  const Multi minus = -Select(magnitude > Multi(0x1p60), Multi(0x1p60), magnitude);
  const Multi small = Exp(minus);
  major = Multi(1.0) / (small + Multi(1.0));
  minor = small * major;
  gap = -Expm1(minus) * major;
  log = Log1p(small);
}

/// Where a formula puts what it gives, when every output is wanted.
template <class N>
struct Terms {
  static constexpr bool kTakesTarget = true;
  HWY_INLINE void Loss(const Approx<N>& a) { loss = a; }
  HWY_INLINE void Input(const Approx<N>& a) { input = a; }
  HWY_INLINE void Target(const Approx<N>& a) { target = a; }

  Approx<N> loss, input, target;
};

}  // namespace exactloss::optimized::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // EXACTLOSS_OPTIMIZED_FORMULA_INL_H_
