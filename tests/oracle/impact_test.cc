#include "oracle/impact.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/oracle/fakes.h"

namespace exactloss {
namespace {

Finding Failed(const std::string& output, double got, double truth) {
  Finding finding;
  finding.loss = "mse";
  finding.reduction = Reduction::kMean;
  finding.output = output;
  finding.verdict = Verdict::kInaccurate;
  finding.got = ToBits(finding.dtype, got);
  finding.truth = TruthOf(truth);
  return finding;
}

TEST(Impact, AGradientTrainsWrongAValueReportsWrong) {
  EXPECT_EQ(ImpactOf(Failed("grad:input", 2, 1)), Impact::kTrainsWrong);
  EXPECT_EQ(ImpactOf(Failed("loss", 2, 1)), Impact::kReportsWrong);
  Finding passed = Failed("loss", 2, 1), silent = passed;
  passed.verdict = Verdict::kStable;
  silent.got.reset();
  EXPECT_EQ(ImpactOf(passed), Impact::kNone);
  EXPECT_EQ(ImpactOf(silent), Impact::kNone);
}

TEST(Impact, ItsSizeIsToldInOrdinaryOnes) {
  OrdinaryBatches ordinary;
  const double one = ordinary.SizeOf(Failed("loss", 2, 1));
  EXPECT_GT(one, 0);
  EXPECT_TRUE(std::isfinite(one));
  EXPECT_EQ(ordinary.SizeOf(Failed("loss", 5, 1)), 4 * one);
  EXPECT_NE(ordinary.SizeOf(Failed("grad:input", 2, 1)), one) << "a gradient has a size of its own";
  EXPECT_TRUE(std::isinf(ordinary.SizeOf(Failed("loss", INFINITY, 1))));
  EXPECT_TRUE(std::isnan(ordinary.SizeOf(Failed("loss", NAN, 1))));
}

}  // namespace
}  // namespace exactloss
