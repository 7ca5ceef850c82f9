// Numbers as text: exact where they are hex, rounded once where they are decimal.
#include "reference/number_text.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <string>
#include <vector>

#include "reference/problem.h"

namespace exactloss {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// All digits of a number: "1.0000000000000002220446049250313080847263336181640625e+00".
std::string ExactText(long double value) {
  char text[20000];
  const int length = std::snprintf(text, sizeof text, "%.*Le", 17000, value);
  std::string digits(text, static_cast<std::size_t>(length));
  const std::size_t exponent = digits.find('e');
  std::size_t end = exponent;
  while (digits[end - 1] == '0') --end;
  return digits.erase(end, exponent - end);
}

/// The same number and a trifle: one more digit, far behind the others.
std::string ATrifleAbove(const std::string& text) {
  const std::size_t exponent = text.find('e');
  return text.substr(0, exponent) + "0000000001" + text.substr(exponent);
}

/// Hundreds of patterns a case, all 64 bits alike from the first case on.
rc::Gen<std::vector<std::uint64_t>> Patterns() {
  return rc::gen::container<std::vector<std::uint64_t>>(
      200, rc::gen::resize(rc::kNominalSize, rc::gen::arbitrary<std::uint64_t>()));
}

TEST(NumberText, Hex) {
  const auto value = [](Dtype dtype, const char* text) {
    const auto number = ReadHex(dtype, text);
    EXPECT_TRUE(number && number->below == number->above) << text;
    return number ? number->below : std::nan("");
  };
  EXPECT_EQ(value(Dtype::kF64, "0x1.8p-3"), 0.1875);
  EXPECT_EQ(value(Dtype::kF64, "0x.8p1"), 1);
  EXPECT_EQ(value(Dtype::kF64, "0x10p-4"), 1);
  EXPECT_EQ(value(Dtype::kF64, "0xA.bP+0"), 10.6875);
  EXPECT_EQ(value(Dtype::kF64, "0x0.0000000000001p-1022"), 0x1p-1074);
  EXPECT_EQ(value(Dtype::kF16, "0x1.ffcp+15"), 65504);
  EXPECT_EQ(value(Dtype::kF64, "0x100000000000000000000p-80"), 1);  // more digits than 64 bits hold
  EXPECT_EQ(value(Dtype::kF64, "0x0.00000000000000000000001p+92"), 1);
  EXPECT_EQ(value(Dtype::kF64, "0x0p+99999999999999999999"), 0);
  EXPECT_TRUE(SameNumber(value(Dtype::kF32, "-0x0p+0"), -0.0));
}

TEST(NumberText, HexBetweenNumbers) {
  const struct {
    Dtype dtype;
    const char* text;
    double below, above;
  } table[] = {
      {Dtype::kF32, "0x1.000001p+0", 1, 0x1.000002p+0},
      {Dtype::kF32, "-0x1.000001p+0", -0x1.000002p+0, -1},
      {Dtype::kF64, "0x1.00000000000008p+0", 1, 0x1.0000000000001p+0},
      {Dtype::kF64, "0x1.000000000000000000000000000001p+0", 1, 0x1.0000000000001p+0},
      {Dtype::kF16, "0x1p+16", 65504, kInfinity},
      {Dtype::kF16, "0x1p-25", 0, 0x1p-24},
      {Dtype::kBF16, "0x1.ff8p+127", 0x1.fep+127, kInfinity},
      {Dtype::kF64, "0x1p+1024", std::numeric_limits<double>::max(), kInfinity},
      {Dtype::kF64, "-0x1p+999999999999999999999", -kInfinity, -std::numeric_limits<double>::max()},
      {Dtype::kF64, "0x1p-1075", 0, 0x1p-1074},
      {Dtype::kF64, "0x1p-999999999999999999999", 0, 0x1p-1074},
  };
  for (const auto& row : table) {
    const auto number = ReadHex(row.dtype, row.text);
    ASSERT_TRUE(number) << row.text;
    EXPECT_EQ(number->below, row.below) << row.text;
    EXPECT_EQ(number->above, row.above) << row.text;
  }
}

TEST(NumberText, WhatIsNoNumber) {
  for (const char* text : {"", "-", "0x", "0xp0", "0x.p0", "0x1", "0x1p", "0x1p+", "0x1p+-3", "0x1p1.5",
                           "+0x1p0", "--0x1p0", "0X1p0", "0x1..8p0", "0xgp0", " 0x1p0", "0x1p0 "}) {
    EXPECT_FALSE(ReadHex(Dtype::kF64, text)) << text;
  }
  for (const char* text : {"",    "-",   ".",     "-.", "e5", ".e5", "1e",  "1e+", "1e1.5", "1e++1", "+1",
                           "--1", "1,5", "1_000", " 1", "1 ", "1f",  "0x1", "inf", "nan",   "1.2.3"}) {
    EXPECT_FALSE(ReadDecimal(Dtype::kF64, text)) << text;
  }
  for (const char* text : {"", "Inf", "INF", "infinity", "+inf", "NaN", "-nan", "nan(0)", "inf "}) {
    EXPECT_FALSE(ReadSpecial(text)) << text;
  }
  EXPECT_EQ(ReadSpecial("inf"), kInfinity);
  EXPECT_EQ(ReadSpecial("-inf"), -kInfinity);
  EXPECT_TRUE(std::isnan(*ReadSpecial("nan")));
}

TEST(NumberText, Integers) {
  EXPECT_EQ(ReadInteger("9007199254740992"), 0x1p53);
  EXPECT_EQ(ReadInteger("-9007199254740992"), -0x1p53);
  EXPECT_EQ(ReadInteger("9007199254740991"), 0x1p53 - 1);
  EXPECT_EQ(ReadInteger("007"), 7);
  for (const char* text : {"9007199254740993", "-9007199254740993", "99999999999999999999", "", "-", "+1",
                           "1.0", "1e3", "0x1", " 1", "1 ", "--1"}) {
    EXPECT_FALSE(ReadInteger(text)) << text;
  }
}

TEST(NumberText, DecimalsThatAreExact) {
  for (const char* text : {"0.5", "-12.25e-1", "9007199254740993e-1", "1e22", "0e999999999999999999999",
                           "00.50", ".5", "5.", "4.9406564584124654417656879286822137e-324"}) {
    const auto number = ReadDecimal(Dtype::kF64, text);
    ASSERT_TRUE(number) << text;
    EXPECT_EQ(number->value, std::strtod(text, nullptr)) << text;
  }
  EXPECT_TRUE(ReadDecimal(Dtype::kF64, "0.5")->exact);
  EXPECT_TRUE(ReadDecimal(Dtype::kF64, "9007199254740993e-1") && !ReadDecimal(Dtype::kF64, "0.1")->exact);
  EXPECT_TRUE(ReadDecimal(Dtype::kF64, ExactText(0x1p-1074L))->exact);
  EXPECT_FALSE(ReadDecimal(Dtype::kF64, ATrifleAbove(ExactText(0x1p-1074L)))->exact);
  EXPECT_TRUE(ReadDecimal(Dtype::kF16, "65504")->exact);
  EXPECT_FALSE(ReadDecimal(Dtype::kF16, "65505")->exact);
  EXPECT_TRUE(SameNumber(ReadDecimal(Dtype::kF32, "-0")->value, -0.0));
}

TEST(NumberText, DecimalsFarAway) {
  const auto value = [](Dtype dtype, const std::string& text) { return ReadDecimal(dtype, text)->value; };
  EXPECT_EQ(value(Dtype::kF64, "1e999999999999999999999"), kInfinity);
  EXPECT_EQ(value(Dtype::kF64, "-1e309"), -kInfinity);
  EXPECT_TRUE(SameNumber(value(Dtype::kF64, "-1e-999999999999999999999"), -0.0));
  EXPECT_EQ(value(Dtype::kF64, "0." + std::string(400, '0') + "1e401"), 1);
  EXPECT_EQ(value(Dtype::kF64, "1" + std::string(400, '0') + "e-400"), 1);
  EXPECT_EQ(value(Dtype::kF16, "65519.999"), 65504);
  EXPECT_EQ(value(Dtype::kF16, "65520"), kInfinity);
  EXPECT_EQ(value(Dtype::kF32, "1e39"), kInfinity);
  EXPECT_EQ(value(Dtype::kF32, "1e-60"), 0);
  EXPECT_EQ(value(Dtype::kF64, "2.4703282292062327208e-324"), 0);  // just below half the smallest
  EXPECT_EQ(value(Dtype::kF64, "2.4703282292062327209e-324"), 0x1p-1074);
}

/// The middle between two neighbours goes to the even one, and whatever is a trifle beside it to its own
/// side.
void ExpectHalfwayRoundsToEven(Dtype dtype, double low) {
  const double high = NextUp(dtype, low);
  const long double middle = (static_cast<long double>(low) + high) / 2;
  const double even = ToBits(dtype, low) % 2 == 0 ? low : high;
  const std::string text = ExactText(middle);
  EXPECT_EQ(ReadDecimal(dtype, text)->value, even) << text;
  EXPECT_FALSE(ReadDecimal(dtype, text)->exact);
  EXPECT_EQ(ReadDecimal(dtype, ATrifleAbove(text))->value, high) << text;
  EXPECT_EQ(ReadDecimal(dtype, ExactText(std::nextafter(middle, 0.0L)))->value, low) << text;
}

TEST(NumberText, HalfwayDecimals) {
  for (const Dtype dtype : {Dtype::kBF16, Dtype::kF16}) {
    for (std::uint64_t pattern = 1; FromBits(dtype, pattern + 1) < kInfinity; pattern += 61) {
      ExpectHalfwayRoundsToEven(dtype, FromBits(dtype, pattern));
    }
  }
  for (const double low : {0x1p-149, 0x1.fffffcp-127, 1.0, 0x1.000002p+0, 0x1.fffffcp+127, 16777216.0}) {
    ExpectHalfwayRoundsToEven(Dtype::kF32, low);
  }
  for (const double low : {0x1p-1074, 0x1p-1022, 1.0, 0x1.0000000000001p+0, 9007199254740992.0, 0x1p+1023}) {
    ExpectHalfwayRoundsToEven(Dtype::kF64, low);
  }
}

TEST(NumberText, DecimalsAsTheLibraryReadsThem) {
  EXPECT_TRUE(rc::check("f32 and f64 as strtof and strtod", [](std::int16_t exponent) {
    for (const std::uint64_t digits : *Patterns()) {
      const std::string text = std::to_string(digits) + "e" + std::to_string(exponent % 350);
      RC_ASSERT(ReadDecimal(Dtype::kF64, text)->value == std::strtod(text.c_str(), nullptr));
      RC_ASSERT(ReadDecimal(Dtype::kF32, text)->value == std::strtof(text.c_str(), nullptr));
    }
  }));
}

TEST(NumberText, PrintedNumbersReadBack) {
  const auto reads_back = [](Dtype dtype, double value) {
    if (std::isnan(value)) return FormatHex(value) == "nan";
    if (std::isinf(value)) return *ReadSpecial(FormatHex(value)) == value;
    const auto number = ReadHex(dtype, FormatHex(value));
    return number && SameNumber(number->below, value) && SameNumber(number->above, value);
  };
  for (const Dtype dtype : {Dtype::kBF16, Dtype::kF16}) {
    for (std::uint64_t pattern = 0; pattern < 1 << 16; ++pattern) {
      ASSERT_TRUE(reads_back(dtype, FromBits(dtype, pattern))) << pattern;
    }
  }
  EXPECT_TRUE(rc::check("f32 and f64 read back", [&] {
    for (const std::uint64_t bits : *Patterns()) {
      RC_ASSERT(reads_back(Dtype::kF64, FromBits(Dtype::kF64, bits)));
      RC_ASSERT(reads_back(Dtype::kF32, FromBits(Dtype::kF32, bits >> 32)));
      RC_ASSERT(
          reads_back(Dtype::kF64, FromBits(Dtype::kF64, bits % (std::uint64_t{1} << 52))));  // subnormal
    }
  }));
}

TEST(NumberText, NormalNumbersPrintAsInC) {
  EXPECT_TRUE(rc::check("FormatHex is %a", [] {
    for (const std::uint64_t bits : *Patterns()) {
      const double value = std::bit_cast<double>(bits);
      if (!std::isnormal(value)) continue;
      char text[64];
      std::snprintf(text, sizeof text, "%a", value);
      RC_ASSERT(FormatHex(value) == text);
    }
  }));
  EXPECT_EQ(FormatHex(-0.0), "-0x0p+0");
  EXPECT_EQ(FormatHex(0x1.8p-1073), "0x1.8p-1073");
}

}  // namespace
}  // namespace exactloss
