// exp and log of the fast tier, each right to the share 2^-50 of its result at an exact argument.
#if defined(EXACTLOSS_ORACLE_FAST_FUNCTIONS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef EXACTLOSS_ORACLE_FAST_FUNCTIONS_INL_H_
#undef EXACTLOSS_ORACLE_FAST_FUNCTIONS_INL_H_
#else
#define EXACTLOSS_ORACLE_FAST_FUNCTIONS_INL_H_
#endif

#include "oracle/fast_ball-inl.h"

HWY_BEFORE_NAMESPACE();
namespace exactloss::HWY_NAMESPACE {

inline constexpr double kLn2High = 0x1.62e42fefap-1, kLn2Low = 0x1.cf79abc9e3b3ap-40;  ///< 33 bits and 53
inline constexpr double kToInteger = 0x1.8p52;  ///< adding it rounds to an integer, in the low bits

/// Beyond this exp(-a) stays where it is, at 2^-865. No rounding tells it from what it is, since only its
/// sign counts beside a number of a narrow format, and alone it is below all of them.
inline constexpr double kLargestExponent = 600;

/// 2^k of the integer that the low bits of k + kToInteger hold.
HWY_INLINE V PowerOfTwo(V shifted) {
  const hn::RebindToSigned<D> di;
  return hn::BitCast(D(), hn::ShiftLeft<52>(hn::Add(hn::BitCast(di, shifted), hn::Set(di, 1023))));
}

/// Estrin's scheme, the constant term first: c[kFirst] to c[kFirst + kTerms - 1] in powers of x; `powers` are
/// x^1, x^2, x^4, ...
template <std::size_t kFirst, std::size_t kTerms, std::size_t kAll>
HWY_INLINE V Estrin(const V* powers, const double (&c)[kAll]) {
  if constexpr (kTerms == 1) {
    return Constant(c[kFirst]);
  } else {
    constexpr std::size_t kLevel = kTerms > 8 ? 3 : kTerms > 4 ? 2 : kTerms > 2 ? 1 : 0, kLow = 1U << kLevel;
    return hn::MulAdd(Estrin<kFirst + kLow, kTerms - kLow>(powers, c), powers[kLevel],
                      Estrin<kFirst, kLow>(powers, c));
  }
}

template <std::size_t kTerms>
HWY_INLINE V Polynomial(V x, const double (&c)[kTerms]) {
  static_assert(kTerms > 8 && kTerms <= 16);
  V powers[4] = {x};
  for (std::size_t i = 1; i < 4; ++i) powers[i] = hn::Mul(powers[i - 1], powers[i - 1]);
  return Estrin<0, kTerms>(powers, c);
}

struct Exponential {
  Ball value;      ///< exp(-a)
  Ball minus_one;  ///< exp(-a) - 1
};

/// Of a >= 0.
///
/// a = k ln 2 - r, |r| <= 0.3466: k ln2High has 43 bits, so a - k ln2High is exact (Sterbenz; k = 0 is
/// trivial), and r is off by 2^-54.5. p = exp(r) - 1 = r + r^2 S, S being Taylor's to r^13 / 13!: the
/// remainder is below 1.03 |r|^14 / 14! < 2^-56 |p|. S is right to 2^-51, |r^2 S| <= 0.2 |r|, so p is right
/// to 2^-52 |p| and 2^-54. exp(-a) = 2^-k (1 + p) is right to 2^-51. exp(-a) - 1 = 2^-k p + (2^-k - 1): for k
/// = 0 it is p, and r = -a is exact; for k >= 1 it is at least 0.29, of terms right to 2^-53: 2^-51. A ball
/// moves exp(-a) by the share |tail| + radius, to first order; where that is below 2^-20, 1.001 covers the
/// rest.
HWY_INLINE Exponential ExpOfMinus(const Ball& a) {
  static constexpr double kTaylor[] = {0x1p-1,        1.0 / 6,        1.0 / 24,        1.0 / 120,
                                       1.0 / 720,     1.0 / 5040,     1.0 / 40320,     1.0 / 362880,
                                       1.0 / 3628800, 1.0 / 39916800, 1.0 / 479001600, 1.0 / 6227020800};
  const V head = hn::Min(a.head, Constant(kLargestExponent));
  const V shifted = hn::MulAdd(head, Constant(-0x1.71547652b82fep0), Constant(kToInteger));
  const V k = hn::Sub(shifted, Constant(kToInteger));  // negative
  const V r = hn::Neg(hn::MulAdd(k, Constant(kLn2Low), hn::MulAdd(k, Constant(kLn2High), head)));
  const V p = hn::MulAdd(hn::Mul(r, r), Polynomial(r, kTaylor), r);
  const V power = PowerOfTwo(shifted), value = hn::MulAdd(power, p, power);
  const V moved = hn::Mul(hn::Mul(value, Spread(a)), Constant(1.001));
  const V minus_one = hn::MulAdd(power, p, hn::Sub(power, Constant(1)));
  const V share = Constant(0x1p-50);
  return {{value, Constant(0), hn::MulAdd(value, share, moved)},
          {minus_one, Constant(0), hn::MulAdd(hn::Abs(minus_one), share, moved)}};
}

/// -log u, where u + v = 1 and u > 0; v may be negative where it is not small.
///
/// log(1 - v) for |v| < 1/4, else log(2^k m) = k ln 2 + log m, m in [0.707, 1.415): 2 atanh s, s = -v / (2 -
/// v) or (m - 1) / (m + 1), |s| < 0.172, z = s^2 < 0.0296. atanh s = s + s z Q(z), Q = 1/3 + z/5 + ... +
/// z^9/21; the remainder is below 1.04 z^11 / 23 < 2^-60. m - 1 is exact; s is off by 2u of it, s z Q by
/// less, their sum by u: 2^-51 in all. With k <= -1 (u < 0.708) or k >= 1 (u >= 1.41) no more than half
/// cancels, k ln2High being exact: 2^-51 again. The spread of u moves log u by spread / u, that of v by
/// spread / (1 - v) <= 1.34 spread.
HWY_INLINE Ball MinusLog(const Ball& u, const Ball& v) {
  static constexpr double kAtanh[] = {1.0 / 3,  1.0 / 5,  1.0 / 7,  1.0 / 9,  1.0 / 11,
                                      1.0 / 13, 1.0 / 15, 1.0 / 17, 1.0 / 19, 1.0 / 21};
  const hn::RebindToSigned<D> di;
  const Mask is_small = hn::Lt(hn::Abs(v.head), Constant(0.25));
  // k rounds log2(u) so that m = u / 2^k lies between sqrt(1/2) and sqrt(2).
  const auto bits = hn::BitCast(di, u.head);
  const auto above = hn::Sub(bits, hn::Set(di, 0x3fe6a09e667f3bcd));
  const auto exponent = hn::And(above, hn::Set(di, static_cast<std::int64_t>(0xfff0000000000000)));
  const V m = hn::BitCast(D(), hn::Sub(bits, exponent));
  const V k =
      hn::Sub(hn::BitCast(D(), hn::Add(hn::ShiftRight<52>(exponent), hn::BitCast(di, Constant(kToInteger)))),
              Constant(kToInteger));
  const V numerator = hn::IfThenElse(is_small, hn::Neg(v.head), hn::Sub(m, Constant(1)));
  const V denominator = hn::IfThenElse(is_small, hn::Sub(Constant(2), v.head), hn::Add(m, Constant(1)));
  const V s = hn::Div(numerator, denominator), z = hn::Mul(s, s), twice = hn::Add(s, s);
  const V atanh = hn::MulAdd(hn::Mul(twice, z), Polynomial(z, kAtanh), twice);
  const V log = hn::MulAdd(k, Constant(kLn2High), hn::MulAdd(k, Constant(kLn2Low), atanh));
  const V value = hn::Neg(hn::IfThenElse(is_small, atanh, log));
  const V moved = hn::IfThenElse(is_small, hn::Mul(Spread(v), Constant(1.34)),
                                 hn::Div(hn::Mul(Spread(u), Constant(1.001)), u.head));
  return {value, Constant(0), hn::MulAdd(hn::Abs(value), Constant(0x1p-50), moved)};
}

/// u^p of 0 < u <= 1, where u + v = 1; p is 0 or at least 1/2, so that where `u` stays at 2^-865 the power is
/// below every number too. A whole p keeps the sign of what is lost near 1, and so does the rest by way of v.
HWY_INLINE Ball Power(const Ball& u, const Ball& v, double p) {
  constexpr int kMostProducts = 8;
  if (p <= kMostProducts && p == static_cast<int>(p)) {
    Ball product = 1.0;
    for (int i = 0; i < static_cast<int>(p); ++i) product = i == 0 ? u : product * u;
    return product;
  }
  const Exponential e = ExpOfMinus(Ball(p) * MinusLog(u, v));
  return Select(hn::Lt(v.head, Constant(0.25)), Ball(1.0) + e.minus_one, e.value);
}

/// What the logistic losses are made of, by a = |x|; the sign of x decides which side each stands on.
struct Sides {
  HWY_INLINE explicit Sides(V x) : is_negative(hn::Lt(x, Constant(0))), magnitude(hn::Abs(x)) {
    const Exponential e = ExpOfMinus(Ball(magnitude));
    const V half = hn::Div(Constant(0.5), hn::Add(Constant(1), e.value.head));
    minor = Nearly(hn::Mul(hn::Add(e.value.head, e.value.head), half));
    // a/4 - a^3/48 + a^5/480 - ...: below 2^-13 the third term and the roundings are less than 2^-28 of the
    // second.
    const V cube = hn::Mul(hn::Mul(magnitude, magnitude), hn::Mul(magnitude, Constant(1.0 / 48)));
    const Ball series =
        Scaled(Ball(magnitude), 0.25) - Ball(cube, Constant(0), hn::Mul(cube, Constant(0x1p-28)));
    const Ball quotient = Nearly(hn::Neg(hn::Mul(e.minus_one.head, half)));
    excess = Select(hn::Lt(magnitude, Constant(0x1p-13)), series, quotient);
    major = Ball(1.0) - minor;
    softplus = MinusLog(major, minor);
  }

  Mask is_negative;
  V magnitude;    ///< a
  Ball minor;     ///< sigmoid(-a) = e / (1 + e): right to 2^-50 + 3u, like the next
  Ball excess;    ///< 1/2 - minor = (1 - e) / (2 (1 + e)); its small side is exact but for what a tail keeps
  Ball major;     ///< sigmoid(a)
  Ball softplus;  ///< log(1 + exp(-a)) = -log sigmoid(a)
};

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace exactloss::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
