// The rules of derivatives, one by one: dual numbers and jets against difference quotients of the same word.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "reference/jet.h"
#include "tests/arb/points.h"
#include "tests/reference/point.h"

namespace exactloss {
namespace {

constexpr int kBits = 700, kStepExponent = -150;
constexpr int kDigitBits = 250;  ///< that a central difference with that step shares with a derivative
constexpr int kDraws = 50;
constexpr std::uint64_t kSeed = 97;

/// A word of formulas in two variables, at every scalar that the tests need.
struct Rule {
  std::string name;
  double low, high;  ///< of its arguments
  std::function<Point(const Point&, const Point&)> at_point;
  std::function<Dual<Point>(const Dual<Point>&, const Dual<Point>&)> at_dual;
  std::function<Jet<2>(const Jet<2>&, const Jet<2>&)> at_jet;  ///< empty: jets lack the word
};

template <class F>
Rule WithJet(std::string name, double low, double high, F f) {
  return {std::move(name), low, high, f, f, f};
}
template <class F>
Rule WithoutJet(std::string name, double low, double high, F f) {
  return {std::move(name), low, high, f, f, {}};
}

const std::vector<Rule>& Rules() {
  const Parameter p(2.5);
  static const std::vector<Rule> rules = {
      WithJet("-x", -3, 3, [](const auto& x, const auto&) { return -x; }),
      WithJet("x + y", -3, 3, [](const auto& x, const auto& y) { return x + y; }),
      WithJet("x - y", -3, 3, [](const auto& x, const auto& y) { return x - y; }),
      WithJet("x y", -3, 3, [](const auto& x, const auto& y) { return x * y; }),
      WithJet("x / y", 0.5, 3, [](const auto& x, const auto& y) { return x / y; }),
      WithJet("Sqr", -3, 3, [](const auto& x, const auto&) { return Sqr(x); }),
      WithoutJet("Sqrt", 0.5, 3, [](const auto& x, const auto&) { return Sqrt(x); }),
      WithJet("Exp", -3, 3, [](const auto& x, const auto&) { return Exp(x); }),
      WithJet("Expm1", -3, 3, [](const auto& x, const auto&) { return Expm1(x); }),
      WithJet("Log", 0.5, 3, [](const auto& x, const auto&) { return Log(x); }),
      WithoutJet("Log1p", -0.5, 3, [](const auto& x, const auto&) { return Log1p(x); }),
      WithJet("Atan", -3, 3, [](const auto& x, const auto&) { return Atan(x); }),
      WithJet("Pow", 0.5, 3, [p](const auto& x, const auto&) { return Pow(x, p); }),
      WithJet("Softplus", -3, 3, [](const auto& x, const auto&) { return Softplus(x); }),
      WithJet("Sigmoid", -3, 3, [](const auto& x, const auto&) { return Sigmoid(x); }),
      WithJet("XLogX", 0.5, 3, [](const auto& x, const auto&) { return XLogX(x); }),
      WithJet("AtanRatio", 0.5, 3, [](const auto& x, const auto& y) { return AtanRatio(x, y); }),
      WithJet("Share", 0.5, 3, [](const auto& x, const auto& y) { return Share(x, y); }),
      WithJet("PowTimes", 0.5, 3,
              [p](const auto& x, const auto& y) { return PowTimes(x, p, y, [&] { return y / x; }); }),
      WithJet("Within", 0.5, 3,
              [](const auto& x, const auto& y) { return Within(x * y, x - x, 9 + Sqr(x)); }),
      WithJet("Abs", -3, 3, [](const auto& x, const auto&) { return Abs(x); }),
      WithJet("Max", -3, 3, [](const auto& x, const auto& y) { return Max(x, y); }),
      WithJet("Min", -3, 3, [](const auto& x, const auto& y) { return Min(x, y); }),
      WithJet("a chain", 0.5, 3,
              [](const auto& x, const auto& y) { return Sigmoid(x * y) / Exp(Sqr(x - y)); }),
  };
  return rules;
}

class RuleOf : public testing::TestWithParam<std::size_t> {
 protected:
  const Point::Precision precision_{kBits};
  const Point step_ = std::ldexp(1.0, kStepExponent);

  static Dual<Point> At(const Rule& rule, const Point& x, const Point& y) {
    return rule.at_dual(Dual<Point>::Variable(x, 0), Dual<Point>::Variable(y, 1));
  }
  static Point Slope(const Dual<Point>& f, std::uint32_t variable) {
    const Point* slope = f.SlopeAlong(variable);
    return slope == nullptr ? Point(0.0) : *slope;
  }
  Point Quotient(const Point& above, const Point& below) const { return (above - below) / (step_ + step_); }
};

TEST_P(RuleOf, DualNumbersHaveTheSlopesOfDifferences) {
  const Rule& rule = Rules()[GetParam()];
  arb::Random random(kSeed);
  for (int n = 0; n < kDraws; ++n) {
    const Point x = random.Uniform(rule.low, rule.high), y = random.Uniform(rule.low, rule.high);
    const Dual<Point> f = At(rule, x, y);
    EXPECT_TRUE(f.value.number == rule.at_point(x, y).number) << rule.name;
    const Point differences[] = {Quotient(rule.at_point(x + step_, y), rule.at_point(x - step_, y)),
                                 Quotient(rule.at_point(x, y + step_), rule.at_point(x, y - step_))};
    for (const std::uint32_t i : {0U, 1U}) {
      const Point error = Magnitude(Slope(f, i) - differences[i]);
      EXPECT_TRUE(error.number <= ldexp(Point::Number(1), -kDigitBits)) << rule.name << ", variable " << i;
    }
  }
}

// Jets are long doubles: slopes and curvatures to a dozen digits.
TEST_P(RuleOf, JetsHaveTheSlopesAndCurvaturesOfDualNumbers) {
  constexpr double kClose = 1e-12;
  const Rule& rule = Rules()[GetParam()];
  if (!rule.at_jet) return;
  arb::Random random(kSeed);
  for (int n = 0; n < kDraws; ++n) {
    const double a = random.Uniform(rule.low, rule.high), b = random.Uniform(rule.low, rule.high);
    const Point x = a, y = b;
    const Jet<2> jet = rule.at_jet(Jet<2>::Variable(a, 0), Jet<2>::Variable(b, 1));
    const Dual<Point> f = At(rule, x, y);
    const Dual<Point> above[] = {At(rule, x + step_, y), At(rule, x, y + step_)};
    const Dual<Point> below[] = {At(rule, x - step_, y), At(rule, x, y - step_)};
    const auto expect = [&](long double got, const Point& want, const std::string& what) {
      const double number = static_cast<double>(want.number);
      EXPECT_NEAR(static_cast<double>(got), number, kClose * (1 + std::fabs(number))) << rule.name << what;
    };
    expect(jet.value, f.value, ": value");
    for (const std::uint32_t i : {0U, 1U}) {
      expect(jet.Slope(i), Slope(f, i), ": a slope");
      for (const std::uint32_t j : {0U, 1U}) {
        expect(jet.Curvature(i, j), Quotient(Slope(above[j], i), Slope(below[j], i)), ": a curvature");
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Words, RuleOf, testing::Range(std::size_t{0}, Rules().size()));

TEST(RulesAtZero, PolesAndShares) {
  const Point::Precision precision(kBits);
  const auto x = [](double value) { return Dual<Point>::Variable(Point(value), 0); };
  // 0 log 0 = 0, with the slope log 0 + 1; the other factor has slope 0 although its own is a pole.
  EXPECT_TRUE(XLogX(x(0)).value.number == 0);
  EXPECT_TRUE(isinf(XLogX(x(0)).SlopeAlong(0)->number));
  const Dual<Point> shared = Share(Dual<Point>(0.0), Log(x(0)));
  EXPECT_TRUE(shared.value.number == 0);
  EXPECT_TRUE(shared.SlopeAlong(0)->number == 0);
  // x^0 is 1 everywhere, x^1 has slope 1 at 0.
  EXPECT_TRUE(Pow(x(0), Parameter(0)).value.number == 1);
  EXPECT_TRUE(Pow(x(0), Parameter(0)).slopes.empty());
  EXPECT_TRUE(Pow(x(0), Parameter(1)).SlopeAlong(0)->number == 1);
  // atan(w / h) as h -> 0+, along h -1 / w.
  const Dual<Point> angle = AtanRatio(Dual<Point>(2.0), x(0));
  EXPECT_TRUE(Magnitude(angle.value - Point(0.5) * Pi<Point>()).number <=
              ldexp(Point::Number(1), -kDigitBits));
  EXPECT_TRUE(angle.SlopeAlong(0)->number == -0.5);
}

}  // namespace
}  // namespace exactloss
