// The classical check says what torch.autograd.gradcheck says.
#include "oracle/finite_differences.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/oracle/planted.h"

namespace exactloss {
namespace {

std::vector<ClassicalCheck> Check(PlantedSubject subject, const std::string& line) {
  const Problem problem = ParseProblem(line);
  std::vector<InputElement> elements = ElementsToCheck(problem, 8);
  std::erase_if(elements, [](const InputElement& e) { return e.input != 0; });
  const std::vector<Answer> answers = subject.Run(ClassicalProblems(problem, elements));
  return CheckClassically(problem, elements, answers);
}

ClassicalVerdict Verdict(const std::string& line, const PlantedSubject::Function& gradient = BceGradient,
                         const PlantedSubject::Function& loss = BceLoss) {
  return Check({loss, gradient}, line)[0].verdict;
}

TEST(ClassicalCheck, TakesCentralDifferencesInF64) {
  const ClassicalCheck check =
      Check({BceLoss, BceGradient}, "bce_with_logits f16 none input=0.5,3 target=0,1")[1];
  const double numeric = (BceLoss(3 + 1e-6, 1) - BceLoss(3 - 1e-6, 1)) / 2e-6;
  EXPECT_EQ(check.numeric, numeric);
  EXPECT_EQ(check.analytic, BceGradient(3, 1));
  EXPECT_EQ(check.verdict, ClassicalVerdict::kPasses);
}

TEST(ClassicalCheck, AllowsTheTolerancesOfPyTorch) {
  const auto off = [](double relative) {
    return [=](double x, double t) { return BceGradient(x, t) * (1 + relative); };
  };
  const std::string line = "bce_with_logits f64 none input=2 target=0";  // a gradient of 0.88
  EXPECT_EQ(Verdict(line, off(1e-4)), ClassicalVerdict::kPasses);
  EXPECT_EQ(Verdict(line, off(0.001 + 1.13e-5)), ClassicalVerdict::kPasses);
  EXPECT_EQ(Verdict(line, off(0.001 + 1.15e-5)), ClassicalVerdict::kFails);
  EXPECT_EQ(Verdict(line, off(-2)), ClassicalVerdict::kFails);
}

TEST(ClassicalCheck, DoesNotSeeATail) {
  const auto nothing = [](double, double) { return 0.0; };
  EXPECT_EQ(Verdict("bce_with_logits f64 none input=20 target=1", nothing), ClassicalVerdict::kPasses);
  EXPECT_EQ(Verdict("bce_with_logits f64 none input=2 target=1", nothing), ClassicalVerdict::kFails);
}

TEST(ClassicalCheck, CriesAtAKinkWithinItsStep) {
  const auto at = [](const std::string& x) {
    return Check({L1Loss, L1Gradient}, "l1 f64 none input=" + x + " target=0")[0];
  };
  EXPECT_EQ(at("5e-7").verdict, ClassicalVerdict::kFails);
  EXPECT_NEAR(at("5e-7").numeric, 0.5, 1e-9);
  EXPECT_EQ(at("2e-6").verdict, ClassicalVerdict::kPasses);
}

TEST(ClassicalCheck, NothingIsCloseToNan) {
  const auto nan = [](double, double) { return std::nan(""); };
  EXPECT_EQ(Verdict("bce_with_logits f64 none input=2 target=1", nan), ClassicalVerdict::kFails);
  EXPECT_EQ(Verdict("bce_with_logits f64 none input=2 target=1", BceGradient, nan), ClassicalVerdict::kFails);
}

TEST(ClassicalCheck, LeavesOutWhatHasNoDifference) {
  EXPECT_EQ(Verdict("bce f64 none input=1 target=0.5"), ClassicalVerdict::kBound);
  EXPECT_EQ(Verdict("mse f64 none input=1,inf target=0,0"), ClassicalVerdict::kInfinite);
  const Problem problem = ParseProblem("mse f64 none input=1 target=0");
  const std::vector<InputElement> elements = ElementsToCheck(problem, 1);
  const std::vector<Answer> none(1 + 2 * elements.size(), Answer{AnswerStatus::kCrash, "", {}});
  EXPECT_EQ(CheckClassically(problem, elements, none)[0].verdict, ClassicalVerdict::kUnanswered);
}

TEST(ClassicalProblems, AreRowMajorCopiesWithOneElementMoved) {
  const Problem problem = ParseProblem("mse f32 none input@expanded=[2,2]:1,2,1,2 target=[2,2]:0*4");
  const std::vector<Problem> problems = ClassicalProblems(problem, {{0, 2}});
  ASSERT_EQ(problems.size(), 3U);
  for (const Problem& p : problems) EXPECT_EQ(p.inputs[0]->layout, Layout::kContiguous);
  EXPECT_EQ(problems[0].dtype, Dtype::kF64);
  EXPECT_EQ(problems[1].inputs[0]->values, (std::vector<double>{1, 2, 1 - 1e-6, 2}));
  EXPECT_EQ(problems[2].inputs[0]->values, (std::vector<double>{1, 2, 1 + 1e-6, 2}));
}

TEST(ElementsToCheck, AreSpreadOverEachGradient) {
  const std::vector<InputElement> elements =
      ElementsToCheck(ParseProblem("cross_entropy f32 mean input=[2,3]:1,2,3,4,5,6 target=0,1"), 4);
  ASSERT_EQ(elements.size(), 4U);  // class indices have no gradient
  EXPECT_EQ(elements[1].index, 1);
  EXPECT_EQ(elements[3].index, 4);
}

}  // namespace
}  // namespace exactloss
