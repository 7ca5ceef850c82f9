// The values of one tensor, by its kind.
#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "oracle/fill_recipe.h"

namespace exactloss {
namespace {

constexpr std::size_t kCorners = 4;

/// What a spec does not tell by its role and bounds.
struct KindRow {
  std::string_view loss, input;
  Kind kind;
};
constexpr KindRow kKinds[] = {
    {"bce_with_logits", "target", Kind::kProbability},  // any number is allowed, few others are used
    {"cross_entropy", "target_probabilities", Kind::kDistribution},
    {"kl_div", "input", Kind::kLogProbability},
    {"kl_div", "target", Kind::kDistribution},
    {"nll", "input", Kind::kLogProbability},
};

/// Subtracts log sum exp from each row.
void LogSoftmax(const Rows& rows, std::vector<double>& values) {
  for (std::size_t row = 0; row < values.size() / rows.size; ++row) {
    double* x = &values[rows.First(row)];
    double top = x[0], sum = 0;
    for (std::size_t j = 1; j < rows.size; ++j) top = std::max(top, x[j * rows.stride]);
    for (std::size_t j = 0; j < rows.size; ++j) sum += PortableExp(x[j * rows.stride] - top);
    const double log_sum = PortableLog(sum);
    for (std::size_t j = 0; j < rows.size; ++j) x[j * rows.stride] = x[j * rows.stride] - top - log_sum;
  }
}

/// Scales each row to the sum 1 unless it has about that; in a row that has little, one class takes the rest.
/// NaNs stay out of it.
void Normalize(const TensorPlan& plan, std::vector<double>& values) {
  const Rows& rows = plan.rows;
  for (std::size_t row = 0; row < values.size() / rows.size; ++row) {
    double* p = &values[rows.First(row)];
    double sum = 0;
    for (std::size_t j = 0; j < rows.size; ++j)
      sum += std::isnan(p[j * rows.stride]) ? 0 : p[j * rows.stride];
    if (std::fabs(sum - 1) < 0.1) continue;
    if (sum < 0.5) {
      double& rest = p[plan.RowDraw(row).Below(rows.size) * rows.stride];
      rest = 1 - (sum - (std::isnan(rest) ? 0 : rest));
    } else {
      for (std::size_t j = 0; j < rows.size; ++j) p[j * rows.stride] /= sum;
    }
  }
}

std::vector<double> Mapped(std::vector<double> values, double (*f)(double)) {
  for (double& x : values) x = f(x);
  return values;
}

/// The values of the nearest input to the left, as numbers of the kind wanted; empty where it has none.
std::vector<double> AgreeingValues(const Problem& problem, std::size_t input, Kind kind, const Rows& rows) {
  const Tensor& own = *problem.inputs[input];
  for (std::size_t i = input; i-- > 0;) {
    const auto& other = problem.inputs[i];
    if (!other || other->shape != own.shape) continue;
    const Kind from = KindOf(problem, i);
    if (from == kind) return other->values;
    if (from == Kind::kReal && kind == Kind::kProbability) return Mapped(other->values, PortableSigmoid);
    if (from == Kind::kLogProbability && kind == Kind::kDistribution) {
      return Mapped(other->values, PortableExp);
    }
    if (from == Kind::kReal && kind == Kind::kDistribution) {
      std::vector<double> values = other->values;
      LogSoftmax(rows, values);
      return Mapped(std::move(values), PortableExp);
    }
  }
  return {};
}

using Values = std::vector<double>;

Values Generate(const TensorPlan& plan, std::size_t count, Generator generator) {
  Values values(count);
  for (std::size_t i = 0; i < count; ++i) {
    Element e{plan, i, Draw(plan.key, Purpose::kElement, plan.input, i)};
    values[i] = generator(e);
  }
  return values;
}

Values Reals(const TensorPlan& plan, std::size_t count) { return Generate(plan, count, plan.recipe.real); }

Values Probabilities(const TensorPlan& plan, std::size_t count) {
  Values values = Generate(plan, count, plan.recipe.probability);
  for (double& p : values) p = std::isnan(p) ? p : std::clamp(p, 0.0, 1.0);
  return values;
}

Values Distributions(const TensorPlan& plan, std::size_t count) {
  Values values = Probabilities(plan, count);
  Normalize(plan, values);
  return values;
}

Values LogProbabilities(const TensorPlan& plan, std::size_t count) {
  Values values = Generate(plan, count, plan.recipe.real);
  if (plan.recipe.raw || !plan.agreeing.empty()) {
    for (double& x : values) x = -std::fabs(x);
  } else {
    LogSoftmax(plan.rows, values);
  }
  return values;
}

Values ClassIndices(const TensorPlan& plan, std::size_t count) {
  const Shape& rows = plan.problem.inputs[0]->shape;
  const auto classes = static_cast<std::uint64_t>(rows[rows.size() > 1]);
  const double ignored = plan.problem.parameter("ignore_index");
  Values values(count);
  for (std::size_t i = 0; i < count; ++i) {
    Draw draw(plan.key, Purpose::kElement, plan.input, i);
    values[i] = static_cast<double>(draw.Below(classes));
    if (draw.OneIn(8)) values[i] = ignored;
  }
  if (plan.recipe.sizes == Sizes::kMixed && plan.problem.reduction != Reduction::kMean &&
      plan.style >> 60 == 0) {
    std::fill(values.begin(), values.end(), ignored);
    return values;
  }
  // Not all are ignored: the mean would be 0 / 0.
  if (values[0] == ignored) values[0] = ignored == 0 && classes > 1 ? 1 : 0;
  return values;
}

/// Where the weight of the first target's class stands, if there are classes to the left.
std::optional<std::size_t> FirstClass(const TensorPlan& plan, std::size_t count) {
  for (std::size_t i = 0; i < plan.input; ++i) {
    const auto& target = plan.problem.inputs[i];
    if (plan.problem.loss->inputs[i].role != Role::kClassIndex || !target) continue;
    if (plan.problem.inputs[plan.input]->layout == Layout::kExpanded) return 0;
    const double index = target->values[0];
    if (index >= 0 && index < static_cast<double>(count)) return static_cast<std::size_t>(index);
  }
  return std::nullopt;
}

/// Finite and not negative.
Values Weights(const TensorPlan& plan, std::size_t count) {
  Values values = Generate(plan, count, plan.recipe.real);
  for (double& w : values) w = std::isfinite(w) ? std::fabs(w) : 1;
  // The weights of the classes that occur are not all 0: the mean would be 0 / 0.
  const std::optional<std::size_t> first = FirstClass(plan, count);
  if (first && plan.Round(values[*first]) == 0) values[*first] = 1;
  return values;
}

Values Boxes(const TensorPlan& plan, std::size_t count) {
  const double* earlier = plan.agreeing.empty() ? nullptr : plan.agreeing.data();
  Values values(count);
  for (std::size_t first = 0; first < count; first += kCorners) {
    const std::size_t row = first / kCorners;
    Element e{plan, row, plan.RowDraw(row)};
    plan.recipe.box(e, earlier == nullptr ? nullptr : earlier + first, &values[first]);
  }
  return values;
}

struct Maker {
  Kind kind;
  Values (*make)(const TensorPlan& plan, std::size_t count);
};
constexpr Maker kMakers[] = {
    {Kind::kReal, Reals},
    {Kind::kProbability, Probabilities},
    {Kind::kDistribution, Distributions},
    {Kind::kLogProbability, LogProbabilities},
    {Kind::kClassIndex, ClassIndices},
    {Kind::kWeight, Weights},
    {Kind::kBox, Boxes},
};

}  // namespace

Rows RowsOf(Family family, const Shape& shape) {
  if (shape.empty()) return {};
  std::size_t axis = shape.size() - 1;
  if (family == Family::kClassRows) axis = shape.size() > 1;
  const auto inner = shape.begin() + static_cast<std::ptrdiff_t>(axis);
  return {static_cast<std::size_t>(*inner),
          static_cast<std::size_t>(ElementCount(Shape(inner + 1, shape.end())))};
}

double TensorPlan::Round(double x) const {
  if (!std::isfinite(x)) return x;
  const double rounded = RoundTo(dtype(), x);
  return std::isfinite(rounded) ? rounded : std::copysign(MaxFinite(dtype()), x);
}

double TensorPlan::Step(double x, std::int64_t steps) const {
  for (; steps > 0 && x < MaxFinite(dtype()); --steps) x = NextUp(dtype(), x);
  for (; steps < 0 && x > -MaxFinite(dtype()); ++steps) x = NextDown(dtype(), x);
  return x;
}

Kind KindOf(const Problem& problem, std::size_t input) {
  const LossSpec& loss = *problem.loss;
  const InputSpec& spec = loss.inputs[input];
  if (spec.role == Role::kClassIndex) return Kind::kClassIndex;
  if (spec.role == Role::kWeight) return Kind::kWeight;
  if (loss.family == Family::kBoxes || spec.name.ends_with("boxes")) return Kind::kBox;
  if (!spec.unbounded_if.empty() && problem.parameter(spec.unbounded_if) != 0) return Kind::kLogProbability;
  for (const KindRow& row : kKinds) {
    if (row.loss == loss.name && row.input == spec.name) return row.kind;
  }
  return spec.min == 0 && spec.max == 1 ? Kind::kProbability : Kind::kReal;
}

std::vector<double> FillValues(const Recipe& recipe, const Problem& problem, std::size_t input,
                               const DrawKey& key) {
  const Tensor& tensor = *problem.inputs[input];
  const Kind kind = KindOf(problem, input);
  const Rows rows = RowsOf(problem.loss->family, tensor.shape);
  TensorPlan plan{recipe, problem, input, key, kind, rows, Draw(key, Purpose::kProblem, 0, 1).Bits()};
  if (recipe.relates || kind == Kind::kBox) plan.agreeing = AgreeingValues(problem, input, kind, rows);
  const auto maker =
      std::find_if(std::begin(kMakers), std::end(kMakers), [&](const Maker& m) { return m.kind == kind; });
  std::vector<double> values = maker->make(plan, static_cast<std::size_t>(ElementCount(tensor.shape)));
  if (kind != Kind::kClassIndex) {
    for (double& x : values) x = plan.Round(x);
  }
  if (tensor.layout == Layout::kExpanded) {
    const std::size_t slice = values.size() / static_cast<std::size_t>(tensor.shape[0]);
    for (std::size_t i = slice; i < values.size(); ++i) values[i] = values[i - slice];
  }
  return values;
}

}  // namespace exactloss
