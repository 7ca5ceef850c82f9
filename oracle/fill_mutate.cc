#include "oracle/fill_mutate.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "oracle/consistency.h"
#include "oracle/fill_recipe.h"
#include "oracle/ordinal.h"

namespace exactloss {
namespace {

/// Where a change happens.
struct Place {
  Problem& problem;
  const Problem& other;
  const Problem& fresh;
  Draw& draw;
  std::size_t input;
  std::size_t element;

  Dtype dtype() const { return problem.dtype; }
  Tensor& tensor() const { return *problem.inputs[input]; }
  double& value() const { return tensor().values[element]; }
  bool IsIndex() const { return problem.loss->inputs[input].role == Role::kClassIndex; }
};

/// An element of that input of another problem; NaN where it has none.
double Drawn(const Place& place, const Problem& from) {
  const std::optional<Tensor>& tensor = from.inputs[place.input];
  if (!tensor || tensor->values.empty()) return std::nan("");
  return tensor->values[place.draw.Below(tensor->values.size())];
}

double Moved(const Place& place, double value, std::int64_t steps) {
  if (!std::isfinite(value)) return value;
  return AtOrdinal(place.dtype(), OrdinalOf(place.dtype(), value) + steps);
}

std::int64_t PowerOfTwo(Draw& draw, int most) {
  const auto bits = static_cast<int>(draw.Between(0, most));
  const std::int64_t steps = std::int64_t{1} << bits;
  return draw.OneIn(2) ? steps : -steps;
}

void FewUlps(Place& place) { place.value() = Moved(place, place.value(), place.draw.Between(-4, 4)); }
void ManyUlps(Place& place) {
  place.value() = Moved(place, place.value(), PowerOfTwo(place.draw, FormatOf(place.dtype()).precision + 3));
}
void Negate(Place& place) { place.value() = -place.value(); }
void Scale(Place& place) {
  place.value() = std::ldexp(place.value(), static_cast<int>(place.draw.Between(-8, 8)));
}
void Jitter(Place& place) {
  const auto bits = static_cast<int>(place.draw.Between(1, FormatOf(place.dtype()).precision));
  place.value() *= 1 + std::ldexp(place.draw.Uniform(-1, 1), -bits);
}
void Fresh(Place& place) { place.value() = Drawn(place, place.fresh); }
void Copy(Place& place) { place.value() = Drawn(place, place.problem); }
void Swap(Place& place) {
  std::swap(place.value(), place.tensor().values[place.draw.Below(place.tensor().values.size())]);
}

/// Halfway, counted in numbers of the dtype, to where another problem is.
void Bisect(Place& place) {
  const double there = Drawn(place, place.other);
  if (std::isnan(there) || std::isnan(place.value())) return;
  const std::int64_t a = OrdinalOf(place.dtype(), place.value()), b = OrdinalOf(place.dtype(), there);
  place.value() = AtOrdinal(place.dtype(), a / 2 + b / 2);
}

/// The same number as in another input, or one beside it.
void Relate(Place& place) {
  const auto& inputs = place.problem.inputs;
  const std::size_t from = place.draw.Below(inputs.size());
  if (!inputs[from] || place.problem.loss->inputs[from].role == Role::kClassIndex) return;
  if (place.element >= inputs[from]->values.size()) return;
  const double value = inputs[from]->values[place.element];
  place.value() = place.draw.OneIn(2) ? value : Moved(place, value, PowerOfTwo(place.draw, 12));
}

void Parameters(Place& place) { place.problem.parameters = place.fresh.parameters; }

void WholeTensor(Place& place) {
  const auto exponent = static_cast<int>(place.draw.Between(-8, 8));
  const bool negate = place.draw.OneIn(4);
  for (double& x : place.tensor().values) x = std::ldexp(negate ? -x : x, exponent);
}

struct Change {
  unsigned weight;
  void (*make)(Place& place);
};
constexpr Change kChanges[] = {{4, FewUlps}, {5, ManyUlps}, {1, Negate},     {3, Scale},
                               {3, Jitter},  {3, Fresh},    {2, Copy},       {1, Swap},
                               {3, Bisect},  {3, Relate},   {1, Parameters}, {1, WholeTensor}};

void ChangeOnce(Place& place) {
  unsigned total = 0;
  for (const Change& change : kChanges) total += change.weight;
  std::uint64_t choice = place.draw.Below(total);
  for (const Change& change : kChanges) {
    if (choice < change.weight) return change.make(place);
    choice -= change.weight;
  }
}

/// In the domain of its loss, and such as the fills make: other numbers are allowed in places, and nobody's.
double Mended(const InputSpec& spec, Kind kind, bool bounded, double x) {
  if (std::isnan(x)) return kind == Kind::kWeight ? 1 : x;
  switch (kind) {
    case Kind::kWeight:
      return std::isfinite(x) ? std::fabs(x) : 1;
    case Kind::kProbability:
    case Kind::kDistribution:
      return std::clamp(x, 0.0, 1.0);
    case Kind::kLogProbability:
      return std::min(x, 0.0);
    default:
      return bounded ? std::clamp(x, spec.min, spec.max) : x;
  }
}

void Mend(Problem& problem, std::size_t input) {
  const InputSpec& spec = problem.loss->inputs[input];
  const Kind kind = KindOf(problem, input);
  const bool bounded = spec.unbounded_if.empty() || problem.parameter(spec.unbounded_if) == 0;
  for (double& x : problem.inputs[input]->values) {
    x = Mended(spec, kind, bounded, RoundTo(problem.dtype, x));
  }
}

}  // namespace

std::optional<Problem> Mutated(const Problem& parent, const Problem& other, const Problem& fresh,
                               Draw& draw) {
  std::vector<std::size_t> inputs;
  for (std::size_t i = 0; i < parent.inputs.size(); ++i) {
    if (parent.inputs[i] && !parent.inputs[i]->values.empty()) inputs.push_back(i);
  }
  for (int tries = 0; tries < 4; ++tries) {
    Problem child = parent;
    const std::uint64_t changes = 1 + draw.Below(2);
    for (std::uint64_t k = 0; k < changes; ++k) {
      const std::size_t input = draw.Pick(inputs);
      Tensor& tensor = *child.inputs[input];
      tensor.source.clear();
      if (tensor.layout == Layout::kExpanded) tensor.layout = Layout::kContiguous;  // slices differ now
      Place place{child, other, fresh, draw, input, draw.Below(tensor.values.size())};
      if (place.IsIndex()) {
        place.value() = Drawn(place, draw.OneIn(2) ? fresh : parent);
      } else {
        ChangeOnce(place);
        Mend(child, input);
      }
    }
    if (IsProblem(child)) return child;
  }
  return std::nullopt;
}

Problem WithRows(const Problem& problem, const std::vector<std::size_t>& rows) {
  Problem result = problem;
  const Shape& first = problem.inputs[0]->shape;
  for (std::size_t i = 0; i < problem.inputs.size(); ++i) {
    std::optional<Tensor>& tensor = result.inputs[i];
    const bool has_rows =
        tensor &&
        tensor->shape.size() + (problem.loss->inputs[i].role == Role::kClassIndex) >= first.size() &&
        !tensor->shape.empty() && tensor->shape[0] == first[0] &&
        !(problem.loss->family == Family::kClassRows && problem.loss->inputs[i].role == Role::kWeight);
    if (!has_rows) continue;
    const std::vector<double>& values = problem.inputs[i]->values;
    const std::size_t size = values.size() / static_cast<std::size_t>(first[0]);
    tensor->source.clear();
    tensor->shape[0] = static_cast<std::int64_t>(rows.size());
    tensor->values.clear();
    for (const std::size_t row : rows) {
      const auto begin = values.begin() + static_cast<std::ptrdiff_t>(row * size);
      tensor->values.insert(tensor->values.end(), begin, begin + static_cast<std::ptrdiff_t>(size));
    }
  }
  return result;
}

}  // namespace exactloss
