#include "oracle/sweep_judge.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <utility>

namespace exactloss {
namespace {

constexpr float kUnknown = std::numeric_limits<float>::quiet_NaN();

/// About so many points of a case, at most one a block, are held to the interval tier.
constexpr std::uint64_t kChecks = 4096;

/// A mix of the bits, so that a sample of ordinals is no pattern of inputs (Vigna's splitmix64).
std::uint64_t Mixed(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

}  // namespace

SweepJudge::SweepJudge(const SweepPlan& plan, const SweepCase& of, std::vector<std::size_t> outputs,
                       const std::vector<std::unique_ptr<Subject>>& subjects)
    : plan_(plan), case_(of), outputs_(std::move(outputs)) {
  if (FastOracle::Has(*plan.loss, of.parameters)) oracle_.emplace(*plan.loss, plan.dtype, of.parameters);
  for (std::size_t k = 0; k < of.inputs.size(); ++k) {
    if (of.inputs[k]) fixed_[k] = static_cast<float>(*of.inputs[k]);
  }
  if (FormatOf(plan.dtype).bits == 16) {
    for (std::uint64_t pattern = 0; pattern < 1U << 16; ++pattern) {
      values_.push_back(static_cast<float>(FromBits(plan.dtype, pattern)));
    }
  }
  for (FastOutput& truth : truths_) truth.nearest.assign(FastOracle::kMostElements, kUnknown);
  const Problem problem = ProblemAt(std::uint64_t{0});
  const Truth truth = Evaluate(problem);
  for (const auto& subject : subjects) {
    for (const std::size_t k : outputs_) {
      const OutputSpec& spec = truth.outputs[k].spec;
      rules_.push_back({.dtype = plan.dtype,
                        .roundings = truth.outputs[k].roundings,
                        .declared_ulp = subject->DeclaredUlp(problem, spec),
                        .is_non_negative = k == 0 && plan.loss->non_negative,
                        .is_another_function = !subject->OtherSemantics().empty()});
    }
  }
}

void SweepJudge::Count(const Points& points, const std::vector<Answers>& answers, CaseTally* tally) {
  tally_ = tally;
  tally->points += points.size();
  for (std::size_t begin = 0; begin < points.size(); begin += FastOracle::kMostElements) {
    CountBlock(points, begin, std::min(FastOracle::kMostElements, points.size() - begin), answers);
  }
}

void SweepJudge::CountBlock(const Points& points, std::size_t begin, std::size_t size,
                            const std::vector<Answers>& answers) {
  block_ = begin;
  if (oracle_) {
    std::array<FastInput, FastOracle::kInputs> inputs;
    std::array<std::vector<float>, FastOracle::kInputs> padded;
    for (std::size_t k = 0; k < case_.inputs.size(); ++k) {
      if (case_.inputs[k]) inputs[k] = {&fixed_[k], true};
    }
    for (std::size_t k = 0; k < plan_.varied.size(); ++k) {
      const std::vector<float>& values = points.inputs[k].values;
      const float* data = values.data() + begin;
      if (begin + FastOracle::kMostElements > values.size()) {
        padded[k].assign(values.begin() + static_cast<std::ptrdiff_t>(begin), values.end());
        padded[k].resize(FastOracle::kMostElements);
        data = padded[k].data();
      }
      inputs[plan_.varied[k]] = {data, false};
    }
    std::array<FastOutput*, FastOracle::kOutputs> wanted = {};
    for (const std::size_t k : outputs_) wanted[k] = &truths_[k];
    oracle_->Evaluate(size, inputs, wanted);
    CheckSample(points, begin, size);
  }
  without_gauge_.clear(), without_truth_.clear();
  for (std::size_t s = 0; s < answers.size(); ++s) {
    for (std::size_t o = 0; o < outputs_.size(); ++o) {
      if (answers[s].status == AnswerStatus::kError) {
        Refused(points, begin, size, s, o);
      } else {
        Compare(points, begin, size, s, o, answers[s].outputs.empty() ? nullptr : answers[s].outputs[o]);
      }
    }
  }
  AskGauges(points);
  AskTruths(points);
}

void SweepJudge::Refused(const Points& points, std::size_t begin, std::size_t size, std::size_t subject,
                         std::size_t output) {
  AnswersOfKind& kind =
      tally_->outputs[subject * outputs_.size() + output].kinds[{Verdict::kDivergent, Divergence::kContract}];
  if (kind.count == 0) kind.ordinal = points.ordinals[begin];
  kind.count += size;
}

void SweepJudge::Compare(const Points& points, std::size_t begin, std::size_t size, std::size_t subject,
                         std::size_t output, const std::byte* bits) {
  OutputTally& tally = tally_->outputs[subject * outputs_.size() + output];
  if (bits == nullptr) {
    tally.kinds[{Verdict::kUnsupported, Divergence::kNone}].count += size;
    return;
  }
  std::array<float, FastOracle::kMostElements> got;
  const auto width = static_cast<std::size_t>(SizeInBytes(plan_.dtype));
  if (values_.empty()) {
    std::memcpy(got.data(), bits + begin * width, size * width);
  } else {
    for (std::size_t i = 0; i < size; ++i) {
      std::uint16_t half = 0;
      std::memcpy(&half, bits + (begin + i) * width, sizeof half);
      got[i] = values_[half];
    }
  }
  const float* nearest = truths_[outputs_[output]].nearest.data();
  const bool is_non_negative = RulesOf(subject, output).is_non_negative;
  std::array<std::uint8_t, FastOracle::kMostElements> is_exact;
  for (std::size_t i = 0; i < size; ++i) is_exact[i] = got[i] == nearest[i] ? 1 : 0;
  if (is_non_negative) {
    for (std::size_t i = 0; i < size; ++i) {
      if (std::bit_cast<std::uint32_t>(got[i]) == 0x8000'0000) is_exact[i] = 0;
    }
  }
  std::uint64_t exact = 0;
  for (std::size_t i = 0; i < size; ++i) {
    if (is_exact[i] != 0) {
      ++exact;
      continue;
    }
    std::uint64_t pattern = 0;
    std::memcpy(&pattern, bits + (begin + i) * width, width);
    JudgeOne(points, {begin + i, subject, output, static_cast<double>(got[i]), pattern}, {});
  }
  if (exact > 0) tally.kinds[{Verdict::kExact, Divergence::kNone}].count += exact;
}

void SweepJudge::JudgeOne(const Points& points, const Doubt& doubt, std::optional<double> gauge) {
  const FastOutput& truth = truths_[outputs_[doubt.output]];
  const std::size_t i = doubt.point - block_;
  SweptAnswer answer;
  Missing missing = Missing::kTruth;
  if (!std::isnan(truth.nearest[i])) {
    const FastTruth fast = {truth.nearest[i], truth.head[i], truth.tail[i], truth.radius[i]};
    missing = JudgeFast(RulesOf(doubt.subject, doubt.output), fast, gauge, doubt.got, &answer);
  }
  switch (missing) {
    case Missing::kNothing:
      return Tell(points, doubt, answer);
    case Missing::kGauge:
      return without_gauge_.push_back(doubt);
    case Missing::kTruth:
      return without_truth_.push_back(doubt);
  }
}

void SweepJudge::AskGauges(const Points& points) {
  if (without_gauge_.empty()) return;
  std::vector<std::size_t> at;
  for (const Doubt& doubt : without_gauge_) at.push_back(doubt.point);
  std::sort(at.begin(), at.end());
  at.erase(std::unique(at.begin(), at.end()), at.end());
  const std::vector<std::vector<double>> gauges = Gauges(ProblemAt(points, at));
  for (const Doubt& doubt : without_gauge_) {
    const auto i = static_cast<std::size_t>(std::lower_bound(at.begin(), at.end(), doubt.point) - at.begin());
    JudgeOne(points, doubt, gauges[outputs_[doubt.output]][i]);
  }
}

void SweepJudge::AskTruths(const Points& points) {
  if (without_truth_.empty()) return;
  std::vector<std::size_t> at;
  for (const Doubt& doubt : without_truth_) at.push_back(doubt.point);
  std::sort(at.begin(), at.end());
  at.erase(std::unique(at.begin(), at.end()), at.end());
  tally_->asked += at.size();
  // All NaNs are one: the first of equal points stands for the others.
  std::map<std::vector<double>, std::size_t> places;
  std::map<std::size_t, std::size_t> place_of;
  std::vector<std::size_t> asked;
  for (const std::size_t point : at) {
    std::vector<double> key;
    for (const Points::Input& input : points.inputs) {
      const double value = input.values[point];
      key.push_back(std::isnan(value) ? 0 : value);
      key.push_back(std::isnan(value) ? 1 : std::signbit(value) ? 2 : 3);
    }
    const auto [place, is_new] = places.try_emplace(key, asked.size());
    if (is_new) asked.push_back(point);
    place_of[point] = place->second;
  }
  const Truth truth = Evaluate(ProblemAt(points, asked));
  for (const Doubt& doubt : without_truth_) {
    const OutputTruth& output = truth.outputs[outputs_[doubt.output]];
    const ElementTruth& element = output.elements[place_of[doubt.point]];
    Tell(points, doubt, JudgeProven(RulesOf(doubt.subject, doubt.output), element, doubt.got));
  }
}

void SweepJudge::CheckSample(const Points& points, std::size_t begin, std::size_t size) {
  const std::uint64_t every =
      std::max<std::uint64_t>(1, PointsOf(plan_) / kChecks / FastOracle::kMostElements);
  const std::uint64_t drawn = Mixed(points.ordinals[begin]);
  if (drawn % every != 0) return;
  const std::vector<std::size_t> at = {begin + drawn / every % size};
  const Truth truth = Evaluate(ProblemAt(points, at));
  for (const std::size_t k : outputs_) {
    for (std::size_t j = 0; j < at.size(); ++j) {
      const double nearest = truths_[k].nearest[at[j] - begin];
      if (std::isnan(nearest)) continue;
      const ElementTruth& element = truth.outputs[k].elements[j];
      bool is_unique = false;  // 106 bits may not tell the sides of a midpoint apart
      const double proven = Nearest(plan_.dtype, element.value, &is_unique);
      const bool is_right =
          is_unique ? proven == nearest : UlpError(plan_.dtype, element.value, nearest) <= 0.5 + 0x1p-30;
      ++tally_->checked;
      if (!is_right || !element.proven) ++tally_->off;
    }
  }
}

void SweepJudge::Tell(const Points& points, const Doubt& doubt, const SweptAnswer& answer) {
  OutputTally& tally = tally_->outputs[doubt.subject * outputs_.size() + doubt.output];
  AnswersOfKind& kind = tally.kinds[{answer.verdict, answer.divergence}];
  if (answer.verdict == Verdict::kExact) {  // the worst of them says nothing
    ++kind.count;
    return;
  }
  const AnswersOfKind one = {kind.count + 1, answer.ulp, points.ordinals[doubt.point], doubt.bits, {}, {}};
  if (kind.count == 0 || one.IsWorseThan(kind)) {
    kind = one;
  } else {
    ++kind.count;
  }
  if (answer.verdict != Verdict::kUndecided) ++tally.histogram[answer.edge];
}

Problem SweepJudge::ProblemAt(const Points& points, const std::vector<std::size_t>& at) const {
  Problem problem = MakeProblem(*plan_.loss, plan_.dtype, Reduction::kNone);
  problem.parameters = case_.parameters;
  const Shape shape = {static_cast<std::int64_t>(at.size())};
  for (std::size_t k = 0; k < case_.inputs.size(); ++k) {
    if (!case_.inputs[k]) continue;
    problem.inputs[k] =
        Tensor{shape, std::vector<double>(at.size(), *case_.inputs[k]), Layout::kContiguous, "", ""};
  }
  for (std::size_t k = 0; k < plan_.varied.size(); ++k) {
    Tensor& tensor = problem.inputs[plan_.varied[k]].emplace();
    tensor.shape = shape;
    for (const std::size_t i : at) tensor.values.push_back(points.inputs[k].values[i]);
  }
  return problem;
}

Problem SweepJudge::ProblemAt(std::uint64_t ordinal) const {
  Points points;
  points.inputs.resize(plan_.varied.size());
  for (std::size_t k = 0; k < plan_.varied.size(); ++k) {
    points.inputs[k].values.push_back(static_cast<float>(ValueAt(plan_, ordinal, k)));
  }
  return ProblemAt(points, {0});
}

void SweepJudge::Prove(std::size_t subject, std::size_t output, AnswersOfKind* answers) const {
  const Problem problem = ProblemAt(answers->ordinal);
  const Truth truth = Evaluate(problem);
  const ElementTruth& element = truth.outputs[outputs_[output]].elements[0];
  answers->line = FormatProblem(problem);
  answers->truth = ToDecimal(element.value);
  answers->ulp = JudgeProven(RulesOf(subject, output), element, FromBits(plan_.dtype, answers->got)).ulp;
}

}  // namespace exactloss
