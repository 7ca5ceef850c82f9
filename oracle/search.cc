#include "oracle/search.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <utility>

#include "oracle/consistency.h"
#include "oracle/fill_mutate.h"
#include "oracle/judge.h"
#include "reference/text.h"

namespace exactloss {
namespace {

/// Bred before the first of them is answered: enough for a host's pipes not to matter.
constexpr std::uint64_t kAtOnce = 32;

/// Larger problems take longer and show nothing that a smaller one does not, but for sums.
constexpr std::int64_t kMostElements = 64;

std::int64_t ElementsOf(const Problem& problem) {
  std::int64_t elements = 0;
  for (const auto& input : problem.inputs) elements += input ? input->size() : 0;
  return elements;
}

int Octave(double error) {
  constexpr double kMost = 2000;
  if (std::isnan(error)) return -1;
  return static_cast<int>(std::min(std::log2(1 + error), kMost));
}

/// The binade of a number, in 64 groups of them.
int BinadeOf(Dtype dtype, double value) {
  if (std::isnan(value)) return 1000;
  if (std::isinf(value)) return 999;
  if (value == 0) return -999;
  const FloatFormat& format = FormatOf(dtype);
  const int lowest = format.min_exponent - format.precision;
  return 64 * (std::ilogb(value) - lowest) / (format.max_exponent - lowest + 1);
}

}  // namespace

bool Archive::Offer(const Outcome& outcome, const Problem& problem) {
  const auto [found, is_new] = kinds_[outcome.kind].try_emplace(
      {outcome.error, outcome.at}, Elite{problem, outcome.score, outcome.second});
  if (is_new) {
    ++size_;
    return true;
  }
  Elite& elite = found->second;
  const std::int64_t before = ElementsOf(elite.problem), now = ElementsOf(problem);
  if (now > before || (now == before && !(outcome.score > elite.score))) return false;
  elite = {problem, outcome.score, outcome.second};
  return true;
}

const Archive::Elite* Archive::Parent(Draw& draw) const {
  if (kinds_.empty()) return nullptr;
  const auto& kind =
      std::next(kinds_.begin(), static_cast<std::ptrdiff_t>(draw.Below(kinds_.size())))->second;
  const auto any = [&] {
    return &std::next(kind.begin(), static_cast<std::ptrdiff_t>(draw.Below(kind.size())))->second;
  };
  const Elite* parent = any();
  if (draw.OneIn(2)) return parent;
  const auto measure = draw.OneIn(2) ? &Elite::score : &Elite::second;
  for (int k = 0; k < 2; ++k) {
    const Elite* rival = any();
    if (rival->*measure > parent->*measure) parent = rival;
  }
  return parent;
}

std::uint64_t Search(Quest& quest, const Subjects& subjects, std::uint64_t cases,
                     const std::function<bool()>& stop) {
  Archive archive;
  std::uint64_t asked = 0;
  while (asked < cases && !stop()) {
    std::vector<Problem> problems;
    for (std::uint64_t k = 0; k < std::min(kAtOnce, cases - asked); ++k) {
      problems.push_back(quest.Next(archive, asked + k));
    }
    std::vector<std::vector<Answer>> answers(problems.size());
    for (const auto& subject : subjects) {
      std::vector<Answer> of_subject = subject->Run(problems);
      for (std::size_t k = 0; k < problems.size(); ++k) answers[k].push_back(std::move(of_subject[k]));
    }
    for (std::size_t k = 0; k < problems.size(); ++k) {
      bool is_kept = false;
      for (const Outcome& outcome : quest.Score(problems[k], answers[k])) {
        is_kept = archive.Offer(outcome, problems[k]) || is_kept;
      }
      if (is_kept) quest.Keep(problems[k], answers[k]);
    }
    asked += problems.size();
  }
  return asked;
}

TruthQuest::TruthQuest(const Selection& island, const Subjects& subjects)
    : subjects_(subjects), fills_(island), seed_(island.seed) {}

Draw TruthQuest::DrawFor(std::uint64_t number) const {
  return {{seed_, HashOf("search"), number}, Purpose::kProblem, 0, 0};
}

Problem TruthQuest::Next(const Archive& archive, std::uint64_t number) {
  constexpr std::uint64_t kFirst = 64;  ///< of fills alone
  constexpr std::uint64_t kTries = 16;
  Draw draw = DrawFor(number);
  Problem fresh;
  for (std::uint64_t k = 0; k < kTries; ++k) {  // the last of them, large or not
    fresh = fills_(kTries * number + k).problem;
    if (ElementsOf(fresh) <= kMostElements) break;
  }
  const Archive::Elite* parent = number < kFirst || draw.OneIn(8) ? nullptr : archive.Parent(draw);
  if (parent == nullptr) return fresh;
  const Archive::Elite* other = archive.Parent(draw);
  return Mutated(parent->problem, other->problem, fresh, draw).value_or(fresh);
}

std::vector<Outcome> TruthQuest::Score(const Problem& problem, const std::vector<Answer>& answers) {
  std::vector<Outcome> outcomes;
  const bool is_answered = std::any_of(answers.begin(), answers.end(), [](const Answer& answer) {
    return answer.status == AnswerStatus::kOk;
  });
  const Truth truth = is_answered ? Evaluate(problem) : Truth{};
  for (std::size_t s = 0; s < subjects_.size(); ++s) {
    for (const Finding& finding : JudgeWorst(problem, truth, *subjects_[s], answers[s])) {
      if (finding.verdict == Verdict::kUnsupported) continue;
      const double value = finding.truth ? Nearest(finding.dtype, finding.truth->value) : 0;
      outcomes.push_back({Concat(s, " ", finding.output, " ", ClassText(finding)), Octave(finding.ulp),
                          BinadeOf(finding.dtype, value), std::isnan(finding.ulp) ? -1 : finding.ulp,
                          finding.allowed_ratio > 0 ? finding.ratio / finding.allowed_ratio : 0});
    }
  }
  return outcomes;
}

void TruthQuest::Keep(const Problem& problem, const std::vector<Answer>& answers) {
  const std::string line = FormatProblem(problem);
  for (Finding& finding : JudgeAnswers(problem, subjects_, answers, false, false)) {
    if (!Fails(finding)) continue;
    finding.line = line;
    finding.fill = "search";
    findings_.push_back(std::move(finding));
  }
}

}  // namespace exactloss
