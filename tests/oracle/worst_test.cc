#include "oracle/worst.h"

#include <gtest/gtest.h>

#include <cmath>

namespace exactloss {
namespace {

const std::string kLine = "bce_with_logits f32 none input=0x1.4p+4 target=0x1p+0";
const std::string kCase = kLine + "\tlibtorch\tgrad:input\tunderflow\t9.28e+06\t2.13.0: exactloss search";

TEST(WorstCases, AreReadWithTheirPlaces) {
  const auto cases = ReadWorstCases("# one\n\n" + kCase + "\r\n" + kCase, "x.wc");
  ASSERT_EQ(cases.size(), 2U);
  EXPECT_EQ(cases[0].place, "x.wc:3");
  EXPECT_EQ(cases[1].place, "x.wc:4");
  EXPECT_EQ(cases[0].line, kLine);
  EXPECT_EQ(FormatProblem(cases[0].problem), kLine);
  EXPECT_EQ(cases[0].subject, "libtorch");
  EXPECT_EQ(cases[0].output, "grad:input");
  EXPECT_EQ(cases[0].failure, "underflow");
  EXPECT_EQ(cases[0].ulp, 9.28e6);
  EXPECT_EQ(cases[0].provenance, "2.13.0: exactloss search");
  EXPECT_EQ(FormatWorstCase(cases[0]), kCase);
}

TEST(WorstCases, MayHaveNoErrorOrAnInfiniteOne) {
  for (const std::string ulp : {"nan", "inf", "0"}) {
    const std::string row = kLine + "\tnaive/sigmoid_bce\tloss\tsigned zero\t" + ulp + "\t-";
    EXPECT_EQ(FormatWorstCase(ReadWorstCases(row).at(0)), row);
  }
}

struct Malformed {
  std::string text, complaint;
};

TEST(WorstCases, AreReadStrictly) {
  const Malformed kMalformed[] = {
      {kLine,
       "a case has 6 columns with a tab between them (line, subject, output, class, ulp, provenance); this "
       "has 1"},
      {kCase + "\tmore", "a case has 6 columns; this has more"},
      {kLine + "\t\tloss\tnan\tinf\t-", "the subject is empty"},
      {"mse f31 none input=1 target=0\ta\tloss\tnan\tinf\t-",
       "column 5: unknown dtype 'f31'; there are f64, f32, bf16, f16"},
      {kLine + "\ta\tgrad:inptu\tnan\tinf\t-",
       "the line has no output 'grad:inptu'; it has loss, grad:input, grad:target"},
      {kLine + "\ta\tloss\tunderfolw\tinf\t-", "no class 'underfolw'; did you mean underflow, overflow?"},
      {kLine + "\ta\tloss\tnan\t1e\t-", "ulp: '1e' is no error; it is a number from 0 on, inf or nan"},
      {kLine + "\ta\tloss\tnan\t-1\t-", "ulp: '-1' is no error; it is a number from 0 on, inf or nan"},
  };
  for (const auto& [text, complaint] : kMalformed) {
    try {
      ReadWorstCases("# first\n" + text + "\n", "x.wc");
      ADD_FAILURE() << text;
    } catch (const UsageError& error) {
      EXPECT_EQ(error.what(), "x.wc:2: " + complaint);
    }
  }
}

TEST(WorstCases, AreAddedOnceAndWhatStandsThereStays) {
  const std::string before = "# mine\n\n" + kCase;  // without an end of line
  const auto cases = ReadWorstCases(kCase);
  EXPECT_EQ(WithWorstCases(before, cases, "x"), before + "\n");
  WorstCase other = cases.at(0);
  other.output = "loss";
  other.subject = "exec:a\tb";
  other.provenance = "two\nlines";
  const std::string after = WithWorstCases(before, {other, other, cases[0]}, "x");
  EXPECT_EQ(after, before + "\n" + kLine + "\texec:a b\tloss\tunderflow\t9.28e+06\ttwo lines\n");
  EXPECT_EQ(WithWorstCases(after, {other}, "x"), after);
}

TEST(WorstCases, OfAFindingNameItsClass) {
  Finding finding;
  finding.line = kLine;
  finding.subject = "libtorch";
  finding.output = "loss";
  finding.verdict = Verdict::kDivergent;
  finding.divergence = Divergence::kSignedZero;
  finding.ulp = std::nan("");
  EXPECT_EQ(FormatWorstCase(WorstCaseOf(finding, "here")),
            kLine + "\tlibtorch\tloss\tsigned zero\tnan\there");
}

TEST(WorstCases, AreAStreamOfProblems) {
  const ProblemStream stream = StreamOf(ReadWorstCases(kCase, "worst/x.wc"));
  ASSERT_EQ(stream.count, 1U);
  EXPECT_EQ(stream.at(0).fill, "worst#x.wc:1");
  EXPECT_EQ(stream.at(0).line, kLine);
}

}  // namespace
}  // namespace exactloss
