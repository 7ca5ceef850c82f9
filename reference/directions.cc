#include "reference/directions.h"

#include <algorithm>
#include <utility>

#include "reference/terms.h"

namespace exactloss {
namespace {

constexpr int kBits = 8192;
constexpr int kStep = -1500;

}  // namespace

struct Directions::Groups {
  std::vector<std::unique_ptr<Terms>> terms;
  std::vector<std::pair<std::size_t, std::int64_t>> of_term;  ///< group and number in it
};

Directions::Directions(const Problem& problem) : problem_(problem), groups_(std::make_unique<Groups>()) {
  groups_->terms = TermsOf(problem);
  std::vector<Element> elements;
  for (std::size_t group = 0; group < groups_->terms.size(); ++group) {
    for (std::int64_t term = 0; term < groups_->terms[group]->Count(); ++term) {
      groups_->of_term.emplace_back(group, term);
      std::vector<Place>& places = terms_.emplace_back();
      groups_->terms[group]->Elements(term, elements);
      for (const Element& e : elements) {
        if (problem.loss->inputs[e.input].differentiable) places.push_back({e.input, e.index});
      }
    }
  }
}

Directions::~Directions() = default;

double Directions::SteepestAlong(std::size_t term, const std::vector<double>& d) const {
  const EvaluationScope scope(kBits);
  const auto& place_of = groups_->of_term[term];
  const Terms& terms = *groups_->terms[place_of.first];
  const std::int64_t number = place_of.second;
  std::vector<Element> elements;
  terms.Elements(number, elements);
  const auto value = [&](int sign) {
    const Interval step = Interval(sign) * Interval::PowerOfTwo(kStep);
    std::vector<Interval> variables;
    std::size_t place = 0;
    for (const Element& e : elements) {
      const Interval x = problem_.inputs[e.input]->values[static_cast<std::size_t>(e.index)];
      const bool moves = problem_.loss->inputs[e.input].differentiable;
      variables.push_back(moves ? x + step * Interval(d[place++]) : x);
    }
    TermValue result;
    terms.Evaluate(number, variables, result);
    return terms.Factor() * result.value;
  };
  const Interval here = value(0);
  const auto slope = [&](int sign) {
    return static_cast<double>(((value(sign) - here) / Interval::PowerOfTwo(kStep)).Middle());
  };
  return std::max(slope(1), -slope(-1));
}

}  // namespace exactloss
