#include "oracle/naive.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "oracle/judge.h"

namespace exactloss {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

Answer Ask(const std::string& form, const std::string& line) {
  const Problem problem = ParseProblem(line);
  return MakeNaiveSubject(form)->Run({&problem, 1})[0];
}

using Values = std::map<std::string, std::vector<double>>;

/// What a form answers, by output.
Values Outputs(const std::string& form, const std::string& line) {
  const Answer answer = Ask(form, line);
  EXPECT_EQ(answer.status, AnswerStatus::kOk) << answer.message;
  Values values;
  for (const Output& output : answer.outputs) {
    for (const std::uint64_t bits : output.bits) {
      values[output.name].push_back(FromBits(output.dtype, bits));
    }
  }
  return values;
}

double F32(double x) { return RoundTo(Dtype::kF32, x); }

TEST(Naive, SigmoidBceSaturates) {
  const Values at_0 = Outputs("sigmoid_bce", "bce_with_logits f32 none input=0 target=1");
  EXPECT_EQ(at_0.at("loss")[0], F32(std::log(2)));
  EXPECT_EQ(at_0.at("grad:input")[0], -0.5);
  EXPECT_EQ(at_0.at("grad:target")[0], 0);
  // sigmoid(20) rounds to 1: the logarithm of 0 is clamped, and 0 times 1e12 is no gradient.
  const Values at_20 = Outputs("sigmoid_bce", "bce_with_logits f32 none input=20,-200 target=0,1");
  EXPECT_EQ(at_20.at("loss"), (std::vector<double>{100, 100}));
  EXPECT_EQ(at_20.at("grad:input"), (std::vector<double>{0, 0}));
  EXPECT_EQ(at_20.at("grad:target"), (std::vector<double>{-kInf, kInf}));
}

TEST(Naive, SoftplusUnshiftedOverflowsAndUnderflows) {
  const Values values = Outputs("softplus_unshifted", "bce_with_logits f32 none input=100,-20,0 target=0*3");
  EXPECT_EQ(values.at("loss"), (std::vector<double>{kInf, 0, F32(std::log(2))}));
  EXPECT_TRUE(std::isnan(values.at("grad:input")[0]));
  EXPECT_EQ(values.at("grad:input")[2], 0.5);
}

TEST(Naive, SoftmaxLogNllLosesSmallProbabilities) {
  const Values values = Outputs("softmax_log_nll", "cross_entropy f32 none input=[1,2]:0,-200 target=1");
  EXPECT_EQ(values.at("loss")[0], kInf);
  for (const double slope : values.at("grad:input")) EXPECT_TRUE(std::isnan(slope));
  const Values stable = Outputs("log_softmax_nll", "cross_entropy f32 none input=[1,2]:0,-200 target=1");
  EXPECT_EQ(stable.at("loss")[0], 200);
  EXPECT_EQ(stable.at("grad:input"), (std::vector<double>{1, -1}));
}

TEST(Naive, DoubleSoftmax) {
  const Values values = Outputs("double_softmax", "cross_entropy f64 none input=[1,2]:0,0 target=0");
  EXPECT_EQ(values.at("loss")[0], std::log(2));
  EXPECT_EQ(values.at("grad:input"), (std::vector<double>{-0.25, 0.25}));
}

TEST(Naive, ProbabilitiesInKl) {
  const Values values = Outputs("probabilities_kl", "kl_div f64 none input=0,-inf target=0.5,0");
  EXPECT_EQ(values.at("loss"), (std::vector<double>{0.5 * std::log(0.5) - 0.5, 0}));
  EXPECT_EQ(values.at("grad:input"), (std::vector<double>{-0.5, 0}));
  EXPECT_EQ(values.at("grad:target")[0], std::log(0.5));
}

TEST(Naive, LogitsAsProbabilitiesAreRefusedOrMeanSomethingElse) {
  const Answer refused = Ask("logits_as_probabilities", "bce_with_logits f32 none input=0.5,2 target=1,1");
  EXPECT_EQ(refused.status, AnswerStatus::kError);
  EXPECT_EQ(refused.message, "all elements of input should be between 0 and 1");
  const Values values = Outputs("logits_as_probabilities", "bce_with_logits f32 none input=0.5 target=1");
  EXPECT_EQ(values.at("loss")[0], F32(std::log(2)));
  EXPECT_EQ(values.at("grad:input")[0], -2);
}

TEST(Naive, WrongReductions) {
  EXPECT_EQ(Outputs("wrong_reduction", "mse f64 mean input=1,2 target=0,0").at("loss")[0], 5);
  const Values sum = Outputs("wrong_reduction", "mse f64 sum input=1,2 target=0,0");
  EXPECT_EQ(sum.at("loss")[0], 2.5);
  EXPECT_EQ(sum.at("grad:input"), (std::vector<double>{1, 2}));
  EXPECT_EQ(sum.at("grad:target"), (std::vector<double>{-1, -2}));
  const std::string kl = " input=[2,2]:-1,-1,-1,-1 target=[2,2]:1,1,1,1";
  EXPECT_EQ(Outputs("wrong_reduction", "kl_div f64 batchmean" + kl).at("loss")[0], 1);
  EXPECT_EQ(Outputs("wrong_reduction", "cross_entropy f64 mean input=[2,1]:3,4 target=0,0").at("grad:input"),
            (std::vector<double>{0, 0}));
  EXPECT_EQ(Ask("wrong_reduction", "mse f64 none input=1 target=0").status, AnswerStatus::kUnsupported);
}

TEST(Naive, WrongTargetTypes) {
  const Values cut = Outputs("wrong_target_type", "bce_with_logits f32 none input=0,0 target=0.75,1");
  EXPECT_EQ(cut.at("grad:input"), (std::vector<double>{0.5, -0.5}));
  EXPECT_EQ(cut.count("grad:target"), 0U);
  const Values likeliest = Outputs(
      "wrong_target_type", "cross_entropy f32 none input=[1,2]:0,-200 target_probabilities=[1,2]:0.25,0.75");
  EXPECT_EQ(likeliest.at("loss")[0], 200);
  EXPECT_EQ(likeliest.count("grad:target_probabilities"), 0U);
}

TEST(Naive, EveryOperationIsRoundedToTheDtype) {
  // 257 is no bf16, nor is 2^-9 + 1.
  EXPECT_EQ(Outputs("wrong_reduction", "mse bf16 mean input=16,1 target=0,0").at("loss")[0], 256);
  EXPECT_EQ(Outputs("wrong_reduction", "mse f16 mean input=16,1 target=0,0").at("loss")[0], 257);
  EXPECT_EQ(Outputs("wrong_reduction", "mse f16 mean input=256 target=0").at("loss")[0], kInf);
  const Answer answer = Ask("sigmoid_bce", "bce_with_logits bf16 none input=1 target=1");
  EXPECT_EQ(answer.outputs.at(0).dtype, Dtype::kBF16);
}

// Rows along dimension 1, weights and rows that do not count: against log-probabilities written out.
TEST(Naive, ClassesOfManyDimensions) {
  const Values values = Outputs("log_softmax_nll",
                                "cross_entropy f64 mean ignore_index=1 weight=0.5,2 "
                                "input=[2,2,2]:0,0,0,0,0,0,0,-200 target=[2,2]:0,1,0,0");
  const double log2 = std::log(2);
  EXPECT_DOUBLE_EQ(values.at("loss")[0], (0.5 * log2 + 0.5 * log2 + 0) / 1.5);
  const double third = 1.0 / 3, sixth = third / 2;
  const double expected[] = {-sixth, 0, sixth, 0, -sixth, 0, sixth, 0};
  ASSERT_EQ(values.at("grad:input").size(), 8U);
  for (std::size_t i = 0; i < 8; ++i) EXPECT_NEAR(values.at("grad:input")[i], expected[i], 1e-15) << i;
}

TEST(Naive, WeightsBroadcast) {
  const Values values = Outputs("sigmoid_bce",
                                "bce_with_logits f32 sum input=[2,2]:0,0,0,0 target=[2,2]:1,1,1,1 "
                                "weight=[2,1]:2,8");
  EXPECT_EQ(values.at("grad:input"), (std::vector<double>{-1, -1, -4, -4}));
}

TEST(Naive, WhatAFormDoesNotHave) {
  const auto message = [](const std::string& form, const std::string& line) {
    const Answer answer = Ask(form, line);
    EXPECT_EQ(answer.status, AnswerStatus::kUnsupported);
    return answer.message;
  };
  EXPECT_EQ(message("sigmoid_bce", "mse f32 none input=1 target=0"), "it is a form of bce_with_logits alone");
  EXPECT_EQ(message("sigmoid_bce", "bce_with_logits f32 none input=1 target=0 pos_weight=2"),
            "it has no pos_weight");
  EXPECT_EQ(message("softmax_log_nll", "cross_entropy f32 none label_smoothing=0.5 input=[1,2]:0,0 target=0"),
            "it has no label_smoothing");
  EXPECT_EQ(message("probabilities_kl", "kl_div f32 none log_target=1 input=0 target=0"),
            "it has no log_target");
}

TEST(Naive, FormsAreNamedOnce) {
  const std::vector<std::string> forms = NaiveForms();
  EXPECT_EQ(std::set<std::string>(forms.begin(), forms.end()).size(), forms.size());
  for (const std::string& form : forms) {
    EXPECT_EQ(MakeSubject("naive/" + form)->info().name, "naive/" + form);
  }
  try {
    MakeSubject("naive/sigmoid_bec");
    ADD_FAILURE() << "that is no form";
  } catch (const UsageError& error) {
    EXPECT_STREQ(error.what(), "no naive form 'sigmoid_bec'; did you mean sigmoid_bce?");
  }
}

struct Judged {
  const char* form;
  const char* line;
  bool passes;
};

// Where a form does not fail, its value and its gradient are right: it is the formula that it stands for.
TEST(Naive, FailsWhereItShouldAndNowhereElse) {
  const Judged table[] = {
      {"sigmoid_bce", "bce_with_logits f64 mean weight=2,3 input=0.8,-0.5 target=0.25,1", true},
      {"sigmoid_bce", "bce_with_logits f32 mean input=20 target=0", false},
      {"softplus_unshifted", "bce_with_logits f64 sum weight=2,3 input=0.8,-0.5 target=0.25,1", true},
      {"softplus_unshifted", "bce_with_logits f32 none input=100 target=0", false},
      {"softmax_log_nll", "cross_entropy f64 mean weight=1,2,4 input=[2,3]:1,2,3,0.5,-1,2 target=2,0", true},
      {"softmax_log_nll", "cross_entropy f16 none input=[1,2]:0,-30 target=1", false},
      {"log_softmax_nll", "cross_entropy f64 mean weight=1,2,4 input=[2,3]:1,2,3,0.5,-1,2 target=2,0", true},
      {"double_softmax", "cross_entropy f32 mean input=[1,3]:1,2,3 target=2", false},
      {"probabilities_kl", "kl_div f32 sum input=-1,-2 target=0.25,0.75", false},
      {"logits_as_probabilities", "bce_with_logits f32 none input=0.25 target=1", false},
      {"wrong_reduction", "mse f32 mean input=1,2 target=0,0", false},
      {"wrong_reduction", "mse f32 mean input=1 target=0", true},
      {"wrong_reduction", "cross_entropy f32 sum input=[2,2]:1,2,3,4 target=0,1", false},
      {"wrong_reduction", "kl_div f32 batchmean input=[1,2]:-1,-2 target=[1,2]:0.25,0.75", false},
      {"wrong_target_type", "bce_with_logits f32 none input=1 target=0.75", false},
      {"wrong_target_type", "bce_with_logits f64 none input=1 target=1", true},
  };
  std::set<std::string> judged;
  for (const auto& [form, line, passes] : table) {
    const Problem problem = ParseProblem(line);
    const auto subject = MakeNaiveSubject(form);
    const std::vector<Finding> findings =
        Judge(problem, Evaluate(problem), *subject, subject->Run({&problem, 1})[0]);
    const bool all_pass = std::all_of(findings.begin(), findings.end(), [](const Finding& finding) {
      return Passes(finding) || finding.verdict == Verdict::kUnsupported;
    });
    EXPECT_EQ(all_pass, passes) << form << ": " << line;
    for (const Finding& finding : findings) {
      if (finding.verdict != Verdict::kDivergent || subject->OtherSemantics().empty()) continue;
      EXPECT_EQ(finding.divergence, Divergence::kSemantics) << form << ": " << line;
      EXPECT_EQ(finding.message, subject->OtherSemantics());
    }
    judged.insert(form);
  }
  EXPECT_EQ(judged.size(), NaiveForms().size()) << "a form lacks its rows";
}

}  // namespace
}  // namespace exactloss
