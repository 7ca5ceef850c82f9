// The independent oracle itself: known values, derivatives from either side, and that it knows what it cannot
// tell.
#include "tests/arb/oracle.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "tests/arb/formula.h"
#include "tests/arb/points.h"

namespace exactloss::arb {
namespace {

/// Whether the ball agrees with `decimal` to 30 digits.
testing::AssertionResult Is(const Ball& ball, const std::string& decimal) {
  const Precision precision(256);
  Ball known, digits;
  arb_set_str(known.get(), decimal.c_str(), Precision::bits());
  arb_set_str(digits.get(), "1e-30", Precision::bits());
  const Ball error = Abs(ball - known), bound = IsZero(known) ? digits : Abs(known) * digits;
  if (arb_lt(error.get(), bound.get())) return testing::AssertionSuccess();
  return testing::AssertionFailure() << ToString(ball, 40) << " is not " << decimal;
}

Answer SolveLine(const std::string& line) {
  Answer answer = Solve(ParseProblem(line));
  EXPECT_TRUE(answer.decided) << line;
  EXPECT_TRUE(answer.narrow) << line;
  return answer;
}

struct Known {
  std::string line;
  std::vector<std::string> outputs;  ///< all elements, the loss first
};

TEST(ArbOracle, KnownValuesAndGradients) {
  const std::vector<Known> table = {
      {"mse f64 none input=3 target=1", {"4", "4", "-4"}},
      {"mse f64 mean input=2.5,0 target=3,-0.5", {"0.25", "-0.5", "0.5", "0.5", "-0.5"}},
      {"smooth_l1 f64 none beta=2 input=1 target=0", {"0.25", "0.5", "-0.5"}},
      {"huber f64 none delta=2 input=-3 target=0", {"4", "-2", "2"}},
      {"bce f64 none input=0.25 target=1",
       {"1.3862943611198906188344642429163531361510", "-4", "1.0986122886681096913952452369225257046475"}},
      {"bce_with_logits f64 none input=0 target=1",
       {"0.693147180559945309417232121458176568075500134", "-0.5", "0"}},
      {"bce_with_logits f64 none input=40 target=1",
       {"0.00000000000000000424835425529158898630497784363158",
        "-0.00000000000000000424835425529158897728072090440451", "-40"}},
      {"sigmoid_focal f64 none input=1 target=1",
       {"0.00566451437711683288126574441333836602510821", "-0.0131452824943901552304133137353647209291",
        "-0.0488778650288517054318597729710212504072907"}},
      {"kl_div f64 none input=-1 target=0.5",
       {"0.153426409720027345291383939270911715962250", "-0.5",
        "1.306852819440054690582767878541823431924500"}},
      {"nll f64 mean weight=1,3 input=[2,2]:-1,-2,-3,-4 target=0,1", {"3.25", "-0.25", "0", "0", "-0.75"}},
      {"cross_entropy f64 none input=[1,3]:1.5,0.25,-0.5 target=0",
       {"0.351951863802801673580855304937920211620074", "-0.296686023978225987753470560271805868365446",
        "0.201502827829050974530857269776285014026403", "0.095183196149175013222613290495520854339043"}},
      {"triplet_margin f64 none eps=0 anchor=[1,2]:0,0 positive=[1,2]:3,4 negative=[1,2]:0,2",
       {"4", "-0.6", "0.2", "0.6", "0.8", "0", "-1"}},
      {"iou f64 none eps=0 input=[1,4]:0,0,2,2 target=[1,4]:1,0,3,2",
       {"0.6666666666666666666666666666666666666666667", "-0.1111111111111111111111111111111111111111111",
        "0"}},
      {"ciou f64 none eps=0 input=[1,4]:-0.5,-0.25,2,2 target=[1,4]:0,0,1,3",
       {"0.739535810341737329297776844183957498024688", "-0.090793147686789923476530311813604987745468",
        "-0.128284494935803944622393689822309372743842", "0.120532924638462785930061910326616140161825",
        "-0.132156183786272698420794367383588418830619"}},
  };
  for (const Known& known : table) {
    SCOPED_TRACE(known.line);
    const Answer answer = SolveLine(known.line);
    std::vector<Ball> got;
    for (const auto& output : answer.outputs) {
      for (const Element& element : output) got.push_back(element.value);
    }
    ASSERT_LE(known.outputs.size(), got.size());
    for (std::size_t i = 0; i < known.outputs.size(); ++i) EXPECT_TRUE(Is(got[i], known.outputs[i])) << i;
  }
}

TEST(ArbOracle, CompleteIouOfThePublishedExample) {
  const Answer answer =
      SolveLine("ciou f64 none eps=0 input=[1,4]:100,100,200,200 target=[1,4]:105,105,205,205");
  const Precision precision(256);
  EXPECT_TRUE(arb_overlaps(answer.outputs[0][0].value.get(), (Ball(34837.0) / 193599.0).get()));
}

void ExpectTie(const Element& e, const std::string& left, const std::string& torch,
               const std::string& right) {
  EXPECT_TRUE(e.tie);
  EXPECT_TRUE(Is(e.left, left));
  EXPECT_TRUE(Is(e.value, torch));
  EXPECT_TRUE(Is(e.right, right));
}

TEST(ArbOracle, BothSidesOfAKink) {
  const Answer l1 = SolveLine("l1 f64 none input=2 target=2");
  ExpectTie(l1.outputs[1][0], "-1", "0", "1");
  ExpectTie(l1.outputs[2][0], "-1", "0", "1");
  const Answer hinge = SolveLine("triplet_margin f64 none eps=0 margin=1 anchor=0 positive=1 negative=2");
  ExpectTie(hinge.outputs[2][0], "0", "1", "1");
  const Answer norm = SolveLine("triplet_margin f64 none eps=0 anchor=1,1 positive=1,1 negative=1,0");
  EXPECT_TRUE(Is(norm.outputs[0][0].value, "0"));
  // Touching boxes: the overlap grows at a rate of 2 to one side, and the loss falls at 2 / 8.
  const Answer touch = SolveLine("iou f64 none eps=0 input=[1,4]:0,0,2,2 target=[1,4]:2,0,4,2");
  ExpectTie(touch.outputs[1][2], "0", "0", "-0.25");
}

TEST(ArbOracle, InfinitePoles) {
  const Answer bce = Solve(ParseProblem("bce f64 none log_clamp=-inf input=0 target=1"));
  EXPECT_TRUE(arf_is_pos_inf(arb_midref(bce.outputs[0][0].value.get())));
  const Answer kl = SolveLine("kl_div f64 none input=-1 target=0");
  EXPECT_TRUE(IsZero(kl.outputs[0][0].value));
  EXPECT_TRUE(arf_is_neg_inf(arb_midref(kl.outputs[2][0].value.get())));
}

TEST(ArbOracle, WhatHasNoNumberIsNotNarrow) {
  const Answer answer = Solve(ParseProblem("iou f64 none eps=0 input=[1,4]:0*4 target=[1,4]:0*4"));
  EXPECT_FALSE(answer.narrow);
}

TEST(ArbBall, SignsThatCannotBeTold) {
  const Precision precision(64);
  const Ball wide = Sqrt(Ball(2.0)) * Sqrt(Ball(2.0));  // 2, give or take
  EXPECT_THROW(Compare(wide, 2.0), Undecided);
  EXPECT_EQ(Compare(wide, 1.0), 1);
  EXPECT_EQ(Sign(Ball(0.0)), 0);
}

TEST(ArbBall, Poles) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const Ball zero = 0.0;
  const auto is = [](const Ball& a, double b) { return arb_equal(a.get(), Ball(b).get()) != 0; };
  EXPECT_TRUE(is(Log(zero), -kInfinity));
  EXPECT_TRUE(is(Pow(zero, zero), 1));
  EXPECT_TRUE(is(Pow(zero, Ball(0.5)), 0));
  EXPECT_TRUE(is(Pow(zero, Ball(-0.5)), kInfinity));
  EXPECT_TRUE(is(Log(zero) * Pi(), -kInfinity));
  EXPECT_FALSE(arb_is_finite((Log(zero) * zero).get()));
}

TEST(ArbFormulas, EveryLossHasOne) {
  for (const LossSpec& loss : Catalogue()) EXPECT_NE(FindFormula(loss.name), nullptr) << loss.name;
  EXPECT_EQ(FindFormula("msee"), nullptr);
}

TEST(ArbPoints, SplitMix64) { EXPECT_EQ(Random(0).Bits(), 0xe220a8397b1dcdaf); }

TEST(ArbPoints, AreProblems) {
  constexpr int kDraws = 500;
  for (const LossSpec& loss : Catalogue()) {
    for (const Dtype dtype : kAllDtypes) {
      Random random(7);
      for (int i = 0; i < kDraws; ++i) {
        const Problem problem = DrawProblem(loss, dtype, random);
        EXPECT_NO_THROW(CheckProblem(problem)) << FormatProblem(problem);
        EXPECT_GE(TermsOf(problem), 1u);
      }
    }
  }
}

}  // namespace
}  // namespace exactloss::arb
