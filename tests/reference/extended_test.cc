// Reading an enclosure: rounding, ulp and distance against MPFR, which computes them without rounding.
#include <gtest/gtest.h>
#include <mpfr.h>
#include <rapidcheck.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "reference/truth.h"

namespace exactloss {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

/// A number of MPFR of so many bits that nothing below is rounded.
class Exact {
 public:
  Exact() { mpfr_init2(x_, kBits), mpfr_set_zero(x_, 1); }
  Exact(double value) : Exact() { mpfr_set_d(x_, value, MPFR_RNDN); }  // NOLINT: exact
  Exact(const Extended& e) : Exact(e.head) {                           // NOLINT: exact
    mpfr_add_d(x_, x_, e.tail, MPFR_RNDN);
    mpfr_mul_2si(x_, x_, static_cast<mpfr_exp_t>(e.scale), MPFR_RNDN);
  }
  Exact(const Exact& other) : Exact() { mpfr_set(x_, other.x_, MPFR_RNDN); }
  Exact& operator=(const Exact& other) {
    mpfr_set(x_, other.x_, MPFR_RNDN);
    return *this;
  }
  ~Exact() { mpfr_clear(x_); }

  static Exact PowerOfTwo(std::int64_t exponent) { return Exact(1).Times2(exponent); }
  Exact Times2(std::int64_t exponent) const {
    Exact result;
    mpfr_mul_2si(result.x_, x_, static_cast<mpfr_exp_t>(exponent), MPFR_RNDN);
    return result;
  }
  friend Exact operator-(const Exact& a, const Exact& b) {
    Exact result;
    mpfr_sub(result.x_, a.x_, b.x_, MPFR_RNDN);
    return result;
  }
  friend bool operator<(const Exact& a, const Exact& b) { return mpfr_less_p(a.x_, b.x_) != 0; }
  Exact Abs() const { return mpfr_signbit(x_) ? Exact() - *this : *this; }
  Exact Rounded() const {  ///< to an integer, ties to even
    Exact result;
    mpfr_rint(result.x_, x_, MPFR_RNDN);
    return result;
  }
  bool IsZero() const { return mpfr_zero_p(x_) != 0; }
  std::int64_t Exponent() const { return mpfr_get_exp(x_) - 1; }  ///< floor(log2 |x|)
  double ToDouble() const { return mpfr_get_d(x_, MPFR_RNDN); }
  mpfr_srcptr get() const { return x_; }

 private:
  static constexpr mpfr_prec_t kBits = 9000;
  mpfr_t x_;
};

std::int64_t UlpExponent(Dtype dtype, const Exact& x) {
  const FloatFormat& format = FormatOf(dtype);
  std::int64_t exponent = format.min_exponent;
  if (!x.IsZero())
    exponent = std::clamp<std::int64_t>(x.Exponent(), format.min_exponent, format.max_exponent);
  return exponent - format.precision + 1;
}

double Rounded(Dtype dtype, const Exact& x) {
  const std::int64_t unit = UlpExponent(dtype, x);
  const Exact value = x.Times2(-unit).Rounded().Times2(unit);
  if (Exact(MaxFinite(dtype)) < value.Abs()) return value < Exact() ? -kInfinity : kInfinity;
  return value.ToDouble();
}

/// What overflows counts as the power of two behind the largest number.
Exact Bounded(Dtype dtype, const Exact& x) {
  const double rounded = Rounded(dtype, x);
  if (std::isfinite(rounded)) return x;
  const Exact bound = Exact::PowerOfTwo(FormatOf(dtype).max_exponent + 1);
  return rounded > 0 ? bound : Exact() - bound;
}

Exact GotOf(Dtype dtype, double got) {
  if (std::isfinite(got)) return got;
  const Exact bound = Exact::PowerOfTwo(FormatOf(dtype).max_exponent + 1);
  return got > 0 ? bound : Exact() - bound;
}

double Ulps(Dtype dtype, const Exact& truth, const Exact& got) {
  return (truth - got).Abs().Times2(-UlpExponent(dtype, truth)).ToDouble();
}

/// The least over [lower, upper]: at an end or where the ulp jumps, at a power of two between them.
double LeastUlps(Dtype dtype, const Exact& lower, const Exact& upper, const Exact& got) {
  if (!(got < lower) && !(upper < got)) return 0;
  double least = std::min(Ulps(dtype, lower, got), Ulps(dtype, upper, got));
  const FloatFormat& format = FormatOf(dtype);
  for (int e = format.min_exponent - format.precision; e <= format.max_exponent + 1; ++e) {
    for (const Exact& power : {Exact::PowerOfTwo(e), Exact() - Exact::PowerOfTwo(e)}) {
      if (lower < power && power < upper) least = std::min(least, Ulps(dtype, power, got));
    }
  }
  return least;
}

/// Numbers of 106 bits as enclosures hold them, near and far, and answers near and far from them.
class Draws {
 public:
  explicit Draws(std::uint64_t seed) : random_(seed) {}

  std::uint64_t Below(std::uint64_t n) { return random_() % n; }
  Dtype AnyDtype() { return kAllDtypes[Below(std::size(kAllDtypes))]; }

  Extended AnyExtended(Dtype dtype) {
    if (Below(16) == 0) return {};
    const FloatFormat& format = FormatOf(dtype);
    Extended x;
    x.head = std::bit_cast<double>(random_() >> 12 | std::uint64_t{0x3ff0000000000000});
    if (Below(2) == 0) {  // few bits, and so ties
      x.head = std::ldexp(std::trunc(std::ldexp(x.head, format.precision)), -format.precision);
    }
    if (Below(8) == 0) x.head = 1;
    if (Below(4) != 0) x.tail = std::ldexp(std::ldexp(x.head, -53), -static_cast<int>(Below(4) * Below(60)));
    if (Below(2) == 0) x.tail = -x.tail;
    if (Below(2) == 0) x.head = -x.head, x.tail = -x.tail;
    const int reach = format.max_exponent - format.min_exponent + 2 * format.precision;
    x.scale = format.min_exponent - format.precision - 5 + static_cast<int>(Below(reach));
    return x;
  }

  double AnyNumber(Dtype dtype, const Extended& near) {
    const double rounded = Rounded(dtype, near);
    switch (Below(8)) {
      case 0:
        return NumberOf(dtype, random_());
      case 1:
        return Below(2) ? kInfinity : -kInfinity;
      case 2:
        return Below(2) ? MaxFinite(dtype) : 0.0;
      case 3:
        return NextUp(dtype, NextUp(dtype, rounded));
      case 4:
        return NextDown(dtype, rounded);
      default:
        return rounded;
    }
  }

  static double NumberOf(Dtype dtype, std::uint64_t bits) {
    const double value = FromBits(dtype, bits >> (64 - FormatOf(dtype).bits));
    return std::isnan(value) ? 0 : value;
  }

  Enclosure AnyEnclosure(Dtype dtype) {
    Extended a = AnyExtended(dtype), b = a;
    if (Below(2) == 0) {
      b = AnyExtended(dtype);
      if (Below(2) == 0 && a.head != 0 && b.head != 0) b.scale = a.scale + static_cast<int>(Below(3));
    }
    return Exact(b) < Exact(a) ? Enclosure{b, a} : Enclosure{a, b};
  }

 private:
  std::mt19937_64 random_;
};

/// Calls property(draws) often.
template <class Property>
void Often(const char* what, Property property) {
  EXPECT_TRUE(rc::check(what, [&] {
    Draws draws(*rc::gen::noShrink(rc::gen::resize(rc::kNominalSize, rc::gen::arbitrary<std::uint64_t>())));
    for (int i = 0; i < 50; ++i) property(draws);
  }));
}

TEST(Extended, NearestIsRoundedOnce) {
  Often("Nearest is the even neighbour at ties", [](Draws& draws) {
    const Dtype dtype = draws.AnyDtype();
    const Extended x = draws.AnyExtended(dtype);
    bool unique = false;
    RC_ASSERT(Nearest(dtype, {x, x}, &unique) == Rounded(dtype, x));
    RC_ASSERT(unique);
  });
}

TEST(Extended, NearestOfAnIntervalIsUniqueIfItsEndsAgree) {
  Often("unique where both ends round to one number", [](Draws& draws) {
    const Dtype dtype = draws.AnyDtype();
    const Enclosure e = draws.AnyEnclosure(dtype);
    bool unique = false;
    const double nearest = Nearest(dtype, e, &unique);
    const double lower = Rounded(dtype, e.lower), upper = Rounded(dtype, e.upper);
    RC_ASSERT(unique == (lower == upper));
    RC_ASSERT(lower <= nearest && nearest <= upper);
  });
}

void Fail(Dtype dtype, const Enclosure& e, double got, double error, double want) {
  RC_FAIL(std::string(Name(dtype)) + " [" + ToDecimal(e.lower) + ", " + ToDecimal(e.upper) + "] and " +
          FormatHex(got) + ": " + FormatHex(error) + " instead of " + FormatHex(want));
}

bool IsNear(double a, double b) { return a == b || std::fabs(a - b) <= 0x1p-48 * std::fabs(b); }

TEST(Extended, UlpErrorIsTheLeast) {
  Often("UlpError", [](Draws& draws) {
    const Dtype dtype = draws.AnyDtype();
    const Enclosure e = draws.AnyEnclosure(dtype);
    const double got = draws.AnyNumber(dtype, e.lower);
    const double want = LeastUlps(dtype, Bounded(dtype, e.lower), Bounded(dtype, e.upper), GotOf(dtype, got));
    const double error = UlpError(dtype, e, got);
    if (!IsNear(error, want)) Fail(dtype, e, got, error, want);
  });
}

TEST(Extended, AbsoluteErrorIsTheDistance) {
  Often("AbsoluteError", [](Draws& draws) {
    const Dtype dtype = draws.AnyDtype();
    const Enclosure e = draws.AnyEnclosure(dtype);
    const double got = draws.AnyNumber(dtype, e.upper);
    const Exact lower = Bounded(dtype, e.lower), upper = Bounded(dtype, e.upper), number = GotOf(dtype, got);
    double want = 0;
    if (number < lower) want = (lower - number).ToDouble();
    if (upper < number) want = (number - upper).ToDouble();
    const double error = AbsoluteError(dtype, e, got);
    if (!IsNear(error, want)) Fail(dtype, e, got, error, want);
  });
}

TEST(Extended, DecimalsHaveTheirDigits) {
  Often("ToDecimal", [](Draws& draws) {
    const Extended x = draws.AnyExtended(draws.AnyDtype());
    constexpr int kDigits = 30;
    mpfr_t read;
    mpfr_init2(read, 9000);
    const std::string text = ToDecimal(x, kDigits);
    const bool whole = mpfr_set_str(read, text.c_str(), 10, MPFR_RNDN) == 0;
    mpfr_sub(read, read, Exact(x).get(), MPFR_RNDN);
    mpfr_div(read, read, Exact(x).get(), MPFR_RNDN);
    const double relative = x.head == 0 ? 0 : std::fabs(mpfr_get_d(read, MPFR_RNDN));
    mpfr_clear(read);
    RC_ASSERT(whole);
    RC_ASSERT(relative <= 5.0000001e-30);
  });
}

TEST(Extended, ByHand) {
  const auto point = [](double head, double tail, std::int64_t scale) {
    return Enclosure{{head, tail, scale}, {head, tail, scale}};
  };
  EXPECT_EQ(UlpError(Dtype::kF32, point(1, 0, 0), 1), 0);
  EXPECT_EQ(UlpError(Dtype::kF32, point(1, 0, 0), 0x1.000002p+0), 1);
  EXPECT_EQ(UlpError(Dtype::kF32, point(1, 0x1p-54, 0), 1), 0x1p-31);
  EXPECT_EQ(UlpError(Dtype::kF16, point(1, 0, 0), kInfinity), (65536 - 1) * 1024.0);
  EXPECT_EQ(UlpError(Dtype::kF16, point(1, 0, 5000), kInfinity), 0);
  EXPECT_EQ(UlpError(Dtype::kF16, point(1, 0, 5000), 65504), 1);
  EXPECT_EQ(UlpError(Dtype::kF16, point(1, 0, -5000), 0x1p-24), 1);
  EXPECT_EQ(UlpError(Dtype::kF32, {{-1, 0, 0}, {1, 0, 0}}, 0.25), 0);
  EXPECT_EQ(Nearest(Dtype::kF32, point(1, 0x1p-60, 5000)), kInfinity);
  EXPECT_EQ(Nearest(Dtype::kF32, point(1, 0x1p-60, -5000)), 0);
  EXPECT_EQ(ToDouble({{1, 0, 0}, {1, 0, 1}}), 1.5);
  EXPECT_EQ(ToDecimal(Extended{1.5, 0, 0}), "1.5");
}

TEST(Extended, NotANumber) {
  const Enclosure nan = {{kNan, 0, 0}, {kNan, 0, 0}}, one = {{1, 0, 0}, {1, 0, 0}};
  EXPECT_TRUE(IsNan(nan));
  EXPECT_FALSE(IsNan(one));
  EXPECT_TRUE(std::isnan(Nearest(Dtype::kF32, nan)));
  EXPECT_TRUE(std::isnan(ToDouble(nan)));
  for (const auto error : {UlpError, AbsoluteError}) {
    EXPECT_EQ(error(Dtype::kF32, nan, kNan), 0);
    EXPECT_EQ(error(Dtype::kF32, nan, 1), kInfinity);
    EXPECT_EQ(error(Dtype::kF32, one, kNan), kInfinity);
  }
}

TEST(Extended, ExactZero) {
  EXPECT_TRUE(IsExactZero({{}, {}}));
  EXPECT_FALSE(IsExactZero({{}, {1, 0, -9999}}));
  EXPECT_FALSE(IsExactZero({{-1, 0, -9999}, {}}));
}

}  // namespace
}  // namespace exactloss
