// Classes that one problem alone does not show: each planted once in a subject that is right otherwise.
#include "oracle/consistency.h"

#include <gtest/gtest.h>

#include "oracle/judge.h"
#include "tests/oracle/fakes.h"

namespace exactloss {
namespace {

using enum Divergence;

bool HasLayout(const Problem& problem, Layout layout) { return problem.inputs[0]->layout == layout; }

/// Doubles the elements of an output.
Answer Doubled(Answer answer, std::size_t output) {
  for (std::uint64_t& bits : answer.outputs[output].bits) {
    bits = ToBits(answer.outputs[output].dtype, 2 * FromBits(answer.outputs[output].dtype, bits));
  }
  return answer;
}

Problem With(Problem problem, Reduction reduction) {
  problem.reduction = reduction;
  return problem;
}

/// Right, but for one output, which is that of the sum.
FunctionSubject::Function SumOf(std::size_t output) {
  return [output](const Problem& p) {
    Answer answer = RoundedTruth(p);
    answer.outputs[output] = RoundedTruth(With(p, Reduction::kSum)).outputs[output];
    return answer;
  };
}

struct Classified {
  std::vector<Finding> findings;

  /// The class of the worst finding of an output, "" where it passes.
  std::string Of(const std::string& output) const {
    std::string text;
    for (const Finding& finding : findings) {
      if (finding.output == output && !Passes(finding)) text = ClassText(finding);
    }
    return text;
  }
  std::string MessageOf(const std::string& output) const {
    for (const Finding& finding : findings) {
      if (finding.output == output && !Passes(finding)) return finding.message;
    }
    return "";
  }
};

Classified Classify(const std::string& line, FunctionSubject::Function function, bool repeats = false) {
  const Problem problem = ParseProblem(line);
  FunctionSubject subject(std::move(function));
  const Answer answer = std::move(subject.Run({&problem, 1}).front());
  const Truth truth = Evaluate(problem);
  Classified result{JudgeWorst(problem, truth, subject, answer)};
  ClassifyFailures(problem, truth, subject, answer, result.findings);
  if (repeats) CheckRepeats(problem, truth, subject, answer, result.findings);
  return result;
}

Answer Right(const Problem& problem) { return RoundedTruth(problem); }

const std::string kMean = "mse f32 mean input=1,2,4.5 target=0,0.25,1";

TEST(Consistency, ARightSubjectHasNoFindings) {
  const Classified result = Classify(kMean, Right, /*repeats=*/true);
  EXPECT_EQ(result.findings.size(), 3U);
  for (const Finding& finding : result.findings) EXPECT_EQ(finding.verdict, Verdict::kExact);
}

/// The other reductions of kl_div have no batchmean where there is no batch.
TEST(Consistency, AScalarHasNoBatch) {
  const Classified result = Classify("kl_div f32 sum input=[]:-1 target=[]:0.5",
                                     [](const Problem& p) { return Doubled(RoundedTruth(p), 0); });
  EXPECT_NE(result.Of("loss"), "");
}

// With the default ignore_index the target -1 would be a class, before the first.
TEST(Consistency, AnIgnoredTargetStaysIgnored) {
  const std::string line = "nll f32 sum ignore_index=-1 input=[2,2]:-1,-2,-3,-4 target=-1,0";
  EXPECT_FALSE(IsProblem(ParseCall("nll f32 sum input=[2,2]:-1,-2,-3,-4 target=-1,0")));
  const auto doubled = [](const Problem& p) { return Doubled(RoundedTruth(p), 0); };
  EXPECT_EQ(Classify(line, doubled).Of("loss"), "cancellation");
}

TEST(Consistency, AnotherReductionIsSemantics) {
  const Classified result =
      Classify(kMean, [](const Problem& p) { return RoundedTruth(With(p, Reduction::kSum)); });
  for (const char* output : {"loss", "grad:input", "grad:target"}) {
    EXPECT_EQ(result.Of(output), "semantics") << output;
    EXPECT_EQ(result.MessageOf(output), "it is that of reduction sum");
  }
}

TEST(Consistency, AGradientOfAnotherReductionIsInconsistent) {
  const Classified result = Classify(kMean, SumOf(1));
  EXPECT_EQ(result.Of("loss"), "");
  EXPECT_EQ(result.Of("grad:input"), "inconsistent");
  EXPECT_EQ(result.MessageOf("grad:input"), "the loss is right, and its gradient is that of reduction sum");
  EXPECT_EQ(result.Of("grad:target"), "");
}

TEST(Consistency, ALossOfAnotherReductionIsInconsistent) {
  const Classified result = Classify(kMean, SumOf(0));
  EXPECT_EQ(result.Of("loss"), "inconsistent");
  EXPECT_EQ(result.MessageOf("loss"), "the gradient is right, and the loss is that of reduction sum");
  EXPECT_EQ(result.Of("grad:input"), "");
}

TEST(Consistency, AWeightThatTheGradientForgets) {
  const Classified result =
      Classify("bce_with_logits f32 none input=1,-2 target=0,1 weight=3,0.5", [](const Problem& p) {
        Answer answer = RoundedTruth(p);
        Problem unweighted = p;
        unweighted.inputs[2].reset();
        answer.outputs[1] = RoundedTruth(unweighted).outputs[1];
        return answer;
      });
  EXPECT_EQ(result.Of("grad:input"), "inconsistent");
  EXPECT_EQ(result.MessageOf("grad:input"), "the loss is right, and its gradient is that of no weight");
}

TEST(Consistency, ASumThatIsOffWhereItsTermsAreRight) {
  const Classified result = Classify(kMean, [](const Problem& p) {
    Answer answer = RoundedTruth(p);
    if (p.reduction == Reduction::kNone) return answer;
    std::uint64_t& bits = answer.outputs[0].bits[0];
    bits += 64;  // ulps
    return answer;
  });
  EXPECT_EQ(result.Of("loss"), "accumulation");
}

TEST(Consistency, TermsThatAreOffThemselvesAreNoAccumulation) {
  const Classified result = Classify(kMean, [](const Problem& p) {
    Answer answer = RoundedTruth(p);
    for (std::uint64_t& bits : answer.outputs[0].bits) bits += 64;
    return answer;
  });
  EXPECT_EQ(result.Of("loss"), "inaccurate");
}

TEST(Consistency, AWrongNumberOfNoOtherFunctionKeepsItsClass) {
  const Classified result = Classify(kMean, [](const Problem& p) { return Doubled(RoundedTruth(p), 1); });
  EXPECT_EQ(result.Of("grad:input"), "cancellation");
}

TEST(Consistency, ALayoutThatIsReadWrongly) {
  const auto strided_is_wrong = [](const Problem& p) {
    Answer answer = RoundedTruth(p);
    return HasLayout(p, Layout::kStrided) ? Doubled(answer, 1) : answer;
  };
  const Classified strided = Classify("mse f32 none input@strided=1,2 target@strided=0,0", strided_is_wrong);
  EXPECT_EQ(strided.Of("grad:input"), "layout");
  EXPECT_EQ(strided.MessageOf("grad:input"), "with contiguous tensors it passes");
  const Classified contiguous = Classify(kMean, strided_is_wrong, /*repeats=*/true);
  EXPECT_EQ(contiguous.Of("grad:input"), "layout");
  EXPECT_EQ(contiguous.MessageOf("grad:input"), "with all tensors strided (cancellation)");
  EXPECT_EQ(contiguous.Of("loss"), "");
}

TEST(Consistency, OtherBitsTheSecondTimeAreNondeterministic) {
  int asked = 0;
  const Classified result = Classify(
      kMean,
      [&](const Problem& p) {
        Answer answer = RoundedTruth(p);
        if (asked++ == 1) ++answer.outputs[2].bits[1];
        return answer;
      },
      /*repeats=*/true);
  EXPECT_EQ(result.Of("grad:target"), "nondeterministic");
  EXPECT_EQ(result.findings.back().index, 1);
  EXPECT_EQ(result.findings.back().count, 1);
  EXPECT_EQ(result.Of("loss"), "");
}

TEST(Consistency, SettingsUnderWhichItFailsAndOthers) {
  const auto finding = [](const std::string& subject, Verdict verdict) {
    Finding f;
    f.subject = subject;
    f.output = "loss";
    f.verdict = verdict;
    f.got = 0;
    return f;
  };
  std::vector<Finding> findings = {finding("torch+T=1", Verdict::kInaccurate),
                                   finding("torch", Verdict::kStable),
                                   finding("other", Verdict::kInaccurate)};
  CompareSettings(findings);
  EXPECT_EQ(findings[0].divergence, kNondeterministic);
  EXPECT_EQ(findings[0].message, "torch passes here");
  EXPECT_EQ(findings[1].verdict, Verdict::kStable);
  EXPECT_EQ(findings[2].divergence, kNone);
  findings[1].verdict = Verdict::kInaccurate;
  findings[0] = finding("torch+T=1", Verdict::kInaccurate);
  CompareSettings(findings);
  EXPECT_EQ(findings[0].divergence, kNone) << "it fails under both";
}

}  // namespace
}  // namespace exactloss
