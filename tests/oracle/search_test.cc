#include "oracle/search.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "oracle/fill_mutate.h"
#include "tests/oracle/fakes.h"

namespace exactloss {
namespace {

const auto kNever = [] { return false; };

Selection Island(std::string_view loss, Dtype dtype = Dtype::kF32) {
  Selection selection;
  selection.losses = {FindLoss(loss)};
  selection.dtypes = {dtype};
  selection.reductions = {Reduction::kNone};
  return selection;
}

/// What computes x t - x s for x (t - s), and so has an error that grows with what cancels.
Answer Cancels(const Problem& problem) {
  Answer answer = RoundedTruth(problem);
  for (std::size_t i = 0; i < answer.outputs[0].bits.size(); ++i) {
    const auto x = static_cast<float>(problem.inputs[0]->values[i]);
    const auto t = static_cast<float>(problem.inputs[1]->values[i]);
    const float square = x * x - 2 * x * t + t * t;
    answer.outputs[0].bits[i] = ToBits(Dtype::kF32, square);
  }
  return answer;
}

double WorstFinite(std::uint64_t cases, std::vector<std::string>* lines = nullptr) {
  Subjects subjects;
  subjects.push_back(std::make_unique<FunctionSubject>(Cancels));
  TruthQuest quest(Island("mse"), subjects);
  EXPECT_EQ(Search(quest, subjects, cases, kNever), cases);
  double worst = 0;
  for (const Finding& finding : quest.findings()) {
    if (std::isfinite(finding.ulp)) worst = std::max(worst, finding.ulp);
    if (lines != nullptr) lines->push_back(finding.line);
  }
  return worst;
}

TEST(Search, ClimbsAndIsTheSameAgain) {
  std::vector<std::string> first, second;
  const double early = WorstFinite(64), late = WorstFinite(1500, &first);
  EXPECT_GT(late, early);
  EXPECT_GT(late, 1e10);  // the square of a difference of one in the last place
  EXPECT_EQ(WorstFinite(1500, &second), late);
  EXPECT_EQ(first, second);
  EXPECT_GT(first.size(), 20U);
}

TEST(Search, StopsWhenItIsToldTo) {
  Subjects subjects;
  subjects.push_back(std::make_unique<FunctionSubject>([](const Problem& p) { return RoundedTruth(p); }));
  TruthQuest quest(Island("mse"), subjects);
  int left = 3;
  EXPECT_EQ(Search(quest, subjects, 1000000, [&] { return left-- == 0; }), 96U);
  EXPECT_TRUE(quest.findings().empty());  // what is right fails nowhere
}

TEST(Search, KeepsTheSmallerProblemOfAPlace) {
  Archive archive;
  const Problem large = ParseProblem("mse f32 none input=1,2 target=0,0"),
                small = ParseProblem("mse f32 none input=1 target=0");
  EXPECT_TRUE(archive.Offer({"loss", 1, 1, 5, 5}, large));
  EXPECT_FALSE(archive.Offer({"loss", 1, 1, 5, 5}, large));
  EXPECT_TRUE(archive.Offer({"loss", 1, 1, 6, 5}, large));
  EXPECT_TRUE(archive.Offer({"loss", 1, 1, 1, 5}, small));
  EXPECT_FALSE(archive.Offer({"loss", 1, 1, 9, 5}, large));
  EXPECT_TRUE(archive.Offer({"loss", 2, 1, 9, 5}, large));
  EXPECT_EQ(archive.size(), 2U);
}

TEST(Mutation, StaysInTheDomainAndMovesNumbers) {
  Selection selection = Island("bce");
  const FuzzProblems fills(selection);
  int changed = 0;
  for (std::uint64_t i = 0; i < 300; ++i) {
    const Problem parent = fills(3 * i).problem, other = fills(3 * i + 1).problem,
                  fresh = fills(3 * i + 2).problem;
    Draw draw({i, 0, 0}, Purpose::kProblem, 0, 0);
    const auto child = Mutated(parent, other, fresh, draw);
    if (!child) continue;
    EXPECT_NO_THROW(CheckProblem(*child));
    changed += FormatProblem(*child) != FormatProblem(parent);
  }
  EXPECT_GT(changed, 200);
}

TEST(Mutation, RowsMoveTogether) {
  const Problem problem =
      ParseProblem("cross_entropy f32 sum input=[3,2]:1,2,3,4,5,6 target=0,1,0 weight=0x1p+0,0x1p+1");
  EXPECT_EQ(FormatProblem(WithRows(problem, {2, 0})),
            FormatProblem(ParseProblem("cross_entropy f32 sum input=[2,2]:5,6,1,2 target=0,0 weight=1,2")));
}

TEST(Difference, IsFoundWithoutTheTruth) {
  Subjects subjects;
  subjects.push_back(std::make_unique<FunctionSubject>([](const Problem& p) { return RoundedTruth(p); }));
  subjects.push_back(std::make_unique<FunctionSubject>([](const Problem& p) {
    Answer answer = RoundedTruth(p);  // 3 ulp off in the gradient, and only where x is large
    for (std::size_t i = 0; i < answer.outputs[1].bits.size(); ++i) {
      std::uint64_t& bits = answer.outputs[1].bits[i];
      if (p.inputs[0]->values[i] > 50 && std::fabs(FromBits(Dtype::kF32, bits)) < 1e30) bits += 3;
    }
    return answer;
  }));
  DifferenceQuest quest(Island("mse"), subjects);
  Search(quest, subjects, 400, kNever);
  ASSERT_FALSE(quest.Largest().empty());
  EXPECT_EQ(quest.Largest()[0].output, "grad:input");
  EXPECT_EQ(quest.Largest()[0].ulp, 3);
  EXPECT_TRUE(quest.findings().empty());
}

/// One float accumulator, from the left.
Answer AddsFromTheLeft(const Problem& problem) {
  Answer answer = RoundedTruth(problem);
  float sum = 0;
  for (std::size_t i = 0; i < problem.inputs[0]->values.size(); ++i) {
    const auto e = static_cast<float>(problem.inputs[0]->values[i] - problem.inputs[1]->values[i]);
    sum += e * e;
  }
  answer.outputs[0].bits[0] = ToBits(Dtype::kF32, sum);
  return answer;
}

TEST(Order, FindsWhatASumDoesWorst) {
  Subjects subjects;
  subjects.push_back(std::make_unique<FunctionSubject>(AddsFromTheLeft));
  Selection island = Island("mse");
  island.reductions = {Reduction::kSum};
  island.fills = {FindFill("long_sums")};
  OrderQuest quest(island, subjects);
  Search(quest, subjects, 150, kNever);
  quest.AskOtherwise();
  ASSERT_TRUE(quest.worst()[0]);
  // Hundreds of equal terms that all round down; in a random order some do not.
  EXPECT_GT(quest.worst()[0]->worst.ulp, 40);
  EXPECT_LE(quest.worst()[0]->otherwise, quest.worst()[0]->worst.ulp);
}

}  // namespace
}  // namespace exactloss
