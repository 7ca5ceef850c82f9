#include "oracle/fuzz.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "oracle/fill.h"

namespace exactloss {
namespace {

TEST(Fuzz, ANumberNamesOneProblem) {
  const FuzzProblems a{Selection{}}, b{Selection{}};
  Selection other_seed;
  other_seed.seed = 2;
  const FuzzProblems other(other_seed);
  int different = 0;
  for (const std::uint64_t number : {7U, 3U, 100000U}) {
    EXPECT_EQ(a(number).line, b(number).line);
    EXPECT_EQ(a(number).fill, b(number).fill);
    different += a(number).line != other(number).line;
  }
  EXPECT_EQ(different, 3);
}

TEST(Fuzz, EveryLineIsAProblemAgain) {
  const FuzzProblems problems{Selection{}};
  for (std::uint64_t number = 0; number < 1500; ++number) {
    const AskedProblem asked = problems(number);
    EXPECT_NO_THROW(CheckProblem(asked.problem)) << asked.line;
    const Problem again = ParseProblem(asked.line, FillTensor);
    EXPECT_EQ(FormatProblem(again), asked.line);
    for (std::size_t i = 0; i < again.inputs.size(); ++i) {
      if (!again.inputs[i]) continue;
      const auto& values = asked.problem.inputs[i]->values;
      EXPECT_TRUE(std::equal(values.begin(), values.end(), again.inputs[i]->values.begin(),
                             again.inputs[i]->values.end(), SameNumber))
          << asked.line;
    }
  }
}

TEST(Fuzz, KeepsToWhatIsSelected) {
  Selection selection;
  selection.losses = {FindLoss("mse"), FindLoss("nll")};
  selection.dtypes = {Dtype::kF16};
  selection.reductions = {Reduction::kSum};
  selection.fills = {FindFill("normal")};
  const FuzzProblems problems(selection);
  std::set<std::string_view> losses;
  for (std::uint64_t number = 0; number < 50; ++number) {
    const AskedProblem asked = problems(number);
    losses.insert(asked.problem.loss->name);
    EXPECT_EQ(asked.problem.dtype, Dtype::kF16);
    EXPECT_EQ(asked.problem.reduction, Reduction::kSum);
    EXPECT_TRUE(asked.fill.starts_with("normal#1.")) << asked.fill;
  }
  EXPECT_EQ(losses.size(), 2U);
  selection.losses = {FindLoss("mse")};
  selection.reductions = {Reduction::kBatchMean};
  EXPECT_THROW(FuzzProblems{selection}, UsageError);
}

/// Problems of the mixture.
std::vector<Problem> Mixtures(std::string_view loss, Dtype dtype, int count = 1000) {
  std::vector<Problem> problems;
  for (int i = 0; i < count; ++i) {
    problems.push_back(FillProblem(MixtureFill(), *FindLoss(loss), dtype, Reduction::kSum, 1,
                                   static_cast<std::uint64_t>(i)));
  }
  return problems;
}

// Of a thousand problems: each stratum that a fault may hide in.
TEST(Mixture, ReachesItsStrata) {
  std::map<std::string, int> hits;
  std::set<int> binades;
  for (const Problem& problem : Mixtures("huber", Dtype::kF32)) {
    const double delta = problem.parameter("delta");
    hits["delta beside 1"] += delta != 1 && std::fabs(delta - 1) < 1e-15;
    hits["delta of any size"] += delta > 4 || delta < 0.05;
    const std::vector<double>&x = problem.inputs[0]->values, &t = problem.inputs[1]->values;
    bool tie = false, at_delta = false, beside_delta = false, opposite = false, nan = false, inf = false,
         subnormal = false, largest = false;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double distance = std::fabs(x[i] - t[i]);
      tie = tie || (x[i] == t[i] && x[i] != 0);
      at_delta = at_delta || distance == delta;
      beside_delta = beside_delta || (distance != delta && std::fabs(distance - delta) < 1e-5 * delta);
      opposite = opposite || (x[i] == -t[i] && x[i] != 0);
      nan = nan || std::isnan(x[i]);
      inf = inf || std::isinf(x[i]);
      subnormal = subnormal || (x[i] != 0 && std::fabs(x[i]) < MinNormal(Dtype::kF32));
      largest = largest || std::fabs(x[i]) == MaxFinite(Dtype::kF32);
      if (std::isfinite(x[i]) && x[i] != 0) binades.insert(std::ilogb(x[i]));
    }
    hits["tie"] += tie, hits["at delta"] += at_delta, hits["beside delta"] += beside_delta;
    hits["opposite"] += opposite, hits["nan"] += nan, hits["infinity"] += inf;
    hits["subnormal"] += subnormal, hits["largest"] += largest;
    hits["finite"] += !nan && !inf;
    for (const std::size_t length : {1U, 15U, 16U, 17U, 31U, 32U, 33U}) {
      hits["length " + std::to_string(length)] += x.size() == length;
    }
  }
  for (const auto& [stratum, count] : hits) EXPECT_GE(count, 3) << stratum;
  EXPECT_GE(hits["finite"], 500);
  EXPECT_GE(binades.size(), 250U);
}

TEST(Mixture, HasRowsOfLogitsAndIgnoredClasses) {
  int all_ignored = 0, equal = 0, masked = 0, tied = 0;
  for (const Problem& problem : Mixtures("cross_entropy", Dtype::kF32)) {
    if (const auto& target = problem.input("target")) {
      const double ignored = problem.parameter("ignore_index");
      all_ignored += std::count(target->values.begin(), target->values.end(), ignored) == target->size();
    }
    if (problem.inputs[0]->shape.size() != 1) continue;
    const std::vector<double>& x = problem.inputs[0]->values;
    const double top = *std::max_element(x.begin(), x.end());
    equal += x.size() > 2 && std::count(x.begin(), x.end(), x[0]) == std::ssize(x);
    tied += std::count(x.begin(), x.end(), top) == 2 && x.size() > 2;
    masked += std::count(x.begin(), x.end(), -std::numeric_limits<double>::infinity()) > 0;
  }
  for (const int count : {all_ignored, equal, masked, tied}) EXPECT_GE(count, 3);
}

}  // namespace
}  // namespace exactloss
