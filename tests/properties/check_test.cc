// What a claim makes of a subject's answer: each side, NaN, infinities, and what is within the bound.
#include "tests/properties/check.h"

#include <gtest/gtest.h>

#include "tests/oracle/fakes.h"

namespace exactloss {
namespace {

/// Of a subject that answers `got` where the loss is 4, and the claim loss - 4 = 0, or >= 0.
bool Violates(double got, Relation relation) {
  Instance instance;
  instance.problems = {ParseProblem("mse f32 mean input=3 target=1")};
  instance.claims = {{{{1, 0, 0, 0}}, -4, relation}};
  FakeSubject subject({AnswerStatus::kOk, "", {OutputOf("loss", Dtype::kF32, {}, {got})}});
  const Outcome outcome = CheckSubject(instance, TruthsOf(instance), subject);
  EXPECT_EQ(outcome.checked, 1);
  EXPECT_EQ(outcome.vacuous + outcome.unsupported, 0);
  return !outcome.violation.empty();
}

TEST(Check, AClaimHasItsSides) {
  const double above = 4 * (1 + 0x1p-18), below = 4 * (1 - 0x1p-18);
  EXPECT_FALSE(Violates(4, Relation::kZero));
  EXPECT_FALSE(Violates(4 * (1 + 0x1p-23), Relation::kZero)) << "an ulp";
  EXPECT_TRUE(Violates(above, Relation::kZero));
  EXPECT_TRUE(Violates(below, Relation::kZero));
  EXPECT_FALSE(Violates(above, Relation::kNotNegative));
  EXPECT_TRUE(Violates(below, Relation::kNotNegative));
}

TEST(Check, NoClaimHoldsOfNanOrInfinity) {
  for (const double got : {std::nan(""), double{-INFINITY}}) {
    EXPECT_TRUE(Violates(got, Relation::kZero)) << got;
    EXPECT_TRUE(Violates(got, Relation::kNotNegative)) << got;
  }
  EXPECT_TRUE(Violates(INFINITY, Relation::kZero));
}

}  // namespace
}  // namespace exactloss
