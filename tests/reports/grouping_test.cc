#include "reports/grouping.h"

#include <gtest/gtest.h>

#include <limits>

#include "reports/tally.h"
#include "tests/reports/hand_made.h"

namespace exactloss {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

Finding OfLine(Finding finding, std::string line) {
  finding.line = std::move(line);
  return finding;
}

TEST(Grouping, FindingsOfOneCauseAreOne) {
  Grouping grouping;
  grouping.Write(OfLine(Diverged(Divergence::kUnderflow, 3), "small"));
  grouping.Write(OfLine(Diverged(Divergence::kUnderflow, 9), "the worst, but long"));
  grouping.Write(OfLine(Diverged(Divergence::kUnderflow, 9), "worst"));
  Finding many = OfLine(Diverged(Divergence::kUnderflow, kNan), "x");
  many.count = 40;
  grouping.Write(many);
  const std::vector<Cause> causes = grouping.Causes();
  ASSERT_EQ(causes.size(), 1U);
  EXPECT_EQ(causes[0].worst.line, "worst");
  EXPECT_EQ(causes[0].elements, 43U);
  EXPECT_EQ(causes[0].findings, 4U);
}

TEST(Grouping, SubjectLossOutputDtypeAndClassTellCausesApart) {
  Grouping grouping;
  const Finding finding = Diverged(Divergence::kUnderflow, 3);
  grouping.Write(finding);
  grouping.Write(Diverged(Divergence::kUnderflow, 3, "libtorch-1.13.1"));
  grouping.Write(Diverged(Divergence::kUnderflow, 3, "libtorch", "l1"));
  grouping.Write(Diverged(Divergence::kUnderflow, 3, "libtorch", "mse", Dtype::kF64));
  grouping.Write(Diverged(Divergence::kNan, kInfinity));
  Finding gradient = finding;
  gradient.output = "grad:input";
  grouping.Write(gradient);
  Finding inaccurate = finding;
  inaccurate.verdict = Verdict::kInaccurate;
  inaccurate.divergence = Divergence::kNone;
  grouping.Write(inaccurate);
  EXPECT_EQ(grouping.Causes().size(), 7U);
}

TEST(Grouping, TheRangeOfTheTruthTellsCausesApart) {
  const double u = UnitRoundoff(Dtype::kF32);
  const std::pair<double, Range> cases[] = {{0, Range::kZero},
                                            {MinSubnormal(Dtype::kF32), Range::kSubnormal},
                                            {MinNormal(Dtype::kF32), Range::kSmall},
                                            {u, Range::kOrdinary},
                                            {-1 / u, Range::kOrdinary},
                                            {2 / u, Range::kLarge},
                                            {kInfinity, Range::kInfinite},
                                            {kNan, Range::kNan}};
  Grouping grouping;
  for (const auto& [truth, range] : cases) {
    Finding finding = Diverged(Divergence::kUnderflow, 3);
    finding.truth = TruthOf(truth);
    EXPECT_EQ(RangeOf(finding), range) << truth;
    grouping.Write(finding);
  }
  EXPECT_EQ(grouping.Causes().size(), 7U) << "two are ordinary";
  Finding silent = Diverged(Divergence::kCrash, kNan);
  silent.truth.reset();
  EXPECT_EQ(Name(RangeOf(silent)), "");
}

TEST(Grouping, TheSimplestIsTheShortestLineOfFiniteNumbers) {
  Grouping grouping;
  for (const char* line : {"input=inf", "input=0x1p+0,0x1p+0", "input=0x1p+0,0", "input=0x1p+0,0x1.8p+0"}) {
    grouping.Write(OfLine(Diverged(Divergence::kUnderflow, line[6] == 'i' ? 9 : 3), line));
  }
  const std::vector<Cause> causes = grouping.Causes();
  ASSERT_EQ(causes.size(), 1U);
  EXPECT_EQ(causes[0].worst.line, "input=inf");
  EXPECT_EQ(causes[0].simplest.line, "input=0x1p+0,0");
}

TEST(Grouping, OneCauseOfASubjectLossAndClassLeads) {
  Grouping grouping;
  grouping.Write(OfLine(Diverged(Divergence::kUnderflow, 3), "longer"));
  Finding gradient = OfLine(Diverged(Divergence::kUnderflow, 9, "libtorch", "mse", Dtype::kF64), "short");
  gradient.output = "grad:input";
  grouping.Write(gradient);
  grouping.Write(Diverged(Divergence::kNan, 3));
  const std::vector<Cause*> leading = grouping.Leading();
  ASSERT_EQ(leading.size(), 2U);
  EXPECT_EQ(leading[0]->simplest.line, "short");
  leading[0]->simplest.line = "s";
  EXPECT_EQ(grouping.Leading()[0]->simplest.line, "s") << "it can be replaced";
}

TEST(Grouping, OnlyFailuresAreCauses) {
  Grouping grouping;
  for (const Verdict verdict : {Verdict::kExact, Verdict::kFaithful, Verdict::kAccurate, Verdict::kStable,
                                Verdict::kConvention, Verdict::kUndecided, Verdict::kUnsupported}) {
    Finding finding = HandMade();
    finding.verdict = verdict;
    EXPECT_FALSE(Fails(finding)) << Name(verdict);
    grouping.Write(finding);
  }
  EXPECT_TRUE(grouping.Causes().empty());
}

TEST(Grouping, TheOrderIsThatOfSubjectsAndLossesThenOfSize) {
  Grouping grouping;
  grouping.Write(HandMade("second", "l1"));
  grouping.Write(HandMade("second", "huber"));
  grouping.Write(Diverged(Divergence::kNan, kNan, "second", "huber"));
  grouping.Write(Diverged(Divergence::kUnderflow, 7, "second", "huber"));
  grouping.Write(Diverged(Divergence::kInfinity, kInfinity, "second", "huber"));
  grouping.Write(Diverged(Divergence::kNan, 1, "second", "l1"));
  grouping.Write(Diverged(Divergence::kNan, 1, "first", "l1"));
  std::vector<std::string> order;
  for (const Cause& cause : grouping.Causes()) {
    order.push_back(cause.worst.subject + " " + cause.worst.loss + " " +
                    std::string(Name(cause.worst.divergence)));
  }
  EXPECT_EQ(order, (std::vector<std::string>{"second l1 nan", "second huber infinity",
                                             "second huber underflow", "second huber nan", "first l1 nan"}));
}

TEST(Tally, CountsElements) {
  Tally tally;
  Finding passed = HandMade();
  passed.count = 10;
  passed.mistrusted = true;
  tally.Write(passed);
  Finding failed = Diverged(Divergence::kNan, kInfinity);
  failed.count = 3;
  tally.Write(failed);
  Finding undecided = HandMade();
  undecided.verdict = Verdict::kUndecided;
  tally.Write(undecided);
  const Counts& counts = tally.counts("libtorch");
  EXPECT_EQ(counts.passed(), 10U);
  EXPECT_EQ(counts.failed(), 3U);
  EXPECT_EQ(counts.mistrusted, 10U);
  EXPECT_EQ(counts.of(Verdict::kUndecided), 1U);
  EXPECT_EQ(counts.of(Divergence::kNan), 3U);
  EXPECT_EQ(tally.counts("nobody").passed(), 0U);
}

TEST(Tally, ACellHasTheWorstVerdictAndItsLargestUlp) {
  Tally tally;
  const auto write = [&](Verdict verdict, double ulp, const std::string& output = "loss") {
    Finding finding = HandMade();
    finding.verdict = verdict;
    finding.ulp = ulp;
    finding.output = output;
    tally.Write(finding);
  };
  write(Verdict::kStable, 300);
  write(Verdict::kInaccurate, kNan);
  write(Verdict::kInaccurate, 5);
  write(Verdict::kInaccurate, 4);
  write(Verdict::kUnsupported, kInfinity);
  write(Verdict::kFaithful, 0.9, "grad:input");
  const std::vector<TableRow> rows = tally.RowsByOutput("libtorch");
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].cells.at(Dtype::kF32).verdict, Verdict::kInaccurate);
  EXPECT_EQ(rows[0].cells.at(Dtype::kF32).ulp, 5);
  EXPECT_EQ(rows[1].cells.at(Dtype::kF32).ulp, 0.9);
  const std::vector<TableRow> by_loss = tally.RowsByLoss("libtorch");
  ASSERT_EQ(by_loss.size(), 1U);
  EXPECT_EQ(by_loss[0].cells.at(Dtype::kF32).verdict, Verdict::kInaccurate);
}

TEST(Tally, OrdinaryInputsHaveRowsOfTheirOwn) {
  Tally tally;
  const auto write = [&](const std::string& fill, double ulp) {
    Finding finding = HandMade();
    finding.verdict = Verdict::kInaccurate;
    finding.fill = fill;
    finding.ulp = ulp;
    tally.Write(finding);
  };
  write("normal#1.0", 5);
  write("special#1.0", 500);
  write("", 50);
  const std::vector<TableRow> rows = tally.OrdinaryRows("libtorch");
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].cells.at(Dtype::kF32).ulp, 5);
  EXPECT_EQ(tally.RowsByOutput("libtorch")[0].cells.at(Dtype::kF32).ulp, 500);
}

}  // namespace
}  // namespace exactloss
