// The worst order of the terms of a reduced loss.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "oracle/fill_mutate.h"
#include "oracle/judge.h"
#include "oracle/search.h"
#include "reference/text.h"

namespace exactloss {
namespace {

constexpr std::size_t kMostRows = 512;
using Rows = std::vector<std::size_t>;

Rows InOrderOf(std::size_t count) {
  Rows rows(count);
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  return rows;
}

std::size_t RowCount(const Problem& problem) {
  const Shape& shape = problem.inputs[0]->shape;
  return shape.empty() ? 1 : static_cast<std::size_t>(shape[0]);
}

/// How large the term of each row is, about.
std::vector<double> Sizes(const Problem& problem) {
  const std::size_t rows = RowCount(problem);
  std::vector<double> sizes(rows, 0);
  const Tensor& first = *problem.inputs[0];
  const std::optional<Tensor>& second = problem.inputs[1];
  const std::size_t size = first.values.size() / rows;
  const bool have_same = second && second->values.size() == first.values.size();
  for (std::size_t i = 0; i < first.values.size(); ++i) {
    sizes[i / size] += std::fabs(first.values[i] - (have_same ? second->values[i] : 0));
  }
  return sizes;
}

Rows Descending(const Problem& problem) {
  const std::vector<double> sizes = Sizes(problem);
  Rows rows = InOrderOf(sizes.size());
  std::stable_sort(rows.begin(), rows.end(),
                   [&](std::size_t a, std::size_t b) { return sizes[a] > sizes[b]; });
  return rows;
}

// Permutations, and repetitions that keep the count.

Rows LargeFirst(const Problem& problem, Draw&) { return Descending(problem); }
Rows LargeLast(const Problem& problem, Draw&) {
  Rows rows = Descending(problem);
  std::reverse(rows.begin(), rows.end());
  return rows;
}
Rows LargeBetweenSmall(const Problem& problem, Draw&) {
  const Rows sorted = Descending(problem);
  Rows rows;
  for (std::size_t i = 0, j = sorted.size(); i < j; ++i) {
    rows.push_back(sorted[i]);
    if (i < --j) rows.push_back(sorted[j]);
  }
  return rows;
}
/// The large ones all in one lane of a vector.
Rows LargeInALane(const Problem& problem, Draw& draw) {
  const Rows sorted = Descending(problem);
  const auto lanes = std::size_t{1} << draw.Between(1, 6);
  Rows rows(sorted.size());
  std::size_t next = 0;
  for (std::size_t lane = 0; lane < lanes; ++lane) {
    for (std::size_t i = lane; i < rows.size(); i += lanes) rows[i] = sorted[next++];
  }
  return rows;
}
Rows Shuffled(const Problem& problem, Draw& draw) {
  Rows rows = InOrderOf(RowCount(problem));
  for (std::size_t i = rows.size(); i > 1; --i) std::swap(rows[i - 1], rows[draw.Below(i)]);
  return rows;
}
Rows PartReversed(const Problem& problem, Draw& draw) {
  Rows rows = InOrderOf(RowCount(problem));
  std::size_t begin = draw.Below(rows.size()), end = draw.Below(rows.size()) + 1;
  if (begin > end) std::swap(begin, end);
  std::reverse(rows.begin() + static_cast<std::ptrdiff_t>(begin),
               rows.begin() + static_cast<std::ptrdiff_t>(end));
  return rows;
}
/// All the same but a few, so that every addition rounds alike.
Rows MostlyOne(const Problem& problem, Draw& draw) {
  Rows rows = InOrderOf(RowCount(problem));
  const std::size_t one = draw.Below(rows.size());
  const std::size_t kept = draw.Below(std::min<std::size_t>(rows.size(), 4));
  for (std::size_t i = kept; i < rows.size(); ++i) rows[i] = one;
  return rows;
}

using Reorder = Rows (*)(const Problem& problem, Draw& draw);
constexpr Reorder kReorders[] = {LargeFirst, LargeLast,    LargeBetweenSmall, LargeInALane,
                                 Shuffled,   PartReversed, MostlyOne};

const Finding* LossOf(const std::vector<Finding>& findings) {
  for (const Finding& finding : findings) {
    if (finding.output == "loss" && finding.got) return &finding;
  }
  return nullptr;
}

}  // namespace

Problem OrderQuest::Next(const Archive& archive, std::uint64_t number) {
  Draw draw = DrawFor(number);
  Problem fresh = fills_(number).problem;
  const std::size_t rows = RowCount(fresh);
  Rows first = InOrderOf(std::min(rows, kMostRows));
  if (rows > kMostRows) fresh = WithRows(fresh, first);
  const Archive::Elite* parent = number < 32 || draw.OneIn(8) ? nullptr : archive.Parent(draw);
  Problem problem = parent == nullptr ? fresh : parent->problem;
  if (parent != nullptr && draw.OneIn(3)) {
    const Archive::Elite* other = archive.Parent(draw);
    if (auto mutated = Mutated(problem, other->problem, fresh, draw)) problem = std::move(*mutated);
  }
  if (RowCount(problem) < 2) return problem;
  return WithRows(problem, draw.Pick(kReorders)(problem, draw));
}

std::vector<Outcome> OrderQuest::Score(const Problem& problem, const std::vector<Answer>& answers) {
  std::vector<Outcome> outcomes = TruthQuest::Score(problem, answers);
  std::erase_if(outcomes, [](const Outcome& o) { return o.kind.find(" loss ") == std::string::npos; });
  return outcomes;
}

void OrderQuest::Keep(const Problem& problem, const std::vector<Answer>& answers) {
  const Truth truth = Evaluate(problem);
  for (std::size_t s = 0; s < subjects_.size(); ++s) {
    const std::vector<Finding> findings = JudgeWorst(problem, truth, *subjects_[s], answers[s]);
    const Finding* loss = LossOf(findings);
    if (loss == nullptr || !std::isfinite(loss->ulp)) continue;
    if (worst_[s] && !(loss->ulp > worst_[s]->worst.ulp)) continue;
    worst_[s] = Order{*loss, 0, problem};
    worst_[s]->worst.line = FormatProblem(problem);
  }
}

void OrderQuest::AskOtherwise() {
  for (std::size_t s = 0; s < subjects_.size(); ++s) {
    if (!worst_[s]) continue;
    std::vector<double> errors;
    for (std::uint64_t k = 0; k < 5; ++k) {
      Draw draw({k, HashOf("otherwise"), s}, Purpose::kProblem, 0, 0);
      const Problem problem = WithRows(worst_[s]->problem, Shuffled(worst_[s]->problem, draw));
      const Answer answer = std::move(subjects_[s]->Run({&problem, 1}).front());
      const std::vector<Finding> findings = JudgeWorst(problem, Evaluate(problem), *subjects_[s], answer);
      if (const Finding* loss = LossOf(findings)) errors.push_back(loss->ulp);
    }
    std::sort(errors.begin(), errors.end());
    worst_[s]->otherwise = errors.empty() ? std::nan("") : errors[errors.size() / 2];
  }
}

}  // namespace exactloss
