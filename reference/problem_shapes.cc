// The shapes of a problem, family by family: what its inputs must have, what its outputs have.
#include <algorithm>

#include "reference/problem.h"
#include "reference/text.h"

namespace exactloss {
namespace {

constexpr std::int64_t kBoxCorners = 4;  // x1, y1, x2, y2
constexpr std::size_t kMaxRank = 64;     // no tensor library has more dimensions

/// Aligned at the last dimension, every size is 1 or that of the other shape.
bool BroadcastsTo(const Shape& shape, const Shape& wanted) {
  return shape.size() <= wanted.size() &&
         std::equal(shape.rbegin(), shape.rend(), wanted.rbegin(),
                    [](std::int64_t size, std::int64_t other) { return size == 1 || size == other; });
}

/// (N, C, d...) -> (N, d...); (C) -> a scalar, as is a wrong scalar.
Shape RowsOf(Shape shape) {
  if (!shape.empty()) shape.erase(shape.begin() + (shape.size() > 1));
  return shape;
}

/// (N, D) -> (N); (D) -> a scalar.
Shape VectorsOf(const Shape& shape) { return shape.size() > 1 ? Shape{shape[0]} : Shape{}; }

// What is wrong with the shape of an input, `first` being that of the first one; empty where it fits.

std::string MustBe(const Shape& wanted, const Shape& shape) {
  return shape == wanted ? "" : Concat("it must be ", ShapeText(wanted));
}

std::string CheckElementwise(const InputSpec& spec, const Shape& shape, const Shape& first) {
  if (spec.role != Role::kWeight) return MustBe(first, shape);
  return BroadcastsTo(shape, first) ? "" : Concat("it must broadcast to ", ShapeText(first));
}

std::string CheckBoxes(const InputSpec&, const Shape& shape, const Shape& first) {
  if (shape.size() != 2 || shape[1] != kBoxCorners) return "boxes are [N,4]: x1, y1, x2, y2";
  return MustBe(first, shape);
}

std::string CheckClassRows(const InputSpec& spec, const Shape& shape, const Shape& first) {
  if (first.empty()) return "rows of classes are [N,C,...] or [C]";
  switch (spec.role) {
    case Role::kClassIndex:
      return MustBe(RowsOf(first), shape);
    case Role::kWeight:
      return MustBe({first[first.size() > 1]}, shape);
    default:
      return MustBe(first, shape);
  }
}

std::string CheckTriplet(const InputSpec&, const Shape& shape, const Shape& first) {
  if (shape.empty() || shape.size() > 2) return "vectors are [N,D] or [D]";
  return MustBe(first, shape);
}

std::string CheckOverlap(const InputSpec&, const Shape& shape, const Shape& first) {
  return shape.empty() ? "it must have one dimension at least" : MustBe(first, shape);
}

/// The boxes among the inputs of a composite have a shape of their own.
bool IsBoxes(const InputSpec& spec) { return spec.name.ends_with("boxes"); }

std::string Check(Family family, const InputSpec& spec, const Shape& shape, const Shape& first) {
  switch (family) {
    case Family::kElementwise:
      return CheckElementwise(spec, shape, first);
    case Family::kBoxes:
      return CheckBoxes(spec, shape, first);
    case Family::kClassRows:
      return CheckClassRows(spec, shape, first);
    case Family::kTriplet:
      return CheckTriplet(spec, shape, first);
    case Family::kOverlap:
      return CheckOverlap(spec, shape, first);
    case Family::kComposite:
      return IsBoxes(spec) ? CheckBoxes(spec, shape, first) : CheckOverlap(spec, shape, first);
  }
  return {};
}

/// The shape that others are held against: of the first input, or of the first boxes of a composite.
const Shape& FirstShape(const Problem& problem, const InputSpec& spec) {
  const LossSpec& loss = *problem.loss;
  std::size_t first = 0;
  if (loss.family == Family::kComposite && IsBoxes(spec)) {
    while (!IsBoxes(loss.inputs[first])) ++first;
  }
  return problem.inputs[first]->shape;
}

/// Adds the elements of a shape to `total`; false where a size is below the least or the sum is beyond the
/// cap.
bool AddElements(const Shape& shape, std::int64_t least_size, std::int64_t& total) {
  std::int64_t count = 1;
  for (const std::int64_t size : shape) {
    if (size < least_size || size > kMaxElements / std::max<std::int64_t>(count, 1)) return false;
    count *= size;
  }
  total += count;
  return total <= kMaxElements;
}

[[noreturn]] void FailShape(const LossSpec& loss, const InputSpec& spec, const Shape& shape,
                            const std::string& wrong) {
  throw UsageError(Concat(loss.name, ": ", spec.name, " has shape ", ShapeText(shape), "; ", wrong));
}

/// Rank and sizes of one input; `total` counts the elements of those before it.
void CheckSize(const LossSpec& loss, const InputSpec& spec, const Tensor& tensor, std::int64_t least_size,
               std::int64_t& total) {
  const Shape& shape = tensor.shape;
  if (shape.size() > kMaxRank) FailShape(loss, spec, shape, Concat("the limit is ", kMaxRank, " dimensions"));
  if (!AddElements(shape, least_size, total)) {
    FailShape(loss, spec, shape,
              Concat("sizes are ", least_size, " or more, and all inputs together have at most ",
                     kMaxElements, " elements"));
  }
}

void CheckPresence(const Problem& problem) {
  const LossSpec& loss = *problem.loss;
  std::vector<std::string_view> targets;  // class indices or probabilities
  std::size_t given = 0;
  for (std::size_t i = 0; i < loss.inputs.size(); ++i) {
    const InputSpec& spec = loss.inputs[i];
    if (!spec.optional && !problem.inputs[i]) {
      throw UsageError(Concat(loss.name, " needs ", spec.name, "; write ", spec.name, "=..."));
    }
    if (spec.role == Role::kClassIndex || spec.role == Role::kTarget) {
      targets.push_back(spec.name);
      given += problem.inputs[i].has_value();
    }
  }
  if (loss.family == Family::kClassRows && given != 1) {
    throw UsageError(Concat(loss.name, " needs exactly one of ", Listed(targets), "; ", std::int64_t(given),
                            " are given"));
  }
}

Shape LossShape(const Problem& problem) {
  if (problem.reduction != Reduction::kNone) return {};
  const Shape& first = problem.inputs[0]->shape;
  switch (problem.loss->family) {
    case Family::kElementwise:
      return first;
    case Family::kClassRows:
      return RowsOf(first);
    case Family::kBoxes:
    case Family::kTriplet:
      return VectorsOf(first);
    case Family::kOverlap:
      return problem.parameter("per_sample") != 0 && !first.empty() ? Shape{first[0]} : Shape{};
    case Family::kComposite:
      return {};
  }
  return {};
}

}  // namespace

void CheckInputs(const Problem& problem) {
  CheckPresence(problem);
  std::int64_t total = 0;
  for (std::size_t i = 0; i < problem.inputs.size(); ++i) {
    if (problem.inputs[i]) CheckSize(*problem.loss, problem.loss->inputs[i], *problem.inputs[i], 0, total);
  }
}

void CheckShapes(const Problem& problem, std::int64_t least_size) {
  const LossSpec& loss = *problem.loss;
  CheckPresence(problem);
  std::int64_t total = 0;
  for (std::size_t i = 0; i < loss.inputs.size(); ++i) {
    if (!problem.inputs[i]) continue;
    const InputSpec& spec = loss.inputs[i];
    const Shape& shape = problem.inputs[i]->shape;
    CheckSize(loss, spec, *problem.inputs[i], least_size, total);
    const std::string wrong = Check(loss.family, spec, shape, FirstShape(problem, spec));
    if (!wrong.empty()) FailShape(loss, spec, shape, wrong);
    if (problem.inputs[i]->layout == Layout::kExpanded && shape.empty()) {
      throw UsageError(Concat(loss.name, ": ", spec.name,
                              " is a scalar; an expanded tensor has a dimension 0 of equal slices"));
    }
  }
  if (problem.reduction == Reduction::kBatchMean && problem.inputs[0]->shape.empty()) {
    throw UsageError(Concat(loss.name, ": batchmean divides by the size of dimension 0, and ",
                            loss.inputs[0].name, " is a scalar"));
  }
}

std::vector<OutputSpec> OutputsOf(const Problem& problem) {
  std::vector<OutputSpec> outputs = {{"loss", LossShape(problem)}};
  for (std::size_t i = 0; i < problem.inputs.size(); ++i) {
    const InputSpec& spec = problem.loss->inputs[i];
    if (spec.differentiable && problem.inputs[i]) {
      outputs.push_back({Concat("grad:", spec.name), problem.inputs[i]->shape, i});
    }
  }
  return outputs;
}

}  // namespace exactloss
