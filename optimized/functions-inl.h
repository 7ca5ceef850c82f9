// Exp, Log, Log1p, Expm1 and AtanRatio of packs, one or several (P), each right to 2^-49.5 of its result (see
// tests/optimized/functions_test.cc). The coefficients come from polynomials.sollya, and so do the errors of
// approximation that stand beside them.
#if defined(EXACTLOSS_OPTIMIZED_FUNCTIONS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef EXACTLOSS_OPTIMIZED_FUNCTIONS_INL_H_
#undef EXACTLOSS_OPTIMIZED_FUNCTIONS_INL_H_
#else
#define EXACTLOSS_OPTIMIZED_FUNCTIONS_INL_H_
#endif

#include "optimized/quick-inl.h"

HWY_BEFORE_NAMESPACE();
namespace exactloss::optimized::HWY_NAMESPACE {

/// Estrin's scheme, the constant term first: pairs of terms side by side, since Horner's chain would wait for
/// itself.
template <class P, std::size_t kTerms>
HWY_INLINE P Polynomial(const P& x, const double (&c)[kTerms]) {
  static_assert(kTerms >= 5 && kTerms <= 12);
  const auto pair = [&](std::size_t i)
                        HWY_ATTR { return i + 1 < kTerms ? MulAdd(x, c[i + 1], c[i]) : P(c[i]); };
  const P x2 = x * x, x4 = x2 * x2;
  const P low = MulAdd(pair(2), x2, pair(0));
  const P high = kTerms > 6 ? MulAdd(pair(kTerms > 6 ? 6 : 4), x2, pair(4)) : pair(4);
  if constexpr (kTerms <= 8) {
    return MulAdd(high, x4, low);
  } else {
    const P top = kTerms > 10 ? MulAdd(pair(kTerms > 10 ? 10 : 8), x2, pair(8)) : pair(8);
    return MulAdd(MulAdd(top, x4, high), x4, low);
  }
}

inline constexpr double kLn2High = 0x1.62e42fefap-1,
                        kLn2Low = 0x1.cf79abc9e3b3ap-40;  // 33 bits, then the rest
inline constexpr double kShift = 0x1.8p52;  // adding it rounds to an integer, which the low bits then hold

/// 2^k for the integer that the low bits of `shifted` = k + kShift hold; -1022 <= k <= 1023.
HWY_INLINE Pack PowerOfTwo(const Pack& shifted) {
  const auto biased = hn::Add(hn::BitCast(DI64(), shifted.v), hn::Set(DI64(), 1023));
  return Pack(hn::BitCast(D64(), hn::ShiftLeft<52>(biased)));
}
HWY_INLINE Quick PowerOfTwo(const Quick& shifted) {
  return Each([](const Pack& x) HWY_ATTR { return PowerOfTwo(x); }, shifted);
}

/// exp(x) = power (1 + excess), |excess| < 0.42. Beyond +-708 it stays where it is there: no number of a
/// narrow format tells the difference.
template <class P>
struct ExpParts {
  P excess, power;
};
template <class P>
HWY_INLINE ExpParts<P> SplitClampedExp(const P& x) {
  // exp(r) - 1 = r + r^2 p(r), |r| <= ln(2) / 2: relative error below 2^-55.5.
  static constexpr double kExp[] = {0x1.0000000000005p-1,  0x1.555555555554p-3,   0x1.555555555211ap-5,
                                    0x1.11111111173c5p-7,  0x1.6c16c17f2a745p-10, 0x1.a01a017eed07dp-13,
                                    0x1.a019a6b09c56bp-16, 0x1.71de71617d14ep-19, 0x1.28a27fa0b6e7bp-22,
                                    0x1.ae90479eb62bp-26};
  const P shifted = MulAdd(x, 0x1.71547652b82fep0, kShift);
  const P k = shifted - kShift;
  const P r = NegMulAdd(k, kLn2Low, NegMulAdd(k, kLn2High, x));
  ExpParts<P> parts;
  Put(MulAdd(r * r, Polynomial(r, kExp), r), &parts.excess);
  Put(PowerOfTwo(shifted), &parts.power);
  return parts;
}

template <class P>
HWY_INLINE ExpParts<P> SplitExp(const P& x) {
  const P above = Select(x < -708.0, P(-708.0), x);  // in this order a NaN stays one
  return SplitClampedExp(Select(above > 708.0, P(708.0), above));
}

/// exp(-x) for x >= 0.
template <class P>
HWY_INLINE ExpParts<P> SplitExpOfMinus(const P& x) {
  return SplitClampedExp(-Select(x > 708.0, P(708.0), x));
}

template <class P>
HWY_INLINE P Exp(const P& x) {
  const ExpParts<P> parts = SplitExp(x);
  return MulAdd(parts.excess, parts.power, parts.power);
}

/// exp(x) - 1, right to the last bits at 0 as well.
template <class P>
HWY_INLINE P Expm1(const P& x) {
  const ExpParts<P> parts = SplitExp(x);
  return MulAdd(parts.excess, parts.power, parts.power - 1.0);
}

/// 2 atanh(s), s = x / (2 + x): log(1 + x) for 0 <= x <= 1. Relative error below 2^-50.
template <class P>
HWY_INLINE P TwiceAtanh(const P& s) {
  static constexpr double kAtanh[] = {0x1.5555555555959p-2, 0x1.99999998e8199p-3, 0x1.24924979632a8p-3,
                                      0x1.c71c4a066176ep-4, 0x1.746259a325797p-4, 0x1.3aa89d9b39054p-4,
                                      0x1.1643faa09dafbp-4, 0x1.9574d4fc7b852p-5, 0x1.6b7782f447301p-4};
  const P square = s * s, twice = s + s;
  return MulAdd(twice * square, Polynomial(square, kAtanh), twice);
}
template <class P>
HWY_INLINE P Log1pOfUnit(const P& x) {
  return TwiceAtanh(x / (x + 2.0));
}

/// log(2^k (1 + f)), -0.293 <= f <= 0.4143, as k ln 2 + 2 atanh(f / (2 + f)): relative error below 2^-50.
template <class P>
HWY_INLINE P LogOfParts(const P& k, const P& f) {
  static constexpr double kAtanh[] = {0x1.555555555385ap-2, 0x1.999999a2ca544p-3, 0x1.2492415833859p-3,
                                      0x1.c722887aeac26p-4, 0x1.732a2b19276e2p-4, 0x1.588e87ef27266p-4};
  const P s = f / (f + 2.0), square = s * s, twice = s + s;
  const P tail = MulAdd(k, kLn2Low, twice * square * Polynomial(square, kAtanh));
  return MulAdd(k, kLn2High, twice + tail);
}

/// x = 2^k m with m in [sqrt(1/2), sqrt(2)], for normal x > 0.
template <class P>
struct Mantissa {
  P k, m;
};
HWY_INLINE Mantissa<Pack> SplitMantissa(const Pack& x) {
  // The exponent of sqrt(2) x, with an offset of 1024 that keeps it positive while it is shifted down.
  const auto bits = hn::BitCast(DI64(), x.v);
  const auto offset =
      hn::Set(DI64(), (std::int64_t{1024} << 52) - 0x3fe6a09e667f3bcd);  // the bits of sqrt(1/2)
  const auto biased = hn::BitCast(DI64(), hn::ShiftRight<52>(hn::BitCast(DU64(), hn::Add(bits, offset))));
  const auto k = hn::Sub(biased, hn::Set(DI64(), 1024));
  const auto shifted = hn::Add(k, hn::BitCast(DI64(), hn::Set(D64(), kShift)));
  const auto mantissa = hn::Sub(bits, hn::ShiftLeft<52>(k));
  return {Pack(hn::BitCast(D64(), shifted)) - kShift, Pack(hn::BitCast(D64(), mantissa))};
}
HWY_INLINE Mantissa<Quick> SplitMantissa(const Quick& x) {
  Mantissa<Quick> all;
#pragma GCC unroll 4
  for (std::size_t k = 0; k < kQuickPacks; ++k) {
    const Mantissa<Pack> one = SplitMantissa(x.part[k]);
    all.k.part[k] = one.k;
    all.m.part[k] = one.m;
  }
  return all;
}

/// log(x) for x = 0 or normal; NaN below 0, +inf at +inf.
template <class P>
HWY_INLINE P Log(const P& x) {
  const Mantissa<P> parts = SplitMantissa(x);
  const P log = LogOfParts(parts.k, parts.m - 1.0);
  const P inside = Select(x >= kInfinity, x, log);
  return Select(x > 0.0, inside, Select(x == 0.0, P(-kInfinity), P(kNan)));
}

/// log(1 + x), right to the last bits at 0 as well.
template <class P>
HWY_INLINE P Log1p(const P& x) {
  const P y = x + 1.0;
  const P lost = Select(Abs(x) < 1.0, x - (y - 1.0), 1.0 - (y - x));
  const Mantissa<P> parts = SplitMantissa(y);
  const P f = (parts.m - 1.0) + lost * PowerOfTwo(P(kShift) - parts.k);
  const P inside = Select(x >= kInfinity, x, LogOfParts(parts.k, f));
  return Select(x > -1.0, inside, Select(x == -1.0, P(-kInfinity), P(kNan)));
}

/// atan(y / x) for x >= 0, not both 0: in one division.
template <class P>
HWY_INLINE P AtanRatio(const P& y, const P& x) {
  // atan(z) / z in z^2, |z| <= tan(pi / 8): relative error below 2^-50.
  static constexpr double kAtan[] = {-0x1.5555555555302p-2, 0x1.9999999947798p-3,  -0x1.24924904f4eaep-3,
                                     0x1.c71c65aa28f77p-4,  -0x1.745bc032e51abp-4, 0x1.3afc0fc8597b4p-4,
                                     -0x1.100408006a8a8p-4, 0x1.d249fb49f25e4p-5,  -0x1.64fafd60249f1p-5,
                                     0x1.5c0e5d57fffc9p-6};
  const P a = Abs(y);
  const auto steep = a > x * 0x1.3504f333f9de6p1, middle = a > x * 0x1.a827999fcef32p-2;
  const P top = Select(steep, -x, Select(middle, a - x, a));
  const P bottom = Select(steep, a, Select(middle, a + x, x));
  const P offset = Select(steep, P(0x1.921fb54442d18p0), Select(middle, P(0x1.921fb54442d18p-1), P(0.0)));
  const P z = top / bottom, square = z * z;
  return CopySign(offset + MulAdd(z * square, Polynomial(square, kAtan), z), y);
}

}  // namespace exactloss::optimized::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // EXACTLOSS_OPTIMIZED_FUNCTIONS_INL_H_
