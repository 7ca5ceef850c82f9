// Roundings go outward: what is computed with more bits lies inside what is computed with fewer.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "reference/interval.h"
#include "reference/text.h"
#include "reference/truth.h"
#include "tests/arb/points.h"
#include "tests/reference/range.h"

namespace exactloss {
namespace {

constexpr std::size_t kDraws = 4'000;   ///< for each operation
constexpr std::size_t kProblems = 100;  ///< for each loss and dtype
constexpr int kFewBits = 64, kInlineBits = 128, kManyBits = 512;
constexpr std::uint64_t kSeed = 71;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct Operation {
  std::string name;
  std::function<Interval(const Interval&, const Interval&)> apply;
  double least = -kInfinity;  ///< of its first argument
  bool is_composite = false;  ///< an argument counts twice: different forms widen differently
};

const std::vector<Operation>& Operations() {
  using I = const Interval&;
  static const std::vector<Operation> operations = {
      {"-x", [](I x, I) { return -x; }},
      {"x + y", [](I x, I y) { return x + y; }},
      {"x - y", [](I x, I y) { return x - y; }},
      {"x y", [](I x, I y) { return x * y; }},
      {"x / y", [](I x, I y) { return x / y; }},
      {"Sqr", [](I x, I) { return Sqr(x); }},
      {"Sqrt", [](I x, I) { return Sqrt(x); }, 0},
      {"Exp", [](I x, I) { return Exp(x); }},
      {"Expm1", [](I x, I) { return Expm1(x); }},
      {"Log", [](I x, I) { return Log(x); }, 0},
      {"Log1p", [](I x, I) { return Log1p(x); }, -1},
      {"Atan", [](I x, I) { return Atan(x); }},
      {"Power", [](I x, I y) { return Power(x, y); }, 0},
      {"Hull", [](I x, I y) { return Hull(x, y); }},
      {"Pi", [](I, I) -> Interval { return Pi<Interval>(); }},
      {"Softplus", [](I x, I) { return Softplus(x); }, -kInfinity, true},
      {"Sigmoid", [](I x, I) { return Sigmoid(x); }, -kInfinity, true},
      {"AtanRatio", [](I x, I y) { return AtanRatio(x, y); }, -kInfinity, true},
  };
  return operations;
}

/// Numbers of every size, whole ones and zeros among them.
double DrawNumber(arb::Random& random, double least) {
  double x = random.Uniform(-4, 4);
  switch (random.Below(6)) {
    case 0:
      x = std::round(x);
      break;
    case 1:
      x = std::ldexp(x, static_cast<int>(random.Below(2000)) - 1000);
      break;
    case 2:
      x *= 300;
      break;
    default:
      break;
  }
  if (x >= least) return x;
  return least == 0 ? -x : least / (1 - x);
}

/// A point or an interval, narrow or wide, whose ends have 53 bits.
struct Argument {
  Argument(arb::Random& random, double least) : low(DrawNumber(random, least)), high(low) {
    if (random.OneIn(3)) return;
    // The narrow ones are about as wide as half the precision.
    const int width = static_cast<int>(random.Below(20)) - 50;
    high = random.OneIn(2) ? DrawNumber(random, least)
                           : low + std::fabs(low) * std::ldexp(random.Uniform(), width);
    if (high < low) std::swap(low, high);
  }
  Interval Lift() const { return low == high ? Interval(low) : Hull(Interval(low), Interval(high)); }
  /// Something within, often an end.
  double Pick(arb::Random& random) const {
    if (random.OneIn(2)) return random.OneIn(2) ? low : high;
    const double x = low + (high - low) * random.Uniform();
    return x < low || !(x <= high) ? low : x;
  }

  double low, high;
};

Range At(int bits, const Operation& operation, const Interval& x, const Interval& y) {
  const EvaluationScope scope(bits);
  return Range(operation.apply(x, y));
}

std::string Text(const Argument& x) { return Concat("[", FormatHex(x.low), ", ", FormatHex(x.high), "]"); }

class Nesting : public testing::TestWithParam<std::size_t> {};

TEST_P(Nesting, OfOneOperation) {
  const Operation& operation = Operations()[GetParam()];
  arb::Random random(kSeed);
  for (std::size_t n = 0; n < kDraws; ++n) {
    const Argument x(random, operation.least), y(random, -kInfinity);
    const double a = x.Pick(random), b = y.Pick(random);
    const EvaluationScope scope(kFewBits);
    const Range few = At(kFewBits, operation, x.Lift(), y.Lift());
    const Range some = At(kInlineBits, operation, x.Lift(), y.Lift());
    const Range many = At(kManyBits, operation, x.Lift(), y.Lift());
    const Range within = At(kManyBits, operation, Interval(a), Interval(b));
    if (IsNan(few)) {
      // Of a whole interval nothing may be known where something is known of its points, but never the
      // reverse.
      ASSERT_TRUE(IsNan(some) && IsNan(many)) << operation.name << " of " << Text(x) << ", " << Text(y);
      continue;
    }
    ASSERT_TRUE(IsInside(some, few) && IsInside(many, some))
        << operation.name << " of " << Text(x) << ", " << Text(y) << "\n  " << ToString(few) << "\n  "
        << ToString(some) << "\n  " << ToString(many);
    if (IsNan(within)) continue;
    ASSERT_TRUE(operation.is_composite ? Intersect(within, few) : IsInside(within, few))
        << operation.name << " of " << Text(x) << ", " << Text(y) << " does not hold that of " << FormatHex(a)
        << ", " << FormatHex(b) << "\n  " << ToString(few) << "\n  " << ToString(within);
  }
}

// Outward, but no further: a point's function is known to the last bit, or two.
TEST_P(Nesting, IsNarrowAtPoints) {
  const Operation& operation = Operations()[GetParam()];
  if (operation.name == "Hull") return;
  arb::Random random(kSeed + 1);
  std::size_t narrow = 0, finite = 0;
  for (std::size_t n = 0; n < kDraws / 4; ++n) {
    const double x = DrawNumber(random, operation.least), y = DrawNumber(random, -kInfinity);
    const Range range = At(kInlineBits, operation, Interval(x), Interval(y));
    if (IsNan(range) || isinf(range.lower) || isinf(range.upper)) continue;
    ++finite;
    narrow += IsNarrow(range, kInlineBits - 4);
  }
  EXPECT_GT(finite, kDraws / 16) << operation.name;
  EXPECT_EQ(narrow, finite) << operation.name;
}

// What MPFR rounds to nearest lies within, for those operations that it has.
TEST(NestingOf, PointsHoldsTheRoundedResult) {
  arb::Random random(kSeed + 2);
  for (std::size_t n = 0; n < kDraws; ++n) {
    const double x = random.Uniform(0.01, 4), y = random.Uniform(0.01, 4);
    const Point::Precision precision(kManyBits);
    const std::pair<const char*, Point::Number> wants[] = {
        {"x + y", (Point(x) + Point(y)).number},
        {"x - y", (Point(x) - Point(y)).number},
        {"x y", (Point(x) * Point(y)).number},
        {"x / y", (Point(x) / Point(y)).number},
        {"Sqr", Sqr(Point(x)).number},
        {"Sqrt", Sqrt(Point(x)).number},
        {"Exp", Exp(Point(x)).number},
        {"Expm1", Expm1(Point(x)).number},
        {"Log", Log(Point(x)).number},
        {"Log1p", Log1p(Point(x)).number},
        {"Atan", Atan(Point(x)).number},
        {"Power", Power(Point(x), Point(y)).number},
        {"Pi", Pi<Point>().number},
    };
    for (const auto& [name, want] : wants) {
      for (const Operation& operation : Operations()) {
        if (operation.name != name) continue;
        const EvaluationScope scope(kFewBits);
        ASSERT_TRUE(Contains(At(kFewBits, operation, Interval(x), Interval(y)), want))
            << name << " of " << x << ", " << y;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Operations, Nesting, testing::Range(std::size_t{0}, Operations().size()));

/// No dtype tells such a number from 0; the ends of an enclosure have 106 bits, wherever they lie.
bool IsVanishing(const Range& x) {
  const Point::Number tiny = ldexp(Point::Number(1), -1200);
  return x.lower > -tiny && x.upper < tiny;
}

/// Derivatives from both sides that differ by less than a proof asks for.
bool IsOne(const Range& kink, Dtype dtype) {
  constexpr int kProvenBits = 30;
  const double least = MinSubnormal(dtype);
  return IsNarrow(kink, FormatOf(dtype).precision + kProvenBits) ||
         kink.upper - kink.lower < ldexp(Point::Number(least), -kProvenBits);
}

class NestingOfTruths : public testing::TestWithParam<std::string> {};

// The enclosure that starts at 512 bits lies inside the one that starts at 128.
TEST_P(NestingOfTruths, Hold) {
  const LossSpec& loss = *FindLoss(GetParam());
  std::size_t inside = 0;
  for (const Dtype dtype : kAllDtypes) {
    arb::Random random(kSeed + static_cast<std::uint64_t>(dtype));
    for (std::size_t n = 0; n < kProblems; ++n) {
      const Problem problem = arb::DrawProblem(loss, dtype, random);
      const Truth few = Evaluate(problem), many = Evaluate(problem, {.first_precision = kManyBits});
      for (std::size_t k = 0; k < few.outputs.size(); ++k) {
        for (std::size_t i = 0; i < few.outputs[k].elements.size(); ++i) {
          const ElementTruth &outer = few.outputs[k].elements[i], &inner = many.outputs[k].elements[i];
          const Range kink((outer.kink ? outer : inner).allowed);
          ASSERT_TRUE(outer.kink == inner.kink || IsOne(kink, dtype)) << FormatProblem(problem);
          ASSERT_EQ(IsNan(outer.value), IsNan(inner.value)) << FormatProblem(problem);
          if (!outer.proven || !inner.proven || IsNan(outer.value)) continue;
          if (IsVanishing(Range(outer.allowed)) || outer.kink != inner.kink) continue;
          ASSERT_TRUE(IsInside(Range(inner.value), Range(outer.value)) &&
                      IsInside(Range(inner.allowed), Range(outer.allowed)))
              << FormatProblem(problem) << "\n  " << few.outputs[k].spec.name << "[" << i
              << "]: " << ToString(Range(inner.value)) << " is not in " << ToString(Range(outer.value));
          ++inside;
        }
      }
    }
  }
  EXPECT_GT(inside, kProblems);
}

std::vector<std::string> LossNames() {
  std::vector<std::string> names;
  for (const LossSpec& loss : Catalogue()) names.emplace_back(loss.name);
  return names;
}

INSTANTIATE_TEST_SUITE_P(Catalogue, NestingOfTruths, testing::ValuesIn(LossNames()),
                         [](const testing::TestParamInfo<std::string>& loss) { return loss.param; });

}  // namespace
}  // namespace exactloss
