#include "oracle/contracts.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/oracle/audit_fixture.h"
#include "tests/oracle/fakes.h"

namespace exactloss {
namespace {

std::string Complaint(const std::string& line) {
  try {
    ParseContract(line);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

TEST(Contracts, ALineIsAPromiseAndACall) {
  const Contract refuse = ParseContract("refuse(delta) huber f32 mean delta=-1 input=1 target=0");
  EXPECT_EQ(refuse.promise.kind, Promise::Kind::kRefuse);
  EXPECT_EQ(refuse.promise.what, "delta");
  EXPECT_EQ(refuse.call.parameter("delta"), -1);
  const Contract give = ParseContract("give(nan) mse f32 mean input=[0]: target=[0]:");
  EXPECT_TRUE(std::isnan(give.promise.value));
  EXPECT_EQ(give.call.input("input")->shape, Shape{0});
  EXPECT_EQ(ParseContract("accept nll f32 sum input=[1,2]:0,0 target@f32=7").call.input("target")->type,
            "f32");
  EXPECT_FALSE(IsContract("mse f32 none input=1 target=0"));
}

TEST(Contracts, WhatIsNoLineIsToldWithItsColumn) {
  EXPECT_EQ(Complaint("give(much) mse f32 none input=1 target=0"),
            "column 1: 'give(much)' promises nothing; write accept, refuse(beta) or give(nan)");
  EXPECT_EQ(Complaint("refuse()"),
            "column 1: 'refuse()' promises nothing; write accept, refuse(beta) or give(nan)");
  EXPECT_EQ(Complaint("accept"), "column 7: the line ends; a call follows 'accept'");
  EXPECT_EQ(Complaint("accept msee f32 none input=1"), "column 8: unknown loss 'msee'; did you mean mse?");
  EXPECT_EQ(Complaint("accept mse f32 none input=1"), "mse needs target; write target=...");
  EXPECT_EQ(Complaint("accept mse f32 none input@f8=1 target=0").substr(0, 33),
            "column 27: unknown layout 'f8'; t");
}

TEST(Contracts, ProblemsAreAsStrictAsBefore) {
  for (const char* line : {"mse f32 none input=[0]: target=[0]:", "mse f32 none input=1 target@f64=0",
                           "mse f32 none input=1,2 target=0", "huber f32 none delta=0 input=1 target=0"}) {
    EXPECT_THROW(ParseProblem(line), UsageError) << line;
  }
}

TEST(Contracts, EveryLossHasItsOwnAndEveryParameterItsDomain) {
  std::set<std::string> lines;
  for (const LossSpec& loss : Catalogue()) {
    const std::vector<Contract> contracts = ContractsOf({&loss});
    EXPECT_FALSE(contracts.empty()) << loss.name << ": add it to a table of oracle/contract_tables.cc";
    std::set<std::string> refused;
    for (const Contract& contract : contracts) {
      EXPECT_TRUE(lines.insert(contract.line).second) << contract.line << " comes twice";
      EXPECT_FALSE(contract.source.empty()) << contract.line;
      EXPECT_EQ(contract.call.loss, &loss);
      if (contract.promise.kind == Promise::Kind::kRefuse) refused.insert(contract.promise.what);
    }
    EXPECT_TRUE(refused.count("shape")) << loss.name;
    for (const ParameterSpec& parameter : loss.parameters) {
      EXPECT_EQ(refused.count(std::string(parameter.name)), parameter.kind == ParameterKind::kReal ? 1U : 0U)
          << loss.name << " " << parameter.name;
    }
  }
}

/// A call that is promised to be accepted and that the catalogue refuses, or the reverse, needs a reason.
TEST(Contracts, TheCatalogueAgrees) {
  for (const Contract& contract : ContractsOf()) {
    bool is_problem = true;
    try {
      ParseProblem(contract.line.substr(contract.line.find(' ') + 1));
    } catch (const UsageError&) {
      is_problem = false;
    }
    if (contract.promise.kind == Promise::Kind::kRefuse) {
      EXPECT_FALSE(is_problem) << contract.line;
    }
  }
}

Finding JudgedBy(const std::string& line, const Answer& answer) {
  return JudgeContract(ParseContract(line), FakeSubject(), answer);
}
const std::string kRefuse = "refuse(delta) huber f32 mean delta=-1 input=1 target=0";
const std::string kShape = "refuse(shape) mse f32 mean input=1,2 target=0";
const std::string kAccept = "accept mse f32 mean input=1 target=0";
const std::string kGive = "give(nan) mse f32 mean input=[0]: target=[0]:";

Answer Loss(double value) { return {AnswerStatus::kOk, "", {OutputOf("loss", Dtype::kF32, {}, {value})}}; }
Answer Error(const std::string& message) { return {AnswerStatus::kError, message, {}}; }

struct Judged {
  std::string line;
  Answer answer;
  Verdict verdict;
  Divergence divergence;
  std::string message;
};

TEST(Contracts, EachIsJudgedByWhatIsPromised) {
  constexpr Verdict kKept = Verdict::kExact, kBroken = Verdict::kDivergent;
  constexpr Divergence kNone = Divergence::kNone, kContract = Divergence::kContract;
  const Judged all[] = {
      {kRefuse, Error("Delta must be positive"), kKept, kNone, "refused: Delta must be positive"},
      {kRefuse, Error("bad value"), kBroken, kContract, "refused without a word of delta: bad value"},
      {kRefuse, Error("delta > 0 INTERNAL ASSERT FAILED"), kBroken, kContract,
       "refused without a word of delta: delta > 0 INTERNAL ASSERT FAILED"},
      {kRefuse, Loss(0.5), kBroken, kContract, "accepted: a loss of 0.5"},
      {kRefuse, {AnswerStatus::kCrash, "signal 11", {}}, kBroken, Divergence::kCrash, "signal 11"},
      {kRefuse, {AnswerStatus::kTimeout, "10 s", {}}, kBroken, Divergence::kTimeout, "10 s"},
      {kRefuse, {AnswerStatus::kUnsupported, "no huber", {}}, Verdict::kUnsupported, kNone, "no huber"},
      {kShape, Error("sizes differ"), kKept, kNone, "refused: sizes differ"},
      {kShape, {AnswerStatus::kProtocol, "shape [2]", {}}, kBroken, kContract, "accepted: shape [2]"},
      {kAccept, Loss(1), kKept, kNone, "accepted: a loss of 1"},
      {kAccept, Error("no"), kBroken, kContract, "refused: no"},
      {kGive, Loss(std::nan("")), kKept, kNone, "accepted: a loss of nan"},
      {kGive, Loss(0), kBroken, kContract, "accepted: a loss of 0 instead of nan"},
      {kGive, Error("empty"), kBroken, kContract, "refused: empty"},
  };
  for (const Judged& judged : all) {
    const Finding finding = JudgedBy(judged.line, judged.answer);
    EXPECT_EQ(finding.verdict, judged.verdict) << judged.line << " " << judged.message;
    EXPECT_EQ(finding.divergence, judged.divergence) << judged.message;
    EXPECT_EQ(finding.message, judged.message);
    EXPECT_EQ(finding.output, "arguments");
    EXPECT_EQ(finding.line, judged.line);
  }
}

TEST(Contracts, WhoChecksNothingIsNotAsked) {
  AuditOptions options;
  options.subjects = {kSum};
  Collector collector;
  AuditContracts({ParseContract(kShape)}, options, {&collector});
  ASSERT_EQ(collector.findings.size(), 1U);
  EXPECT_EQ(collector.findings[0].verdict, Verdict::kUnsupported);
}

/// What our kernels break: they do not look through their elements before they compute, so a probability out
/// of range makes the loss NaN, and the mean of no boxes is that of other losses.
TEST(Contracts, OurKernelsBreakTheseAlone) {
  const std::set<std::string> known = {
      "refuse(input) bce f32 mean input=1.5,0.25 target=0.25,0.5",
      "refuse(input) bce f32 mean input=-0.5,0.25 target=0.25,0.5",
      "refuse(target) bce f32 mean input=0.5,0.25 target=1.5,0.5",
      "refuse(target) bce f32 mean input=0.5,0.25 target=-0.5,0.5",
      "give(0) giou f32 mean input=[0,4]: target=[0,4]:",
      "give(0) diou f32 mean input=[0,4]: target=[0,4]:",
      "give(0) ciou f32 mean input=[0,4]: target=[0,4]:",
  };
  for (const std::string& name : SubjectNames()) {
    if (!name.starts_with("highway/")) continue;
    AuditOptions options;
    options.subjects = {name};
    Collector collector;
    AuditContracts(ContractsOf(), options, {&collector});
    std::set<std::string> broken;
    for (const Finding& finding : collector.findings) {
      if (finding.verdict == Verdict::kDivergent) broken.insert(finding.line);
    }
    EXPECT_EQ(broken, known) << name;
  }
}

}  // namespace
}  // namespace exactloss
