// Whole answers: one finding an element, statuses, contracts, trust; truths are made by hand.
#include "oracle/judge.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>

#include "tests/oracle/fakes.h"
#include "tests/oracle/finding_text.h"

namespace exactloss {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

/// Two elements of mse; the loss and both gradients are what a test says they are.
class JudgeTest : public testing::Test {
 protected:
  void SetTruth(const std::vector<std::vector<double>>& outputs) {
    truth_.outputs.clear();
    const std::vector<OutputSpec> specs = OutputsOf(problem_);
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      OutputTruth& output = truth_.outputs.emplace_back();
      output.spec = specs[i];
      output.roundings = 2;
      for (const double value : outputs[i]) output.elements.push_back(TruthOf(value));
    }
  }
  void SetAnswer(const std::vector<std::vector<double>>& outputs) {
    answer_.outputs.clear();
    const std::vector<OutputSpec> specs = OutputsOf(problem_);
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      answer_.outputs.push_back(OutputOf(specs[i].name, problem_.dtype, specs[i].shape, outputs[i]));
    }
  }
  void SetBoth(const std::vector<std::vector<double>>& outputs) {
    SetTruth(outputs);
    SetAnswer(outputs);
  }
  std::vector<Finding> Findings() const { return Judge(problem_, truth_, subject_, answer_); }
  std::vector<bool> Mistrusted() const {
    std::vector<bool> mistrusted;
    for (const Finding& finding : Findings()) mistrusted.push_back(finding.mistrusted);
    return mistrusted;
  }

  const Problem problem_ = ParseProblem("mse f32 none input=1,2 target=0,0");
  Truth truth_;
  Answer answer_;
  FakeSubject subject_;
};

TEST_F(JudgeTest, AFindingForEachElement) {
  SetTruth({{1, 4}, {2, 4}, {-2, -4}});
  SetAnswer({{1, 4.5}, {2, kNaN}, {-2, 4}});
  const std::vector<Finding> findings = Findings();
  ASSERT_EQ(findings.size(), 6U);
  const char* const outputs[] = {"loss", "loss", "grad:input", "grad:input", "grad:target", "grad:target"};
  const Divergence classes[] = {Divergence::kNone, Divergence::kCancellation, Divergence::kNone,
                                Divergence::kNan,  Divergence::kNone,         Divergence::kWrongSign};
  for (std::size_t i = 0; i < 6; ++i) {
    const Finding& finding = findings[i];
    EXPECT_EQ(finding.output, outputs[i]);
    EXPECT_EQ(finding.index, static_cast<std::int64_t>(i % 2));
    EXPECT_EQ(finding.divergence, classes[i]) << i;
    EXPECT_EQ(finding.verdict, classes[i] == Divergence::kNone ? Verdict::kExact : Verdict::kDivergent);
    EXPECT_EQ(finding.subject, "fake");
    EXPECT_EQ(finding.loss, "mse");
    EXPECT_EQ(finding.dtype, Dtype::kF32);
    EXPECT_EQ(finding.reduction, Reduction::kNone);
    EXPECT_EQ(finding.count, 1);
    EXPECT_EQ(finding.got, answer_.outputs[i / 2].bits[i % 2]);
    ASSERT_TRUE(finding.truth.has_value());
    EXPECT_EQ(ToDouble(finding.truth->value), ToDouble(truth_.outputs[i / 2].elements[i % 2].value));
  }
  EXPECT_EQ(findings[1].ulp, 0x1p20);
  EXPECT_TRUE(findings[1].seen_by_assert_close);
  EXPECT_FALSE(findings[0].seen_by_assert_close);
}

struct Ending {
  AnswerStatus status;
  Verdict verdict;
  Divergence divergence;
};

TEST_F(JudgeTest, NoAnswerIsOneFindingAndNeedsNoTruth) {
  const Ending endings[] = {
      {AnswerStatus::kUnsupported, Verdict::kUnsupported, Divergence::kNone},
      {AnswerStatus::kError, Verdict::kDivergent, Divergence::kContract},
      {AnswerStatus::kProtocol, Verdict::kDivergent, Divergence::kContract},
      {AnswerStatus::kCrash, Verdict::kDivergent, Divergence::kCrash},
      {AnswerStatus::kTimeout, Verdict::kDivergent, Divergence::kTimeout},
  };
  for (const Ending& ending : endings) {
    answer_ = {ending.status, "because", {}};
    for (const auto& findings : {Findings(), JudgeWorst(problem_, truth_, subject_, answer_)}) {
      ASSERT_EQ(findings.size(), 1U);
      EXPECT_EQ(findings[0].verdict, ending.verdict);
      EXPECT_EQ(findings[0].divergence, ending.divergence);
      EXPECT_EQ(findings[0].output, "loss");
      EXPECT_EQ(findings[0].message, "because");
      EXPECT_EQ(findings[0].count, 1);
      EXPECT_FALSE(findings[0].got || findings[0].truth);
      EXPECT_TRUE(std::isnan(findings[0].ulp) && std::isnan(findings[0].ratio));
      EXPECT_FALSE(Passes(findings[0]) || findings[0].mistrusted);
    }
  }
}

TEST_F(JudgeTest, AnOutputThatIsLeftOut) {
  SetBoth({{1, 4}, {2, 4}, {-2, -4}});
  answer_.outputs.erase(answer_.outputs.begin() + 1);
  const std::vector<Finding> findings = Findings();
  ASSERT_EQ(findings.size(), 5U);
  EXPECT_EQ(findings[2].output, "grad:input");
  EXPECT_EQ(findings[2].verdict, Verdict::kUnsupported);
  EXPECT_EQ(findings[3].output, "grad:target");
  EXPECT_EQ(findings[3].verdict, Verdict::kExact);
}

TEST_F(JudgeTest, AnotherDtypeOrShapeBreaksTheContract) {
  SetBoth({{1, 4}, {2, 4}, {-2, -4}});
  answer_.outputs[0] = OutputOf("loss", Dtype::kF64, {2}, {1, 4});
  answer_.outputs[1] = OutputOf("grad:input", Dtype::kF32, {1, 2}, {2, 4});
  answer_.outputs[2].bits.pop_back();
  const std::vector<Finding> findings = Findings();
  ASSERT_EQ(findings.size(), 3U);
  for (const Finding& finding : findings) {
    EXPECT_EQ(finding.divergence, Divergence::kContract);
    EXPECT_TRUE(finding.seen_by_assert_close);
  }
  EXPECT_EQ(findings[0].message, "it returned loss as f64 instead of f32");
  EXPECT_EQ(findings[0].got_dtype, Dtype::kF64);
  EXPECT_EQ(findings[0].got, ToBits(Dtype::kF64, 1));
  EXPECT_EQ(findings[1].message,
            "it returned grad:input with shape [1,2] and 2 elements instead of shape [2]");
  EXPECT_EQ(findings[2].message,
            "it returned grad:target with shape [2] and 1 elements instead of shape [2]");
}

TEST_F(JudgeTest, RulesOfTheOutputAndOfTheSubject) {
  SetTruth({{1, 0}, {1, 0}, {1, 1}});
  const double three_ulps = 1 + 3 * 0x1p-23;
  SetAnswer({{three_ulps, -0.0}, {three_ulps, -0.0}, {1 + 0x1p-23, 1}});
  subject_.declared_ulp = 3;
  const std::vector<Finding> findings = Findings();
  EXPECT_EQ(findings[0].verdict, Verdict::kAccurate);
  EXPECT_EQ(findings[1].divergence, Divergence::kSignedZero);
  EXPECT_EQ(findings[2].verdict, Verdict::kInaccurate) << "the bound is declared for the loss alone";
  EXPECT_EQ(findings[3].verdict, Verdict::kExact) << "a gradient may be either zero";
  EXPECT_EQ(findings[4].verdict, Verdict::kStable);
  EXPECT_EQ(findings[4].allowed_ratio, 2);
}

TEST_F(JudgeTest, TheBoundOfASumIsThatOfItsOrder) {
  SetTruth({{1, 1}, {1, 1}, {1, 1}});
  truth_.outputs[0].reduction = {1, 64};
  const double ten_roundings = 1 + 5 * 0x1p-23;
  SetAnswer({{ten_roundings, ten_roundings}, {1, 1}, {1, 1}});
  EXPECT_EQ(Findings()[0].verdict, Verdict::kStable);
  EXPECT_EQ(Findings()[0].allowed_ratio, 2 + 63);
  EXPECT_EQ(Findings()[0].bound.summation.order, SummationOrder::kUnknown);
  subject_.summation = {SummationOrder::kPairwise};
  EXPECT_EQ(Findings()[0].verdict, Verdict::kInaccurate);
  EXPECT_EQ(Findings()[0].allowed_ratio, 2 + 6);
}

TEST_F(JudgeTest, AnotherFunctionSaysWhichOne) {
  SetTruth({{1, 4}, {2, 4}, {-2, -4}});
  SetAnswer({{1, 3}, {2, 4}, {-2, kNaN}});
  subject_.other_semantics = "softmax twice";
  const std::vector<Finding> findings = Findings();
  EXPECT_EQ(findings[0].verdict, Verdict::kExact);
  EXPECT_EQ(findings[0].message, "");
  for (const std::size_t i : {1, 5}) {
    EXPECT_EQ(findings[i].divergence, Divergence::kSemantics);
    EXPECT_EQ(findings[i].message, "softmax twice");
  }
}

TEST_F(JudgeTest, MistrustsPassesThatProveLittle) {
  SetBoth({{1, 4}, {2, 0}, {-2, -4}});
  EXPECT_EQ(Mistrusted(), (std::vector<bool>{0, 0, 0, 0, 0, 0}));
  SetBoth({{0, 0}, {2, 0}, {kInf, kInf}});
  EXPECT_EQ(Mistrusted(), (std::vector<bool>{1, 1, 0, 0, 1, 1}));
  SetBoth({{0, kInf}, {2, kNaN}, {kNaN, kNaN}});
  EXPECT_EQ(Mistrusted(), (std::vector<bool>{0, 0, 0, 0, 1, 1}));
  SetBoth({{1, 1}, {0, -0.0}, {-2, -4}});
  EXPECT_EQ(Mistrusted(), (std::vector<bool>{1, 1, 1, 1, 0, 0})) << "no prediction moves the loss";
  SetBoth({{1, 1}, {1, 1}, {0, 0}});
  EXPECT_EQ(Mistrusted(), (std::vector<bool>{0, 0, 0, 0, 1, 1})) << "a target is no prediction";
}

TEST_F(JudgeTest, MistrustsNoFailure) {
  SetTruth({{0, 0}, {0, 0}, {1, 1}});
  SetAnswer({{0, 1}, {0, 1}, {1, 1}});
  EXPECT_EQ(Mistrusted(), (std::vector<bool>{1, 0, 1, 0, 0, 0}));
  truth_.outputs[0].elements[0].proven = false;
  EXPECT_EQ(Mistrusted(), (std::vector<bool>{0, 0, 1, 0, 0, 0}));
}

TEST_F(JudgeTest, MistrustsABoundThatExcusesAnyNumber) {
  SetTruth({{1, 4}, {2, 4}, {-2, -4}});
  SetAnswer({{1.5, 4}, {2, 4}, {-2, -4}});
  truth_.outputs[0].roundings = 0x1p24;
  EXPECT_EQ(Mistrusted(), (std::vector<bool>{1, 0, 0, 0, 0, 0}));
}

TEST(KeepWorst, TheWorstOfEachKindWithItsCount) {
  const Problem problem = ParseProblem("mse f32 none input=1*6 target=0*6");
  Truth truth;
  truth.outputs.push_back({OutputsOf(problem)[0], {}, 0});
  for (const double value : {1.0, 1.0, 1.0, 1.0, 1.0, 0.0}) {
    truth.outputs[0].elements.push_back(TruthOf(value));
  }
  const Answer answer{AnswerStatus::kOk, "", {OutputOf("loss", Dtype::kF32, {6}, {kNaN, 2, 3, 3, 1, 0})}};
  const auto findings = KeepWorst(Judge(problem, truth, FakeSubject(), answer));
  ASSERT_EQ(findings.size(), 3U);
  EXPECT_EQ(findings[0].divergence, Divergence::kNan);
  EXPECT_EQ(findings[0].count, 1);
  EXPECT_EQ(findings[1].divergence, Divergence::kCancellation);
  EXPECT_EQ(findings[1].index, 2) << "the first of the equally bad";
  EXPECT_EQ(findings[1].count, 3);
  EXPECT_EQ(findings[2].verdict, Verdict::kExact);
  EXPECT_EQ(findings[2].count, 2);
}

TEST(KeepWorst, IsWhatJudgeWorstDoes) {
  const Problem problem = ParseProblem("mse f16 none input=1*40 target=0*40");
  const double numbers[] = {0, -0.0, 1, 1.5, -1, 0x1p-24, 65504, kInf, kNaN, 1.0009765625, 3};
  std::set<std::string> kinds;
  for (std::size_t round = 0; round < 60; ++round) {
    Truth truth;
    Answer answer;
    std::size_t at = round;
    for (const OutputSpec& spec : OutputsOf(problem)) {
      OutputTruth& output = truth.outputs.emplace_back();
      output.spec = spec;
      output.roundings = round % 3 == 0 ? 2048 : 3;
      std::vector<double> got;
      for (std::size_t i = 0; i < 40; ++i, at += 1 + round % 7) {
        ElementTruth element = TruthOf(numbers[at % std::size(numbers)]);
        if (at % 13 == 0) element.gauge = kInf;
        if (at % 17 == 0) element.proven = false;
        if (at % 11 == 0) element = Kink(0, -1, 1);
        if (round % 10 == 9) element = TruthOf(0);
        output.elements.push_back(element);
        got.push_back(numbers[(at / 3 + i) % std::size(numbers)]);
      }
      answer.outputs.push_back(OutputOf(spec.name, problem.dtype, spec.shape, got));
    }
    const std::vector<Finding> kept = KeepWorst(Judge(problem, truth, FakeSubject(), answer));
    const std::vector<Finding> worst = JudgeWorst(problem, truth, FakeSubject(), answer);
    ASSERT_EQ(kept.size(), worst.size());
    for (std::size_t i = 0; i < kept.size(); ++i) {
      EXPECT_EQ(Text(kept[i]), Text(worst[i]));
      kinds.insert(std::string(Name(kept[i].verdict)) + "/" + std::string(Name(kept[i].divergence)));
    }
  }
  EXPECT_GE(kinds.size(), 10U) << "the rounds should meet most kinds";
}

TEST(Finding, NamesOfVerdictsAndClasses) {
  std::set<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(Verdict::kUnsupported); ++i) names.insert(Name(Verdict(i)));
  EXPECT_EQ(names.size(), 9U);
  EXPECT_EQ(names.count(""), 0U);
  for (int i = 0; i <= static_cast<int>(Divergence::kTimeout); ++i) names.insert(Name(Divergence(i)));
  EXPECT_EQ(names.size(), 9U + 17U);
  EXPECT_EQ(Name(Divergence::kNone), "");
  EXPECT_EQ(Name(Divergence::kWrongSubgradient), "wrong subgradient");
}

}  // namespace
}  // namespace exactloss
