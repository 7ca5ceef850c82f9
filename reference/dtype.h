// The four floating-point formats of a tensor element, and exact conversions between bits and values.
//
// Every number of every format here is a binary64 number, so a value travels as `double` without loss;
// NaN payloads are not kept (a NaN is a NaN).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace exactloss {

enum class Dtype : std::uint8_t { kF64, kF32, kBF16, kF16 };

inline constexpr Dtype kAllDtypes[] = {Dtype::kF64, Dtype::kF32, Dtype::kBF16, Dtype::kF16};

/// An IEEE 754 binary format: a normal number is +-1.f * 2^e with min_exponent <= e <= max_exponent.
struct FloatFormat {
  std::string_view name;  ///< as written in a repro line: "f32"
  int bits;               ///< storage width
  int precision;          ///< significand bits, the hidden one included
  int min_exponent;       ///< e of the smallest normal number
  int max_exponent;       ///< e of the largest finite number
};

const FloatFormat& FormatOf(Dtype dtype);
inline std::string_view Name(Dtype dtype) { return FormatOf(dtype).name; }
std::optional<Dtype> ParseDtype(std::string_view name);

inline int SizeInBytes(Dtype dtype) { return FormatOf(dtype).bits / 8; }
double UnitRoundoff(Dtype dtype);  ///< u = 2^-precision
double MaxFinite(Dtype dtype);
double MinNormal(Dtype dtype);
double MinSubnormal(Dtype dtype);

/// The value of a bit pattern (low `bits` bits of `pattern`).
double FromBits(Dtype dtype, std::uint64_t pattern);

/// The bit pattern of `value`, which must be representable; NaN becomes the quiet NaN of the format.
std::uint64_t ToBits(Dtype dtype, double value);

/// `value` rounded to nearest, ties to even; overflow gives an infinity.
double RoundTo(Dtype dtype, double value);

bool IsRepresentable(Dtype dtype, double value);

/// Equal bit for bit, every NaN being one and the same.
bool SameNumber(double a, double b);

/// The neighbour of a representable `value` towards +infinity (-infinity); infinities and NaN stay.
double NextUp(Dtype dtype, double value);
double NextDown(Dtype dtype, double value);

}  // namespace exactloss
