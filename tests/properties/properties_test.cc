// Every property of the truth, of our kernels, where it must hold, and of the naive forms, whose violations
// the judge must see as well.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <map>
#include <set>
#include <sstream>

#include "oracle/highway.h"
#include "oracle/naive.h"
#include "reference/text.h"
#include "tests/faults/fault.h"
#include "tests/properties/campaign.h"
#include "tests/properties/generator.h"
#include "tests/properties/regressions.h"

namespace exactloss {
namespace {

class Holds : public testing::TestWithParam<std::string> {};

TEST_P(Holds, OfTheTruthAndInProcess) {
  Campaign campaign;
  const std::vector<std::string> kernels = HighwayKernels();
  for (std::size_t i = 0; i < kernels.size(); ++i) {
    // What follows the first problem is asked of another target in the same mode.
    const std::string mode = kernels[i].substr(kernels[i].find('/'));
    std::string other = kernels[i];
    for (const std::string& one : kernels) {
      if (one != kernels[i] && one.ends_with(mode)) other = one;
    }
    campaign.Add(MakeHighwaySubject(kernels[i]), /*is_strict=*/true, MakeHighwaySubject(other));
  }
  for (const std::string& form : NaiveForms()) campaign.Add(MakeNaiveSubject(form), /*is_strict=*/false);
  EXPECT_EQ(campaign.Run(*FindProperty(GetParam())), "");
  std::cout << GetParam() << ": " << campaign.Report();
}

std::vector<std::string> Names() {
  std::vector<std::string> names;
  for (const Property& property : Properties()) names.emplace_back(property.name);
  return names;
}

INSTANTIATE_TEST_SUITE_P(Property, Holds, testing::ValuesIn(Names()),
                         [](const testing::TestParamInfo<std::string>& property) { return property.param; });

TEST(Properties, EveryLossHasSeveral) {
  for (const LossSpec& loss : Catalogue()) {
    const auto count = std::count_if(Properties().begin(), Properties().end(),
                                     [&](const Property& property) { return HasLoss(property, loss); });
    EXPECT_GE(count, 4) << loss.name;
  }
  std::set<std::string_view> names;
  for (const Property& property : Properties()) {
    EXPECT_TRUE(names.insert(property.name).second) << property.name;
    for (const std::string_view loss : property.losses) EXPECT_NE(FindLoss(loss), nullptr) << loss;
  }
}

/// The first of a few hundred cases in which some seeded fault violates the property; empty: none does.
std::string CaseThatFails(const Property& property) {
  constexpr std::uint64_t kMostCases = 300;
  for (std::uint64_t i = 0; i < kMostCases; ++i) {
    for (const LossSpec& loss : Catalogue()) {
      if (!HasLoss(property, loss)) continue;
      const Problem problem = GenerateProblem(loss, {.seed = 1, .number = i});
      const std::optional<Instance> instance = property.make(problem);
      if (!instance) continue;
      const std::vector<Truth> truths = TruthsOf(*instance);
      const auto right = MakeFaultSubject("control.rounded");
      const std::string_view first = instance->problems[0].loss->name;
      for (const Fault& fault : Faults()) {
        if (!HasLoss(fault, first) || IsControl(fault)) continue;
        const auto wrong = MakeFaultSubject(fault);  // answers the first problem, a right subject the others
        Subject* const both[] = {wrong.get(), right.get()};
        if (!CheckSubject(*instance, truths, both).violation.empty())
          return RegressionLine(property, problem);
      }
    }
  }
  return {};
}

TEST(Properties, EachCanFail) {
  for (const Property& property : Properties()) EXPECT_NE(CaseThatFails(property), "") << property.name;
}

/// A false property fails, and its case shrinks to few digits.
TEST(Campaign, ShrinksToTheShortestHexFloat) {
  Campaign campaign;
  const Property wrong = {"wrong", "mse < 64, a false claim", {"mse"}, [](const Problem& problem) {
                            std::optional<Instance> instance;
                            if (problem.reduction != Reduction::kNone) return instance;
                            instance.emplace().problems = {problem};
                            const std::size_t size = problem.inputs[0]->values.size();
                            for (std::size_t i = 0; i < size; ++i) {
                              instance->claims.push_back({{{-1, 0, 0, i}}, 64, Relation::kNotNegative});
                            }
                            return instance;
                          }};
  const std::string failure = campaign.Run(wrong);
  const std::size_t at = failure.find("wrong mse ");
  ASSERT_NE(at, std::string::npos) << failure;
  EXPECT_NE(failure.find("seed 1"), std::string::npos) << failure;
  // One slice is left, of numbers of one digit: no element can be made shorter and still fail.
  const Problem problem = ParseProblem(failure.substr(at + 6));
  EXPECT_EQ(problem.inputs[0]->shape.empty() ? 1 : problem.inputs[0]->shape[0], 1) << failure;
  for (const auto& input : {problem.inputs[0], problem.inputs[1]}) {
    for (const double x : input->values)
      EXPECT_LE(FormatHex(x).size(), std::string("-0x1p+3").size()) << failure;
  }
}

struct BadList {
  std::string text, message;
};

TEST(Regressions, SayWhereTheyAreWrong) {
  const BadList lists[] = {
      {"symmetric\n", "list:1: no case; write <property> <repro line>"},
      {"# c\nsymetric mse f64 none input=1 target=0\n",
       "list:2: no property 'symetric'; did you mean symmetric?"},
      {"symmetric bce f64 none input=1 target=0\n", "list:1: symmetric is no property of bce"},
      {"batch_split mse f64 sum input=1 target=0\n", "list:1: batch_split says nothing of this problem"},
  };
  for (const BadList& list : lists) {
    std::istringstream in(list.text);
    try {
      (void)ReadRegressions(in, "list");
      ADD_FAILURE() << "no error: " << list.text;
    } catch (const UsageError& error) {
      EXPECT_EQ(error.what(), list.message);
    }
  }
  std::istringstream in("symmetric mse f64 none input=1\n");
  try {
    (void)ReadRegressions(in, "list");
    ADD_FAILURE() << "no error at a bad repro line";
  } catch (const UsageError& error) {
    EXPECT_EQ(std::string(error.what()).rfind("list:1: ", 0), 0U) << error.what();
  }
  EXPECT_THROW((void)ReadRegressions(std::filesystem::path("/nowhere/list.txt")), UsageError);
}

TEST(Regressions, RoundTrip) {
  const Problem problem = ParseProblem("mse f32 none input=0x1.8p+1 target=0");
  std::istringstream in("# why\n\n" + RegressionLine(*FindProperty("symmetric"), problem) + "\n");
  const std::vector<Regression> list = ReadRegressions(in, "list");
  ASSERT_EQ(list.size(), 1U);
  EXPECT_EQ(list[0].line, 3U);
  EXPECT_EQ(FormatProblem(list[0].problem), FormatProblem(problem));
}

// --- what the generator reaches ---------------------------------------------------------------------------

struct Strata {
  std::set<int> binades;  ///< of finite numbers; a subnormal's own
  std::int64_t numbers = 0, nan = 0, infinite = 0, zero = 0, negative_zero = 0, subnormal = 0;
  std::int64_t pairs = 0, ties = 0, near = 0, gaps = 0;  ///< of inputs side by side
};

void Look(const Problem& problem, Strata& strata) {
  for (std::size_t i = 0; i < problem.inputs.size(); ++i) {
    if (!problem.inputs[i] || problem.loss->inputs[i].role == Role::kClassIndex) continue;
    for (const double x : problem.inputs[i]->values) {
      ++strata.numbers;
      strata.nan += std::isnan(x);
      strata.infinite += std::isinf(x);
      strata.zero += x == 0;
      strata.negative_zero += x == 0 && std::signbit(x);
      strata.subnormal += x != 0 && std::fabs(x) < MinNormal(problem.dtype);
      if (std::isfinite(x) && x != 0) strata.binades.insert(std::ilogb(x));
    }
  }
  if (problem.loss->family == Family::kClassRows) return;
  const std::vector<double>&a = problem.inputs[0]->values, &b = problem.inputs[1]->values;
  constexpr int kNear = 4;
  for (std::size_t k = 0; k < std::min(a.size(), b.size()); ++k) {
    if (!std::isfinite(a[k]) || !std::isfinite(b[k])) continue;
    double neighbour = a[k];
    for (int step = 0; step < kNear && neighbour != b[k]; ++step) {
      neighbour = b[k] > neighbour ? NextUp(problem.dtype, neighbour) : NextDown(problem.dtype, neighbour);
    }
    ++strata.pairs;
    strata.ties += a[k] == b[k];
    strata.near += a[k] != b[k] && neighbour == b[k];
    strata.gaps += std::fabs(a[k] - b[k]) >= 64 * std::min(std::fabs(a[k]), std::fabs(b[k]));
  }
}

TEST(Generator, ReachesEveryBinadeAndRelation) {
  constexpr std::uint64_t kProblems = 2000;  // of each loss
  std::map<Dtype, Strata> strata;
  for (const LossSpec& loss : Catalogue()) {
    for (std::uint64_t i = 0; i < kProblems; ++i) {
      const Problem problem = GenerateProblem(loss, {.seed = 1, .number = i});
      Look(problem, strata[problem.dtype]);
    }
  }
  for (const auto& [dtype, s] : strata) {
    const FloatFormat& format = FormatOf(dtype);
    const int all = format.max_exponent - (format.min_exponent - format.precision + 1) + 1;
    std::cout << Name(dtype) << ": " << s.binades.size() << " of " << all << " binades, " << s.numbers
              << " numbers (" << s.nan << " NaN, " << s.infinite << " infinite, " << s.zero << " zero, "
              << s.negative_zero << " -0, " << s.subnormal << " subnormal), " << s.pairs << " pairs ("
              << s.ties << " equal, " << s.near << " within 4 ulps, " << s.gaps << " far apart)\n";
    // Of f64 there are too many for this sample, and of the subnormal ones the smallest are rare.
    const auto normal = std::distance(s.binades.lower_bound(format.min_exponent), s.binades.end());
    if (dtype != Dtype::kF64) {
      EXPECT_EQ(normal, format.max_exponent - format.min_exponent + 1) << Name(dtype);
    }
    for (const std::int64_t count :
         {s.nan, s.infinite, s.negative_zero, s.subnormal, s.ties, s.near, s.gaps}) {
      EXPECT_GT(count, 0) << Name(dtype);
    }
  }
}

TEST(Generator, IsTheSameForTheSameNumbers) {
  for (const LossSpec& loss : Catalogue()) {
    const CaseNumber at{.seed = 7, .number = 3};
    EXPECT_EQ(FormatProblem(GenerateProblem(loss, at)), FormatProblem(GenerateProblem(loss, at)));
  }
}

/// Every simpler problem is one, and no way down is endless.
TEST(Generator, SimplerProblemsEnd) {
  for (const LossSpec& loss : Catalogue()) {
    Problem problem = GenerateProblem(loss, {.seed = 1, .number = 5});
    int steps = 0;
    for (std::vector<Problem> simpler = SimplerProblems(problem); !simpler.empty() && steps < 2000; ++steps) {
      problem = simpler.front();
      EXPECT_NO_THROW(CheckProblem(problem));
      simpler = SimplerProblems(problem);
    }
    EXPECT_LT(steps, 2000) << loss.name;
  }
}

}  // namespace
}  // namespace exactloss
