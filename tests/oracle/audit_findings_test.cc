#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <set>
#include <stdexcept>
#include <thread>

#include "tests/oracle/audit_fixture.h"

namespace exactloss {
namespace {

using namespace std::chrono_literals;

Selection SmallSelection() {
  Selection selection;
  for (const char* name : {"mse", "bce_with_logits", "cross_entropy"}) {
    selection.losses.push_back(FindLoss(name));
  }
  for (const char* name : {"normal", "saturated", "special"}) selection.fills.push_back(FindFill(name));
  selection.dtypes = {Dtype::kF32, Dtype::kBF16};
  selection.problems_per_cell = 2;
  return selection;
}

AuditOptions NaiveOptions(int jobs) {
  AuditOptions options;
  options.subjects = {"naive/sigmoid_bce", "naive/log_softmax_nll", kSum};
  options.jobs = jobs;
  return options;
}

TEST(Audit, JobsMakeNoDifference) {
  Collector one, three;
  const AuditSummary summary = Audit(SmallSelection(), NaiveOptions(1), {&one});
  Audit(SmallSelection(), NaiveOptions(3), {&three});
  EXPECT_EQ(summary.problems, Count(SmallSelection()));
  EXPECT_GT(one.findings.size(), 3 * summary.problems / 2);
  EXPECT_EQ(one.Texts(), three.Texts());
}

TEST(Audit, ShardsAddUpToTheWhole) {
  Collector whole, parts;
  Audit(SmallSelection(), NaiveOptions(1), {&whole});
  std::uint64_t problems = 0;
  for (std::uint64_t shard = 1; shard <= 4; ++shard) {
    Selection selection = SmallSelection();
    selection.shard = shard;
    selection.shards = 4;
    problems += Audit(selection, NaiveOptions(2), {&parts}).problems;
  }
  EXPECT_EQ(problems, Count(SmallSelection()));
  std::vector<std::string> sorted_whole = whole.Texts(), sorted_parts = parts.Texts();
  std::sort(sorted_whole.begin(), sorted_whole.end());
  std::sort(sorted_parts.begin(), sorted_parts.end());
  EXPECT_EQ(sorted_whole, sorted_parts);
}

TEST(Audit, FindingsComeInTheOrderOfProblemsThenSubjects) {
  Collector sink;
  AuditOptions options = NaiveOptions(3);
  options.subjects = {kSum, "naive/sigmoid_bce"};
  const std::vector<WrittenProblem> problems = MseProblems(200);
  Audit(problems, options, {&sink});
  std::size_t at = 0;
  for (const WrittenProblem& problem : problems) {
    for (const std::string& subject : options.subjects) {
      const std::size_t begin = at;
      while (at < sink.findings.size() && sink.findings[at].line == problem.line &&
             sink.findings[at].subject == subject) {
        ++at;
      }
      EXPECT_GT(at, begin) << problem.line << " by " << subject;
    }
  }
  EXPECT_EQ(at, sink.findings.size());
}

TEST(Audit, TheSummaryCountsWhatTheSinksAreTold) {
  Collector sink, another;
  const AuditSummary summary = Audit(SmallSelection(), NaiveOptions(2), {&sink, &another});
  std::map<Verdict, std::uint64_t> verdicts;
  std::map<Divergence, std::uint64_t> divergences;
  std::uint64_t passed = 0, failed = 0, mistrusted = 0;
  for (const Finding& finding : sink.findings) {
    const auto count = static_cast<std::uint64_t>(finding.count);
    verdicts[finding.verdict] += count;
    if (finding.divergence != Divergence::kNone) divergences[finding.divergence] += count;
    passed += Passes(finding) ? count : 0;
    mistrusted += finding.mistrusted ? count : 0;
    failed += finding.verdict == Verdict::kInaccurate || finding.verdict == Verdict::kDivergent ? count : 0;
  }
  EXPECT_EQ(summary.verdicts, verdicts);
  EXPECT_EQ(summary.divergences, divergences);
  EXPECT_EQ(summary.passed, passed);
  EXPECT_EQ(summary.failed, failed);
  EXPECT_EQ(summary.mistrusted, mistrusted);
  EXPECT_FALSE(summary.interrupted);
  EXPECT_GT(passed, 0U);
  EXPECT_GT(failed, 0U);
  EXPECT_GT(mistrusted, 0U);
  ASSERT_EQ(summary.subjects.size(), 3U);
  EXPECT_EQ(summary.subjects[0].name, "naive/sigmoid_bce");
  EXPECT_EQ(sink.Texts(), another.Texts());
}

TEST(Audit, KeepsTheWorstOrEveryElement) {
  const std::string line = "mse f32 sum input=1,1,3,0 target=0,0,0,0";
  const std::vector<WrittenProblem> problems = {{line, ParseProblem(line)}};
  AuditOptions options;
  options.subjects = {kSum};
  Collector worst, every;
  const AuditSummary of_worst = Audit(problems, options, {&worst});
  options.every_element = true;
  const AuditSummary of_every = Audit(problems, options, {&every});
  EXPECT_EQ(every.findings.size(), 9U);
  EXPECT_LT(worst.findings.size(), every.findings.size());
  EXPECT_EQ(of_worst.verdicts, of_every.verdicts);
  EXPECT_EQ(of_worst.divergences, of_every.divergences);
}

TEST(Audit, ALineStaysAsItWasTyped) {
  const std::string line = "mse   f32 mean target=0 input=0x10";
  Collector sink;
  AuditOptions options;
  options.subjects = {kSum};
  Audit({{line, ParseProblem("mse f32 mean input=16 target=0")}}, options, {&sink});
  ASSERT_FALSE(sink.findings.empty());
  for (const Finding& finding : sink.findings) {
    EXPECT_EQ(finding.line, line);
    EXPECT_EQ(finding.fill, "");
  }
}

TEST(Audit, ProgressGrowsToTheTotal) {
  std::vector<std::uint64_t> seen;
  std::set<std::thread::id> threads;
  AuditOptions options = NaiveOptions(3);
  options.progress = [&](std::uint64_t done, std::uint64_t total) {
    seen.push_back(done);
    threads.insert(std::this_thread::get_id());
    EXPECT_EQ(total, 500U);
  };
  Collector sink;
  Audit(MseProblems(500), options, {&sink});
  ASSERT_FALSE(seen.empty());
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
  EXPECT_EQ(seen.back(), 500U);
  EXPECT_EQ(threads.size(), 1U);
}

TEST(Audit, AnInterruptionKeepsWhatIsDone) {
  const std::vector<WrittenProblem> problems = MseProblems(3000);
  std::atomic<bool> interrupted = false;
  Collector all, some;
  some.on_write = [&] { interrupted = interrupted || some.findings.size() > 500; };
  AuditOptions options = NaiveOptions(1);
  Audit(problems, options, {&all});
  options.interrupted = &interrupted;
  const AuditSummary summary = Audit(problems, options, {&some});
  EXPECT_TRUE(summary.interrupted);
  EXPECT_LT(summary.problems, problems.size());
  ASSERT_GT(some.findings.size(), 500U);
  const std::vector<std::string> whole = all.Texts(), part = some.Texts();
  ASSERT_LT(part.size(), whole.size());
  EXPECT_TRUE(std::equal(part.begin(), part.end(), whole.begin()));

  EXPECT_EQ(Audit(problems, options, {}).problems, 0U) << "it was interrupted before it began";
}

// Nothing piles up behind a sink that takes its time.
TEST(Audit, ThreadsWaitForTheSinks) {
  std::uint64_t done_at_last = 0;
  std::atomic<bool> interrupted = false;
  AuditOptions options = NaiveOptions(2);
  options.interrupted = &interrupted;
  options.progress = [&](std::uint64_t done, std::uint64_t) { done_at_last = done; };
  Collector sink;
  sink.on_write = [&] {
    if (!interrupted) std::this_thread::sleep_for(1s);
    interrupted = true;
  };
  Audit(MseProblems(20'000), options, {&sink});
  EXPECT_GT(done_at_last, 0U);
  EXPECT_LT(done_at_last, 2000U);
}

TEST(Audit, FailuresOfSubjectsAndSinksReachTheCaller) {
  AuditOptions options = NaiveOptions(2);
  Collector sink;
  options.subjects.push_back("naive/no_such_form");
  EXPECT_THROW(Audit(MseProblems(3), options, {&sink}), UsageError);
  options.subjects.pop_back();
  sink.on_write = [] { throw std::runtime_error("the disk is full"); };
  EXPECT_THROW(Audit(MseProblems(3000), options, {&sink}), std::runtime_error);
}

TEST(Audit, NothingToDo) {
  const AuditSummary summary = Audit(std::vector<WrittenProblem>(), NaiveOptions(3), {});
  EXPECT_EQ(summary.problems, 0U);
  EXPECT_FALSE(summary.interrupted);
}

}  // namespace
}  // namespace exactloss
