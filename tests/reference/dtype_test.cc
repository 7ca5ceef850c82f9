// The formats: every pattern of the short ones, hardware as the judge of the long ones.
#include "reference/dtype.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace exactloss {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr Dtype kShort[] = {Dtype::kBF16, Dtype::kF16};
constexpr std::uint32_t kPatterns = 1 << 16;

/// IEEE 754's own words: (-1)^s 2^(e - bias) 1.f, or (-1)^s 2^(1 - bias) 0.f.
double Decode(std::uint32_t pattern, int exponent_bits) {
  const int fraction_bits = 15 - exponent_bits, bias = (1 << (exponent_bits - 1)) - 1;
  const double sign = pattern >> 15 ? -1 : 1;
  const int exponent = static_cast<int>(pattern >> fraction_bits) & ((1 << exponent_bits) - 1);
  const int fraction = static_cast<int>(pattern) & ((1 << fraction_bits) - 1);
  if (exponent == (1 << exponent_bits) - 1) {
    return fraction == 0 ? sign * kInfinity : std::numeric_limits<double>::quiet_NaN();
  }
  if (exponent == 0) return sign * std::ldexp(fraction, 1 - bias - fraction_bits);
  return sign * std::ldexp(fraction + (1 << fraction_bits), exponent - bias - fraction_bits);
}

TEST(Dtype, EveryShortPattern) {
  for (const Dtype dtype : kShort) {
    for (std::uint32_t pattern = 0; pattern < kPatterns; ++pattern) {
      const double value = FromBits(dtype, pattern);
      ASSERT_TRUE(SameNumber(value, Decode(pattern, dtype == Dtype::kF16 ? 5 : 8))) << pattern;
      ASSERT_TRUE(IsRepresentable(dtype, value)) << pattern;
      ASSERT_TRUE(SameNumber(RoundTo(dtype, value), value)) << pattern;
      if (std::isnan(value)) {
        ASSERT_EQ(ToBits(dtype, value), dtype == Dtype::kF16 ? 0x7e00u : 0x7fc0u);
      } else {
        ASSERT_EQ(ToBits(dtype, value), pattern);
      }
    }
  }
}

/// The finite numbers of a short format, ascending, one zero.
std::vector<double> FiniteNumbers(Dtype dtype) {
  std::vector<double> numbers;
  for (std::uint32_t pattern = kPatterns - 1; pattern > kPatterns / 2; --pattern) {
    if (std::isfinite(FromBits(dtype, pattern))) numbers.push_back(FromBits(dtype, pattern));
  }
  for (std::uint32_t pattern = 0; pattern < kPatterns / 2; ++pattern) {
    if (std::isfinite(FromBits(dtype, pattern))) numbers.push_back(FromBits(dtype, pattern));
  }
  return numbers;
}

TEST(Dtype, NeighboursOfEveryShortNumber) {
  for (const Dtype dtype : kShort) {
    const std::vector<double> numbers = FiniteNumbers(dtype);
    for (std::size_t i = 1; i < numbers.size(); ++i) {
      ASSERT_EQ(NextUp(dtype, numbers[i - 1]), numbers[i]);
      ASSERT_EQ(NextDown(dtype, numbers[i]), numbers[i - 1]);
    }
    EXPECT_EQ(NextUp(dtype, numbers.back()), kInfinity);
    EXPECT_EQ(NextDown(dtype, numbers.front()), -kInfinity);
    EXPECT_EQ(NextUp(dtype, -0.0), MinSubnormal(dtype));
    EXPECT_EQ(NextDown(dtype, 0.0), -MinSubnormal(dtype));
    EXPECT_EQ(NextUp(dtype, kInfinity), kInfinity);
    EXPECT_EQ(NextUp(dtype, -kInfinity), -kInfinity);
  }
}

TEST(Dtype, RoundingBetweenAllNeighbours) {
  for (const Dtype dtype : kShort) {
    const std::vector<double> numbers = FiniteNumbers(dtype);
    for (std::size_t i = 1; i < numbers.size(); ++i) {
      const double low = numbers[i - 1], high = numbers[i], middle = (low + high) / 2;
      const double even = ToBits(dtype, low) % 2 == 0 ? low : high;
      ASSERT_EQ(RoundTo(dtype, middle), even) << low << " " << high;
      ASSERT_EQ(RoundTo(dtype, std::nextafter(middle, kInfinity)), high);
      ASSERT_EQ(RoundTo(dtype, std::nextafter(middle, -kInfinity)), low);
      ASSERT_FALSE(IsRepresentable(dtype, middle));
    }
  }
}

TEST(Dtype, Overflow) {
  for (const Dtype dtype : {Dtype::kF32, Dtype::kBF16, Dtype::kF16}) {
    const double largest = MaxFinite(dtype), beyond = std::ldexp(1, FormatOf(dtype).max_exponent + 1);
    const double middle = (largest + beyond) / 2;
    EXPECT_EQ(RoundTo(dtype, std::nextafter(middle, 0)), largest);
    EXPECT_EQ(RoundTo(dtype, middle), kInfinity);
    EXPECT_EQ(RoundTo(dtype, -middle), -kInfinity);
    EXPECT_EQ(RoundTo(dtype, std::numeric_limits<double>::max()), kInfinity);
    EXPECT_FALSE(IsRepresentable(dtype, middle));
  }
}

TEST(Dtype, SubnormalsKeepTheSignOfZero) {
  for (const Dtype dtype : {Dtype::kF32, Dtype::kBF16, Dtype::kF16}) {
    const double half = MinSubnormal(dtype) / 2;
    EXPECT_TRUE(SameNumber(RoundTo(dtype, half), 0.0));
    EXPECT_TRUE(SameNumber(RoundTo(dtype, -half), -0.0));
    EXPECT_EQ(RoundTo(dtype, std::nextafter(half, 1)), MinSubnormal(dtype));
    EXPECT_EQ(RoundTo(dtype, 1.5 * MinSubnormal(dtype)), 2 * MinSubnormal(dtype));
    EXPECT_TRUE(SameNumber(RoundTo(dtype, -std::numeric_limits<double>::denorm_min()), -0.0));
  }
}

TEST(Dtype, Limits) {
  using Float = std::numeric_limits<float>;
  using Double = std::numeric_limits<double>;
  EXPECT_EQ(MaxFinite(Dtype::kF64), Double::max());
  EXPECT_EQ(MinNormal(Dtype::kF64), Double::min());
  EXPECT_EQ(MinSubnormal(Dtype::kF64), Double::denorm_min());
  EXPECT_EQ(UnitRoundoff(Dtype::kF64), Double::epsilon() / 2);
  EXPECT_EQ(MaxFinite(Dtype::kF32), Float::max());
  EXPECT_EQ(MinNormal(Dtype::kF32), Float::min());
  EXPECT_EQ(MinSubnormal(Dtype::kF32), Float::denorm_min());
  EXPECT_EQ(UnitRoundoff(Dtype::kF32), Float::epsilon() / 2);
  EXPECT_EQ(MaxFinite(Dtype::kF16), 65504);
  EXPECT_EQ(MinNormal(Dtype::kF16), 0x1p-14);
  EXPECT_EQ(MinSubnormal(Dtype::kF16), 0x1p-24);
  EXPECT_EQ(UnitRoundoff(Dtype::kF16), 0x1p-11);
  EXPECT_EQ(MaxFinite(Dtype::kBF16), 0x1.fep+127);
  EXPECT_EQ(MinNormal(Dtype::kBF16), 0x1p-126);
  EXPECT_EQ(MinSubnormal(Dtype::kBF16), 0x1p-133);
  EXPECT_EQ(UnitRoundoff(Dtype::kBF16), 0x1p-8);
}

TEST(Dtype, Names) {
  for (const Dtype dtype : kAllDtypes) EXPECT_EQ(ParseDtype(Name(dtype)), dtype);
  EXPECT_EQ(Name(Dtype::kBF16), "bf16");
  EXPECT_EQ(ParseDtype("f8"), std::nullopt);
  EXPECT_EQ(ParseDtype(""), std::nullopt);
}

TEST(Dtype, SameNumber) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(SameNumber(nan, std::bit_cast<double>(std::uint64_t{0xfff0000000000001})));
  EXPECT_FALSE(SameNumber(nan, 0));
  EXPECT_FALSE(SameNumber(0, nan));
  EXPECT_FALSE(SameNumber(0.0, -0.0));
  EXPECT_TRUE(SameNumber(-0.0, -0.0));
}

/// A property of any binary64 number, half of them in the range of the shorter formats.
template <class Property>
void ForAnyDouble(const char* what, Property property) {
  const auto patterns = rc::gen::container<std::vector<std::uint64_t>>(
      200, rc::gen::resize(rc::kNominalSize, rc::gen::arbitrary<std::uint64_t>()));
  EXPECT_TRUE(rc::check(what, [&] {
    for (const std::uint64_t bits : *patterns) {
      property(std::bit_cast<double>(bits));
      const double near_one = std::bit_cast<double>(bits >> 12 | std::uint64_t{0x3ff0000000000000});
      property(std::ldexp(near_one, static_cast<int>(bits % 320) - 160));
    }
  }));
}

TEST(Dtype, FloatIsTheHardwares) {
  ForAnyDouble("f32 rounds and packs as float", [](double value) {
    const auto hardware = static_cast<float>(value);
    RC_ASSERT(SameNumber(RoundTo(Dtype::kF32, value), hardware));
    if (std::isnan(hardware)) return;
    RC_ASSERT(ToBits(Dtype::kF32, hardware) == std::bit_cast<std::uint32_t>(hardware));
    RC_ASSERT(SameNumber(FromBits(Dtype::kF32, std::bit_cast<std::uint32_t>(hardware)), hardware));
    if (std::isinf(hardware)) return;
    RC_ASSERT(NextUp(Dtype::kF32, hardware) == std::nextafter(hardware, HUGE_VALF));
    RC_ASSERT(NextDown(Dtype::kF32, hardware) == std::nextafter(hardware, -HUGE_VALF));
    const double tie = (hardware + double{std::nextafter(hardware, HUGE_VALF)}) / 2;
    RC_ASSERT(SameNumber(RoundTo(Dtype::kF32, tie), static_cast<float>(tie)));
  });
}

TEST(Dtype, DoubleIsItself) {
  ForAnyDouble("f64 keeps every number", [](double value) {
    RC_ASSERT(SameNumber(RoundTo(Dtype::kF64, value), value));
    if (!std::isfinite(value)) return;
    RC_ASSERT(ToBits(Dtype::kF64, value) == std::bit_cast<std::uint64_t>(value));
    RC_ASSERT(NextUp(Dtype::kF64, value) == std::nextafter(value, kInfinity));
    RC_ASSERT(NextDown(Dtype::kF64, value) == std::nextafter(value, -kInfinity));
  });
}

}  // namespace
}  // namespace exactloss
