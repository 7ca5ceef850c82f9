// The numbers of a dtype by their place: neighbours are 1 apart, 0 is both zeros, the infinities come last.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "reference/dtype.h"

namespace exactloss {

/// Of any number but NaN.
inline std::int64_t OrdinalOf(Dtype dtype, double value) {
  const auto magnitude = static_cast<std::int64_t>(ToBits(dtype, std::fabs(value)));
  return std::signbit(value) ? -magnitude : magnitude;
}

/// The number there; the finite one at the end where there is none.
inline double AtOrdinal(Dtype dtype, std::int64_t ordinal) {
  const std::int64_t last = OrdinalOf(dtype, MaxFinite(dtype));
  ordinal = std::clamp(ordinal, -last, last);
  const double magnitude = FromBits(dtype, static_cast<std::uint64_t>(std::abs(ordinal)));
  return ordinal < 0 ? -magnitude : magnitude;
}

}  // namespace exactloss
