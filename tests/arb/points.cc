#include "tests/arb/points.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <string_view>
#include <vector>

namespace exactloss::arb {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

enum class Style { kOrdinary, kGrid, kSaturated, kScales, kExtreme, kBits };

// Ordinary inputs and ties twice as often.
constexpr Style kStyles[] = {Style::kOrdinary,  Style::kOrdinary, Style::kGrid,    Style::kGrid,
                             Style::kSaturated, Style::kScales,   Style::kExtreme, Style::kBits};

/// Where exp and log of the formats end, and other edges; rounded to the dtype.
constexpr double kEdges[] = {0,         16.635532, 17.32868,  36.736801, 37.42995,  44.361419, 88.029692,
                             88.722839, 103.97208, 708.39642, 709.78271, 745.13322, 65504,     1e4,
                             1e8,       1e30,      1e38,      1e300,     1,         0.5,       2};

const std::map<std::string_view, std::vector<double>>& ParameterValues() {
  static const std::map<std::string_view, std::vector<double>> values = {
      {"alpha", {0.25, -1, 0, 1, 0.7}},
      {"bce_weight", {1, 0.3, 2.5, 0}},
      {"beta", {1, 0, 0.1, 3, 1e-3}},
      {"box_weight", {1, 0.3, 2.5, 0}},
      {"class_weight", {1, 0.3, 2.5, 0}},
      {"delta", {1, 0.1, 3, 1e-3}},
      {"dice_weight", {1, 0.3, 2.5, 0}},
      {"eps", {1e-7, 1e-6, 0, 1e-3}},
      {"gamma", {2, 0, 0.5, 5, 1, 1.7}},
      {"ignore_index", {-100, 0, 1}},
      {"iou_weight", {1, 0.3, 2.5, 0}},
      {"label_smoothing", {0, 0.1, 0.5, 1}},
      {"log_clamp", {-100, -100, -3, -30, -kInfinity}},
      {"log_target", {0, 1}},
      {"margin", {1, 0, 0.3, 2}},
      {"p", {2, 0.5, 1, 3, kInfinity, 1.5}},
      {"per_sample", {0, 1}},
      {"smooth", {1e-5, 0, 1}},
      {"swap", {0, 1}},
  };
  return values;
}

class Draw {
 public:
  Draw(const LossSpec& loss, Dtype dtype, Random& random)
      : loss_(loss),
        random_(random),
        style_(random.Pick(kStyles)),
        problem_(MakeProblem(loss, dtype, random.Pick(loss.reductions))) {
    for (std::size_t i = 0; i < loss.parameters.size(); ++i) {
      const ParameterSpec& spec = loss.parameters[i];
      const auto values = ParameterValues().find(spec.name);
      if (values != ParameterValues().end() && !random.OneIn(3)) {
        problem_.parameters[i] = random.Pick(values->second);
      }
    }
  }

  Problem Take() {
    const std::size_t form = Forms();
    const Shape shape = FirstShape();
    for (std::size_t i = 0; i < loss_.inputs.size(); ++i) {
      const InputSpec& spec = loss_.inputs[i];
      if (i == form) continue;
      if (spec.role == Role::kWeight && random_.OneIn(2)) continue;
      const Shape own = ShapeOf(spec, shape);
      problem_.inputs[i] = Tensor{own, Values(i, static_cast<std::size_t>(ElementCount(own))), {}, {}, {}};
    }
    return std::move(problem_);
  }

 private:
  bool IsBoxes(const InputSpec& spec) const {
    return loss_.family == Family::kBoxes || spec.name.ends_with("boxes");
  }

  /// Of two forms of a target the one to leave out, or none.
  std::size_t Forms() {
    std::vector<std::size_t> optional;
    for (std::size_t i = 0; i < loss_.inputs.size(); ++i) {
      const InputSpec& spec = loss_.inputs[i];
      if (spec.optional && spec.role != Role::kWeight) optional.push_back(i);
    }
    return optional.size() == 2 ? random_.Pick(optional) : loss_.inputs.size();
  }

  Shape FirstShape() {
    using Shapes = std::vector<Shape>;
    switch (loss_.family) {
      case Family::kElementwise:
        if (problem_.reduction == Reduction::kBatchMean) return random_.Pick(Shapes{{3}, {2, 2}});
        return random_.Pick(Shapes{{1}, {3}, {2, 2}, {}});
      case Family::kBoxes:
        return random_.Pick(Shapes{{1, 4}, {2, 4}});
      case Family::kClassRows:
        return random_.Pick(Shapes{{1}, {3}, {2, 3}, {1, 4}, {2, 2, 2}, {1, 3, 1, 2}});
      case Family::kTriplet:
        return random_.Pick(Shapes{{1}, {3}, {2, 2}, {2, 3}});
      case Family::kOverlap:
        return random_.Pick(Shapes{{1}, {3}, {2, 2}});
      case Family::kComposite:
        return random_.Pick(Shapes{{1}, {3}, {2, 1}});
    }
    return {};
  }

  Shape ShapeOf(const InputSpec& spec, Shape first) {
    if (loss_.family == Family::kComposite && IsBoxes(spec)) return {boxes_, 4};
    if (loss_.family == Family::kElementwise && spec.role == Role::kWeight) {
      while (!first.empty() && random_.OneIn(3)) first.erase(first.begin());
      if (!first.empty() && random_.OneIn(3)) first[0] = 1;
      return first;
    }
    if (loss_.family != Family::kClassRows) return first;
    const std::ptrdiff_t classes = first.size() > 1;
    if (spec.role == Role::kWeight) return {first[static_cast<std::size_t>(classes)]};
    if (spec.role == Role::kClassIndex) first.erase(first.begin() + classes);
    return first;
  }

  std::vector<double> Values(std::size_t input, std::size_t count) {
    const InputSpec& spec = loss_.inputs[input];
    std::vector<double> values;
    if (IsBoxes(spec)) {
      while (values.size() < count) {
        for (const double x : Box(input, values.size())) values.push_back(x);
      }
      return values;
    }
    while (values.size() < count) values.push_back(Value(input, values.size()));
    return values;
  }

  double Value(std::size_t input, std::size_t at) {
    const InputSpec& spec = loss_.inputs[input];
    if (spec.role == Role::kClassIndex) return ClassIndex();
    if (spec.role == Role::kWeight) return Rounded(random_.Pick(std::array{1.0, 0.0, 0.3, 2.5, 1e-4, 1e4}));
    double x = random_.OneIn(4) ? Near(input, at) : Real();
    if (spec.min == 0 && spec.max == 1) x = Probability(x);
    return std::clamp(spec.min == 0 ? std::abs(x) : x, spec.min, spec.max);
  }

  double Rounded(double x) const { return RoundTo(problem_.dtype, x); }

  /// A finite number of the style.
  double Real() {
    const Dtype dtype = problem_.dtype;
    const double sign = random_.OneIn(2) ? 1 : -1;
    const FloatFormat& format = FormatOf(dtype);
    double x = 0;
    switch (style_) {
      case Style::kOrdinary:
        x = sign * random_.Uniform(0, 4);
        break;
      case Style::kGrid:
        x = sign * static_cast<double>(random_.Below(5)) / 2;
        break;
      case Style::kSaturated:
        x = sign * random_.Uniform(10, random_.OneIn(2) ? 100 : 800);
        break;
      case Style::kScales:
        x = sign * std::ldexp(random_.Uniform(1, 2),
                              static_cast<int>(random_.Uniform(format.min_exponent - format.precision,
                                                               format.max_exponent)));
        break;
      case Style::kExtreme:
        x = random_.OneIn(4)
                ? random_.Pick(std::array{MaxFinite(dtype), MinNormal(dtype), MinSubnormal(dtype)})
                : Rounded(random_.Pick(kEdges));
        if (random_.OneIn(2)) x = random_.OneIn(2) ? NextUp(dtype, x) : NextDown(dtype, x);
        x *= sign;
        break;
      case Style::kBits:
        x = FromBits(dtype, random_.Bits() >> (64 - format.bits));
        break;
    }
    x = Rounded(x);
    return std::isfinite(x) ? x : sign * MaxFinite(dtype);
  }

  /// The element at the same place of an earlier input, or a neighbour of it.
  double Near(std::size_t input, std::size_t at) {
    const auto earlier = static_cast<std::ptrdiff_t>(random_.Below(input + 1));
    const std::optional<Tensor>& other = problem_.inputs[static_cast<std::size_t>(earlier)];
    if (!other || at >= other->values.size()) return Real();
    const double x = other->values[at];
    const double step = random_.OneIn(2) ? x : NextUp(problem_.dtype, x);
    return std::isfinite(step) ? step : x;
  }

  double Probability(double x) {
    switch (random_.Below(5)) {
      case 0:
        return 0;
      case 1:
        return 1;
      case 2:
        return Rounded(random_.Uniform());
      case 3:
        return NextDown(problem_.dtype, 1);
      default:
        return std::min(std::abs(x), 1.0);
    }
  }

  double ClassIndex() {
    const Shape& shape = problem_.inputs[0]->shape;
    const auto classes = static_cast<std::size_t>(shape.size() > 1 ? shape[1] : shape[0]);
    return static_cast<double>(random_.Below(classes));
  }

  /// Corners: mostly of a proper box, often a copy or a shift of the box that it is compared with.
  std::array<double, 4> Box(std::size_t input, std::size_t at) {
    std::array<double, 4> box;
    if (random_.OneIn(2)) {
      for (double& x : box)
        x = random_.OneIn(4) ? Near(input, at + static_cast<std::size_t>(&x - box.data())) : Real();
      return box;
    }
    for (std::size_t k = 0; k < 2; ++k) {
      const double a = style_ == Style::kOrdinary ? Rounded(random_.Uniform(0, 100)) : Real();
      const double b = style_ == Style::kOrdinary ? Rounded(random_.Uniform(0, 100)) : Real();
      box[k] = std::min(a, b);
      box[k + 2] = std::max(a, b);
    }
    return box;
  }

  const LossSpec& loss_;
  Random& random_;
  Style style_;
  Problem problem_;
  std::int64_t boxes_ = random_.OneIn(3) ? 2 : 1;  ///< rows of the boxes of a composite
};

}  // namespace

std::uint64_t Random::Bits() {
  std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

double Random::Uniform() { return std::ldexp(static_cast<double>(Bits() >> 11), -53); }

Problem DrawProblem(const LossSpec& loss, Dtype dtype, Random& random) {
  return Draw(loss, dtype, random).Take();
}

std::size_t TermsOf(const Problem& problem) {
  const Tensor& first = *problem.inputs[0];
  const auto dimension = [&](std::size_t k) { return static_cast<std::size_t>(first.shape[k]); };
  const std::size_t size = first.values.size();
  switch (problem.loss->family) {
    case Family::kElementwise:
      return size;
    case Family::kBoxes:
      return size / 4;
    case Family::kClassRows:
      return first.shape.size() > 1 ? size / dimension(1) : 1;
    case Family::kTriplet:
      return first.shape.size() > 1 ? dimension(0) : 1;
    case Family::kOverlap:
      return problem.parameter("per_sample") != 0 ? dimension(0) : 1;
    case Family::kComposite:
      return 1;
  }
  return 1;
}

}  // namespace exactloss::arb
