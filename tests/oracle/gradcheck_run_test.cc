// Planted gradients under the truth and under the classical check; a whole run.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "oracle/gradcheck.h"
#include "tests/oracle/planted.h"

namespace exactloss {
namespace {

struct Said {
  exactloss::Verdict verdict;
  Divergence divergence;
  ClassicalVerdict classical;
  friend bool operator==(const Said&, const Said&) = default;
};
void PrintTo(const Said& said, std::ostream* out) {
  *out << Name(said.verdict) << " " << Name(said.divergence) << ", the check " << Name(said.classical);
}

CheckedGradients Check(const std::string& line, const PlantedSubject::Function& loss,
                       const PlantedSubject::Function& gradient) {
  PlantedSubject subject(loss, gradient);
  const Problem problem = ParseProblem(line);
  CheckedGradients checked = CheckGradients(subject, problem, Evaluate(problem));
  std::erase_if(checked.findings, [](const GradientFinding& f) { return f.finding.output != "grad:input"; });
  return checked;
}

Said Saying(const CheckedGradients& checked) {
  const GradientFinding& found = checked.findings.at(0);
  return {found.finding.verdict, found.finding.divergence, found.classical.verdict};
}

TEST(PlantedGradients, RightOnesPassBoth) {
  const CheckedGradients checked = Check("bce_with_logits f64 none input=0.5 target=0", BceLoss, BceGradient);
  EXPECT_EQ(Saying(checked).classical, ClassicalVerdict::kPasses);
  EXPECT_TRUE(Passes(Saying(checked).verdict));
  EXPECT_FALSE(checked.wrong);
}

TEST(PlantedGradients, OffByOneInTenThousandIsMissedByTheCheck) {
  const CheckedGradients checked = Check("bce_with_logits f64 none input=2 target=0", BceLoss,
                                         [](double x, double t) { return BceGradient(x, t) * 1.0001; });
  EXPECT_EQ(Saying(checked),
            (Said{Verdict::kDivergent, Divergence::kCancellation, ClassicalVerdict::kPasses}));
  EXPECT_TRUE(checked.wrong);
  EXPECT_TRUE(checked.passes);
}

TEST(PlantedGradients, AWrongSignIsSeenByBoth) {
  const CheckedGradients checked = Check("bce_with_logits f64 none input=2 target=0", BceLoss,
                                         [](double x, double t) { return -BceGradient(x, t); });
  EXPECT_EQ(Saying(checked), (Said{Verdict::kDivergent, Divergence::kWrongSign, ClassicalVerdict::kFails}));
  EXPECT_FALSE(checked.passes);
}

TEST(PlantedGradients, AZeroInATailIsMissedByTheCheck) {
  const CheckedGradients checked =
      Check("bce_with_logits f64 none input=20 target=1", BceLoss, [](double, double) { return 0.0; });
  EXPECT_EQ(Saying(checked), (Said{Verdict::kDivergent, Divergence::kUnderflow, ClassicalVerdict::kPasses}));
}

TEST(PlantedGradients, BesideAKinkTheCheckIsAFalseAlarm) {
  const CheckedGradients checked = Check("l1 f64 none input=5e-7 target=0", L1Loss, L1Gradient);
  EXPECT_EQ(Saying(checked), (Said{Verdict::kExact, Divergence::kNone, ClassicalVerdict::kFails}));
  EXPECT_FALSE(checked.wrong);
}

TEST(PlantedGradients, WrongElementsAmongRightOnesAreAKindOfTheirOwn) {
  const CheckedGradients checked =
      Check("bce_with_logits f64 none input=0.5,20,0.25,21 target=0,1,0,1", BceLoss,
            [](double x, double t) { return x >= 20 ? 0 : BceGradient(x, t); });
  std::int64_t wrong = 0, right = 0;
  for (const GradientFinding& found : checked.findings) {
    (Passes(found.finding) ? right : wrong) += found.finding.count;
  }
  EXPECT_EQ(wrong, 2);
  EXPECT_EQ(right, 2);
}

TEST(PlantedGradients, ASubjectIsAskedOnce) {
  PlantedSubject subject(BceLoss, BceGradient);
  const Problem problem = ParseProblem("bce_with_logits f32 none input=1,2,3 target=0,0,0");
  (void)CheckGradients(subject, problem, Evaluate(problem));
  EXPECT_EQ(subject.asked, 2U + 2 * 6);  // in f32 and f64, and each element of either input down and up
}

AuditOptions Options(int jobs) {
  AuditOptions options;
  options.subjects = {"naive/sigmoid_bce"};
  options.jobs = jobs;
  return options;
}

std::vector<std::string> LinesWith(int jobs) {
  Selection selection;
  selection.losses = {FindLoss("bce_with_logits")};
  selection.dtypes = {Dtype::kF32};
  selection.fills = {FindFill("normal"), FindFill("saturated")};
  selection.problems_per_cell = 4;
  std::vector<std::string> lines;
  const GradcheckSummary summary =
      Gradcheck(GradcheckProblems::Of(selection), Options(jobs), [&](const GradcheckResult& result) {
        EXPECT_EQ(result.subjects.size(), 1U);
        EXPECT_FALSE(result.legs.empty());
        lines.push_back(result.line);
      });
  EXPECT_EQ(summary.problems, Count(selection));
  EXPECT_EQ(summary.subjects.at(0).name, "naive/sigmoid_bce");
  EXPECT_FALSE(summary.interrupted);
  return lines;
}

TEST(Gradchecks, ComeInOrderWhateverTheJobs) {
  const std::vector<std::string> one = LinesWith(1);
  EXPECT_EQ(one.size(), 24U);
  EXPECT_EQ(one, LinesWith(3));
}

TEST(Gradchecks, AnInterruptionEndsThem) {
  const std::vector<WrittenProblem> problems(
      2000, {"mse f32 none input=1 target=0", ParseProblem("mse f32 none input=1 target=0")});
  std::atomic<bool> interrupted = false;
  AuditOptions options = Options(2);
  options.interrupted = &interrupted;
  const GradcheckSummary summary = Gradcheck(GradcheckProblems::Of(problems), options,
                                             [&](const GradcheckResult&) { interrupted = true; });
  EXPECT_TRUE(summary.interrupted);
  EXPECT_GT(summary.problems, 0U);
  EXPECT_LT(summary.problems, 2000U);
}

TEST(Gradchecks, WhatATakerThrowsEndsThem) {
  const std::vector<WrittenProblem> problems(
      8, {"mse f32 none input=1 target=0", ParseProblem("mse f32 none input=1 target=0")});
  EXPECT_THROW(Gradcheck(GradcheckProblems::Of(problems), Options(2),
                         [](const GradcheckResult&) { throw std::runtime_error("full"); }),
               std::runtime_error);
  AuditOptions nobody;
  nobody.subjects = {"nobody"};
  EXPECT_THROW(Gradcheck(GradcheckProblems::Of(problems), nobody, [](const GradcheckResult&) {}), UsageError);
}

TEST(TaylorTests, AskForTheNameThatIsGiven) {
  const std::vector<WrittenProblem> problems = {
      {"mse f64 mean input=1,2 target=0,0", ParseProblem("mse f64 mean input=1,2 target=0,0")},
      {"mse f64 mean input=1,inf target=0,0", ParseProblem("mse f64 mean input=1,inf target=0,0")}};
  AuditOptions options;
  options.subjects = {"naive/wrong_reduction"};
  const auto verdicts = [&](const std::string& name) {
    std::vector<std::string> all;
    TaylorTests(GradcheckProblems::Of(problems), name, options, [&](const TaylorProblem& problem) {
      all.push_back(problem.left_out.empty() ? std::string(Name(problem.subjects.at(0).at(0).verdict))
                                             : problem.left_out);
    });
    return all;
  };
  // The sum for the mean, with the gradient of the sum: consistent, though it is another loss.
  EXPECT_EQ(verdicts(""), (std::vector<std::string>{"consistent", "an input is infinite or NaN"}));
  EXPECT_EQ(verdicts("my_loss")[0], "unanswered");
}

}  // namespace
}  // namespace exactloss
