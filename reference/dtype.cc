#include "reference/dtype.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <iterator>
#include <limits>

namespace exactloss {
namespace {

static_assert(std::numeric_limits<double>::is_iec559);

constexpr FloatFormat kFormats[] = {
    {"f64", 64, 53, -1022, 1023},
    {"f32", 32, 24, -126, 127},
    {"bf16", 16, 8, -126, 127},
    {"f16", 16, 11, -14, 15},
};
static_assert(std::size(kFormats) == std::size(kAllDtypes));

constexpr int kDoubleFraction = 52;  // bits of a binary64 below the exponent field
constexpr int kDoubleBias = 1023;
constexpr std::uint64_t kDoubleFractionMask = (std::uint64_t{1} << kDoubleFraction) - 1;

/// 2^exponent, a normal binary64 number.
double PowerOfTwo(int exponent) {
  return std::bit_cast<double>(static_cast<std::uint64_t>(exponent + kDoubleBias) << kDoubleFraction);
}

/// floor(log2 |value|) of a normal binary64 number; -1023 for zero and binary64 subnormals.
int Exponent(double value) {
  return static_cast<int>(std::bit_cast<std::uint64_t>(value) >> kDoubleFraction & 0x7ff) - kDoubleBias;
}

int FractionBits(const FloatFormat& format) { return format.precision - 1; }

std::uint64_t SignBit(const FloatFormat& format) { return std::uint64_t{1} << (format.bits - 1); }

/// The pattern of +infinity: all ones in the exponent field, zeros in the fraction.
std::uint64_t InfinityBits(const FloatFormat& format) {
  return SignBit(format) - (std::uint64_t{1} << FractionBits(format));
}

}  // namespace

const FloatFormat& FormatOf(Dtype dtype) { return kFormats[static_cast<std::size_t>(dtype)]; }

std::optional<Dtype> ParseDtype(std::string_view name) {
  for (const Dtype dtype : kAllDtypes) {
    if (Name(dtype) == name) return dtype;
  }
  return std::nullopt;
}

double UnitRoundoff(Dtype dtype) { return PowerOfTwo(-FormatOf(dtype).precision); }

double MaxFinite(Dtype dtype) {
  const FloatFormat& format = FormatOf(dtype);
  return (2 - PowerOfTwo(-FractionBits(format))) * PowerOfTwo(format.max_exponent);
}

double MinNormal(Dtype dtype) { return PowerOfTwo(FormatOf(dtype).min_exponent); }

double MinSubnormal(Dtype dtype) { return FromBits(dtype, 1); }

double FromBits(Dtype dtype, std::uint64_t pattern) {
  if (dtype == Dtype::kF64) return std::bit_cast<double>(pattern);
  const FloatFormat& format = FormatOf(dtype);
  const std::uint64_t magnitude = pattern & (SignBit(format) - 1);
  const std::uint64_t fraction_unit = std::uint64_t{1} << FractionBits(format);
  double value;
  if (magnitude > InfinityBits(format)) {
    value = std::numeric_limits<double>::quiet_NaN();
  } else if (magnitude == InfinityBits(format)) {
    value = std::numeric_limits<double>::infinity();
  } else if (magnitude < fraction_unit) {  // subnormal or zero: a multiple of the smallest number
    value = static_cast<double>(magnitude) * PowerOfTwo(format.min_exponent - FractionBits(format));
  } else {  // normal: widen the fraction, then move the exponent from this format's bias to binary64's
    const auto rebias = static_cast<std::uint64_t>(kDoubleBias + format.min_exponent - 1) << kDoubleFraction;
    value = std::bit_cast<double>((magnitude << (kDoubleFraction - FractionBits(format))) + rebias);
  }
  return pattern & SignBit(format) ? -value : value;
}

std::uint64_t ToBits(Dtype dtype, double value) {
  const FloatFormat& format = FormatOf(dtype);
  if (std::isnan(value)) return InfinityBits(format) | std::uint64_t{1} << (FractionBits(format) - 1);
  if (dtype == Dtype::kF64) return std::bit_cast<std::uint64_t>(value);
  const std::uint64_t sign = std::signbit(value) ? SignBit(format) : 0;
  if (std::isinf(value)) return sign | InfinityBits(format);
  const int exponent = Exponent(value);
  if (exponent < format.min_exponent) {
    const double units = std::fabs(value) * PowerOfTwo(FractionBits(format) - format.min_exponent);
    return sign | static_cast<std::uint64_t>(units);
  }
  const std::uint64_t fraction =
      (std::bit_cast<std::uint64_t>(value) & kDoubleFractionMask) >> (kDoubleFraction - FractionBits(format));
  return sign | static_cast<std::uint64_t>(exponent - format.min_exponent + 1) << FractionBits(format) |
         fraction;
}

double RoundTo(Dtype dtype, double value) {
  if (dtype == Dtype::kF64 || !std::isfinite(value)) return value;
  const FloatFormat& format = FormatOf(dtype);
  const double infinity = std::copysign(std::numeric_limits<double>::infinity(), value);
  const int exponent = std::max(Exponent(value), format.min_exponent);
  if (exponent > format.max_exponent) return infinity;
  // In the binade of `anchor` a binary64 ulp is the format's spacing at `value`: the addition rounds there,
  // to nearest and ties to even, and the subtraction is exact.
  const double anchor = 1.5 * PowerOfTwo(exponent - FractionBits(format) + kDoubleFraction);
  const double rounded = (value + anchor) - anchor;
  return std::fabs(rounded) > MaxFinite(dtype) ? infinity : std::copysign(rounded, value);
}

bool IsRepresentable(Dtype dtype, double value) {
  return std::isnan(value) || RoundTo(dtype, value) == value;
}

bool SameNumber(double a, double b) {
  if (std::isnan(a)) return std::isnan(b);
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

double NextUp(Dtype dtype, double value) {
  if (!std::isfinite(value)) return value;
  if (value == 0) return MinSubnormal(dtype);
  const std::uint64_t bits = ToBits(dtype, value);
  return FromBits(dtype, value > 0 ? bits + 1 : bits - 1);
}

double NextDown(Dtype dtype, double value) { return -NextUp(dtype, -value); }

}  // namespace exactloss
