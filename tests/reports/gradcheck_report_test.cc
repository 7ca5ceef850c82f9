#include <gtest/gtest.h>

#include <optional>
#include <sstream>
#include <string>

#include "reports/gradcheck.h"

namespace exactloss {
namespace {

GradcheckResult Result(std::vector<LegAgreement> legs) {
  GradcheckResult result;
  result.line = "mse f64 none input=1 target=0";
  result.loss = FindLoss("mse");
  result.outputs = {"loss", "grad:input", "grad:target"};
  result.legs = std::move(legs);
  return result;
}

GradientFinding Found(Verdict verdict, ClassicalVerdict classical, std::int64_t count,
                      Dtype dtype = Dtype::kF64) {
  GradientFinding found;
  found.finding.line = "mse f64 none input=1 target=0";
  found.finding.loss = "mse";
  found.finding.output = "grad:input";
  found.finding.dtype = dtype;
  found.finding.verdict = verdict;
  found.finding.ulp = 3;
  found.finding.count = count;
  found.classical.verdict = classical;
  return found;
}

/// An element of `output` that agrees in so many digits.
LegAgreement Leg(std::size_t output, std::optional<double> closed, double differences) {
  LegAgreement leg;
  leg.output = output;
  leg.closed = closed;
  leg.differences = differences;
  return leg;
}
LegAgreement NoLeg(std::size_t output, LeftOut why) {
  LegAgreement leg;
  leg.output = output;
  leg.left_out = why;
  return leg;
}

std::string Legs(const GradcheckReport& report) {
  std::ostringstream out;
  report.WriteLegs(out);
  return out.str();
}

TEST(GradcheckReport, KeepsTheLeastDigitsOfEachGradient) {
  GradcheckReport report(0);
  report.Add(Result({Leg(1, 60, 48.25), Leg(1, {}, 50), NoLeg(1, LeftOut::kKink), Leg(2, {}, 60)}));
  EXPECT_NE(Legs(report).find(
                "  mse             grad:input                          2        >= 60         48.2  1 kink"),
            std::string::npos)
      << Legs(report);
  EXPECT_NE(
      Legs(report).find("  mse             grad:target                         1            -        >= 60"),
      std::string::npos)
      << Legs(report);
  EXPECT_FALSE(report.LegsAreApart());
  EXPECT_EQ(report.LastLine({}), "legs: 3 agree, 0 apart");
}

TEST(GradcheckReport, LegsThatAreApartAreNamed) {
  GradcheckReport report(0);
  LegAgreement leg = Leg(1, {}, 3);
  leg.apart = true;
  report.Add(Result({leg}));
  EXPECT_TRUE(report.LegsAreApart());
  EXPECT_NE(Legs(report).find("apart: grad:input[0] of mse f64 none input=1 target=0"), std::string::npos);
  EXPECT_EQ(report.LastLine({}), "legs: 0 agree, 1 apart");
}

TEST(GradcheckReport, CountsWhatTheCheckMissesAndItsAlarms) {
  GradcheckReport report(1);
  GradcheckResult result = Result({});
  using enum ClassicalVerdict;
  result.subjects = {
      {.findings = {Found(Verdict::kInaccurate, kPasses, 5), Found(Verdict::kDivergent, kFails, 7),
                    Found(Verdict::kExact, kPasses, 11), Found(Verdict::kStable, kFails, 13),
                    Found(Verdict::kInaccurate, kBound, 17), Found(Verdict::kInaccurate, kNotAsked, 1),
                    Found(Verdict::kExact, kFails, 19, Dtype::kF32)},
       .wrong = true,
       .passes = false}};
  report.Add(result);
  SubjectInfo info;
  info.name = "fake";
  EXPECT_EQ(report.LastLine({info}),
            "legs: 0 agree, 0 apart; fake: 12 wrong, 5 of them pass gradcheck; 24 right in f64, 13 of them "
            "fail it");
  std::ostringstream out;
  report.WriteSubject(0, info, out);
  EXPECT_NE(out.str().find("of 1 problem with one, 0 pass as a whole"), std::string::npos) << out.str();
  EXPECT_NE(out.str().find("mse grad:input f64: inaccurate, 5 elements, up to 3.00 ulp"), std::string::npos);
  EXPECT_NE(out.str().find("mse grad:input f64: stable, 13 elements"), std::string::npos);
}

}  // namespace
}  // namespace exactloss
