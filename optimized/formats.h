// Rounding of single numbers to the formats that tensors are stored in.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "optimized/kernel.h"

namespace exactloss::optimized {

struct Format {
  int precision;     ///< bits of the significand, the hidden one included
  int min_exponent;  ///< of the smallest normal number
  int max_exponent;
};

constexpr Format FormatOf(Dtype dtype) {
  switch (dtype) {
    case Dtype::kF32:
      return {24, -126, 127};
    case Dtype::kBF16:
      return {8, -126, 127};
    case Dtype::kF16:
      return {11, -14, 15};
    default:
      return {53, -1022, 1023};
  }
}

/// x to the nearest number of the format, ties to even, as a double.
inline double RoundTo(Dtype dtype, double x) {
  if (dtype == Dtype::kF64) return x;
  if (dtype == Dtype::kF32) return static_cast<float>(x);
  const double magnitude = std::fabs(x);
  if (!(magnitude < std::numeric_limits<double>::infinity()) || magnitude == 0) return x;
  const Format format = FormatOf(dtype);
  const double unit =
      std::ldexp(1.0, std::max(std::ilogb(magnitude), format.min_exponent) - format.precision + 1);
  const double rounded = std::nearbyint(magnitude / unit) * unit;
  const double beyond = std::ldexp(2.0, format.max_exponent);
  return std::copysign(rounded >= beyond ? std::numeric_limits<double>::infinity() : rounded, x);
}

/// The double that stands for a number strictly between `cut` and its neighbour above (`beyond` > 0) or
/// below: the one of the two whose last bit is 1, which no further rounding takes for a tie (Boldo and
/// Melquiond 2008).
inline double OddBeside(double cut, int beyond) {
  if (std::bit_cast<std::uint64_t>(cut) & 1) return cut;
  const double infinity = std::numeric_limits<double>::infinity();
  return std::nextafter(cut, beyond > 0 ? infinity : -infinity);
}

/// hi + lo to the nearest number of the format, in one rounding.
inline double RoundTo(Dtype dtype, Word2 x) {
  if (dtype == Dtype::kF64) return x.hi + x.lo;
  if (x.lo == 0 || !std::isfinite(x.hi)) return RoundTo(dtype, x.hi);
  const bool inward = (x.lo > 0) != (x.hi > 0);
  const double cut = inward ? std::nextafter(x.hi, 0.0) : x.hi;
  return RoundTo(dtype, OddBeside(cut, x.hi > 0 ? 1 : -1));
}

/// Division by it is exact.
inline bool IsPowerOfTwo(double x) {
  int exponent = 0;
  return std::frexp(x, &exponent) == 0.5;
}

inline double Load(Dtype, const double* from) { return *from; }
inline double Load(Dtype, const float* from) { return *from; }
inline double Load(Dtype dtype, const Half* from) {
  if (dtype == Dtype::kBF16) return std::bit_cast<float>(std::uint32_t{from->bits} << 16);
  const std::uint32_t magnitude = from->bits & 0x7fffU;
  const float value = magnitude < 0x7c00 ? std::bit_cast<float>(magnitude << 13) * 0x1p112F
                                         : std::bit_cast<float>((magnitude << 13) | 0x7f800000U);
  return (from->bits & 0x8000U) != 0 ? -value : value;
}

/// Stores x, which is a number of the format.
inline void Store(Dtype, double x, double* to) { *to = x; }
inline void Store(Dtype, double x, float* to) { *to = static_cast<float>(x); }
inline void Store(Dtype dtype, double x, Half* to) {
  if (dtype == Dtype::kBF16) {
    to->bits = static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(static_cast<float>(x)) >> 16);
    return;
  }
  const auto magnitude = std::bit_cast<std::uint32_t>(static_cast<float>(std::fabs(x)) * 0x1p-112F) >> 13;
  const std::uint32_t bits = std::isfinite(x) ? magnitude : (std::isnan(x) ? 0x7e00U : 0x7c00U);
  to->bits = static_cast<std::uint16_t>(bits | (std::signbit(x) ? 0x8000U : 0U));
}

/// The same where the storage is known at run time alone, for the paths where that does not matter.
inline double LoadFrom(Dtype dtype, const void* data, std::ptrdiff_t index) {
  switch (dtype) {
    case Dtype::kF64:
      return Load(dtype, static_cast<const double*>(data) + index);
    case Dtype::kF32:
      return Load(dtype, static_cast<const float*>(data) + index);
    default:
      return Load(dtype, static_cast<const Half*>(data) + index);
  }
}
inline void StoreTo(Dtype dtype, double x, void* data, std::size_t index) {
  switch (dtype) {
    case Dtype::kF64:
      return Store(dtype, x, static_cast<double*>(data) + index);
    case Dtype::kF32:
      return Store(dtype, x, static_cast<float*>(data) + index);
    default:
      return Store(dtype, x, static_cast<Half*>(data) + index);
  }
}

}  // namespace exactloss::optimized
