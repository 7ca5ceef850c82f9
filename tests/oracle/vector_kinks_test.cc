// Gradients at kinks of several inputs: inside along each axis, and yet no subgradients.
#include "oracle/vector_kinks.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "oracle/judge.h"
#include "reference/directions.h"
#include "tests/oracle/fakes.h"

namespace exactloss {
namespace {

/// The gradient of the first two inputs moved: by `move` and by its opposite.
std::vector<Finding> JudgedWith(const std::string& line, const std::vector<double>& move) {
  const Problem problem = ParseProblem(line);
  Answer answer = RoundedTruth(problem);
  for (std::size_t i = 0; i < move.size(); ++i) {
    for (const std::size_t output : {std::size_t{1}, std::size_t{2}}) {
      std::uint64_t& bits = answer.outputs[output].bits[i];
      const double moved = FromBits(problem.dtype, bits) + (output == 1 ? move[i] : -move[i]);
      bits = ToBits(problem.dtype, RoundTo(problem.dtype, moved));
    }
  }
  return Judge(problem, Evaluate(problem), FakeSubject(), answer);
}

int CountOf(const std::vector<Finding>& findings, Divergence divergence) {
  return static_cast<int>(std::count_if(findings.begin(), findings.end(),
                                        [&](const Finding& f) { return f.divergence == divergence; }));
}

/// d(a, p) is the norm at 0: its subgradients are the unit ball. d(a, n) is 5.
const std::string kBall = "triplet_margin f64 none margin=10 eps=0 anchor=0,0 positive=0,0 negative=3,4";
/// The maximum of two equal coordinates: the segment from one axis to the other.
const std::string kSegment =
    "triplet_margin f64 none margin=10 eps=0 p=inf anchor=2,2 positive=0,0 negative=0,5";

TEST(VectorKinks, TheBallOfTheNormAtZero) {
  for (const std::vector<double>& inside : {std::vector<double>{0.6, 0.6}, {1, 0}, {0, -1}, {-0.5, 0.75}}) {
    EXPECT_EQ(CountOf(JudgedWith(kBall, inside), Divergence::kWrongSubgradient), 0) << inside[0];
  }
  for (const std::vector<double>& outside : {std::vector<double>{0.9, 0.9}, {-0.75, 0.75}, {1, 1}}) {
    const std::vector<Finding> findings = JudgedWith(kBall, outside);
    EXPECT_EQ(CountOf(findings, Divergence::kWrongSubgradient), 1) << outside[0];
    for (const Finding& finding : findings) {
      if (finding.divergence == Divergence::kWrongSubgradient) {
        EXPECT_EQ(finding.message.substr(0, 22), "no subgradient: along ") << finding.message;
      }
    }
  }
}

TEST(VectorKinks, TheSegmentOfTheMaximum) {
  // PyTorch takes (1/2, 1/2).
  EXPECT_EQ(CountOf(JudgedWith(kSegment, {0.25, -0.25}), Divergence::kWrongSubgradient), 0);
  EXPECT_EQ(CountOf(JudgedWith(kSegment, {0.25, 0.25}), Divergence::kWrongSubgradient), 1);
}

TEST(VectorKinks, PyTorchsElementIsRight) {
  for (const std::string& line : {kBall, kSegment}) {
    for (const Finding& finding : JudgedWith(line, {0, 0}))
      EXPECT_EQ(finding.verdict, Verdict::kExact) << line;
  }
}

TEST(VectorKinks, TheRoundingOfAnEdgeIsAllowed) {
  // PyTorch's element is 0, and 1/3 is no float.
  const std::string mean = "l1 f32 mean input=1,2,3 target=1,0,0";
  EXPECT_EQ(CountOf(JudgedWith(mean, {1.0 / 3}), Divergence::kWrongSubgradient), 0);
}

TEST(VectorKinks, SlopesAlongDirections) {
  const Problem ball = ParseProblem(kBall);
  const Directions directions(ball);
  ASSERT_EQ(directions.terms().size(), 1U);
  ASSERT_EQ(directions.terms()[0].size(), 6U);
  // |d| of anchor less positive, and the slope (3, 4) / 5 of the other distance.
  EXPECT_DOUBLE_EQ(directions.SteepestAlong(0, {0, 0, 3, 4, 0, 0}), 5);
  EXPECT_DOUBLE_EQ(directions.SteepestAlong(0, {0, 0, -3, -4, 0, 0}), 5);
  EXPECT_DOUBLE_EQ(directions.SteepestAlong(0, {3, 4, 0, 0, 0, 0}), 5 + 5);
  EXPECT_DOUBLE_EQ(directions.SteepestAlong(0, {1, 1, 1, 1, 1, 1}), 0);
}

TEST(VectorKinks, AScalarKinkPrintsItsInterval) {
  const Problem problem = ParseProblem("l1 f32 none input=1 target=1");
  Answer answer = RoundedTruth(problem);
  answer.outputs[1].bits[0] = ToBits(Dtype::kF32, 1.5);
  const auto findings = Judge(problem, Evaluate(problem), FakeSubject(), answer);
  EXPECT_EQ(findings[1].divergence, Divergence::kWrongSubgradient);
  EXPECT_EQ(findings[1].message, "a subgradient lies in [-1, 1]");
}

}  // namespace
}  // namespace exactloss
