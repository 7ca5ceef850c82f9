#include "oracle/shrink.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "oracle/consistency.h"
#include "oracle/judge.h"

namespace exactloss {
namespace {

/// A dimension of the first input that is to keep its places [begin, end) alone.
struct Cut {
  std::size_t dimension;
  std::int64_t size, begin, end;
};

Tensor Sliced(const Tensor& tensor, std::size_t dimension, const Cut& cut) {
  Tensor slice{tensor.shape, {}, tensor.layout, {}, {}};
  slice.shape[dimension] = cut.end - cut.begin;
  std::int64_t inner = 1;
  for (std::size_t k = dimension + 1; k < tensor.shape.size(); ++k) inner *= tensor.shape[k];
  for (std::int64_t i = 0; i < tensor.size(); ++i) {
    const std::int64_t at = i / inner % tensor.shape[dimension];
    if (at >= cut.begin && at < cut.end) slice.values.push_back(tensor.values[static_cast<std::size_t>(i)]);
  }
  return slice;
}

/// Where the dimension of the first input lies in another one; none if it has it not.
std::optional<std::size_t> PlaceIn(const Problem& problem, std::size_t input, const Cut& cut) {
  const Shape& first = problem.inputs[0]->shape;
  const Shape& shape = problem.inputs[input]->shape;
  const bool is_rows = problem.loss->family == Family::kClassRows;
  const bool is_class = is_rows && cut.dimension == (first.size() > 1 ? 1U : 0U);
  std::size_t at = cut.dimension;
  switch (problem.loss->inputs[input].role) {
    case Role::kClassIndex:
      if (is_class) return {};
      if (cut.dimension > 0) --at;
      break;
    case Role::kWeight:
      if (is_rows) {
        if (!is_class) return {};
        at = 0;
      } else {  // broadcast: aligned at the last dimension
        if (at + shape.size() < first.size()) return {};
        at = at + shape.size() - first.size();
      }
      break;
    default:
      break;
  }
  if (at >= shape.size() || shape[at] != cut.size) return {};
  return at;
}

Problem Sliced(Problem problem, const Cut& cut) {
  const Problem whole = problem;
  const bool is_class = whole.loss->family == Family::kClassRows &&
                        cut.dimension == (whole.inputs[0]->shape.size() > 1 ? 1U : 0U);
  for (std::size_t i = 0; i < problem.inputs.size(); ++i) {
    if (!problem.inputs[i]) continue;
    if (const auto at = PlaceIn(whole, i, cut)) {
      problem.inputs[i] = Sliced(*whole.inputs[i], *at, cut);
    } else if (is_class && whole.loss->inputs[i].role == Role::kClassIndex) {
      problem.inputs[i]->source.clear();
      for (double& index : problem.inputs[i]->values) index -= static_cast<double>(cut.begin);
    }
  }
  return problem;
}

/// `value` to so many significant bits.
double Coarse(double value, int bits) {
  if (value == 0 || !std::isfinite(value)) return value;
  const int exponent = std::ilogb(value) - bits + 1;
  return std::scalbn(std::nearbyint(std::scalbn(value, -exponent)), exponent);
}

class Shrinker {
 public:
  Shrinker(Problem problem, const Finding& failure, Subject& subject, const ShrinkOptions& options)
      : failure_(failure),
        subject_(subject),
        least_ulp_(options.least_ulp),
        left_(failure.got ? options.most_asked : std::min(options.most_asked, kMostCrashes)),
        problem_(std::move(problem)) {}

  std::optional<Finding> Run() {
    if (failure_.divergence == Divergence::kTimeout || failure_.divergence == Divergence::kNondeterministic) {
      return {};
    }
    if (!Keeps(problem_)) return {};
    for (std::size_t before = 0; before != line_.size() && left_ > 0;) {
      before = line_.size();
      Plain();
      Fewer();
      Simpler();
    }
    best_->line = line_;
    return std::move(best_);
  }

 private:
  /// Does the subject fail on it in the same way? It is kept then.
  bool Keeps(const Problem& problem) {
    if (left_-- <= 0) return false;
    const Answer answer = std::move(subject_.Run({&problem, 1}).front());
    if ((answer.status == AnswerStatus::kOk) != failure_.got.has_value()) return false;
    const Truth truth = failure_.got ? Evaluate(problem) : Truth{};
    std::vector<Finding> findings = JudgeWorst(problem, truth, subject_, answer);
    ClassifyFailures(problem, truth, subject_, answer, findings);
    for (Finding& finding : findings) {
      if (finding.output != failure_.output || finding.verdict != failure_.verdict ||
          finding.divergence != failure_.divergence || finding.ulp < least_ulp_) {
        continue;
      }
      best_ = std::move(finding);
      problem_ = problem;
      line_ = FormatProblem(problem_);
      return true;
    }
    return false;
  }

  bool Try(const Problem& candidate) {
    if (!IsProblem(candidate)) return false;
    return FormatProblem(candidate).size() < line_.size() && Keeps(candidate);
  }

  /// All that is optional left out.
  void Plain() {
    for (std::size_t i = 0; i < problem_.parameters.size(); ++i) {
      Problem candidate = problem_;
      candidate.parameters[i] = problem_.loss->parameters[i].default_value;
      Try(candidate);
    }
    for (std::size_t i = 0; i < problem_.inputs.size(); ++i) {
      Problem candidate = problem_;
      if (!candidate.inputs[i] || !problem_.loss->inputs[i].optional) continue;
      candidate.inputs[i].reset();
      Try(candidate);
    }
    Problem contiguous = problem_;
    for (auto& tensor : contiguous.inputs) {
      if (tensor) tensor->layout = Layout::kContiguous;
    }
    Try(contiguous);
  }

  /// Halves of each dimension, as long as one of them will do; then one place less.
  void Fewer() {
    for (std::size_t d = 0; d < problem_.inputs[0]->shape.size(); ++d) {
      for (std::int64_t part = 2; left_ > 0;) {
        const std::int64_t size = problem_.inputs[0]->shape[d],
                           length = std::max<std::int64_t>(size / part, 1);
        if (size <= 1) break;
        bool is_smaller = false;
        for (std::int64_t begin = 0; begin < size && !is_smaller; begin += size - length) {
          // Keep one half, or leave out a part.
          is_smaller = part == 2 ? Try(Sliced(problem_, {d, size, begin, begin + length}))
                                 : Try(Sliced(problem_, {d, size, begin == 0 ? length : 0,
                                                         begin == 0 ? size : size - length}));
          if (size == length) break;
        }
        if (is_smaller) continue;
        if (length == 1) break;
        part *= 2;
      }
    }
  }

  /// Numbers of fewer digits: all of a tensor at once, then one by one.
  void Simpler() {
    constexpr std::int64_t kMostElements = 12;
    for (std::size_t i = 0; i < problem_.inputs.size(); ++i) {
      if (!problem_.inputs[i] || problem_.loss->inputs[i].role == Role::kClassIndex) continue;
      const std::int64_t size = problem_.inputs[i]->size();
      Simplify(i, 0, size);
      if (size == 1 || size > kMostElements) continue;
      for (std::int64_t k = 0; k < size; ++k) Simplify(i, k, k + 1);
    }
  }

  void Simplify(std::size_t input, std::int64_t begin, std::int64_t end) {
    const std::function<double(double)> kSimpler[] = {[](double) { return 0.0; },
                                                      [](double) { return 1.0; },
                                                      [](double x) { return Coarse(x, 1); },
                                                      [](double x) { return Coarse(x, 4); },
                                                      [](double x) { return Coarse(x, 8); },
                                                      [](double x) { return Coarse(x, 13); }};
    for (const auto& simpler : kSimpler) {
      Problem candidate = problem_;
      candidate.inputs[input]->source.clear();
      for (std::int64_t k = begin; k < end; ++k) {
        double& value = candidate.inputs[input]->values[static_cast<std::size_t>(k)];
        value = RoundTo(problem_.dtype, simpler(value));
      }
      if (Try(candidate)) return;
    }
  }

  const Finding& failure_;
  Subject& subject_;
  const double least_ulp_;
  int left_;
  Problem problem_;  ///< the simplest so far
  std::string line_;
  std::optional<Finding> best_;
};

}  // namespace

std::optional<Finding> Shrink(const Problem& problem, const Finding& failure, Subject& subject,
                              const ShrinkOptions& options) {
  return Shrinker(problem, failure, subject, options).Run();
}

}  // namespace exactloss
