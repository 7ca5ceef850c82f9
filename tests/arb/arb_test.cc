// The truth against Arb: losses, gradients and one-sided derivatives at drawn points. Nothing may contradict.
#include <gtest/gtest.h>

#include <cstddef>
#include <iostream>
#include <string>
#include <vector>

#include "reference/truth.h"
#include "tests/arb/compare.h"
#include "tests/arb/oracle.h"
#include "tests/arb/points.h"

namespace exactloss::arb {
namespace {

constexpr std::size_t kPoints = 10'000;  ///< terms, at least, for each loss over all dtypes
constexpr std::size_t kMostShown = 5;
constexpr std::uint64_t kSeed = 20;

class Arb : public testing::TestWithParam<std::string> {};

std::size_t CompareDtype(const LossSpec& loss, Dtype dtype, Tally* tally) {
  Random random(kSeed + static_cast<std::uint64_t>(dtype));
  std::size_t contradictions = 0;
  for (std::size_t points = 0; points < kPoints / std::size(kAllDtypes);) {
    const Problem problem = DrawProblem(loss, dtype, random);
    points += TermsOf(problem);
    tally->points += TermsOf(problem);
    for (const std::string& wrong : Contradictions(problem, Evaluate(problem), Solve(problem), tally)) {
      if (++contradictions <= kMostShown) ADD_FAILURE() << FormatProblem(problem) << "\n  " << wrong;
    }
  }
  return contradictions;
}

TEST_P(Arb, ContradictsNothing) {
  const LossSpec& loss = *FindLoss(GetParam());
  Tally tally;
  std::size_t contradictions = 0;
  for (const Dtype dtype : kAllDtypes) contradictions += CompareDtype(loss, dtype, &tally);
  std::cout << loss.name << ": " << tally.points << " points, " << tally.problems << " problems, "
            << tally.outputs << " outputs, " << tally.kinks << " at kinks, " << contradictions
            << " contradictions; undecided by the reference " << tally.unproven << ", by Arb "
            << tally.undecided << " problems and " << tally.wide << " outputs" << std::endl;
  EXPECT_EQ(contradictions, 0u);
  EXPECT_GE(tally.points, kPoints);
  EXPECT_LE(100 * tally.undecided, tally.problems) << "Arb decides too few";
  EXPECT_LE(100 * tally.unproven, tally.outputs) << "the reference decides too few";
}

std::vector<std::string> LossNames() {
  std::vector<std::string> names;
  for (const LossSpec& loss : Catalogue()) names.emplace_back(loss.name);
  return names;
}

INSTANTIATE_TEST_SUITE_P(Catalogue, Arb, testing::ValuesIn(LossNames()),
                         [](const testing::TestParamInfo<std::string>& loss) { return loss.param; });

}  // namespace
}  // namespace exactloss::arb
