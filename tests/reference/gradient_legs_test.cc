// The legs of a gradient's truth on problems of every loss: they meet, and in how many digits; and what they
// leave out.
#include "reference/gradient_legs.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "tests/arb/points.h"

namespace exactloss {
namespace {

constexpr std::size_t kProblems = 24;  ///< for each loss and dtype
constexpr std::size_t kMost = 6;       ///< elements of each gradient
constexpr std::uint64_t kSeed = 41;

std::vector<LegAgreement> Compare(const std::string& line, std::size_t most = kMost) {
  const Problem problem = ParseProblem(line);
  return CompareLegs(problem, Evaluate(problem), most);
}

class Legs : public testing::TestWithParam<std::string> {};

TEST_P(Legs, Agree) {
  const LossSpec& loss = *FindLoss(GetParam());
  std::size_t compared = 0;
  double closed = kMostDigits, differences = kMostDigits;
  std::map<LeftOut, std::size_t> left_out;
  for (const Dtype dtype : kAllDtypes) {
    arb::Random random(kSeed + static_cast<std::uint64_t>(dtype));
    for (std::size_t n = 0; n < kProblems; ++n) {
      const Problem problem = arb::DrawProblem(loss, dtype, random);
      for (const LegAgreement& legs : CompareLegs(problem, Evaluate(problem), kMost)) {
        ASSERT_FALSE(legs.apart) << FormatProblem(problem) << "\n  output " << legs.output << ", element "
                                 << legs.index;
        if (legs.closed) closed = std::min(closed, *legs.closed);
        if (legs.differences) differences = std::min(differences, *legs.differences);
        legs.left_out == LeftOut::kNot ? ++compared : ++left_out[legs.left_out];
      }
    }
  }
  std::cout << loss.name << ": " << compared << " gradients; closed form " << closed
            << " digits, differences " << differences;
  for (const auto& [why, count] : left_out) std::cout << "; " << Name(why) << " " << count;
  std::cout << std::endl;
  EXPECT_GT(compared, kProblems);
  EXPECT_GE(closed, kLeastDigits);
  EXPECT_GE(differences, kLeastDigits);
  EXPECT_LE(50 * left_out[LeftOut::kUnsteady], compared);
}

std::vector<std::string> LossNames() {
  std::vector<std::string> names;
  for (const LossSpec& loss : Catalogue()) names.emplace_back(loss.name);
  return names;
}

INSTANTIATE_TEST_SUITE_P(Catalogue, Legs, testing::ValuesIn(LossNames()),
                         [](const testing::TestParamInfo<std::string>& loss) { return loss.param; });

TEST(LegsLeaveOut, WhatHasNoDifferenceAndSayWhy) {
  const auto why = [](const std::string& line) { return Compare(line)[0].left_out; };
  EXPECT_EQ(why("l1 f32 none input=1 target=1"), LeftOut::kKink);
  EXPECT_EQ(why("mse f32 none input=1,inf target=1,2"), LeftOut::kInfinite);
  EXPECT_EQ(why("mse f32 none input=1,nan target=1,2"), LeftOut::kInfinite);
  EXPECT_EQ(why("iou f32 none eps=0 input=[1,4]:1,1,1,1 target=[1,4]:2,2,2,2"), LeftOut::kUndefined);
  EXPECT_EQ(why("ciou f32 none input=[1,4]:0,0,1,1 target=[1,4]:0,1,1,1"), LeftOut::kJump);
  EXPECT_EQ(why("bce f32 none input=1 target=0.5"), LeftOut::kBound);
  EXPECT_EQ(why("bce_with_logits f64 none input=-1e300 target=0"), LeftOut::kUndefined);
  EXPECT_EQ(why("bce_with_logits f64 none input=-1e4 target=0"), LeftOut::kRange);
  EXPECT_EQ(why("mse f32 mean input=1*1000 target=0*1000"), LeftOut::kLarge);
}

TEST(LegsSpread, OverEachGradient) {
  const std::vector<LegAgreement> legs = Compare("mse f32 mean input=1,2,3,4,5,6,7 target=0*7", 3);
  ASSERT_EQ(legs.size(), 6U);
  EXPECT_EQ(legs[0].output, 1U);
  EXPECT_EQ(legs[2].index, 4);
  EXPECT_EQ(legs[5].output, 2U);
}

/// A gradient of exactly 0 has no digits to lose; one without a closed form is not held to one.
TEST(LegsMeet, AtAGradientOfZero) {
  const LegAgreement legs = Compare("huber f32 none input=1 target=1")[0];
  EXPECT_EQ(legs.differences, kMostDigits);
  EXPECT_EQ(legs.closed, kMostDigits);
  EXPECT_FALSE(Compare("iou f32 none input=[1,4]:0,0,4,4 target=[1,4]:1,1,6,7")[0].closed);
}

}  // namespace
}  // namespace exactloss
