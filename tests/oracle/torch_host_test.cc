// The LibTorch hosts that are built: is each row of their table the loss that its name says?
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "oracle/fill.h"
#include "oracle/subject.h"
#include "reference/truth.h"

namespace exactloss {
namespace {

std::vector<std::string> Hosts() {
  std::vector<std::string> hosts;
  for (const std::string& name : SubjectNames()) {
    if (name.starts_with("libtorch-")) hosts.push_back(name);
  }
  return hosts;
}

class TorchHost : public testing::Test {
 protected:
  void SetUp() override {
    if (Hosts().empty()) GTEST_SKIP() << "no LibTorch host is built; ./dev build makes one";
  }
};

Answer Ask(Subject& subject, const std::string& line) {
  const Problem problem = ParseProblem(line);
  return subject.Run({&problem, 1})[0];
}

double LossOf(const Answer& answer) {
  if (answer.status != AnswerStatus::kOk) return std::nan("");
  return FromBits(answer.outputs[0].dtype, answer.outputs[0].bits[0]);
}

TEST_F(TorchHost, SaysWhatItIs) {
  for (const std::string& host : Hosts()) {
    const auto subject = MakeSubject(host);
    EXPECT_EQ("libtorch-" + subject->info().version, host);
    EXPECT_EQ(subject->info().details.at("threads"), "1");
    const auto plain = MakeSubject(host + "+ATEN_CPU_CAPABILITY=default");
    EXPECT_TRUE(plain->info().details.at("capability") == "DEFAULT" ||
                plain->info().details.at("capability") == "NO AVX")
        << plain->info().details.at("capability");
  }
  EXPECT_EQ("libtorch-" + MakeSubject("libtorch")->info().version, Hosts().front());
}

TEST_F(TorchHost, ExamplesByHand) {
  const std::map<std::string, double> examples = {
      {"mse f64 mean input=2.5,0 target=3,-0.5", 0.25},
      {"l1 f64 sum input=1,2 target=0,4", 3},
      {"smooth_l1 f64 none input=3 target=0", 2.5},
      {"smooth_l1 f64 none beta=0 input=3 target=0", 3},
      {"huber f64 none delta=2 input=3 target=0", 4},
      {"bce f64 none input=0.5 target=1", std::log(2)},
      {"bce_with_logits f64 none pos_weight=3 input=0 target=1", 3 * std::log(2)},
      {"nll f64 mean weight=1,3 input=[2,2]:-1,-2,-3,-4 target=0,1", (1 + 3 * 4) / 4.0},
      {"cross_entropy f64 sum ignore_index=1 input=[2,2]:0,0,5,5 target=0,1", std::log(2)},
      {"kl_div f64 batchmean input=[2,1]:-1,-2 target=[2,1]:1,1", 1.5},
      {"iou f64 none eps=0 input=[1,4]:0,0,2,2 target=[1,4]:1,0,3,2", 2.0 / 3},
      {"giou f64 none eps=0 input=[1,4]:0,0,1,1 target=[1,4]:2,0,3,1", 1 + 1.0 / 3},
      {"diou f64 none eps=0 input=[1,4]:0,0,2,2 target=[1,4]:1,0,3,2", 2.0 / 3 + 1.0 / 13},
      {"ciou f64 none eps=1 input=[1,4]:0,0,2,2 target=[1,4]:1,0,3,2", 11.0 / 14},
      {"dice f64 none smooth=1 per_sample=true input=0,0 target=1,0", 0.2},
      {"detection f64 sum alpha=-1 gamma=0 class_weight=2 box_weight=3 iou_weight=0 input=0 target=1 "
       "boxes=[1,4]:0,0,2,2 target_boxes=[1,4]:3,0,2,2",
       2 * std::log(2) + 7.5},
      {"detection f64 mean eps=0 iou_weight=2 class_weight=0 input=0 target=1 boxes=[1,4]:0,0,2,2 "
       "target_boxes=[1,4]:0,0,4,4",
       0.75 + 2 * 0.8125},
      {"triplet_margin f64 none eps=0 anchor=[1,2]:0,0 positive=[1,2]:3,4 negative=[1,2]:0,2", 4},
  };
  for (const std::string& host : Hosts()) {
    const auto subject = MakeSubject(host);
    for (const auto& [line, want] : examples) {
      EXPECT_NEAR(LossOf(Ask(*subject, line)), want, 1e-14 * want) << host << ": " << line;
    }
  }
}

TEST_F(TorchHost, WhatLibTorchHasNot) {
  for (const std::string& host : Hosts()) {
    const auto subject = MakeSubject(host);
    const Answer clamp = Ask(*subject, "bce f32 none log_clamp=-50 input=0.5 target=1");
    EXPECT_EQ(clamp.status, AnswerStatus::kUnsupported);
    EXPECT_EQ(clamp.message, "binary_cross_entropy clamps the logarithms at -100");
    EXPECT_EQ(Ask(*subject, "mse f32 none input=1 target=2").status, AnswerStatus::kOk);
  }
}

/// Does each output agree with the truth in half of the digits of its largest gauge? That tells one function
/// from another, and says nothing of accuracy, which is the judge's to say.
void ExpectTheSameFunction(const Problem& problem, const Truth& truth, const Answer& answer) {
  ASSERT_EQ(answer.outputs.size(), truth.outputs.size());
  for (std::size_t o = 0; o < truth.outputs.size(); ++o) {
    double gauge = 0;
    for (const ElementTruth& element : truth.outputs[o].elements) gauge = std::max(gauge, element.gauge);
    for (std::size_t i = 0; i < truth.outputs[o].elements.size(); ++i) {
      const ElementTruth& element = truth.outputs[o].elements[i];
      const double got = FromBits(answer.outputs[o].dtype, answer.outputs[o].bits[i]);
      EXPECT_LE(AbsoluteError(problem.dtype, element.allowed, got),
                std::sqrt(UnitRoundoff(problem.dtype)) * gauge)
          << answer.outputs[o].name << "[" << i << "] = " << got << ", truth " << ToDecimal(element.value);
    }
  }
}

TEST_F(TorchHost, ComputesEveryLossOfTheCatalogue) {
  constexpr std::uint64_t kSeed = 1, kProblems = 8;
  for (const std::string& host : Hosts()) {
    const auto subject = MakeSubject(host);
    for (const LossSpec& loss : Catalogue()) {
      for (const Reduction reduction : loss.reductions) {
        int answered = 0;
        for (std::uint64_t i = 0; i < kProblems; ++i) {
          const Problem problem = FillProblem(*FindFill("uniform"), loss, Dtype::kF64, reduction, kSeed, i);
          SCOPED_TRACE(host + ": " + FormatProblem(problem));
          const Answer answer = subject->Run({&problem, 1})[0];
          if (answer.status == AnswerStatus::kUnsupported) continue;
          ++answered;
          ASSERT_EQ(answer.status, AnswerStatus::kOk) << answer.message;
          ExpectTheSameFunction(problem, Evaluate(problem), answer);
        }
        EXPECT_GT(answered, 0) << host << ": " << loss.name << " " << Name(reduction);
      }
    }
  }
}

}  // namespace
}  // namespace exactloss
