// One element: every verdict and class, in every dtype, on both sides of each boundary.
#include "oracle/element_judge.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <ostream>
#include <string>

#include "tests/oracle/fakes.h"

namespace exactloss {
namespace {

using enum Verdict;

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr Dtype kF64 = Dtype::kF64, kF32 = Dtype::kF32, kBF16 = Dtype::kBF16, kF16 = Dtype::kF16;

/// "exact", "overflow", ...
std::string Text(const Judgement& judgement) {
  return std::string(judgement.verdict == kDivergent ? Name(judgement.divergence) : Name(judgement.verdict));
}

std::string Judged(Dtype dtype, const ElementTruth& truth, double got, double roundings = 0) {
  EXPECT_TRUE(IsRepresentable(dtype, got)) << got;
  return Text(JudgeElement({.dtype = dtype, .roundings = roundings}, truth, got));
}

class EveryDtype : public testing::TestWithParam<Dtype> {
 protected:
  const Dtype dtype = GetParam();
  const double u = UnitRoundoff(dtype), smallest = MinSubnormal(dtype), normal = MinNormal(dtype);

  std::string Of(const ElementTruth& truth, double got, double roundings = 0) const {
    return Judged(dtype, truth, got, roundings);
  }
  std::string Of(double truth, double got, double roundings = 0) const {
    return Of(TruthOf(truth), got, roundings);
  }
  /// 1 and so many ulps.
  double OneAnd(double ulps) const { return 1 + 2 * u * ulps; }
};

INSTANTIATE_TEST_SUITE_P(ElementJudge, EveryDtype, testing::ValuesIn(kAllDtypes),
                         [](const auto& test) { return std::string(Name(test.param)); });

TEST_P(EveryDtype, ExactAndFaithful) {
  EXPECT_EQ(Of(1, 1), "exact");
  EXPECT_EQ(Of(1, OneAnd(1)), "inaccurate");
  // A truth between 1 and its neighbour, nearer to 1.
  ElementTruth between = TruthOf(1);
  between.value.lower.tail = between.value.upper.tail = 0.5 * u;
  EXPECT_EQ(Of(between, 1), "exact");
  EXPECT_EQ(Of(between, OneAnd(1)), "faithful");
  EXPECT_EQ(Of(between, OneAnd(-0.5)), "faithful");
  EXPECT_EQ(Of(between, OneAnd(2)), "inaccurate");
}

TEST_P(EveryDtype, AnEnclosureAroundATieIsNotExact) {
  ElementTruth tie = TruthOf(1);
  tie.value.lower.tail = u * (1 - 0x1p-30);
  tie.value.upper.tail = u * (1 + 0x1p-30);
  EXPECT_EQ(Of(tie, 1), "faithful");
  EXPECT_EQ(Of(tie, OneAnd(1)), "faithful");
}

TEST_P(EveryDtype, OffByExactlySoManyUlps) {
  // The truth is 3/2 and a fraction of an ulp; 4 roundings of a gauge of 1 are 2 ulps.
  struct Case {
    double ulps, fraction;
    const char* with_bound;
    const char* without;
  };
  const double tiny = 0x1p-20;
  const Case cases[] = {{0, 0, "exact", "exact"},
                        {0, 0.5 - tiny, "exact", "exact"},
                        {1, 0.5 - tiny, "faithful", "faithful"},
                        {1, tiny, "faithful", "faithful"},
                        {1, 0, "stable", "inaccurate"},
                        {1, -tiny, "stable", "inaccurate"},
                        {2, tiny, "stable", "inaccurate"},
                        {2, 0, "stable", "inaccurate"},
                        {2, -tiny, "inaccurate", "inaccurate"}};
  for (const Case& c : cases) {
    ElementTruth truth = WithGauge(TruthOf(1.5), 1);
    truth.value.lower.tail = truth.value.upper.tail = c.fraction * 2 * u;
    const double got = 1.5 + 2 * u * c.ulps;
    EXPECT_EQ(Of(truth, got, 4), c.with_bound) << c.ulps << ' ' << c.fraction;
    EXPECT_EQ(Of(truth, got), c.without) << c.ulps << ' ' << c.fraction;
    EXPECT_EQ(JudgeElement({.dtype = dtype}, truth, got).ulp, std::fabs(c.ulps - c.fraction));
  }
}

TEST_P(EveryDtype, StableUpToTheRoundingsTimesTheGauge) {
  EXPECT_EQ(Of(1, OneAnd(2), 4), "stable");
  EXPECT_EQ(Of(1, OneAnd(2), 3.99), "inaccurate");
  EXPECT_EQ(Of(WithGauge(TruthOf(1), 8), OneAnd(4), 1), "stable");
  EXPECT_EQ(Of(WithGauge(TruthOf(1), 7.99), OneAnd(4), 1), "inaccurate");
}

TEST_P(EveryDtype, AccurateWithinTheDeclaredBound) {
  ElementRules rules{.dtype = dtype, .roundings = 0, .declared_ulp = 3};
  EXPECT_EQ(Text(JudgeElement(rules, TruthOf(1), OneAnd(3))), "accurate");
  EXPECT_EQ(Text(JudgeElement(rules, TruthOf(1), OneAnd(4))), "inaccurate");
}

TEST_P(EveryDtype, RatioAndUlp) {
  const Judgement judgement =
      JudgeElement({.dtype = dtype, .roundings = 5}, WithGauge(TruthOf(1), 4), OneAnd(3));
  EXPECT_EQ(judgement.ulp, 3);
  EXPECT_EQ(judgement.ratio, 1.5);
  EXPECT_EQ(judgement.allowed_ratio, 5);
}

TEST_P(EveryDtype, CancellationFromHalfOfTheSignificandOn) {
  const double ulps = std::ceil(std::exp2(FormatOf(dtype).precision / 2.0 - 1));
  EXPECT_EQ(Of(1, OneAnd(ulps)), "cancellation");
  EXPECT_EQ(Of(1, OneAnd(ulps - 1)), "inaccurate");
  EXPECT_EQ(Of(WithGauge(TruthOf(1), ulps), OneAnd(ulps), 2), "stable");
  EXPECT_EQ(Of(WithGauge(TruthOf(0), 0), 1), "inaccurate");
}

TEST_P(EveryDtype, ASubnormalTruthHasFewDigitsToLose) {
  const double ulps = std::ceil(std::exp2(FormatOf(dtype).precision / 2.0 - 1));
  EXPECT_EQ(Of(3 * smallest, 4 * smallest), "inaccurate");
  EXPECT_EQ(Of(smallest, (ulps + 1) * smallest), "cancellation");
  EXPECT_EQ(Of(smallest, ulps * smallest), "inaccurate");
}

TEST_P(EveryDtype, Underflow) {
  EXPECT_EQ(Of(1, 0), "underflow");
  EXPECT_EQ(Of(1, normal - smallest), "underflow");
  EXPECT_EQ(Of(1, normal), "cancellation");
  EXPECT_EQ(Of(smallest, 0), "underflow");
  EXPECT_EQ(Of(normal, normal - smallest), "inaccurate");
  EXPECT_EQ(Of(normal, normal - 2 * smallest), "underflow");
  if (dtype == kF64) return;  // no double lies between its numbers
  EXPECT_EQ(Of(0.75 * smallest, 0), "faithful");
  EXPECT_EQ(Of(0.25 * smallest, 0), "exact");
}

TEST_P(EveryDtype, OnlyTheLastRoundingOfASubnormalIsExcused) {
  // u times the gauge is 3/4 of the smallest number.
  const double gauge = 1.5 * normal;
  EXPECT_EQ(Of(WithGauge(TruthOf(10 * smallest), gauge), 11 * smallest, 1), "stable");
  EXPECT_EQ(Of(WithGauge(TruthOf(10 * smallest), gauge), 12 * smallest, 1), "inaccurate");
  EXPECT_EQ(Of(WithGauge(TruthOf(normal), gauge), normal + smallest, 1), "inaccurate");
  EXPECT_EQ(Of(WithGauge(TruthOf(0), gauge), smallest, 1), "inaccurate");
}

TEST_P(EveryDtype, TheTermsOfAReducedLossMayHaveUnderflown) {
  const auto judged = [&](double truth, double got, double underflows) {
    return Text(JudgeElement({.dtype = dtype, .underflows = underflows}, TruthOf(truth), got));
  };
  EXPECT_EQ(judged(normal, normal + 5 * smallest, 10), "stable");
  EXPECT_EQ(judged(normal, normal + 6 * smallest, 10), "inaccurate");
  EXPECT_EQ(judged(10 * smallest, 15 * smallest, 9), "stable") << "and the last rounding";
  EXPECT_EQ(judged(10 * smallest, 16 * smallest, 9), "inaccurate");
  EXPECT_EQ(judged(0, smallest, 10), "inaccurate") << "zeros do not underflow";
}

TEST_P(EveryDtype, Overflow) {
  const double largest = MaxFinite(dtype);
  EXPECT_EQ(Of(largest, kInf), "overflow");
  EXPECT_EQ(Of(1, -kInf, 100), "overflow");
  EXPECT_EQ(Of(largest, kInf, 2), "stable");  // two roundings of the largest number are an ulp
  EXPECT_EQ(Of(largest, kInf, 1), "overflow");
  // One ulp and a quarter beyond is an infinity, a quarter of one is not.
  ElementTruth beyond = TruthOf(largest);
  beyond.value.lower.tail = beyond.value.upper.tail = 0.5 * u;
  EXPECT_EQ(Of(beyond, largest), "exact");
  EXPECT_EQ(Of(beyond, kInf), "faithful");
  EXPECT_EQ(Of(beyond, -kInf), "overflow");
}

TEST_P(EveryDtype, Infinity) {
  const double largest = MaxFinite(dtype);
  ElementTruth beyond = TruthOf(1);
  beyond.value.lower = beyond.value.upper = Scaled(1, FormatOf(dtype).max_exponent + 10);
  beyond.gauge = std::ldexp(largest, 9);
  EXPECT_EQ(Of(beyond, kInf), "exact");
  EXPECT_EQ(Of(beyond, largest, 0.5 / u), "infinity");
  EXPECT_EQ(Of(beyond, -kInf, 0.5 / u), "wrong sign");
  ElementRules rules{.dtype = dtype, .roundings = 1, .declared_ulp = 2};
  EXPECT_EQ(Text(JudgeElement(rules, beyond, largest)), "infinity") << "1 ulp from 2^(emax+1) is not near it";
  EXPECT_EQ(Of(kInf, largest, 1), "infinity");
  EXPECT_EQ(Of(kInf, kInf), "exact");
  EXPECT_EQ(Of(kInf, -kInf), "wrong sign");
  EXPECT_EQ(Of(kNaN, 1), "infinity");
}

TEST_P(EveryDtype, NotANumber) {
  EXPECT_EQ(Of(1, kNaN, 1 / u), "nan");
  EXPECT_EQ(Of(kInf, kNaN), "nan");
  EXPECT_EQ(Of(kNaN, kNaN), "exact");
  EXPECT_EQ(Of(Kink(0, -1, 1), kNaN), "nan");
}

TEST_P(EveryDtype, WrongSign) {
  EXPECT_EQ(Of(0.5, -0.5), "wrong sign");
  EXPECT_EQ(Of(-0.5, smallest), "wrong sign");
  EXPECT_EQ(Of(-0.5, 0), "underflow");
  EXPECT_EQ(Of(WithGauge(TruthOf(4 * u), 8), -4 * u, 1), "stable");
  EXPECT_EQ(Of(WithGauge(TruthOf(4 * u), 7), -4 * u, 1), "wrong sign");
}

TEST_P(EveryDtype, TheSubdifferentialOfAKink) {
  EXPECT_EQ(Of(Kink(0, -1, 1), 0), "exact");
  EXPECT_EQ(Of(Kink(0, -1, 1), -0.0), "exact");
  for (const double inside : {-1.0, -0.5, 1.0}) EXPECT_EQ(Of(Kink(0, -1, 1), inside), "convention");
  EXPECT_EQ(Of(Kink(0, -1, 1), OneAnd(1)), "wrong subgradient");
  EXPECT_EQ(Of(Kink(0, -1, 1), OneAnd(1), 2), "convention");
  EXPECT_EQ(Of(Kink(0, -1, 1), -OneAnd(2), 2), "wrong subgradient");
  EXPECT_EQ(Of(Kink(0, 0, 1), -0.5), "wrong subgradient");
  EXPECT_EQ(Of(Kink(0, -1, 1), kInf), "overflow");
  EXPECT_EQ(Of(Kink(0.5, 0, 1), 0.5), "exact");
}

TEST_P(EveryDtype, AKinkIsMeasuredFromWhatIsAllowed) {
  const Judgement inside = JudgeElement({.dtype = dtype}, Kink(0, -1, 1), 0.5);
  EXPECT_EQ(inside.ulp, 0);
  EXPECT_EQ(inside.ratio, 0);
  EXPECT_TRUE(inside.seen_by_assert_close);
  EXPECT_EQ(JudgeElement({.dtype = dtype}, Kink(0, -1, 1), OneAnd(3)).ulp, 3);
}

TEST_P(EveryDtype, TheZeroOfANonNegativeLoss) {
  const ElementRules rules{.dtype = dtype, .is_non_negative = true};
  EXPECT_EQ(Text(JudgeElement(rules, TruthOf(0), -0.0)), "signed zero");
  EXPECT_EQ(Text(JudgeElement(rules, TruthOf(0), 0)), "exact");
  EXPECT_EQ(Text(JudgeElement(rules, TruthOf(1), -0.0)), "underflow");
  EXPECT_EQ(Of(0, -0.0), "exact");
  ElementTruth tiny = TruthOf(0);
  tiny.value.lower = tiny.value.upper = Scaled(1, -2000);
  EXPECT_EQ(Text(JudgeElement(rules, tiny, -0.0)), "signed zero");
  EXPECT_EQ(Text(JudgeElement(rules, tiny, 0)), "exact");
}

TEST_P(EveryDtype, UndecidedIsNoPass) {
  for (const double got : {1.0, kNaN}) {
    const Judgement judgement = JudgeElement({.dtype = dtype, .roundings = 2}, Unproven(TruthOf(1)), got);
    EXPECT_EQ(judgement.verdict, kUndecided);
    EXPECT_FALSE(Passes(judgement.verdict));
    EXPECT_TRUE(std::isnan(judgement.ulp));
  }
}

TEST_P(EveryDtype, AnotherFunctionIsOneWhereItsAnswerDiffers) {
  const ElementRules rules{.dtype = dtype, .roundings = 4, .is_another_function = true};
  for (const double got : {OneAnd(3), 2.0, -1.0, 0.0, kNaN, kInf}) {
    EXPECT_EQ(Text(JudgeElement(rules, TruthOf(1), got)), "semantics") << got;
  }
  EXPECT_EQ(Text(JudgeElement(rules, Kink(0, -1, 1), 2)), "semantics");
  EXPECT_EQ(Text(JudgeElement(rules, TruthOf(1), 1)), "exact");
  EXPECT_EQ(Text(JudgeElement(rules, TruthOf(1), OneAnd(2))), "stable");
}

TEST_P(EveryDtype, ABoundOfAllDigitsSaysNothing) {
  const auto judged = [&](double roundings, const ElementTruth& truth, double got) {
    return JudgeElement({.dtype = dtype, .roundings = roundings}, truth, got);
  };
  EXPECT_EQ(judged(1 / u, TruthOf(1), 1.5).verdict, kStable);
  EXPECT_TRUE(judged(1 / u, TruthOf(1), 1.5).mistrusted);
  EXPECT_FALSE(judged(1 / u - 1, TruthOf(1), 1.5).mistrusted);
  EXPECT_FALSE(judged(1 / u, TruthOf(1), 1).mistrusted) << "an exact answer needs no bound";
  const double large = 0.75 * MaxFinite(dtype);
  EXPECT_EQ(Text(judged(1 / u, TruthOf(large), kInf)), "overflow");
  EXPECT_EQ(Text(judged(0.9 / u, TruthOf(large), kInf)), "stable");
  EXPECT_TRUE(judged(4, WithGauge(TruthOf(1), kInf), 1.5).mistrusted);
  EXPECT_EQ(Text(judged(4, WithGauge(TruthOf(1), kInf), kNaN)), "nan");
}

TEST_P(EveryDtype, TrivialValues) {
  EXPECT_EQ(TrivialValue(dtype, TruthOf(0)), 0);
  EXPECT_EQ(TrivialValue(dtype, TruthOf(-kInf)), -kInf);
  EXPECT_TRUE(TrivialValue(dtype, TruthOf(kNaN)).has_value());
  EXPECT_FALSE(TrivialValue(dtype, TruthOf(smallest)).has_value());
  EXPECT_FALSE(TrivialValue(dtype, Unproven(TruthOf(0))).has_value());
}

TEST(ElementJudge, WhatAssertCloseSees) {
  const auto is_seen = [](double truth, double got) {
    return JudgeElement({.dtype = kF32}, TruthOf(truth), got).seen_by_assert_close;
  };
  EXPECT_FALSE(is_seen(0x1p-20, 0)) << "an underflow below the absolute tolerance";
  EXPECT_TRUE(is_seen(0x1p-16, 0));
  EXPECT_TRUE(is_seen(1, kNaN));
  EXPECT_TRUE(is_seen(kNaN, kNaN)) << "equal_nan is off by default";
  EXPECT_FALSE(is_seen(kInf, kInf));
}

TEST(ElementJudge, NumbersOfEachDtype) {
  EXPECT_EQ(Judged(kF64, TruthOf(0x1p-1074), 0, 1), "underflow");
  EXPECT_EQ(Judged(kF32, TruthOf(0.1), 0x1.99999ap-4), "exact");
  EXPECT_EQ(Judged(kF32, TruthOf(0.1), 0x1.999998p-4), "faithful");
  EXPECT_EQ(Judged(kF32, TruthOf(0.1), 0x1.999996p-4), "inaccurate");
  EXPECT_EQ(Judged(kBF16, TruthOf(0.1), 0x1.9ap-4), "exact");
  EXPECT_EQ(Judged(kF16, TruthOf(65519), 65504), "exact");
  EXPECT_EQ(Judged(kF16, TruthOf(65520), kInf), "exact");
  EXPECT_EQ(Judged(kF16, TruthOf(65520), 65504), "infinity");
  EXPECT_EQ(Judged(kF16, TruthOf(65520), 65504, 1), "stable");
}

}  // namespace
}  // namespace exactloss
