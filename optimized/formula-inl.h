// What a formula is written in, at any kind of number N: Quick, Pack, DoubleWord, Multi. A formula gives each
// output with a bound of its error, so it says where an output cancels; the drivers do the rest.
#if defined(EXACTLOSS_OPTIMIZED_FORMULA_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef EXACTLOSS_OPTIMIZED_FORMULA_INL_H_
#undef EXACTLOSS_OPTIMIZED_FORMULA_INL_H_
#else
#define EXACTLOSS_OPTIMIZED_FORMULA_INL_H_
#endif

#include <cmath>
#include <type_traits>

#include "optimized/double_word-inl.h"
#include "optimized/multi.h"

HWY_BEFORE_NAMESPACE();
namespace exactloss::optimized::HWY_NAMESPACE {

/// Packs of doubles, one or several.
template <class N>
concept Doubles = std::is_same_v<N, Pack> || std::is_same_v<N, Quick>;

/// What bounds a number: as many lanes.
template <class N>
using BoundOf = std::conditional_t<std::is_same_v<N, Quick>, Quick, Pack>;

/// A value, and a bound of |value - truth|. A Multi knows its own.
template <class N>
struct Approx {
  N value;
  BoundOf<N> error;
};
template <>
struct Approx<Multi> {
  Multi value;
};
template <Doubles N>
HWY_INLINE Approx<N> WithError(const N& value, const N& error) {
  Approx<N> a;
  Put(value, &a.value);
  Put(error, &a.error);
  return a;
}

/// Right to `units` roundings of `scale`, the sum of the magnitudes that the value is made of.
template <Doubles N>
HWY_INLINE Approx<N> Within(const N& value, const N& scale, double units = 1) {
  return WithError(value, N(scale * (units * N::kUnit)));
}
HWY_INLINE Approx<DoubleWord> Within(const DoubleWord& value, const DoubleWord& scale, double units = 1) {
  return {value, Abs(scale.hi) * (units * DoubleWord::kUnit)};
}
inline Approx<Multi> Within(const Multi& value, const Multi&, double = 1) { return {value}; }

/// Rounded once more, it stays below an ulp of a narrow format: what mode fast asks of a value that cancels.
/// No infinity does, and no NaN.
template <class P>
HWY_INLINE auto IsFaithful(const P& value, const P& error) {
  return NegMulAdd(error, 0x1p25, Abs(value)) >= P(0.0);
}

/// A product or a sum of terms of one sign: right to so many roundings of itself.
template <Doubles N>
HWY_INLINE Approx<N> Relative(const N& value, double units = 1) {
  return Within(value, Abs(value), units);
}
HWY_INLINE Approx<DoubleWord> Relative(const DoubleWord& value, double units = 1) {
  return Within(value, value, units);
}
inline Approx<Multi> Relative(const Multi& value, double = 1) { return {value}; }

/// Sums and products of few numbers of a narrow format are often exact in double, and then often midpoints:
/// their bound must be 0. `lost` is what their roundings lost, itself right to a few roundings.
template <Doubles N>
HWY_INLINE Approx<N> Losing(const N& value, const N& lost) {
  // A bound of less than an ulp would vanish beside the value.
  return WithError(value, Select(lost == N(0.0), N(0.0), Max(Abs(lost) * 2.0, Abs(value) * 0x1p-51)));
}

/// x - t with what its rounding lost.
template <class N>
struct Difference {
  N value;
  BoundOf<N> lost;
};
template <>
struct Difference<Multi> {
  Multi value;
};
template <Doubles N>
HWY_INLINE Difference<N> DifferenceOf(const N& value, const N& lost) {
  Difference<N> d;
  Put(value, &d.value);
  Put(lost, &d.lost);
  return d;
}
template <Doubles N>
HWY_INLINE Difference<N> Subtract(const N& x, const N& t) {
  const N d = x - t, t_part = x - d;  // as in TwoSum
  return DifferenceOf(d, (t_part - t) + (x - (d + t_part)));
}
HWY_INLINE Difference<DoubleWord> Subtract(const DoubleWord& x, const DoubleWord& t) {
  return {x - t, Pack(0.0)};
}
inline Difference<Multi> Subtract(const Multi& x, const Multi& t) { return {x - t}; }

HWY_INLINE Quick LostIn(const Quick& product, const Quick& a, const Quick& b) {
  return Each([](const Pack& p, const Pack& x, const Pack& y) HWY_ATTR { return LostIn(p, x, y); }, product,
              a, b);
}

/// A factor times a difference, and a factor times its square.
template <Doubles N>
HWY_INLINE Approx<N> Times(const Difference<N>& d, const N& c) {
  const N product = d.value * c;
  return Losing(product, MulAdd(Abs(d.lost), Abs(c), Abs(LostIn(product, d.value, c))));
}
HWY_INLINE Approx<DoubleWord> Times(const Difference<DoubleWord>& d, const DoubleWord& c) {
  return Relative(d.value * c);
}
inline Approx<Multi> Times(const Difference<Multi>& d, const Multi& c) { return {d.value * c}; }

/// Times a power of two, which loses nothing.
template <Doubles N>
HWY_INLINE Approx<N> Scaled(const Difference<N>& d, double power) {
  return Losing(d.value * N(power), Abs(d.lost) * N(std::fabs(power)));
}
template <class N>
HWY_INLINE Approx<N> Scaled(const Difference<N>& d, double power) {
  return Times(d, N(power));
}

template <Doubles N>
HWY_INLINE Approx<N> ScaledSquare(const Difference<N>& d, double power) {
  const N square = d.value * d.value;
  const N lost = MulAdd(Abs(d.value) * 2.5, Abs(d.lost), Abs(LostIn(square, d.value, d.value)));
  return Losing(square * N(power), lost * N(power));
}
template <Doubles N>
HWY_INLINE Approx<N> SquareTimes(const Difference<N>& d, const N& c) {
  const Approx<N> square = ScaledSquare(d, 1.0);
  const N product = square.value * c;
  return Losing(product, MulAdd(square.error, Abs(c), Abs(LostIn(product, square.value, c))));
}
HWY_INLINE Approx<DoubleWord> SquareTimes(const Difference<DoubleWord>& d, const DoubleWord& c) {
  return Relative(d.value * d.value * c);
}
inline Approx<Multi> SquareTimes(const Difference<Multi>& d, const Multi& c) {
  return {d.value * d.value * c};
}

template <class N>
HWY_INLINE Approx<N> ScaledSquare(const Difference<N>& d, double power) {
  return SquareTimes(d, N(power));
}

/// 0 - a: +0 where a is +0.
template <Doubles N>
HWY_INLINE Approx<N> Opposite(const Approx<N>& a) {
  return WithError(N(0.0) - a.value, a.error);
}
HWY_INLINE Approx<DoubleWord> Opposite(const Approx<DoubleWord>& a) {
  return {DoubleWord(Pack(0.0) - a.value.hi, -a.value.lo), a.error};
}
inline Approx<Multi> Opposite(const Approx<Multi>& a) { return {-a.value}; }

template <class Mask, class N>
HWY_INLINE Approx<N> Select(const Mask& mask, const Approx<N>& a, const Approx<N>& b) {
  if constexpr (std::is_same_v<N, Multi>) {
    return mask ? a : b;
  } else if constexpr (std::is_same_v<N, DoubleWord>) {
    return {Select(mask, a.value, b.value), Select(mask, a.error, b.error)};
  } else {
    return WithError(Select(mask, a.value, b.value), Select(mask, a.error, b.error));
  }
}

/// Zero where nothing was computed, with its own sign.
template <class N>
HWY_INLINE Approx<N> Exactly(const N& value) {
  if constexpr (std::is_same_v<N, Multi>) {
    return {value};
  } else if constexpr (Doubles<N>) {
    return WithError(value, N(0.0));
  } else {
    return {value, 0.0};
  }
}

/// The same value with the error of `units` roundings of it on top.
template <Doubles N>
HWY_INLINE Approx<N> Widened(const Approx<N>& a, double units) {
  return WithError(a.value, MulAdd(Abs(a.value), units * N::kUnit, a.error));
}
HWY_INLINE Approx<DoubleWord> Widened(const Approx<DoubleWord>& a, double units) {
  return {a.value, MulAdd(Abs(a.value.hi), units * DoubleWord::kUnit, a.error)};
}
inline Approx<Multi> Widened(const Approx<Multi>& a, double) { return a; }

/// |x - t|, and that less a constant.
template <Doubles N>
HWY_INLINE Difference<N> Abs(const Difference<N>& d) {
  return DifferenceOf(Abs(d.value), d.lost);
}
HWY_INLINE Difference<DoubleWord> Abs(const Difference<DoubleWord>& d) { return {Abs(d.value), d.lost}; }
inline Difference<Multi> Abs(const Difference<Multi>& d) { return {Abs(d.value)}; }
template <Doubles N>
HWY_INLINE Difference<N> Less(const Difference<N>& d, double c) {
  const Difference<N> rest = Subtract(d.value, N(c));
  return DifferenceOf(rest.value, Abs(rest.lost) + Abs(d.lost));
}
HWY_INLINE Difference<DoubleWord> Less(const Difference<DoubleWord>& d, double c) {
  return {d.value - c, d.lost};
}
inline Difference<Multi> Less(const Difference<Multi>& d, double c) { return {d.value - Multi(c)}; }

/// 1 / c of a constant; `rounded` is that as a double.
template <class N>
HWY_INLINE N Reciprocal(double c, double rounded) {
  if constexpr (Doubles<N>) {
    return N(rounded);
  } else {
    return N(1.0) / N(c);
  }
}

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
template <class N>
HWY_INLINE void Logistic<N>::Fill() {
  const ExpParts<N> parts = SplitExpOfMinus(magnitude);
  const N small = MulAdd(parts.excess, parts.power, parts.power);
  const N one = small + 1.0, two = small + 2.0;
  const N both = N(1.0) / (one * two);  // one division for 1 / (1 + e) and e / (2 + e)
  Put(two * both, &major);
  Put(small * major, &minor);
  Put(NegMulAdd(parts.excess, parts.power, N(1.0) - parts.power) * major, &gap);
  Put(TwiceAtanh(small * (one * both)), &log);
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

/// u^exponent, for a u that is the minor share where `wrong` is 0: its logarithm is known beyond where exp
/// stays as it is, and to a small exponent u is no small number.
template <class N>
HWY_INLINE N PowerOfShare(const N& u, double exponent, const Logistic<N>& logistic, const N& wrong) {
  if (std::is_same_v<N, Multi> || PowerUnits(exponent) < 16) return Power(u, exponent);
  const N log = Select(wrong == N(0.0), -(logistic.magnitude + logistic.log), Log(u));
  return Exp(N(exponent) * log);
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
