// Everything of a fill's problem but the values: parameters, optional inputs, shapes, layouts.
#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <string_view>

#include "oracle/fill_recipe.h"

namespace exactloss {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::uint64_t kRare = 16;  // one problem in so many has layouts where its fill is not about them

// --- parameters
// ----------------------------------------------------------------------------------------

struct ParameterValues {
  std::string_view name;
  std::vector<double> values;
  std::vector<double> regular_values = {};  ///< 0 / 0 or a pole at inputs that are not regular
};

const std::vector<ParameterValues>& ValuesOfParameters() {
  static const std::vector<ParameterValues> table = {
      {"alpha", {-1, 0, 0.5, 0.75, 1}},
      {"bce_weight", {0, 0.3, 2.5}},
      {"beta", {0, 0.1, 0.5, 3}},
      {"box_weight", {0, 0.3, 5}},
      {"class_weight", {0, 0.3, 2.5}},
      {"delta", {0.1, 0.5, 3}},
      {"dice_weight", {0, 0.3, 2.5}},
      {"eps", {1e-6, 1e-3}, {0}},
      {"gamma", {0, 0.5, 1, 5}},
      {"ignore_index", {-1, 1, 2}},
      {"iou_weight", {0, 0.3, 2}},
      {"label_smoothing", {0.1, 0.5, 1}},
      {"log_clamp", {-3, -30, -kInfinity}},
      {"log_target", {1}},
      {"margin", {0, 0.3, 2}},
      {"p", {1, 3, kInfinity}, {0.5}},
      {"per_sample", {1}},
      {"smooth", {1e-3, 1}, {0}},
      {"swap", {1}},
  };
  return table;
}

/// A value of the domain beside one of `values`, or of any size; else the default.
double UnusualValue(const ParameterSpec& spec, double value, Draw& draw) {
  if (spec.kind != ParameterKind::kReal || !std::isfinite(value)) return value;
  if (draw.OneIn(2)) {
    const double sign = draw.Sign();
    value = std::nextafter(value, sign * kInfinity);
  } else {
    const auto exponent = static_cast<int>(draw.Between(-6, 4));
    value = std::ldexp(1 + draw.Uniform(), exponent);
    if (value > spec.max) value = -value;
  }
  const bool is_inside = (spec.min_is_open ? value > spec.min : value >= spec.min) && value <= spec.max;
  return is_inside ? value : spec.default_value;
}

/// Half of all parameters keep their defaults.
double ParameterValue(const ParameterSpec& spec, bool regular, Draw& draw) {
  const auto& table = ValuesOfParameters();
  const auto row =
      std::find_if(table.begin(), table.end(), [&](const auto& r) { return r.name == spec.name; });
  if (row == table.end() || draw.OneIn(2)) return spec.default_value;
  std::vector<double> values = row->values;
  if (regular) values.insert(values.end(), row->regular_values.begin(), row->regular_values.end());
  return draw.Pick(values);
}

// --- shapes
// ----------------------------------------------------------------------------------------

struct Range {
  std::int64_t low, high;
};
constexpr std::int64_t kTwoVectors = -1;  ///< as `high`: two SIMD vectors of 64 bytes, and one element
constexpr std::int64_t kVectorBytes = 64;
constexpr Range kFour = {4, 4};

struct ShapeRule {
  Family family;
  Sizes sizes;
  std::vector<std::vector<Range>> shapes;  ///< one of them is taken
};

const std::vector<ShapeRule>& ShapeRules() {
  constexpr Range kLanes = {1, kTwoVectors};
  static const std::vector<ShapeRule> rules = {
      {Family::kElementwise, Sizes::kTiny, {{{1, 6}}, {{1, 3}, {1, 2}}, {}}},
      {Family::kElementwise,
       Sizes::kSmall,
       {{{1, 24}}, {{1, 8}}, {{1, 4}, {1, 8}}, {{1, 3}, {1, 3}, {1, 3}}, {}}},
      {Family::kElementwise,
       Sizes::kLengths,
       {{kLanes}, {kLanes}, {{2, 3}, kLanes}, {{1, 2}, {1, 3}, {1, 9}}}},
      {Family::kElementwise, Sizes::kManyClasses, {{{100, 1000}}, {{1, 2}, {100, 500}}}},
      {Family::kElementwise, Sizes::kLongSums, {{{1000, 3000}}, {{20, 50}, {50, 60}}}},

      {Family::kOverlap, Sizes::kTiny, {{{1, 6}}, {{1, 3}, {1, 2}}}},
      {Family::kOverlap, Sizes::kSmall, {{{1, 24}}, {{1, 4}, {1, 8}}, {{1, 3}, {1, 3}, {1, 3}}}},
      {Family::kOverlap, Sizes::kLengths, {{kLanes}, {{2, 3}, kLanes}, {{1, 2}, {1, 3}, {1, 9}}}},
      {Family::kOverlap, Sizes::kManyClasses, {{{100, 1000}}, {{1, 2}, {100, 500}}}},
      {Family::kOverlap, Sizes::kLongSums, {{{1000, 3000}}, {{2, 4}, {16, 24}, {32, 32}}}},

      {Family::kBoxes, Sizes::kTiny, {{{1, 2}, kFour}}},
      {Family::kBoxes, Sizes::kSmall, {{{1, 6}, kFour}}},
      {Family::kBoxes, Sizes::kLengths, {{kLanes, kFour}}},
      {Family::kBoxes, Sizes::kManyClasses, {{{25, 100}, kFour}}},
      {Family::kBoxes, Sizes::kLongSums, {{{250, 400}, kFour}}},

      {Family::kClassRows, Sizes::kTiny, {{{1, 4}}, {{1, 2}, {1, 4}}, {{1, 2}, {2, 3}, {1, 2}}}},
      {Family::kClassRows,
       Sizes::kSmall,
       {{{1, 10}},
        {{1, 4}, {2, 10}},
        {{1, 4}, {2, 10}},
        {{1, 3}, {1, 5}, {1, 3}},
        {{1, 2}, {2, 4}, {1, 2}, {1, 3}}}},
      {Family::kClassRows, Sizes::kLengths, {{kLanes}, {{1, 3}, kLanes}, {{1, 2}, {2, 5}, {1, 9}}}},
      {Family::kClassRows, Sizes::kManyClasses, {{{1, 1}, {100, 1000}}, {{100, 1000}}, {{2, 3}, {100, 300}}}},
      {Family::kClassRows, Sizes::kLongSums, {{{250, 1000}, {2, 4}}, {{2, 2}, {3, 8}, {16, 16}, {16, 16}}}},

      {Family::kTriplet, Sizes::kTiny, {{{1, 3}}, {{1, 2}, {1, 3}}}},
      {Family::kTriplet, Sizes::kSmall, {{{1, 8}}, {{1, 4}, {1, 8}}}},
      {Family::kTriplet, Sizes::kLengths, {{kLanes}, {{1, 2}, kLanes}}},
      {Family::kTriplet, Sizes::kManyClasses, {{{16, 100}, {4, 10}}}},
      {Family::kTriplet, Sizes::kLongSums, {{{128, 256}, {4, 8}}}},
  };
  return rules;
}

class Shaper {
 public:
  Shaper(const Recipe& recipe, Problem& problem, const DrawKey& key)
      : recipe_(recipe), sizes_(recipe.sizes), problem_(problem), draw_(key, Purpose::kProblem, 0, 0) {}

  void Run() {
    const LossSpec& loss = *problem_.loss;
    for (std::size_t i = 0; i < loss.parameters.size(); ++i) {
      double& value = problem_.parameters[i];
      value = ParameterValue(loss.parameters[i], recipe_.regular, draw_);
      if (recipe_.sizes == Sizes::kMixed && draw_.OneIn(4))
        value = UnusualValue(loss.parameters[i], value, draw_);
    }
    if (sizes_ == Sizes::kMixed) sizes_ = DrawSizes();
    const Family family = loss.family == Family::kComposite ? Family::kOverlap : loss.family;
    const Shape first = DrawShape(family), boxes = DrawShape(Family::kBoxes);
    const std::size_t form = FormOfTarget();
    for (std::size_t i = 0; i < loss.inputs.size(); ++i) {
      const InputSpec& spec = loss.inputs[i];
      if (spec.optional && (spec.role == Role::kWeight ? !draw_.OneIn(3) : i != form)) continue;
      const bool own = loss.family == Family::kComposite && KindOf(problem_, i) == Kind::kBox;
      problem_.inputs[i].emplace().shape = own ? boxes : ShapeOf(spec, first);
    }
    DropIdleParameters();
    if (sizes_ == Sizes::kLengths || draw_.OneIn(kRare)) SetLayouts();
  }

 private:
  /// Mostly small ones: they are quick, and most that goes wrong does so in them.
  Sizes DrawSizes() {
    const std::uint64_t part = draw_.Below(64);
    if (part < 20) return Sizes::kTiny;
    if (part < 50) return Sizes::kSmall;
    if (part < 61) return Sizes::kLengths;
    return part < 63 ? Sizes::kManyClasses : Sizes::kLongSums;
  }

  Shape DrawShape(Family family) {
    const auto& rules = ShapeRules();
    const auto rule = std::find_if(rules.begin(), rules.end(), [&](const ShapeRule& r) {
      return r.family == family && r.sizes == sizes_;
    });
    std::span<const std::vector<Range>> shapes = rule->shapes;
    if (problem_.reduction == Reduction::kBatchMean && shapes.back().empty()) {  // a scalar is no batch
      shapes = shapes.first(shapes.size() - 1);
    }
    Shape shape;
    for (const Range& range : draw_.Pick(shapes)) {
      const std::int64_t lanes = kVectorBytes / SizeInBytes(problem_.dtype);
      const bool in_vectors = range.high == kTwoVectors;
      if (in_vectors && recipe_.sizes == Sizes::kMixed && draw_.OneIn(2)) {  // round whole vectors
        const std::int64_t whole = draw_.Pick({lanes, 2 * lanes});
        shape.push_back(whole + draw_.Between(-1, 1));
      } else {
        shape.push_back(draw_.Between(range.low, in_vectors ? 2 * lanes + 1 : range.high));
      }
    }
    return shape;
  }

  /// Of the forms in which the loss takes its target, one.
  std::size_t FormOfTarget() {
    std::vector<std::size_t> forms;
    for (std::size_t i = 0; i < problem_.inputs.size(); ++i) {
      const InputSpec& spec = problem_.loss->inputs[i];
      if (spec.optional && spec.role != Role::kWeight) forms.push_back(i);
    }
    return forms.empty() ? problem_.inputs.size() : draw_.Pick(forms);
  }

  Shape ShapeOf(const InputSpec& spec, Shape shape) {
    const bool weight = spec.role == Role::kWeight;
    if (problem_.loss->family == Family::kClassRows) {
      const std::ptrdiff_t classes = shape.size() > 1;
      if (weight) return {shape[static_cast<std::size_t>(classes)]};
      if (spec.role == Role::kClassIndex) shape.erase(shape.begin() + classes);
    } else if (weight) {  // any shape that broadcasts
      while (!shape.empty() && draw_.OneIn(4)) shape.erase(shape.begin());
      for (std::int64_t& size : shape) size = draw_.OneIn(4) ? 1 : size;
    }
    return shape;
  }

  /// Where no class indices are given none is ignored, and LibTorch refuses to be told so.
  void DropIdleParameters() {
    const LossSpec& loss = *problem_.loss;
    for (std::size_t i = 0; i < loss.inputs.size(); ++i) {
      if (loss.inputs[i].role == Role::kClassIndex && problem_.inputs[i]) return;
    }
    for (std::size_t i = 0; i < loss.parameters.size(); ++i) {
      if (loss.parameters[i].name == "ignore_index")
        problem_.parameters[i] = loss.parameters[i].default_value;
    }
  }

  void SetLayouts() {
    for (std::size_t i = 0; i < problem_.inputs.size(); ++i) {
      if (!problem_.inputs[i]) continue;
      const Layout layout = draw_.Pick(kAllLayouts);
      if (layout != Layout::kExpanded || MayExpand(i)) problem_.inputs[i]->layout = layout;
    }
  }

  /// Equal slices along dimension 0 must not be the parts of a distribution, and would relate to one slice
  /// only.
  bool MayExpand(std::size_t input) const {
    if (recipe_.relates) return false;
    const Kind kind = KindOf(problem_, input);
    const bool in_rows = kind == Kind::kDistribution || kind == Kind::kLogProbability;
    return problem_.inputs[input]->shape.size() > (in_rows ? 1 : 0);
  }

  const Recipe& recipe_;
  Sizes sizes_;
  Problem& problem_;
  Draw draw_;
};

}  // namespace

Problem FillShapes(const Recipe& recipe, const LossSpec& loss, Dtype dtype, Reduction reduction,
                   const DrawKey& key) {
  Problem problem = MakeProblem(loss, dtype, reduction);
  Shaper(recipe, problem, key).Run();
  return problem;
}

}  // namespace exactloss
