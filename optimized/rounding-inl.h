// Packs to and from tensors: widening, rounding to the storage format, and the test that tells whether a
// value and its error leave no doubt about the rounded result (Ziv 1991).
#if defined(EXACTLOSS_OPTIMIZED_ROUNDING_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef EXACTLOSS_OPTIMIZED_ROUNDING_INL_H_
#undef EXACTLOSS_OPTIMIZED_ROUNDING_INL_H_
#else
#define EXACTLOSS_OPTIMIZED_ROUNDING_INL_H_
#endif

#include <type_traits>

#include "optimized/formats.h"
#include "optimized/quick-inl.h"

HWY_BEFORE_NAMESPACE();
namespace exactloss::optimized::HWY_NAMESPACE {

using D32 = hn::Rebind<float, D64>;
using DU32 = hn::Rebind<std::uint32_t, D64>;
using DI32 = hn::Rebind<std::int32_t, D64>;
using DU16 = hn::Rebind<std::uint16_t, D64>;
using V32 = hn::VFromD<D32>;

HWY_INLINE V32 FromBrain(hn::VFromD<DU32> bits) { return hn::BitCast(D32(), hn::ShiftLeft<16>(bits)); }
HWY_INLINE V32 FromHalf(hn::VFromD<DU32> bits) {
  // The fraction and exponent, moved to a float's place and multiplied by 2^(127 - 15): subnormal numbers as
  // well.
  const auto magnitude = hn::ShiftLeft<13>(hn::And(bits, hn::Set(DU32(), 0x7fff)));
  const V32 finite = hn::Mul(hn::BitCast(D32(), magnitude), hn::Set(D32(), 0x1p112F));
  const V32 special = hn::BitCast(D32(), hn::Or(magnitude, hn::Set(DU32(), 0x7f800000)));
  const V32 value = hn::IfThenElse(hn::Lt(finite, hn::Set(D32(), 65536.0F)), finite, special);
  const auto sign = hn::ShiftLeft<16>(hn::And(bits, hn::Set(DU32(), 0x8000)));
  return hn::BitCast(D32(), hn::Or(hn::BitCast(DU32(), value), sign));
}
HWY_INLINE hn::VFromD<DU32> ToHalf(V32 x) {
  const V32 magnitude = hn::Abs(x);
  const auto small = hn::ShiftRight<13>(hn::BitCast(DU32(), hn::Mul(magnitude, hn::Set(D32(), 0x1p-112F))));
  const auto infinite = hn::Set(DU32(), 0x7c00), nan = hn::Set(DU32(), 0x7e00);
  const auto finite = hn::RebindMask(DU32(), hn::Lt(magnitude, hn::Set(D32(), 65536.0F)));
  const auto ordered = hn::RebindMask(DU32(), hn::Eq(magnitude, magnitude));
  const auto sign = hn::And(hn::ShiftRight<16>(hn::BitCast(DU32(), x)), hn::Set(DU32(), 0x8000));
  return hn::Or(sign, hn::IfThenElse(finite, small, hn::IfThenElse(ordered, infinite, nan)));
}

HWY_INLINE V64 LoadVector(Dtype, const double* from) { return hn::LoadU(D64(), from); }
HWY_INLINE V64 LoadVector(Dtype, const float* from) { return hn::PromoteTo(D64(), hn::LoadU(D32(), from)); }
HWY_INLINE V64 LoadVector(Dtype dtype, const Half* from) {
  const auto bits = hn::PromoteTo(DU32(), hn::LoadU(DU16(), &from->bits));
  return hn::PromoteTo(D64(), dtype == Dtype::kBF16 ? FromBrain(bits) : FromHalf(bits));
}

/// kPackLanes elements from `from` on.
template <class T>
HWY_INLINE Pack LoadPackOf(Dtype dtype, const T* from) {
  return Pack(LoadVector(dtype, from));
}

/// kQuickLanes elements from `from` on.
template <class T>
HWY_INLINE Quick LoadQuickOf(Dtype dtype, const T* from) {
  Quick all;
#pragma GCC unroll 4
  for (std::size_t k = 0; k < kQuickPacks; ++k) all.part[k] = LoadPackOf(dtype, from + k * kPackLanes);
  return all;
}

/// To the nearest number of a 16-bit format, ties to even, in double: adding 1.5 * 2^52 units of the last
/// place cuts the rest off. From the largest exponent on the result may be 2^(max_exponent + 1), which stands
/// for infinity.
HWY_INLINE V64 RoundInDouble(Dtype dtype, V64 x) {
  const Format format = FormatOf(dtype);
  const auto exponent = hn::And(hn::BitCast(DI64(), x), hn::Set(DI64(), 0x7ff0000000000000));
  const auto smallest = hn::Set(DI64(), static_cast<std::int64_t>(format.min_exponent + 1023) << 52);
  const auto largest = hn::Set(DI64(), std::int64_t{1500} << 52);  // the shift must not overflow
  const auto above = hn::IfThenElse(hn::Gt(exponent, smallest), exponent, smallest);
  const auto clamped = hn::BitCast(D64(), hn::IfThenElse(hn::Gt(above, largest), largest, above));
  const double cut = 1.5 * static_cast<double>(std::uint64_t{1} << (53 - format.precision));
  const V64 shift = hn::Mul(clamped, hn::Set(D64(), cut));
  return hn::CopySign(hn::Sub(hn::Add(hn::Abs(x), shift), shift), x);
}

HWY_INLINE V64 RoundVector(Dtype, V64 x, const double*) { return x; }
HWY_INLINE V32 ToFloat(V64 x) {
#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128
  // Highway's own saturates at the largest finite number instead of giving infinity.
  double wide[kPackLanes];
  float narrow[kPackLanes];
  hn::StoreU(x, D64(), wide);
  for (std::size_t i = 0; i < kPackLanes; ++i) narrow[i] = static_cast<float>(wide[i]);
  return hn::LoadU(D32(), narrow);
#else
  return hn::DemoteTo(D32(), x);
#endif
}
HWY_INLINE V32 RoundVector(Dtype, V64 x, const float*) { return ToFloat(x); }
HWY_INLINE V32 RoundVector(Dtype dtype, V64 x, const Half*) { return ToFloat(RoundInDouble(dtype, x)); }

/// The nearest numbers of the format, as they are stored but for the last step of 16-bit ones.
template <class T>
struct Rounded {
  using Tag = std::conditional_t<std::is_same_v<T, double>, D64, D32>;
  hn::VFromD<Tag> v;
};

template <class T>
HWY_INLINE Rounded<T> Round(Dtype dtype, const Pack& x) {
  return {RoundVector(dtype, x.v, static_cast<const T*>(nullptr))};
}

HWY_INLINE void StoreVector(Dtype, V64 x, double* to) { hn::StoreU(x, D64(), to); }
HWY_INLINE void StoreVector(Dtype, V32 x, float* to) { hn::StoreU(x, D32(), to); }
HWY_INLINE void StoreVector(Dtype dtype, V32 x, Half* to) {
  const auto bits = dtype == Dtype::kBF16 ? hn::ShiftRight<16>(hn::BitCast(DU32(), x)) : ToHalf(x);
  hn::StoreU(hn::DemoteTo(DU16(), hn::BitCast(DI32(), bits)), DU16(), &to->bits);
}

template <class T>
HWY_INLINE void StoreRounded(Dtype dtype, const Rounded<T>& x, T* to) {
  StoreVector(dtype, x.v, to);
}

template <class T>
HWY_INLINE void StoreRounded(Dtype dtype, const Quick& x, T* to) {
#pragma GCC unroll 4
  for (std::size_t k = 0; k < kQuickPacks; ++k)
    StoreRounded(dtype, Round<T>(dtype, x.part[k]), to + k * kPackLanes);
}

/// A truth value for each lane of a rounded pack.
template <class T>
struct RoundedMask {
  hn::Mask<typename Rounded<T>::Tag> m;
};
template <class T>
HWY_INLINE RoundedMask<T> operator&(const RoundedMask<T>& a, const RoundedMask<T>& b) {
  return {hn::And(a.m, b.m)};
}
template <class T>
HWY_INLINE bool AllTrue(const RoundedMask<T>& mask) {
  return hn::AllTrue(typename Rounded<T>::Tag(), mask.m);
}
/// The same number: no NaN is.
template <class T>
HWY_INLINE RoundedMask<T> Same(const Rounded<T>& a, const Rounded<T>& b) {
  return {hn::Eq(a.v, b.v)};
}
template <class T>
HWY_INLINE bool SameLanes(const Rounded<T>& a, const Rounded<T>& b) {
  return AllTrue(Same(a, b));
}
/// Bit i: lane i is not set.
template <class T>
HWY_INLINE std::uint32_t BitsOutside(const RoundedMask<T>& mask) {
  return BitsOfVector(typename Rounded<T>::Tag(), hn::Not(mask.m));
}
template <class T>
HWY_INLINE std::uint32_t DifferentLanes(const Rounded<T>& a, const Rounded<T>& b) {
  return BitsOutside(Same(a, b));
}

/// Stores the rounded pack; the lanes that `error` leaves no doubt of (Ziv's test).
template <class T>
HWY_INLINE RoundedMask<T> StoreCertain(Dtype dtype, const Pack& value, const Pack& error, T* to) {
  const Rounded<T> low = Round<T>(dtype, value - error), high = Round<T>(dtype, value + error);
  StoreRounded(dtype, low, to);
  return Same(low, high);
}

/// Of several packs: the lanes that are certain in all of them.
template <class T>
HWY_INLINE RoundedMask<T> StoreCertain(Dtype dtype, const Quick& value, const Quick& error, T* to) {
  RoundedMask<T> certain = StoreCertain(dtype, value.part[0], error.part[0], to);
#pragma GCC unroll 4
  for (std::size_t k = 1; k < kQuickPacks; ++k)
    certain = certain & StoreCertain(dtype, value.part[k], error.part[k], to + k * kPackLanes);
  return certain;
}

/// The same of one pack; bits of the lanes in doubt.
template <class T>
HWY_INLINE std::uint32_t StoreTested(Dtype dtype, const Pack& value, const Pack& error, T* to) {
  const RoundedMask<T> certain = StoreCertain(dtype, value, error, to);
  return HWY_LIKELY(AllTrue(certain)) ? 0 : BitsOutside(certain);
}

}  // namespace exactloss::optimized::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // EXACTLOSS_OPTIMIZED_ROUNDING_INL_H_
