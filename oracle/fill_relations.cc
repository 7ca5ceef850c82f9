// The fills whose inputs stand in a relation: equal, at the distance of a kink, or nearly equal.
#include <algorithm>
#include <cmath>
#include <string_view>

#include "oracle/fill_recipe.h"

namespace exactloss {
namespace {

/// Parameters that are a distance between inputs at which the loss has a kink or changes its formula.
constexpr std::string_view kDistances[] = {"beta", "delta", "margin"};

/// The value of the first parameter of one of these names, else `otherwise`.
template <class Names>
double ParameterOr(const Problem& problem, const Names& names, double otherwise) {
  const LossSpec& loss = *problem.loss;
  for (std::size_t i = 0; i < loss.parameters.size(); ++i) {
    if (std::find(std::begin(names), std::end(names), loss.parameters[i].name) != std::end(names)) {
      return problem.parameters[i];
    }
  }
  return otherwise;
}

/// True for half of all elements; the elements of a vector are asked together.
bool IsRelated(Element& e) {
  if (!e.HasAgreeing()) return false;
  const bool vectors = e.plan.problem.loss->family == Family::kTriplet;
  return vectors ? e.plan.RowDraw(e.plan.rows.Row(e.at)).OneIn(2) : e.draw.OneIn(2);
}

/// -1, -1/2, 0, 1/2 or 1: few numbers, many of them equal.
double Grid(Element& e) { return static_cast<double>(e.draw.Between(-2, 2)) / 2; }

double FewUlpsFrom(Element& e, double x) { return e.plan.Step(e.plan.Round(x), e.draw.Between(-2, 2)); }

/// From a neighbour of x to a number that shares its exponent at most.
double Near(Element& e, double x) {
  if (e.draw.OneIn(2)) return FewUlpsFrom(e, x);
  const auto bits = static_cast<int>(e.draw.Between(1, FormatOf(e.plan.dtype()).precision));
  return x * (1 + std::ldexp(e.draw.Uniform(-1, 1), -bits));
}

/// Anchor, positive and negative differ in the first coordinate alone, the negative by the margin more: the
/// hinge.
double AtHinge(Element& e, double margin) {
  if (e.plan.rows.Column(e.at) != 0) return e.Agreeing();
  const bool is_positive = e.plan.input == 1;
  return FewUlpsFrom(e, e.Agreeing() - (is_positive ? std::fabs(Grid(e)) : margin));
}

}  // namespace

double TiesReal(Element& e) { return IsRelated(e) ? e.Agreeing() : Grid(e); }

double TiesProbability(Element& e) { return IsRelated(e) ? e.Agreeing() : std::fabs(Grid(e)); }

double NearKinkReal(Element& e) {
  const Family family = e.plan.problem.loss->family;
  const double distance = ParameterOr(e.plan.problem, kDistances, 0);
  if (e.HasAgreeing()) {
    if (family == Family::kTriplet) return AtHinge(e, distance);
    return FewUlpsFrom(e, e.Agreeing() - e.draw.Pick({0.0, distance, -distance}));
  }
  if (family == Family::kClassRows) {  // the largest of a row is one by few ulps
    return FewUlpsFrom(e, 4 * e.plan.RowDraw(e.plan.rows.Row(e.at)).Normal());
  }
  // Where a logit changes sign, or a number from which a distance is measured without rounding.
  if (e.draw.OneIn(2)) return FewUlpsFrom(e, 0);
  const auto bits = static_cast<int>(e.draw.Below(4));
  return std::ldexp(Grid(e), bits);
}

double NearKinkProbability(Element& e) {
  const double clamp = ParameterOr(e.plan.problem, std::initializer_list<std::string_view>{"log_clamp"}, 0);
  const double at_clamp = PortableExp(clamp);
  const double agreeing = e.HasAgreeing() ? e.Agreeing() : 0.5;
  return FewUlpsFrom(e, e.draw.Pick({0.0, 1.0, 0.5, at_clamp, 1 - at_clamp, agreeing}));
}

double CancellingReal(Element& e) {
  if (e.HasAgreeing()) return Near(e, e.Agreeing());
  if (e.plan.problem.loss->family != Family::kClassRows) {
    return e.plan.style % 2 == 0 ? e.draw.Normal() : 8 * e.draw.Normal();
  }
  Draw row = e.plan.RowDraw(e.plan.rows.Row(e.at));
  if (row.OneIn(2)) return Near(e, 8 * row.Normal());  // nearly equal logits
  const double lead = row.Uniform(3, 30);              // one class has nearly all
  return e.draw.Normal() + (row.Below(e.plan.rows.size) == e.plan.rows.Column(e.at) ? lead : 0);
}

double CancellingProbability(Element& e) {
  if (e.HasAgreeing()) return Near(e, e.Agreeing());
  const auto bits = static_cast<int>(e.draw.Between(1, FormatOf(e.plan.dtype()).precision));
  const double tiny = std::ldexp(e.draw.Uniform(), -bits);
  return e.draw.OneIn(2) ? tiny : 1 - tiny;
}

}  // namespace exactloss
