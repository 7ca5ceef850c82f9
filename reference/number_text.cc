#include "reference/number_text.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <limits>
#include <system_error>

#include "reference/problem.h"

namespace exactloss {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr int kSignificandBits = std::numeric_limits<double>::digits;
constexpr int kLowestExponent = -1074;  // of the last bit of a binary64 number
constexpr int kHighestExponent = 1023;  // of the first

bool Skip(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

/// Reads "+12", "-12" or "12" to the end of the text; beyond any exponent of use it stays at +-2^40.
std::optional<std::int64_t> ReadExponent(std::string_view text) {
  constexpr std::int64_t kLargest = std::int64_t{1} << 40;
  const bool negative = Skip(text, "-");
  if (!negative) Skip(text, "+");
  if (text.empty()) return std::nullopt;
  std::int64_t exponent = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    exponent = std::min(10 * exponent + (c - '0'), kLargest);
  }
  return negative ? -exponent : exponent;
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// The real number significand * 2^exponent, and a little more where `more` is set (below one unit).
struct BinaryReal {
  std::uint64_t significand = 0;
  std::int64_t exponent = 0;
  bool more = false;
};

/// Reads the digits of a hex float, without its sign and "0x".
std::optional<BinaryReal> ReadHexDigits(std::string_view text) {
  BinaryReal real;
  bool after_point = false, any = false;
  std::size_t i = 0;
  for (; i < text.size(); ++i) {
    if (text[i] == '.' && !after_point) {
      after_point = true;
      continue;
    }
    const int digit = HexDigit(text[i]);
    if (digit < 0) break;
    any = true;
    if (real.significand >> 60 == 0) {
      real.significand = real.significand << 4 | static_cast<std::uint64_t>(digit);
      real.exponent -= after_point ? 4 : 0;
    } else {
      real.more |= digit != 0;
      real.exponent += after_point ? 0 : 4;
    }
  }
  if (!any || i == text.size() || (text[i] != 'p' && text[i] != 'P')) return std::nullopt;
  const std::optional<std::int64_t> exponent = ReadExponent(text.substr(i + 1));
  if (!exponent) return std::nullopt;
  real.exponent += *exponent;
  return real;
}

/// The largest binary64 number not above the real number; clears what it holds of it.
double TakeDouble(BinaryReal& real) {
  if (real.significand == 0) return 0;
  const int width = std::bit_width(real.significand);
  const std::int64_t top = real.exponent + width - 1;
  if (top > kHighestExponent) {
    real.more = true;
    return std::numeric_limits<double>::max();
  }
  const std::int64_t kept = std::min<std::int64_t>(kSignificandBits, top - kLowestExponent + 1);
  if (kept <= 0) {
    real.more = true;
    return 0;
  }
  const int dropped = std::max(0, width - static_cast<int>(kept));
  const std::uint64_t significand = real.significand >> dropped;
  real.more |= significand << dropped != real.significand;
  return std::ldexp(static_cast<double>(significand), static_cast<int>(real.exponent) + dropped);
}

/// 0.d1d2d3... * 10^exponent, without zeros at either end; zero has no digits.
struct Decimal {
  std::string digits;
  std::int64_t exponent = 0;
};

std::optional<Decimal> ReadDigits(std::string_view text) {
  Decimal decimal;
  bool after_point = false, any = false;
  std::size_t i = 0;
  for (; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '.' && !after_point) {
      after_point = true;
      continue;
    }
    if (c < '0' || c > '9') break;
    any = true;
    const bool leading_zero = c == '0' && decimal.digits.empty();
    if (!leading_zero) decimal.digits += c;
    if (!after_point && !leading_zero) ++decimal.exponent;
    if (after_point && leading_zero) --decimal.exponent;
  }
  if (!any) return std::nullopt;
  if (i < text.size()) {
    if (text[i] != 'e' && text[i] != 'E') return std::nullopt;
    const std::optional<std::int64_t> exponent = ReadExponent(text.substr(i + 1));
    if (!exponent) return std::nullopt;
    decimal.exponent += *exponent;
  }
  decimal.digits.erase(decimal.digits.find_last_not_of('0') + 1);
  if (decimal.digits.empty()) decimal.exponent = 0;
  return decimal;
}

/// All digits of a finite number >= 0: a binary fraction of n bits is a decimal one of n digits.
Decimal ExactDecimal(double value) {
  int exponent;
  const auto significand =
      static_cast<std::uint64_t>(std::ldexp(std::frexp(value, &exponent), kSignificandBits));
  const int fraction_bits =
      value == 0 ? 0 : std::max(0, kSignificandBits - exponent - std::countr_zero(significand));
  char buffer[kHighestExponent - kLowestExponent];
  const char* end =
      std::to_chars(buffer, std::end(buffer), value, std::chars_format::fixed, fraction_bits).ptr;
  return *ReadDigits({buffer, static_cast<std::size_t>(end - buffer)});
}

/// < 0, 0, > 0 as the decimal is below, at or above the number, which is >= 0.
int Compare(const Decimal& decimal, double value) {
  if (std::isinf(value)) return -1;
  const Decimal other = ExactDecimal(value);
  if (decimal.digits.empty() || other.digits.empty()) return decimal.digits.compare(other.digits);
  if (decimal.exponent != other.exponent) return decimal.exponent < other.exponent ? -1 : 1;
  return decimal.digits.compare(other.digits);
}

/// The binary64 number nearest to the decimal, whose text this is.
double NearestDouble(std::string_view text, const Decimal& decimal) {
  double value = 0;
  const auto status = std::from_chars(text.data(), text.data() + text.size(), value).ec;
  if (status == std::errc::result_out_of_range) return decimal.exponent > 0 ? kInfinity : 0;
  return value;
}

}  // namespace

std::optional<HexNumber> ReadHex(Dtype dtype, std::string_view text) {
  const bool negative = Skip(text, "-");
  if (!Skip(text, "0x")) return std::nullopt;
  std::optional<BinaryReal> real = ReadHexDigits(text);
  if (!real) return std::nullopt;
  const double truncated = TakeDouble(*real);
  double below = std::min(RoundTo(dtype, truncated), MaxFinite(dtype));
  if (below > truncated) below = NextDown(dtype, below);
  const double above = real->more || below != truncated ? NextUp(dtype, below) : below;
  return negative ? HexNumber{-above, -below} : HexNumber{below, above};
}

std::optional<DecimalNumber> ReadDecimal(Dtype dtype, std::string_view text) {
  const bool negative = Skip(text, "-");
  const std::optional<Decimal> decimal = ReadDigits(text);
  if (!decimal) return std::nullopt;
  const double nearest = NearestDouble(text, *decimal);
  const int order = Compare(*decimal, nearest);
  double rounded = nearest;
  if (dtype != Dtype::kF64 && order != 0) {
    // Rounding twice is right if the first rounding is to odd: what is inexact then never looks like a tie.
    const std::uint64_t truncated = std::bit_cast<std::uint64_t>(nearest) - (order < 0 ? 1 : 0);
    rounded = std::bit_cast<double>(truncated | 1);
  }
  rounded = RoundTo(dtype, rounded);
  return DecimalNumber{negative ? -rounded : rounded, order == 0 && rounded == nearest};
}

std::optional<double> ReadSpecial(std::string_view text) {
  if (text == "inf") return kInfinity;
  if (text == "-inf") return -kInfinity;
  if (text == "nan") return std::numeric_limits<double>::quiet_NaN();
  return std::nullopt;
}

std::optional<double> ReadInteger(std::string_view text) {
  constexpr std::int64_t kLargest = std::int64_t{1} << kSignificandBits;
  std::int64_t value = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (status != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (value < -kLargest || value > kLargest) return std::nullopt;
  return static_cast<double>(value);
}

void AppendHex(std::string& text, double value) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  if (std::isnan(value)) {
    text += "nan";
    return;
  }
  if (std::signbit(value)) text += '-';
  if (std::isinf(value)) {
    text += "inf";
    return;
  }
  if (value == 0) {
    text += "0x0p+0";
    return;
  }
  char buffer[32] = "0x1";
  char* end = buffer + 3;
  const auto bits = std::bit_cast<std::uint64_t>(value);
  int exponent = static_cast<int>(bits >> 52 & 0x7ff) - kHighestExponent;
  std::uint64_t fraction = bits << 12;  // the first digit on top
  if (exponent < -1022) {               // subnormal: move the first 1 to where the hidden bit stands
    const int zeros = std::countl_zero(fraction);
    fraction = fraction << zeros << 1;
    exponent -= zeros;
  }
  if (fraction != 0) *end++ = '.';
  for (; fraction != 0; fraction <<= 4) *end++ = kDigits[fraction >> 60];
  *end++ = 'p';
  if (exponent >= 0) *end++ = '+';
  end = std::to_chars(end, std::end(buffer), exponent).ptr;
  text.append(buffer, end);
}

std::string FormatHex(double value) {
  std::string text;
  AppendHex(text, value);
  return text;
}

}  // namespace exactloss
