#include "tests/reference/any_problem.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <string_view>
#include <vector>

namespace exactloss {
namespace {

class Maker {
 public:
  explicit Maker(std::uint64_t seed) : random_(seed) {}

  Problem Make() {
    const LossSpec& loss = Pick(Catalogue());
    const std::vector<Dtype> dtypes(std::begin(kAllDtypes), std::end(kAllDtypes));
    problem_ = MakeProblem(loss, Pick(dtypes), Pick(loss.reductions));
    for (std::size_t i = 0; i < loss.parameters.size(); ++i) {
      if (Below(2) == 0) problem_.parameters[i] = Parameter(loss.parameters[i]);
    }
    const Shape first = FirstShape(), boxes = {Size(), 4};
    const std::size_t left_out = OneTargetOfTwo();
    for (std::size_t i = 0; i < loss.inputs.size(); ++i) {
      const InputSpec& spec = loss.inputs[i];
      if (i == left_out || (spec.role == Role::kWeight && Below(2) == 0)) continue;
      const bool is_boxes = loss.family == Family::kComposite && spec.name.ends_with("boxes");
      problem_.inputs[i] = MakeTensor(i, is_boxes ? boxes : ShapeOf(spec, first));
    }
    return problem_;
  }

 private:
  std::uint64_t Below(std::uint64_t n) { return random_() % n; }
  std::int64_t Size() { return static_cast<std::int64_t>(1 + Below(3)); }
  template <class T>
  const T& Pick(const std::vector<T>& values) {
    return values[Below(values.size())];
  }

  /// Any number of the dtype in [min, max].
  double Number(Dtype dtype, double min, double max) {
    constexpr int kTries = 64;
    const double special[] = {0.0,
                              -0.0,
                              1,
                              std::numeric_limits<double>::infinity(),
                              -std::numeric_limits<double>::infinity(),
                              std::numeric_limits<double>::quiet_NaN(),
                              MinSubnormal(dtype),
                              MaxFinite(dtype)};
    for (int i = 0; i < kTries; ++i) {
      const double bits = FromBits(dtype, random_() >> (64 - FormatOf(dtype).bits));
      const double value = Below(3) == 0 ? special[Below(std::size(special))] : bits;
      if (!(value < min || value > max)) return value;
    }
    return std::clamp(1.0, min, max);
  }

  double Parameter(const ParameterSpec& spec) {
    switch (spec.kind) {
      case ParameterKind::kBoolean:
        return static_cast<double>(Below(2));
      case ParameterKind::kInteger:
        return static_cast<double>(Below(std::uint64_t{1} << 54)) - 0x1p53;
      case ParameterKind::kReal:
        break;
    }
    const double value = Number(Dtype::kF64, spec.min, spec.max);
    const bool is_outside = std::isnan(value) || (spec.min_is_open && value == spec.min);
    return is_outside ? spec.default_value : value;
  }

  Shape FirstShape() {
    const std::vector<Shape> rows = {{Size()}, {Size(), Size()}, {Size(), Size(), Size()}};
    switch (problem_.loss->family) {
      case Family::kBoxes:
        return {Size(), 4};
      case Family::kTriplet:
        return rows[Below(2)];
      case Family::kElementwise:
        if (problem_.reduction != Reduction::kBatchMean && Below(4) == 0) return {};
        [[fallthrough]];
      default:
        return Pick(rows);
    }
  }

  /// Class rows have a target of two forms, and take one.
  std::size_t OneTargetOfTwo() {
    std::vector<std::size_t> targets;
    for (std::size_t i = 0; i < problem_.loss->inputs.size(); ++i) {
      const Role role = problem_.loss->inputs[i].role;
      if (role == Role::kTarget || role == Role::kClassIndex) targets.push_back(i);
    }
    const bool two_forms = problem_.loss->family == Family::kClassRows && targets.size() == 2;
    return two_forms ? Pick(targets) : problem_.loss->inputs.size();
  }

  Shape ShapeOf(const InputSpec& spec, Shape shape) {
    const bool is_rows = problem_.loss->family == Family::kClassRows;
    const std::size_t class_dimension = shape.size() > 1;
    if (is_rows && spec.role == Role::kClassIndex) {
      shape.erase(shape.begin() + static_cast<std::ptrdiff_t>(class_dimension));
    } else if (spec.role == Role::kWeight && is_rows) {
      shape = {shape[class_dimension]};
    } else if (spec.role == Role::kWeight) {  // anything that broadcasts
      if (!shape.empty() && Below(2) == 0) shape.erase(shape.begin());
      if (!shape.empty() && Below(2) == 0) shape.back() = 1;
    }
    return shape;
  }

  Tensor MakeTensor(std::size_t input, const Shape& shape) {
    const InputSpec& spec = problem_.loss->inputs[input];
    Tensor tensor;
    tensor.shape = shape;
    tensor.layout = kAllLayouts[Below(std::size(kAllLayouts))];
    if (tensor.layout == Layout::kExpanded && shape.empty()) tensor.layout = Layout::kStrided;
    const bool bounded = spec.unbounded_if.empty() || problem_.parameter(spec.unbounded_if) == 0;
    const InputSpec& domain = bounded ? spec : InputSpec();
    const auto count = static_cast<std::size_t>(ElementCount(shape));
    while (tensor.values.size() < count) {
      const bool is_class = spec.role == Role::kClassIndex;
      const double value = is_class ? ClassIndex() : Number(problem_.dtype, domain.min, domain.max);
      tensor.values.resize(std::min(count, tensor.values.size() + 1 + Below(4)), value);  // runs
    }
    if (tensor.layout == Layout::kExpanded) {
      const std::size_t slice = count / static_cast<std::size_t>(shape[0]);
      for (std::size_t i = slice; i < count; ++i) tensor.values[i] = tensor.values[i - slice];
    }
    return tensor;
  }

  double ClassIndex() {
    const Shape& rows = problem_.inputs[0]->shape;
    if (Below(4) == 0) return problem_.parameter("ignore_index");
    return static_cast<double>(Below(static_cast<std::uint64_t>(rows[rows.size() > 1])));
  }

  std::mt19937_64 random_;
  Problem problem_;
};

bool SameNumbers(const std::vector<double>& a, const std::vector<double>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), SameNumber);
}

bool SameTensor(const std::optional<Tensor>& a, const std::optional<Tensor>& b) {
  if (!a || !b) return a.has_value() == b.has_value();
  return a->shape == b->shape && a->layout == b->layout && a->source == b->source &&
         SameNumbers(a->values, b->values);
}

}  // namespace

Problem AnyProblem(std::uint64_t seed) { return Maker(seed).Make(); }

bool SameProblem(const Problem& a, const Problem& b) {
  return a.loss == b.loss && a.dtype == b.dtype && a.reduction == b.reduction &&
         SameNumbers(a.parameters, b.parameters) &&
         std::equal(a.inputs.begin(), a.inputs.end(), b.inputs.begin(), b.inputs.end(), SameTensor);
}

}  // namespace exactloss
