#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

#include "tests/oracle/audit_fixture.h"

namespace exactloss {
namespace {

using namespace std::chrono_literals;

const std::string kTree = EXACTLOSS_SOURCE_DIR;
const std::string kGoodHost = "exec:python3 " + kTree + "/examples/python_host.py";
const std::string kBadHost = "exec:python3 " + kTree + "/tests/oracle/hosts/bad_host.py";

// A host that crashes, leaves half a frame, prints garbage or hangs costs its problem, and no other
// subject's.
TEST(Audit, ABadHostCostsItsProblemsOnly) {
  const std::map<int, int> bad = {{20, 1001}, {40, 1005}, {41, 1004}, {60, 1003}, {90, 1021}};
  const std::map<int, Divergence> classes = {{20, Divergence::kCrash},
                                             {40, Divergence::kCrash},
                                             {41, Divergence::kContract},
                                             {60, Divergence::kTimeout},
                                             {90, Divergence::kContract}};
  const std::vector<WrittenProblem> problems = MseProblems(120, bad);
  AuditOptions options;
  options.jobs = 2;
  options.subject.timeout = 2s;
  options.subjects = {kGoodHost, kSum};
  Collector without, with;
  Audit(problems, options, {&without});
  options.subjects = {kGoodHost, kBadHost, kSum};
  Audit(problems, options, {&with});
  for (const std::string& subject : {kGoodHost, kSum}) {
    EXPECT_EQ(with.Texts(subject), without.Texts(subject));
  }

  for (const Finding& finding : with.findings) {
    if (finding.subject != kBadHost) continue;
    const auto problem = std::find_if(problems.begin(), problems.end(),
                                      [&](const WrittenProblem& p) { return p.line == finding.line; });
    const auto expected = classes.find(static_cast<int>(problem - problems.begin()));
    if (expected == classes.end()) {
      EXPECT_EQ(finding.verdict, Verdict::kExact) << Text(finding);
    } else {
      EXPECT_EQ(finding.divergence, expected->second) << Text(finding);
      EXPECT_NE(finding.message, "");
    }
  }
}

TEST(Audit, AHostThatDiesEveryTimeIsStartedAgain) {
  const std::map<int, int> bad = {{0, 1002}, {1, 1002}, {4, 1002}, {19, 1002}};
  Collector sink;
  AuditOptions options;
  options.subjects = {kBadHost};
  const AuditSummary summary = Audit(MseProblems(20, bad), options, {&sink});
  EXPECT_EQ(summary.divergences.at(Divergence::kCrash), 4U);
  EXPECT_EQ(summary.passed, 16U * 5);
}

}  // namespace
}  // namespace exactloss
