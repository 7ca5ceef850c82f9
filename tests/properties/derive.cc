#include "tests/properties/derive.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <utility>

namespace exactloss {
namespace {

constexpr std::size_t kCorners = 4;

bool IsBoxes(const Problem& problem, std::size_t input) {
  return problem.loss->family == Family::kBoxes || problem.loss->inputs[input].name.ends_with("boxes");
}

/// Does dimension 0 of this input go along with the batch?
bool GoesWithBatch(const Problem& problem, std::size_t input, std::int64_t batch) {
  const Tensor& tensor = *problem.inputs[input];
  if (tensor.shape.empty() || tensor.shape[0] != batch) return false;
  if (problem.loss->inputs[input].role != Role::kWeight) return true;
  return problem.loss->family == Family::kElementwise &&
         tensor.shape.size() == problem.inputs[0]->shape.size();
}

}  // namespace

bool IsFinite(const Problem& problem) {
  return std::all_of(problem.inputs.begin(), problem.inputs.end(), [](const auto& input) {
    return !input ||
           std::all_of(input->values.begin(), input->values.end(), [](double x) { return std::isfinite(x); });
  });
}

std::size_t InputIndex(const Problem& problem, std::string_view name) {
  const std::size_t index = IndexOf(problem.loss->inputs, name);
  if (index == problem.loss->inputs.size()) std::abort();
  return index;
}

bool HasParameter(const LossSpec& loss, std::string_view name) {
  return IndexOf(loss.parameters, name) < loss.parameters.size();
}

Tensor& InputOf(Problem& problem, std::string_view name) {
  return *problem.inputs[InputIndex(problem, name)];
}

void SetParameter(Problem& problem, std::string_view name, double value) {
  problem.parameters.at(IndexOf(problem.loss->parameters, name)) = value;
}

std::int64_t BatchOf(const Problem& problem) {
  const Shape& shape = problem.inputs[0]->shape;
  const Family family = problem.loss->family;
  const bool has_rows = family == Family::kClassRows || family == Family::kTriplet;
  return shape.empty() || (has_rows && shape.size() == 1) ? 1 : shape[0];
}

bool HasProperBoxes(const Problem& problem) {
  for (std::size_t i = 0; i < problem.inputs.size(); ++i) {
    if (!problem.inputs[i] || !IsBoxes(problem, i)) continue;
    const std::vector<double>& v = problem.inputs[i]->values;
    for (std::size_t k = 0; k < v.size(); k += kCorners) {
      if (!(v[k] < v[k + 2] && v[k + 1] < v[k + 3])) return false;
    }
  }
  return IsFinite(problem);
}

std::vector<std::vector<std::size_t>> ClassRowsOf(const Problem& problem) {
  const Tensor& input = *problem.inputs[0];
  const std::size_t axis = input.shape.size() > 1;
  const auto classes = static_cast<std::size_t>(input.shape[axis]);
  std::size_t inner = 1;
  for (std::size_t k = axis + 1; k < input.shape.size(); ++k)
    inner *= static_cast<std::size_t>(input.shape[k]);
  std::vector<std::vector<std::size_t>> rows(input.values.size() / classes);
  for (std::size_t r = 0; r < rows.size(); ++r) {
    for (std::size_t j = 0; j < classes; ++j)
      rows[r].push_back((r / inner * classes + j) * inner + r % inner);
  }
  return rows;
}

Problem WithLoss(const Problem& old, std::string_view loss) {
  Problem problem = MakeProblem(*FindLoss(loss), old.dtype, old.reduction);
  for (std::size_t i = 0; i < problem.inputs.size(); ++i) {
    const std::size_t from = IndexOf(old.loss->inputs, problem.loss->inputs[i].name);
    if (from < old.inputs.size()) problem.inputs[i] = old.inputs[from];
  }
  for (std::size_t i = 0; i < problem.parameters.size(); ++i) {
    const std::size_t from = IndexOf(old.loss->parameters, problem.loss->parameters[i].name);
    if (from < old.parameters.size()) problem.parameters[i] = old.parameters[from];
  }
  return problem;
}

Problem WithReduction(Problem problem, Reduction reduction) {
  problem.reduction = reduction;
  return problem;
}

Problem Plain(Problem problem) {
  for (std::size_t i = 0; i < problem.inputs.size(); ++i) {
    const InputSpec& spec = problem.loss->inputs[i];
    if (spec.role == Role::kWeight && spec.optional) problem.inputs[i].reset();
    if (problem.inputs[i]) {
      problem.inputs[i]->layout = Layout::kContiguous;
      problem.inputs[i]->source.clear();
    }
  }
  return problem;
}

std::optional<double> ExactSum(Dtype dtype, double x, double by) {
  const double sum = x + by, back = sum - x;
  const bool exact =
      std::isfinite(sum) && (x - (sum - back)) + (by - back) == 0 && IsRepresentable(dtype, sum);
  return exact ? std::optional(sum) : std::nullopt;
}

std::optional<Tensor> Shifted(Dtype dtype, Tensor tensor, double by) {
  for (double& x : tensor.values) {
    const std::optional<double> sum = ExactSum(dtype, x, by);
    if (!sum) return {};
    x = *sum;
  }
  tensor.source.clear();
  return tensor;
}

std::optional<Tensor> ScaledByTwo(Dtype dtype, Tensor tensor, int exponent) {
  for (double& x : tensor.values) {
    const double scaled = std::ldexp(x, exponent);
    if (!std::isfinite(scaled) || std::ldexp(scaled, -exponent) != x || !IsRepresentable(dtype, scaled))
      return {};
    x = scaled;
  }
  tensor.source.clear();
  return tensor;
}

std::optional<double> ShiftOf(Dtype dtype, const std::vector<const Tensor*>& tensors) {
  std::vector<double> candidates;
  for (const Tensor* tensor : tensors) {
    if (!tensor->values.empty()) candidates.push_back(-tensor->values[0]);
  }
  for (const double step : {1.0, -0.5, 8.0, 0x1p-10, -0x1p-20, 0x1p-40, 0x1p-140}) candidates.push_back(step);
  for (const double by : candidates) {
    if (by == 0 || !IsRepresentable(dtype, by)) continue;
    const bool exact = std::all_of(tensors.begin(), tensors.end(), [&](const Tensor* tensor) {
      return Shifted(dtype, *tensor, by).has_value();
    });
    if (exact) return by;
  }
  return {};
}

std::optional<Problem> TakeBatch(const Problem& problem, const std::vector<std::int64_t>& slices) {
  const std::int64_t batch = BatchOf(problem);
  Problem taken = problem;
  for (std::size_t i = 0; i < problem.inputs.size(); ++i) {
    if (!problem.inputs[i]) continue;
    Tensor& tensor = *taken.inputs[i];
    tensor.layout = Layout::kContiguous;
    tensor.source.clear();
    if (!GoesWithBatch(problem, i, batch)) {
      if (problem.loss->inputs[i].role != Role::kWeight) return {};
      continue;
    }
    const std::vector<double>& old = problem.inputs[i]->values;
    const std::size_t slice = old.size() / static_cast<std::size_t>(batch);
    tensor.values.clear();
    for (const std::int64_t s : slices) {
      const auto first = old.begin() + static_cast<std::ptrdiff_t>(static_cast<std::size_t>(s) * slice);
      tensor.values.insert(tensor.values.end(), first, first + static_cast<std::ptrdiff_t>(slice));
    }
    tensor.shape[0] = static_cast<std::int64_t>(slices.size());
  }
  return taken;
}

std::size_t InstanceBuilder::Add(Problem problem) {
  for (auto& input : problem.inputs) {
    if (input) input->source.clear();  // the values are those of no fill any more
  }
  try {
    CheckProblem(problem);
  } catch (const UsageError&) {
    is_valid_ = false;
  }
  instance_.problems.push_back(std::move(problem));
  return instance_.problems.size() - 1;
}

std::size_t InstanceBuilder::Size(const OutputOfProblem& output) const {
  if (!is_valid_) return 0;
  const std::vector<OutputSpec> specs = OutputsOf(instance_.problems[output.problem]);
  const std::size_t index = IndexOf(specs, output.output);
  return index < specs.size() ? static_cast<std::size_t>(ElementCount(specs[index].shape)) : 0;
}

Addend InstanceBuilder::Element(double factor, const OutputOfProblem& output, std::size_t element) const {
  const std::vector<OutputSpec> specs = OutputsOf(instance_.problems[output.problem]);
  return {factor, output.problem, IndexOf(specs, output.output), element};
}

void InstanceBuilder::Claim(std::vector<Addend> sum, double constant, Relation relation) {
  instance_.claims.push_back({std::move(sum), constant, relation});
}

void InstanceBuilder::Equal(const OutputOfProblem& a, const OutputOfProblem& b, double factor,
                            const Map& map) {
  if (Size(b) == 0) return;
  const std::size_t size = Size(a);
  for (std::size_t i = 0; i < size; ++i) {
    Claim({Element(1, a, i), Element(-factor, b, map ? map(i) : i)});
  }
}

void InstanceBuilder::AllEqual(double loss_factor, double gradient_factor, const Map& map) {
  if (!is_valid_) return;
  for (const OutputSpec& output : OutputsOf(instance_.problems[0])) {
    const bool is_loss = output.input == OutputSpec::kLoss;
    const bool is_scalar = is_loss && output.shape.empty();
    Equal({0, output.name}, {1, output.name}, is_loss ? loss_factor : gradient_factor,
          is_scalar ? Map() : map);
  }
}

void InstanceBuilder::Bounded(double low, std::optional<double> high) {
  const std::size_t size = Size({0, "loss"});
  for (std::size_t i = 0; i < size; ++i) {
    Claim({Element(1, {0, "loss"}, i)}, -low, Relation::kNotNegative);
    if (high) Claim({Element(-1, {0, "loss"}, i)}, *high, Relation::kNotNegative);
  }
}

std::optional<Instance> InstanceBuilder::Done() {
  if (!is_valid_ || instance_.claims.empty()) return {};
  return std::move(instance_);
}

}  // namespace exactloss
