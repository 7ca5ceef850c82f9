// Twelve ways in which a subject may misbehave: each costs its problem, is called what it is, and changes
// nothing else.
#include <gtest/gtest.h>

#include <chrono>

#include "oracle/highway.h"
#include "tests/oracle/audit_fixture.h"

namespace exactloss {
namespace {

using namespace std::chrono_literals;

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kSanitized = true;
#elif defined(__has_feature)
constexpr bool kSanitized = __has_feature(address_sanitizer);
#else
constexpr bool kSanitized = false;
#endif

struct Misbehaviour {
  const char* name;
  int input;  ///< what misbehaving_host.cc takes as the sign to begin
  Divergence divergence;
  std::string message;  ///< a part of it
  bool has_sanitized_form = true;
};

const Misbehaviour kMisbehaviours[] = {
    {"Segfault", 1001, Divergence::kCrash, "the host "},
    {"Abort", 1002, Divergence::kCrash, "was killed by SIGABRT"},
    {"Hang", 1003, Divergence::kTimeout, "did not answer within 2 s"},
    {"Exit", 1004, Divergence::kCrash, "exited with status 3"},
    {"OutOfMemory", 1005, Divergence::kContract, "it throws: std::bad_alloc", false},
    {"StackOverflow", 1006, Divergence::kCrash, "the host "},
    {"FlushToZeroLeftOn", 1007, Divergence::kContract,
     "environment changed: flush to zero, denormals are zero"},
    {"RoundingLeftChanged", 1008, Divergence::kContract, "environment changed: rounding, x87 control word"},
    {"Throw", 1009, Divergence::kContract, "it throws: no such luck"},
    {"Kill", 1010, Divergence::kCrash, "was killed by SIGKILL"},
    {"Garbage", 1011, Divergence::kContract, "it sent \"loss = 0.25\""},
    {"HalfAFrame", 1012, Divergence::kCrash, "after half a frame"},
};

const std::string kHost = "exec:" EXACTLOSS_MISBEHAVING_HOST;

AuditOptions Options(std::vector<std::string> subjects) {
  AuditOptions options;
  options.jobs = 2;
  options.subject.timeout = 2s;
  options.subjects = std::move(subjects);
  return options;
}

TEST(Misbehaviour, IsJudgedRightlyAndCostsOneProblem) {
  constexpr int kFirst = 5, kStep = 4;
  std::map<int, int> bad;
  std::map<std::string, const Misbehaviour*> of_line;
  for (std::size_t k = 0; k < std::size(kMisbehaviours); ++k) {
    bad[kFirst + kStep * static_cast<int>(k)] = kMisbehaviours[k].input;
  }
  const std::vector<WrittenProblem> problems = MseProblems(60, bad);
  for (std::size_t k = 0; k < std::size(kMisbehaviours); ++k) {
    of_line[problems[kFirst + kStep * k].line] = &kMisbehaviours[k];
  }
  Collector without, with;
  Audit(problems, Options({kSum}), {&without});
  Audit(problems, Options({kHost, kSum}), {&with});
  EXPECT_EQ(with.Texts(kSum), without.Texts(kSum));

  int judged = 0;
  for (const Finding& finding : with.findings) {
    if (finding.subject != kHost) continue;
    const auto found = of_line.find(finding.line);
    if (found == of_line.end()) {
      EXPECT_EQ(finding.verdict, Verdict::kExact) << Text(finding);
      continue;
    }
    const Misbehaviour& expected = *found->second;
    ++judged;
    if (kSanitized && !expected.has_sanitized_form) continue;
    EXPECT_EQ(finding.divergence, expected.divergence) << expected.name << ": " << Text(finding);
    EXPECT_NE(finding.message.find(expected.message), std::string::npos)
        << expected.name << ": " << finding.message;
    EXPECT_EQ(finding.message.find("flaky"), std::string::npos) << expected.name;
  }
  EXPECT_EQ(judged, 12);
}

// A kernel in a process of its own says what it says in this one, limits at infinity among it, for which it
// must not rely on what the truth has set up.
TEST(Isolation, ChangesNoBit) {
  AuditOptions options = Options({"highway/" + HighwayKernels()[0]});
  std::vector<WrittenProblem> problems = MseProblems(20);
  for (const std::string line :
       {"sigmoid_focal f64 sum input=inf target=1", "cross_entropy f32 mean input=[1,2]:1,2 target=1",
        "nll f32 sum input=[3,2]:-1,-2,-3,-4,-5,-6 target=0,1,1"}) {
    problems.push_back({line, ParseProblem(line)});
  }
  Collector here, there;
  options.subject.isolate = true;  // first: the truth of the other run must not help
  Audit(problems, options, {&there});
  options.subject.isolate = false;
  Audit(problems, options, {&here});
  EXPECT_EQ(here.Texts(), there.Texts());
  for (const Finding& finding : there.findings) EXPECT_TRUE(Passes(finding)) << Text(finding);
}

}  // namespace
}  // namespace exactloss
