// The functions of double words.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "optimized/double_word.cc"
#include <hwy/foreach_target.h>  // IWYU pragma: keep

#include "optimized/double_word-inl.h"

HWY_BEFORE_NAMESPACE();
namespace exactloss::optimized::HWY_NAMESPACE {

DoubleWord operator/(const DoubleWord& a, const DoubleWord& b) {
  const Pack first = a.hi / b.hi;
  const DoubleWord rest = a - b * DoubleWord(first);
  const Pack second = rest.hi / b.hi;
  const DoubleWord last = rest - b * DoubleWord(second);
  return FastTwoSum(first, second) + DoubleWord(last.hi / b.hi);
}

DoubleWord Sqrt(const DoubleWord& x) {
  const Pack root = Sqrt(x.hi);
  const DoubleWord rest = x - TwoProduct(root, root);
  const DoubleWord better = FastTwoSum(root, rest.hi / (root + root));
  const DoubleWord last = x - better * better;
  return Select(x.hi == 0.0, DoubleWord(0.0), better + DoubleWord(last.hi / (root + root)));
}

/// exp(r) - 1 for |r| <= ln(2) / 2: Taylor's series at r / 32 to the eleventh power, then e^2r - 1 = p (2 +
/// p) five times.
static HWY_NOINLINE DoubleWord Expm1Reduced(const DoubleWord& r) {
  // 1 / n!, n = 12 .. 7, as doubles; 6 .. 2 as double words.
  static constexpr double kTail[] = {0x1.a01a01a01a01ap-13, 0x1.a01a01a01a01ap-16, 0x1.71de3a556c734p-19,
                                     0x1.27e4fb7789f5cp-22, 0x1.ae64567f544e4p-26, 0x1.1eed8eff8d898p-29};
  static constexpr double kHigh[] = {0x1p-1, 0x1.5555555555555p-3, 0x1.5555555555555p-5, 0x1.1111111111111p-7,
                                     0x1.6c16c16c16c17p-10};
  static constexpr double kLow[] = {0, 0x1.5555555555555p-57, 0x1.5555555555555p-59, 0x1.1111111111111p-63,
                                    -0x1.f49f49f49f49fp-65};
  const DoubleWord s = Scaled(r, 0x1p-5);
  DoubleWord p = TwoProduct(s.hi, Polynomial(s.hi, kTail));
  for (std::size_t i = 5; i-- > 0;) {
    p = p + DoubleWord(kHigh[i], kLow[i]);
    p = p * s;
  }
  p = p * s + s;
  for (int i = 0; i < 5; ++i) p = p * (p + 2.0);
  return p;
}

/// exp(x) = 2^k (1 + excess), with k + kShift; beyond +-1e4, far past what a double holds, it stays where it
/// is there.
struct ExpWords {
  DoubleWord excess;
  Pack k;
};
HWY_INLINE ExpWords SplitExp(const DoubleWord& argument) {
  const PackMask low = argument.hi<-10000.0, high = argument.hi> 10000.0;
  const DoubleWord x = Select(low, DoubleWord(-10000.0), Select(high, DoubleWord(10000.0), argument));
  const Pack k = MulAdd(x.hi, 0x1.71547652b82fep0, kShift) - kShift;
  // ln 2 = three doubles, the first of which times k is exact.
  const DoubleWord r = (x - DoubleWord(k * 0x1.62e42fefap-1)) -
                       DoubleWord(k) * DoubleWord(0x1.cf79abc9e3b3ap-40, -0x1.ff0342542fc33p-94);
  return {Expm1Reduced(r), k};
}
/// 2^(k/2) rounded down to an integer exponent: twice applied it does not overflow before the result does.
HWY_INLINE DoubleWord TimesPowerOfTwo(const DoubleWord& x, const Pack& k) {
  const Pack half = MulAdd(k, 0.5, kShift) - kShift, other = k - half;
  const auto power = [](const Pack& e)
                         HWY_ATTR { return PowerOfTwo(Max(Min(e, Pack(1023.0)), Pack(-1022.0)) + kShift); };
  return Scaled(Scaled(x, power(half)), power(other));
}
DoubleWord Exp(const DoubleWord& x) {
  const ExpWords parts = SplitExp(x);
  const DoubleWord power = TimesPowerOfTwo(parts.excess + 1.0, parts.k);
  // Where the result underflows partly it is right to no bound: NaN sends such lanes to the next stage.
  const PackMask far = x.hi < -10000.0, deep = (x.hi < -690.0) & !far;
  return Select(deep, DoubleWord(kNan), Select(far, DoubleWord(0.0), power));
}
DoubleWord Expm1(const DoubleWord& x) {
  const ExpWords parts = SplitExp(x);
  return Select(parts.k == 0.0, parts.excess, TimesPowerOfTwo(parts.excess + 1.0, parts.k) - 1.0);
}

/// log(1 + x) for 1 + x in [sqrt(1/2), sqrt(2)], or x in [0, 1]: one step of Newton's from the double's.
static HWY_NOINLINE DoubleWord Log1pReduced(const DoubleWord& x) {
  const Pack start = Log1p(x.hi);
  const ExpWords parts = SplitExp(DoubleWord(start));
  const Pack power = PowerOfTwo(parts.k + kShift);  // 1/2, 1 or 2
  const DoubleWord minus_one = Scaled(parts.excess, power) + DoubleWord(power - 1.0);
  const DoubleWord step = (x - minus_one) / (minus_one + 1.0);
  return DoubleWord(start) + (step - step * Scaled(step, 0.5));
}
DoubleWord Log1pOfUnit(const DoubleWord& x) { return Log1pReduced(x); }

DoubleWord Log(const DoubleWord& x) {
  const PackMask tiny = x.hi < 0x1p-900;
  const DoubleWord y = Select(tiny, Scaled(x, 0x1p200), x);
  const Mantissa parts = SplitMantissa(y.hi);
  const DoubleWord m(parts.m, y.lo * (parts.m / y.hi));
  const Pack k = parts.k - Select(tiny, Pack(200.0), Pack(0.0));
  const DoubleWord ln2(0x1.62e42fefa39efp-1, 0x1.abc9e3b39803fp-56);
  const DoubleWord log = DoubleWord(k) * ln2 + Log1pReduced(m - 1.0);
  const DoubleWord inside = Select(x.hi >= kInfinity, x, log);
  return Select(x.hi > 0.0, inside, DoubleWord(Select(x.hi == 0.0, Pack(-kInfinity), Pack(kNan))));
}
DoubleWord Log1p(const DoubleWord& x) {
  const PackMask near = Abs(x.hi) < 0.25;
  return Select(near, Log1pReduced(Select(near, x, DoubleWord(0.0))), Log(x + 1.0));
}

/// atan(y / x) for x >= 0: the double's, turned by its own sine and cosine.
DoubleWord AtanRatio(const DoubleWord& y, const DoubleWord& x) {
  const Pack start = AtanRatio(y.hi, x.hi);
  // sin and cos of start / 8 by Taylor's series, then three doublings of the angle.
  const DoubleWord a = Scaled(DoubleWord(start), 0.125), square = -(a * a);
  DoubleWord sine(0.0), versine(0.0);  // sin(a) / a, and (1 - cos(a)) / a^2
  for (int n = 19; n >= 1; n -= 2) {
    sine = sine * square / DoubleWord((n + 1.0) * (n + 2.0)) + 1.0;
    versine = versine * square / DoubleWord((n + 2.0) * (n + 3.0)) + 1.0;
  }
  sine = sine * a;
  versine = Scaled(-(versine * square), 0.5);
  for (int i = 0; i < 3; ++i) {
    const DoubleWord cosine = DoubleWord(1.0) - versine;
    versine = Scaled(sine * sine, 2.0);
    sine = Scaled(sine * cosine, 2.0);
  }
  const DoubleWord cosine = DoubleWord(1.0) - versine;
  const DoubleWord turned = (y * cosine - x * sine) / (x * cosine + y * sine);
  return DoubleWord(start) + turned;  // its cube is below 2^-150
}

}  // namespace exactloss::optimized::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
