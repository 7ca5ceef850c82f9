#include "oracle/finite_differences.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "reference/bounds.h"
#include "reference/text.h"

namespace exactloss {
namespace {

bool IsFinite(const Problem& problem) {
  return std::all_of(problem.inputs.begin(), problem.inputs.end(), [](const auto& tensor) {
    return !tensor || std::all_of(tensor->values.begin(), tensor->values.end(),
                                  [](double x) { return std::isfinite(x); });
  });
}

/// torch.isclose
bool IsClose(double analytic, double numeric) {
  if (analytic == numeric) return true;
  const double error = std::fabs(analytic - numeric);
  return std::isfinite(error) && error <= kClassicalAbsolute + std::fabs(kClassicalRelative * numeric);
}

/// The sum over the loss of (above - below) / (2 step); none where either is not there.
std::optional<double> CentralDifference(const Answer& below, const Answer& above) {
  const std::optional<std::vector<double>> a = ValuesOf(below, "loss"), b = ValuesOf(above, "loss");
  if (!a || !b || a->size() != b->size()) return {};
  double sum = 0;
  for (std::size_t i = 0; i < a->size(); ++i) sum += ((*b)[i] - (*a)[i]) / (2 * kClassicalStep);
  return sum;
}

}  // namespace

std::string_view Name(ClassicalVerdict verdict) {
  switch (verdict) {
    case ClassicalVerdict::kNotAsked:
      return "not asked";
    case ClassicalVerdict::kPasses:
      return "passes";
    case ClassicalVerdict::kFails:
      return "fails";
    case ClassicalVerdict::kInfinite:
      return "infinite input";
    case ClassicalVerdict::kBound:
      return "at a bound";
    case ClassicalVerdict::kUnanswered:
      return "unanswered";
  }
  return {};
}

std::optional<std::vector<double>> ValuesOf(const Answer& answer, std::string_view output) {
  const auto found = std::find_if(answer.outputs.begin(), answer.outputs.end(),
                                  [&](const Output& o) { return o.name == output; });
  if (answer.status != AnswerStatus::kOk || found == answer.outputs.end()) return {};
  std::vector<double> values;
  values.reserve(found->bits.size());
  for (const std::uint64_t bits : found->bits) values.push_back(FromBits(found->dtype, bits));
  return values;
}

Problem RowMajor(Problem problem, Dtype dtype) {
  problem.dtype = dtype;
  for (auto& tensor : problem.inputs) {
    if (tensor) tensor->layout = Layout::kContiguous, tensor->source.clear();
  }
  return problem;
}

double& ValueAt(Problem& problem, const InputElement& element) {
  return problem.inputs[element.input]->values[static_cast<std::size_t>(element.index)];
}

std::vector<InputElement> ElementsToCheck(const Problem& problem, std::size_t most) {
  std::vector<InputElement> elements;
  for (const OutputSpec& output : OutputsOf(problem)) {
    if (output.input == OutputSpec::kLoss) continue;
    const auto count = static_cast<std::size_t>(ElementCount(output.shape));
    const std::size_t few = std::min(count, most);
    for (std::size_t i = 0; i < few; ++i) {
      elements.push_back({output.input, static_cast<std::int64_t>(i * count / few)});
    }
  }
  return elements;
}

std::vector<Problem> ClassicalProblems(const Problem& problem, const std::vector<InputElement>& elements) {
  std::vector<Problem> problems = {RowMajor(problem, Dtype::kF64)};
  problems.reserve(2 * elements.size() + 1);
  for (const InputElement& element : elements) {
    for (const double step : {-kClassicalStep, kClassicalStep}) {
      problems.push_back(problems[0]);
      ValueAt(problems.back(), element) += step;
    }
  }
  return problems;
}

std::vector<ClassicalCheck> CheckClassically(const Problem& problem,
                                             const std::vector<InputElement>& elements,
                                             std::span<const Answer> answers) {
  std::vector<ClassicalCheck> checks(elements.size());
  const bool is_finite = IsFinite(problem);
  for (std::size_t i = 0; i < elements.size(); ++i) {
    const auto& [input, index] = elements[i];
    const Bounds bounds = BoundsOf(problem, input);
    const double x = problem.inputs[input]->values[static_cast<std::size_t>(index)];
    ClassicalCheck& check = checks[i];
    const auto gradient = ValuesOf(answers[0], Concat("grad:", problem.loss->inputs[input].name));
    const auto numeric = CentralDifference(answers[2 * i + 1], answers[2 * i + 2]);
    if (!is_finite) {
      check.verdict = ClassicalVerdict::kInfinite;
    } else if (x - kClassicalStep < bounds.min || x + kClassicalStep > bounds.max) {
      check.verdict = ClassicalVerdict::kBound;
    } else if (!gradient || gradient->size() <= static_cast<std::size_t>(index) || !numeric) {
      check.verdict = ClassicalVerdict::kUnanswered;
    } else {
      check.analytic = (*gradient)[static_cast<std::size_t>(index)];
      check.numeric = *numeric;
      check.verdict =
          IsClose(check.analytic, check.numeric) ? ClassicalVerdict::kPasses : ClassicalVerdict::kFails;
    }
  }
  return checks;
}

}  // namespace exactloss
