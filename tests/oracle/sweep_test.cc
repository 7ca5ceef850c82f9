#include "oracle/sweep.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "oracle/highway.h"
#include "oracle/judge.h"
#include "oracle/sweep_points.h"
#include "reference/truth.h"

namespace exactloss {
namespace {

SweepPlan PlanOf(std::string_view loss, Dtype dtype, double target) {
  SweepPlan plan;
  plan.loss = FindLoss(loss);
  plan.dtype = dtype;
  plan.varied = {0};
  SweepCase& one = plan.cases.emplace_back();
  for (const ParameterSpec& p : plan.loss->parameters) one.parameters.push_back(p.default_value);
  one.inputs.resize(plan.loss->inputs.size());
  one.inputs[1] = target;
  return plan;
}

std::string Kernels(const std::string& mode) {
  const std::string best = HighwayKernels()[0];
  return "highway/" + best.substr(0, best.find('/') + 1) + mode;
}

Certificate Swept(const SweepPlan& plan, const std::string& subject, SweepOptions options = {}) {
  options.subjects = {subject};
  Certificate certificate = NewCertificate(plan, options.subjects, {});
  EXPECT_FALSE(Sweep(plan, options, &certificate));
  return certificate;
}

std::map<Kind, std::uint64_t> CountsOf(const OutputTally& tally) {
  std::map<Kind, std::uint64_t> counts;
  for (const auto& [kind, answers] : tally.kinds) {
    if (answers.count > 0) counts[kind] = answers.count;
  }
  return counts;
}

/// What the judge of the audit says of all points, each proven by the interval tier. Two things its doubles
/// do not tell, and the tails of the fast tier do: on which side of 1 an ulp error is that rounds to 1, and
/// on which side of a midpoint a truth beyond 106 bits.
struct JudgedOutput {
  std::map<Kind, std::uint64_t> counts;
  std::uint64_t at_one_ulp = 0;
};
std::vector<JudgedOutput> Judged(const SweepPlan& plan, const std::string& name) {
  Problem problem = MakeProblem(*plan.loss, plan.dtype, Reduction::kNone);
  problem.parameters = plan.cases[0].parameters;
  std::vector<double> values;
  const std::uint64_t points = PointsOf(plan);
  const InputSpec& spec = plan.loss->inputs[0];
  const Dtype dtype = plan.dtype;
  for (std::uint64_t i = 0; i < points; ++i) {
    const double x = ValueAt(plan, i * plan.stride, 0);
    const bool is_left_out = std::isnan(x) && dtype == Dtype::kF32 && (i * plan.stride & 0xfff) != 0;
    if (!(x < spec.min || x > spec.max) && !is_left_out) values.push_back(x);
  }
  const Shape shape = {static_cast<std::int64_t>(values.size())};
  problem.inputs[1] = Tensor{shape, std::vector<double>(values.size(), *plan.cases[0].inputs[1]),
                             Layout::kContiguous, "", ""};
  problem.inputs[0] = Tensor{shape, std::move(values), Layout::kContiguous, "", ""};
  const auto subject = MakeSubject(name);
  const Answer answer = subject->Run({&problem, 1})[0];
  std::vector<JudgedOutput> outputs(2);
  for (const Finding& finding : Judge(problem, Evaluate(problem), *subject, answer)) {
    if (finding.output == "grad:target") continue;
    JudgedOutput& output = outputs[finding.output == "loss" ? 0 : 1];
    ++output.counts[{finding.verdict, finding.divergence}];
    if (std::fabs(finding.ulp - 1) < 0x1p-40) ++output.at_one_ulp;
  }
  return outputs;
}

struct Agreement {
  const char* loss;
  Dtype dtype;
  double target;
  std::string subject;
  std::uint64_t stride;
};

void PrintTo(const Agreement& a, std::ostream* out) { *out << a.loss << ' ' << a.subject; }

class Agrees : public testing::TestWithParam<Agreement> {};

TEST_P(Agrees, WithTheJudgeOfTheAuditAtEveryPoint) {
  const auto& [loss, dtype, target, subject, stride] = GetParam();
  SweepPlan plan = PlanOf(loss, dtype, target);
  plan.stride = stride;
  const Certificate certificate = Swept(plan, subject);
  const auto judged = Judged(plan, subject);
  const CaseTally& tally = certificate.tallies[0];
  ASSERT_EQ(tally.outputs.size(), 2U);
  EXPECT_EQ(tally.points + tally.outside + tally.nans_left_out, PointsOf(plan));
  EXPECT_EQ(tally.off, 0U);
  constexpr Kind kExact = {Verdict::kExact, Divergence::kNone};
  constexpr Kind kFaithful = {Verdict::kFaithful, Divergence::kNone};
  for (std::size_t k = 0; k < 2; ++k) {
    std::map<Kind, std::uint64_t> swept = CountsOf(tally.outputs[k]), wanted = judged[k].counts;
    EXPECT_GE(swept[kExact], wanted[kExact]);
    for (auto* counts : {&swept, &wanted}) (*counts)[kFaithful] += std::exchange((*counts)[kExact], 0);
    std::uint64_t moved = 0;
    for (const auto& [kind, count] : wanted) moved += swept.contains(kind) ? 0 : count;
    for (const auto& [kind, count] : swept) {
      moved += std::max(count, wanted[kind]) - std::min(count, wanted[kind]);
    }
    EXPECT_LE(moved, 2 * judged[k].at_one_ulp) << certificate.outputs[k];
  }
}

INSTANTIATE_TEST_SUITE_P(Sweep, Agrees,
                         testing::Values(Agreement{"bce_with_logits", Dtype::kBF16, 1, Kernels("exact"), 1},
                                         Agreement{"bce_with_logits", Dtype::kF16, 0.5, Kernels("fast"), 1},
                                         Agreement{"bce_with_logits", Dtype::kF32, 1, "naive/sigmoid_bce",
                                                   100'003},
                                         Agreement{"bce_with_logits", Dtype::kF16, 1, "naive/sigmoid_bce", 1},
                                         Agreement{"bce", Dtype::kF16, 1, Kernels("fast"), 1},
                                         Agreement{"mse", Dtype::kF16, 0.5, Kernels("exact"), 1},
                                         Agreement{"l1", Dtype::kBF16, 1, Kernels("exact"), 1},
                                         Agreement{"huber", Dtype::kF32, 1, Kernels("fast"), 100'003},
                                         Agreement{"smooth_l1", Dtype::kF16, 0, Kernels("exact"), 1},
                                         Agreement{"sigmoid_focal", Dtype::kF16, 0, Kernels("fast"), 1},
                                         Agreement{"focal_simple", Dtype::kF16, 1, Kernels("fast"), 7},
                                         Agreement{"kl_div", Dtype::kBF16, 0.5, Kernels("fast"), 1}));

/// A sample of the floats; `exactloss sweep` takes all of them, and its certificates are in
/// docs/certificates/.
TEST(Sweep, TheExactKernelsAreCorrectlyRounded) {
  for (const LossSpec& loss : Catalogue()) {
    if (loss.family != Family::kElementwise) continue;
    SweepPlan plan = PlanOf(loss.name, Dtype::kF32, 0);
    plan.stride = 40'009;
    for (const double target : {0.5, 1.0, static_cast<double>(0.7F)}) {
      plan.cases.push_back(plan.cases[0]);
      plan.cases.back().inputs[1] = target;
    }
    const Certificate certificate = Swept(plan, Kernels("exact"));
    for (const CaseTally& tally : certificate.tallies) {
      EXPECT_EQ(tally.off, 0U) << loss.name;
      for (const OutputTally& output : tally.outputs) {
        for (const auto& [kind, count] : CountsOf(output)) {
          EXPECT_EQ(kind.first, Verdict::kExact) << loss.name << ' ' << output.kinds.at(kind).line;
        }
      }
    }
  }
}

TEST(Sweep, AllPairsOfASmallDtypeHaveBothGradients) {
  SweepPlan plan = PlanOf("bce_with_logits", Dtype::kBF16, 0);
  plan.varied = {0, 1};
  plan.cases[0].inputs[1].reset();
  plan.stride = 65'537 * 3;
  const Certificate certificate = Swept(plan, Kernels("exact"));
  EXPECT_EQ(certificate.outputs, (std::vector<std::string>{"loss", "grad:input", "grad:target"}));
  const CaseTally& of_case = certificate.tallies[0];
  EXPECT_EQ(of_case.points + of_case.nans_left_out, PointsOf(plan));
  for (const OutputTally& tally : of_case.outputs) {
    for (const auto& [kind, count] : CountsOf(tally)) EXPECT_TRUE(Passes(kind.first)) << Name(kind.first);
  }
}

TEST(Sweep, ShardsAddUpToTheWholeInAnyOrderAndWithAnyJobs) {
  SweepPlan plan = PlanOf("bce_with_logits", Dtype::kF32, 1);
  plan.stride = 4099;
  const std::string subject = Kernels("fast");
  const Certificate whole = Swept(plan, subject);
  Certificate sum = NewCertificate(plan, {subject}, {});
  for (const std::uint64_t shard : {2, 3, 1}) {
    SweepOptions options;
    options.jobs = 2;
    options.shard = shard;
    options.shards = 3;
    Merge(Swept(plan, subject, options), &sum);
  }
  EXPECT_TRUE(sum.IsComplete());
  for (std::size_t k = 0; k < 2; ++k) {
    const OutputTally &a = whole.tallies[0].outputs[k], &b = sum.tallies[0].outputs[k];
    EXPECT_EQ(CountsOf(a), CountsOf(b));
    EXPECT_EQ(a.histogram, b.histogram);
    for (const auto& [kind, answers] : a.kinds) EXPECT_EQ(answers.line, b.kinds.at(kind).line);
  }
  EXPECT_THROW(Merge(whole, &sum), UsageError);  // no point twice
}

TEST(Sweep, TheHistogramCountsWhatIsNotExact) {
  const SweepPlan plan = PlanOf("bce_with_logits", Dtype::kBF16, 1);
  const Certificate certificate = Swept(plan, "naive/sigmoid_bce");
  for (const OutputTally& tally : certificate.tallies[0].outputs) {
    std::uint64_t counted = 0, exact = 0, beyond = 0, divergent = 0;
    for (const auto& [edge, count] : tally.histogram) {
      counted += count;
      if (edge >= 1) beyond += count;
    }
    for (const auto& [kind, count] : CountsOf(tally)) {
      if (kind.first == Verdict::kExact) exact += count;
      if (kind.first == Verdict::kStable || kind.first == Verdict::kInaccurate) divergent += count;
    }
    EXPECT_EQ(counted + exact, certificate.tallies[0].points);
    EXPECT_GE(beyond, divergent);
  }
}

TEST(Sweep, EdgesKeepTwoBitsAfterTheFirst) {
  EXPECT_EQ(HistogramEdge(0.2), 0);
  EXPECT_EQ(HistogramEdge(0.99), 0.875);
  EXPECT_EQ(HistogramEdge(1), 1);
  EXPECT_EQ(HistogramEdge(1.3), 1.25);
  EXPECT_EQ(HistogramEdge(INFINITY), INFINITY);
}

TEST(Ranges, JoinAndCount) {
  Ranges ranges;
  for (const std::uint64_t number : {3, 1, 2, 7}) ranges.Add(number);
  EXPECT_EQ(ranges.ranges(), (std::map<std::uint64_t, std::uint64_t>{{1, 4}, {7, 8}}));
  ranges.Add(4, 7);
  EXPECT_EQ(ranges.Count(), 7U);
  EXPECT_TRUE(ranges.Contains(5));
  EXPECT_FALSE(ranges.Contains(8));
  Ranges other;
  other.Add(8, 10);
  EXPECT_FALSE(ranges.Overlaps(other));
  other.Add(7);
  EXPECT_TRUE(ranges.Overlaps(other));
}

}  // namespace
}  // namespace exactloss
