// The Taylor remainder test on planted gradients, right and wrong ones.
#include "oracle/taylor.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "reference/text.h"
#include "tests/arb/points.h"
#include "tests/oracle/planted.h"

namespace exactloss {
namespace {

using Function = PlantedSubject::Function;

TaylorResult ResultOf(const std::string& line, const Function& loss, const Function& gradient) {
  PlantedSubject subject(loss, gradient);
  return TaylorTest(subject, ParseProblem(line), 1)[0];
}

Function Off(double relative) {
  return [=](double x, double t) { return BceGradient(x, t) * (1 + relative); };
}

TEST(Taylor, ARightGradientHasOrderTwo) {
  const TaylorResult result =
      ResultOf("bce_with_logits f64 none input=1.5 target=0.25", BceLoss, BceGradient);
  EXPECT_EQ(result.verdict, TaylorVerdict::kConsistent);
  EXPECT_EQ(result.order, 2);
  EXPECT_EQ(result.output, "grad:input");
  EXPECT_EQ(result.index, 0);
  EXPECT_GT(std::fabs(result.remainder), result.floor);
}

TEST(Taylor, AWrongOneHasOrderOne) {
  const std::string line = "bce_with_logits f64 none input=1.5 target=0.25";
  for (const double relative : {-2.0, 1e-2, 1e-4, 1e-6}) {  // a sign, and what gradcheck passes
    const TaylorResult result = ResultOf(line, BceLoss, Off(relative));
    EXPECT_EQ(result.verdict, TaylorVerdict::kInconsistent) << relative;
    EXPECT_EQ(result.order, 1) << relative;
    // What is left is the error of the gradient.
    const double off = std::fabs(result.remainder / (result.step * result.slope));
    EXPECT_NEAR(off / std::fabs(relative / (1 + relative)), 1, 0.5) << relative;
  }
}

TEST(Taylor, AZeroInATailIsSeen) {
  const auto nothing = [](double, double) { return 0.0; };
  const std::string line = "bce_with_logits f64 none input=20 target=1";
  EXPECT_EQ(ResultOf(line, BceLoss, nothing).verdict, TaylorVerdict::kInconsistent);
  EXPECT_EQ(ResultOf(line, BceLoss, BceGradient).verdict, TaylorVerdict::kConsistent);
}

TEST(Taylor, AnotherReductionIsSeen) {
  const auto half = [](double x, double t) { return BceGradient(x, t) / 2; };
  EXPECT_EQ(ResultOf("bce_with_logits f32 sum input=1.5,2 target=0,1", BceLoss, half).verdict,
            TaylorVerdict::kInconsistent);
}

TEST(Taylor, ALinearLossHasNoRemainder) {
  EXPECT_EQ(ResultOf("l1 f64 none input=5 target=1", L1Loss, L1Gradient).verdict,
            TaylorVerdict::kNoRemainder);
}

TEST(Taylor, AtAKinkTheGradientLiesBetweenTheSlopes) {
  const auto slope = [](double g) { return [=](double, double) { return g; }; };
  const std::string line = "l1 f64 none input=1 target=1";
  for (const double inside : {0.0, 0.5, -1.0}) {
    EXPECT_EQ(ResultOf(line, L1Loss, slope(inside)).verdict, TaylorVerdict::kKink) << inside;
  }
  for (const double outside : {2.0, -1.5}) {
    EXPECT_EQ(ResultOf(line, L1Loss, slope(outside)).verdict, TaylorVerdict::kInconsistent) << outside;
  }
  // Beside a kink larger steps cross it.
  EXPECT_EQ(ResultOf("l1 f64 none input=0x1.0000001p+0 target=1", L1Loss, L1Gradient).verdict,
            TaylorVerdict::kKink);
}

TEST(Taylor, AJumpIsUndecided) {
  const auto jump = [](double x, double) { return x > 1 ? 3.0 : 1.0; };
  const auto nothing = [](double, double) { return 0.0; };
  EXPECT_EQ(ResultOf("mse f64 none input=1 target=0", jump, nothing).verdict, TaylorVerdict::kUndecided);
}

/// log(1 + exp(x)) as log of a sum whose last bits are lost: a staircase of steps far beyond its unit
/// roundoff, flat at small steps, where the remainder is that of order 1.
TEST(Taylor, AStaircaseIsNoWrongGradient) {
  const auto coarse = [](double x, double t) { return std::log(1 + std::exp(x)) - t * x; };
  for (const char* x : {"-12.65", "-14.15", "-20.5", "-24.3", "-30.7"}) {
    EXPECT_NE(
        ResultOf(Concat("bce_with_logits f64 none input=", x, " target=0"), coarse, BceGradient).verdict,
        TaylorVerdict::kInconsistent)
        << x;
  }
}

TEST(Taylor, WhatIsNotFiniteIsUnanswered) {
  const auto nan = [](double, double) { return std::nan(""); };
  const std::string line = "mse f64 none input=1 target=0";
  EXPECT_EQ(ResultOf(line, nan, L1Gradient).message, "the loss is not finite");
  EXPECT_EQ(ResultOf(line, L1Loss, nan).message, "the gradient is not finite");
  FakeSubject refuses({AnswerStatus::kError, "no", {}});
  EXPECT_EQ(TaylorTest(refuses, ParseProblem(line), 1)[0].message, "no");
}

TEST(Taylor, TheTargetHasNoGradientHere) {
  PlantedSubject subject(BceLoss, BceGradient);
  const auto results = TaylorTest(subject, ParseProblem("mse f64 none input=1,2 target=0,0"), 1);
  ASSERT_EQ(results.size(), 4U);  // of each input an element, and both at once
  EXPECT_FALSE(results[1].index);
  EXPECT_EQ(results[2].verdict, TaylorVerdict::kUnanswered);
  EXPECT_EQ(results[2].message, "the subject does not return grad:target");
}

/// Correctly rounded gradients of losses with rounding errors are never called wrong, and wrong ones are: at
/// random points of every size, in every dtype.
TEST(Taylor, NoFalseAlarms) {
  arb::Random random(7);
  int alarms = 0, consistent = 0, found = 0;
  constexpr int kPoints = 400;
  for (int i = 0; i < kPoints; ++i) {
    const Dtype dtype = random.Pick(kAllDtypes);
    const double x = RoundTo(dtype, random.Uniform(-1, 1) * std::exp2(random.Uniform(-12, 5)));
    const std::string line =
        Concat("bce_with_logits ", Name(dtype), " sum input=", FormatHex(x), ",0x1p+0,-0x1p-2 target=0,1,1");
    const TaylorResult right = ResultOf(line, BceLoss, BceGradient), wrong = ResultOf(line, BceLoss, Off(-2));
    alarms += right.verdict == TaylorVerdict::kInconsistent;
    consistent += right.verdict == TaylorVerdict::kConsistent || right.verdict == TaylorVerdict::kNoRemainder;
    found += wrong.verdict == TaylorVerdict::kInconsistent;
  }
  std::cout << "of " << kPoints << ": " << consistent << " consistent; wrong signs found " << found
            << std::endl;
  EXPECT_EQ(alarms, 0);
  EXPECT_GT(consistent, kPoints / 4);
  EXPECT_GT(found, kPoints / 4);
}

}  // namespace
}  // namespace exactloss
