#include "oracle/shrink.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "oracle/judge.h"
#include "tests/oracle/fakes.h"

namespace exactloss {
namespace {

Finding FailureOn(const Problem& problem, Subject& subject, const std::string& output) {
  const Answer answer = std::move(subject.Run({&problem, 1}).front());
  for (Finding& finding : Judge(problem, Evaluate(problem), subject, answer)) {
    if (finding.output == output && !Passes(finding)) return finding;
  }
  ADD_FAILURE() << "it does not fail";
  return {};
}

/// The gradient of the first input is 0 where the input is above 17.
Answer SaturatesEarly(const Problem& problem) {
  Answer answer = RoundedTruth(problem);
  for (std::size_t i = 0; i < answer.outputs[1].bits.size(); ++i) {
    if (problem.inputs[0]->values[i] > 17) answer.outputs[1].bits[i] = 0;
  }
  return answer;
}

TEST(Shrink, ToOneElementOfFewBits) {
  const Problem problem = ParseProblem(
      "bce_with_logits f32 none input@strided=[2,3]:0x1.23456p+0,-3,0x1.8f3aap+4,0x1.abcdep-3,7,1 "
      "target=[2,3]:1,0,1,0,0x1.23p-1,1 weight=[2,3]:0x1.5p+0*6 pos_weight=[3]:0x1.9p+0*3");
  FunctionSubject subject(SaturatesEarly);
  const Finding failure = FailureOn(problem, subject, "grad:input");
  const auto shrunk = Shrink(problem, failure, subject);
  ASSERT_TRUE(shrunk);
  EXPECT_EQ(shrunk->output, failure.output);
  EXPECT_EQ(shrunk->verdict, failure.verdict);
  EXPECT_EQ(shrunk->divergence, failure.divergence);
  const Problem simple = ParseProblem(shrunk->line);
  EXPECT_EQ(simple.inputs[0]->size(), 1);
  EXPECT_EQ(simple.inputs[0]->layout, Layout::kContiguous);
  EXPECT_FALSE(simple.inputs[2] || simple.inputs[3]) << shrunk->line;
  EXPECT_LT(shrunk->line.size(), 75U) << shrunk->line;
  EXPECT_LT(subject.asked, 152);
}

TEST(Shrink, RowsAndClasses) {
  const Problem problem = ParseProblem(
      "cross_entropy f32 sum input=[3,4]:1,2,3,4,0,0,1,0,5,20,1,0x1.8p+0 target=3,0,2 weight=1,2,0x1.8p+0,4");
  const auto fails_at_20 = [](const Problem& p) {
    Answer answer = RoundedTruth(p);
    const auto& values = p.inputs[0]->values;
    if (std::find(values.begin(), values.end(), 20.0) != values.end()) answer.outputs[0].bits[0] = 0;
    return answer;
  };
  FunctionSubject subject(fails_at_20);
  const auto shrunk = Shrink(problem, FailureOn(problem, subject, "loss"), subject);
  ASSERT_TRUE(shrunk);
  const Problem simple = ParseProblem(shrunk->line);
  EXPECT_EQ(simple.inputs[0]->shape[0], 1) << shrunk->line;
  EXPECT_LE(simple.inputs[0]->shape[1], 2) << shrunk->line;
}

TEST(Shrink, WhatDoesNotComeAgainIsNotShrunk) {
  const Problem problem = ParseProblem("mse f32 none input=1 target=0");
  FunctionSubject wrong([](const Problem& p) {
    Answer answer = RoundedTruth(p);
    answer.outputs[0].bits[0] = 0;
    return answer;
  });
  const Finding failure = FailureOn(problem, wrong, "loss");
  FunctionSubject right([](const Problem& p) { return RoundedTruth(p); });
  EXPECT_FALSE(Shrink(problem, failure, right));
  Finding crash = failure;
  crash.got.reset();
  EXPECT_FALSE(Shrink(problem, crash, wrong));
}

TEST(Shrink, AsksNoMoreOftenThanItMay) {
  const Problem problem = ParseProblem("mse f32 none input=0x1.234p+0*9 target=0x1.7p-3*9");
  FunctionSubject subject([](const Problem& p) {
    Answer answer = RoundedTruth(p);
    for (std::uint64_t& bits : answer.outputs[0].bits) bits = 0;
    return answer;
  });
  const Finding failure = FailureOn(problem, subject, "loss");
  subject.asked = 0;
  ASSERT_TRUE(Shrink(problem, failure, subject, {.most_asked = 5}));
  EXPECT_LE(subject.asked, 5);
}

}  // namespace
}  // namespace exactloss
