// Pack: a vector of doubles with the arithmetic that formulas are written in.
#if defined(EXACTLOSS_OPTIMIZED_PACK_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef EXACTLOSS_OPTIMIZED_PACK_INL_H_
#undef EXACTLOSS_OPTIMIZED_PACK_INL_H_
#else
#define EXACTLOSS_OPTIMIZED_PACK_INL_H_
#endif

#include <hwy/highway.h>

#include <cstddef>
#include <cstdint>
#include <limits>

#include "optimized/kernel.h"

HWY_BEFORE_NAMESPACE();
namespace exactloss::optimized::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

inline constexpr double kInfinity = std::numeric_limits<double>::infinity();
inline constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

using D64 = hn::CappedTag<double, kSumLanes>;
using DI64 = hn::RebindToSigned<D64>;
using DU64 = hn::RebindToUnsigned<D64>;
using V64 = hn::VFromD<D64>;
using M64 = decltype(hn::Eq(V64(), V64()));

inline constexpr std::size_t kPackLanes = hn::MaxLanes(D64());

/// A truth value for each lane.
struct PackMask {
  M64 m;
};

struct Pack {
  using Mask = PackMask;
  /// A formula of some ten roundings and two or three functions is right to this share of the terms that it
  /// adds up: see functions-inl.h for what each function costs.
  static constexpr double kUnit = 0x1p-46;

  Pack() = default;
  // NOLINTNEXTLINE(google-explicit-constructor): formulas mix packs and constants
  HWY_INLINE Pack(double c) : v(hn::Set(D64(), c)) {}
  HWY_INLINE explicit Pack(V64 vector) : v(vector) {}

  V64 v;  // one vector: g++ 12 keeps a struct of two in memory
};

#define EXACTLOSS_BINARY(NAME, CALL) \
  HWY_INLINE Pack NAME(const Pack& a, const Pack& b) { return Pack(hn::CALL(a.v, b.v)); }
EXACTLOSS_BINARY(operator+, Add)
EXACTLOSS_BINARY(operator-, Sub)
EXACTLOSS_BINARY(operator*, Mul)
EXACTLOSS_BINARY(operator/, Div)
EXACTLOSS_BINARY(CopySign, CopySign)
#undef EXACTLOSS_BINARY

#define EXACTLOSS_UNARY(NAME, CALL) \
  HWY_INLINE Pack NAME(const Pack& a) { return Pack(hn::CALL(a.v)); }
EXACTLOSS_UNARY(operator-, Neg)
EXACTLOSS_UNARY(Abs, Abs)
EXACTLOSS_UNARY(Sqrt, Sqrt)
#undef EXACTLOSS_UNARY

/// a b + c, in one rounding where the target has it.
HWY_INLINE Pack MulAdd(const Pack& a, const Pack& b, const Pack& c) {
  return Pack(hn::MulAdd(a.v, b.v, c.v));
}
/// c - a b
HWY_INLINE Pack NegMulAdd(const Pack& a, const Pack& b, const Pack& c) {
  return Pack(hn::NegMulAdd(a.v, b.v, c.v));
}

#define EXACTLOSS_COMPARE(NAME, CALL) \
  HWY_INLINE PackMask NAME(const Pack& a, const Pack& b) { return {hn::CALL(a.v, b.v)}; }
EXACTLOSS_COMPARE(operator<, Lt)
EXACTLOSS_COMPARE(operator<=, Le)
EXACTLOSS_COMPARE(operator>, Gt)
EXACTLOSS_COMPARE(operator>=, Ge)
EXACTLOSS_COMPARE(operator==, Eq)
#undef EXACTLOSS_COMPARE

#define EXACTLOSS_LOGICAL(NAME, CALL) \
  HWY_INLINE PackMask NAME(const PackMask& a, const PackMask& b) { return {hn::CALL(a.m, b.m)}; }
EXACTLOSS_LOGICAL(operator&, And)
EXACTLOSS_LOGICAL(operator|, Or)
#undef EXACTLOSS_LOGICAL

HWY_INLINE PackMask operator!(const PackMask& a) { return {hn::Not(a.m)}; }

HWY_INLINE bool AllTrue(const PackMask& mask) { return hn::AllTrue(D64(), mask.m); }

/// Bit i: lane i of the mask of a vector.
template <class D, class M>
HWY_INLINE std::uint32_t BitsOfVector(D d, M mask) {
  std::uint8_t bytes[8] = {};
  hn::StoreMaskBits(d, mask, bytes);
  return bytes[0];
}
/// Bit i: lane i.
HWY_INLINE std::uint32_t BitsOf(const PackMask& mask) { return BitsOfVector(D64(), mask.m); }

/// Lane by lane: a where the mask is set, else b.
HWY_INLINE Pack Select(const PackMask& mask, const Pack& a, const Pack& b) {
  return Pack(hn::IfThenElse(mask.m, a.v, b.v));
}
HWY_INLINE Pack Max(const Pack& a, const Pack& b) { return Select(a > b, a, b); }
HWY_INLINE Pack Min(const Pack& a, const Pack& b) { return Select(a < b, a, b); }
HWY_INLINE PackMask IsNumber(const Pack& x) { return Abs(x) <= kInfinity; }
/// The sign bit of x set: -0 counts as negative.
HWY_INLINE PackMask IsNegative(const Pack& x) { return CopySign(Pack(1.0), x) < Pack(0.0); }

HWY_INLINE Pack LoadPack(const double* from) { return Pack(hn::LoadU(D64(), from)); }
HWY_INLINE void StorePack(const Pack& a, double* to) { hn::StoreU(a.v, D64(), to); }

}  // namespace exactloss::optimized::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // EXACTLOSS_OPTIMIZED_PACK_INL_H_
