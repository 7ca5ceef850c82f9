// Numbers as text: read exactly, rounded once at most, and never by way of the locale.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "reference/dtype.h"

namespace exactloss {

/// The numbers of a dtype on either side of a hex float; both are its value where the dtype has it.
struct HexNumber {
  double below;
  double above;
};

/// "-0x1.8p-149": digits with an optional point, and an exponent. None if the text is not of this form.
std::optional<HexNumber> ReadHex(Dtype dtype, std::string_view text);

struct DecimalNumber {
  double value;  ///< rounded to nearest, ties to even; an infinity where that overflows
  bool exact;    ///< nothing was rounded
};

/// "-12.5e-3". None if the text is not of this form.
std::optional<DecimalNumber> ReadDecimal(Dtype dtype, std::string_view text);

/// "inf", "-inf" or "nan".
std::optional<double> ReadSpecial(std::string_view text);

/// A decimal integer; none beyond 2^53 in magnitude, where binary64 has gaps.
std::optional<double> ReadInteger(std::string_view text);

/// Appends what FormatHex (problem.h) returns.
void AppendHex(std::string& text, double value);

}  // namespace exactloss
