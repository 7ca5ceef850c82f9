#include "reference/problem.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "reference/bounds.h"
#include "reference/text.h"

namespace exactloss {
namespace {

template <class Spec>
std::size_t IndexOf(const std::vector<Spec>& specs, std::string_view name) {
  for (std::size_t i = 0; i < specs.size(); ++i) {
    if (specs[i].name == name) return i;
  }
  std::abort();
}

/// "in [0, 1]", ">= 0", "> 0", "finite and >= 0": an interval in words.
std::string DomainText(double min, double max, bool min_is_open) {
  constexpr double kLargest = std::numeric_limits<double>::max();
  const std::string lower = Concat(min_is_open ? "> " : ">= ", min);
  if (min == -kLargest) return max == kLargest ? "finite" : Concat("finite and <= ", max);
  if (max == kLargest) return Concat("finite and ", lower);
  if (std::isinf(max)) return lower;
  if (std::isinf(min)) return Concat("<= ", max);
  return Concat("in ", min_is_open ? "(" : "[", min, ", ", max, "]");
}

void CheckReduction(const Problem& problem) {
  const auto& reductions = problem.loss->reductions;
  if (std::find(reductions.begin(), reductions.end(), problem.reduction) != reductions.end()) return;
  std::vector<std::string_view> names;
  for (const Reduction reduction : reductions) names.push_back(Name(reduction));
  throw UsageError(Concat(problem.loss->name, " has no reduction '", Name(problem.reduction), "'; it has ",
                          Listed(names)));
}

void CheckParameter(const LossSpec& loss, const ParameterSpec& spec, double value) {
  const auto fail = [&](const std::string& right) {
    throw UsageError(
        Concat(loss.name, ": ", spec.name, "=", value, " is outside its domain; it must be ", right));
  };
  if (spec.kind == ParameterKind::kBoolean && value != 0 && value != 1) fail("true or false");
  if (spec.kind == ParameterKind::kInteger && std::trunc(value) != value) fail("an integer");
  const bool above_min = spec.min_is_open ? value > spec.min : value >= spec.min;
  if (!above_min || !(value <= spec.max)) fail(DomainText(spec.min, spec.max, spec.min_is_open));
}

/// One input of a problem while its values are checked.
class ValueCheck {
 public:
  ValueCheck(const Problem& problem, std::size_t input)
      : problem_(problem),
        input_(input),
        spec_(problem.loss->inputs[input]),
        tensor_(*problem.inputs[input]) {}

  void Run() const {
    if (tensor_.size() != ElementCount(tensor_.shape)) {
      throw UsageError(Concat(problem_.loss->name, ": ", spec_.name, " has ", tensor_.size(),
                              " values for shape ", ShapeText(tensor_.shape)));
    }
    spec_.role == Role::kClassIndex ? CheckClasses() : CheckNumbers();
    if (tensor_.layout == Layout::kExpanded) CheckSlices();
  }

 private:
  [[noreturn]] void Fail(std::size_t i, const std::string& wrong) const {
    throw UsageError(
        Concat(problem_.loss->name, ": ", spec_.name, "[", i, "] is ", tensor_.values[i], "; ", wrong));
  }

  void CheckNumbers() const {
    const Bounds bounds = BoundsOf(problem_, input_);
    for (std::size_t i = 0; i < tensor_.values.size(); ++i) {
      const double value = tensor_.values[i];
      if (!IsRepresentable(problem_.dtype, value))
        Fail(i, Concat("that is no number of ", Name(problem_.dtype)));
      if (value < bounds.min || value > bounds.max) {
        Fail(i, Concat("it must be ", DomainText(bounds.min, bounds.max, false)));
      }
    }
  }

  void CheckClasses() const {
    const Shape& rows = problem_.inputs[0]->shape;
    const auto classes = static_cast<double>(rows[rows.size() > 1]);
    const double ignored = problem_.parameter("ignore_index");
    for (std::size_t i = 0; i < tensor_.values.size(); ++i) {
      const double value = tensor_.values[i];
      if (value == ignored || (value >= 0 && value < classes && std::trunc(value) == value)) continue;
      Fail(i, Concat("a class index is 0 to ", classes - 1, ", or ignore_index, ", ignored));
    }
  }

  void CheckSlices() const {
    const std::size_t slice = tensor_.values.size() / static_cast<std::size_t>(tensor_.shape[0]);
    for (std::size_t i = slice; i < tensor_.values.size(); ++i) {
      if (SameNumber(tensor_.values[i], tensor_.values[i - slice])) continue;
      Fail(i, Concat("an expanded tensor has equal slices along dimension 0, and ", spec_.name, "[",
                     i - slice, "] is ", tensor_.values[i - slice]));
    }
  }

  const Problem& problem_;
  const std::size_t input_;
  const InputSpec& spec_;
  const Tensor& tensor_;
};

}  // namespace

const std::optional<Tensor>& Problem::input(std::string_view name) const {
  return inputs[IndexOf(loss->inputs, name)];
}

double Problem::parameter(std::string_view name) const { return parameters[IndexOf(loss->parameters, name)]; }

Bounds BoundsOf(const Problem& problem, std::size_t input) {
  const InputSpec& spec = problem.loss->inputs[input];
  const bool bounded = spec.unbounded_if.empty() || problem.parameter(spec.unbounded_if) == 0;
  return bounded ? Bounds{spec.min, spec.max} : Bounds{-HUGE_VAL, HUGE_VAL};
}

Problem MakeProblem(const LossSpec& loss, Dtype dtype, Reduction reduction) {
  Problem problem{&loss, dtype, reduction, {}, {}};
  for (const ParameterSpec& spec : loss.parameters) problem.parameters.push_back(spec.default_value);
  problem.inputs.resize(loss.inputs.size());
  return problem;
}

void CheckProblem(const Problem& problem) {
  CheckReduction(problem);
  for (std::size_t i = 0; i < problem.parameters.size(); ++i) {
    CheckParameter(*problem.loss, problem.loss->parameters[i], problem.parameters[i]);
  }
  CheckShapes(problem);
  for (std::size_t i = 0; i < problem.inputs.size(); ++i) {
    if (problem.inputs[i]) ValueCheck(problem, i).Run();
  }
}

}  // namespace exactloss
