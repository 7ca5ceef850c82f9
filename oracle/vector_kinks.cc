#include "oracle/vector_kinks.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "reference/directions.h"
#include "reference/text.h"

namespace exactloss {
namespace {

/// An element of a term's gradient.
struct Coordinate {
  const GotGradient* gradient;
  std::size_t index;
  double got;

  const ElementTruth& truth() const { return gradient->wanted->elements[index]; }
  /// How far it may be off by its roundings: no gauge is below the number itself, and that of PyTorch's
  /// element may be 0.
  double Allowed() const {
    return gradient->rules.roundings * UnitRoundoff(gradient->rules.dtype) *
           std::fmax(truth().gauge, std::fabs(got));
  }
};

bool IsOfConvention(const Coordinate& coordinate) {
  return JudgeElement(coordinate.gradient->rules, coordinate.truth(), coordinate.got).verdict ==
         Verdict::kConvention;
}

/// Could any gradient be of another convention?
bool HasConvention(const std::vector<GotGradient>& gradients) {
  for (const GotGradient& gradient : gradients) {
    for (std::size_t i = 0; i < gradient.wanted->elements.size(); ++i) {
      if (!gradient.wanted->elements[i].kink) continue;
      if (IsOfConvention({&gradient, i, FromBits(gradient.got->dtype, gradient.got->bits[i])})) return true;
    }
  }
  return false;
}

std::vector<Coordinate> CoordinatesOf(const std::vector<Place>& places,
                                      const std::vector<GotGradient>& gradients) {
  std::vector<Coordinate> coordinates;
  for (const Place& place : places) {
    for (const GotGradient& gradient : gradients) {
      if (gradient.wanted->spec.input != place.input) continue;
      const auto index = static_cast<std::size_t>(place.index);
      coordinates.push_back({&gradient, index, FromBits(gradient.got->dtype, gradient.got->bits[index])});
    }
  }
  return coordinates;
}

/// The gradient itself, its part along each input, and their opposites.
std::vector<std::vector<double>> DirectionsOf(const std::vector<Coordinate>& term) {
  std::vector<std::vector<double>> directions;
  std::vector<const GotGradient*> parts = {nullptr};
  for (const Coordinate& c : term) {
    if (std::find(parts.begin(), parts.end(), c.gradient) == parts.end()) parts.push_back(c.gradient);
  }
  for (const GotGradient* part : parts) {
    for (const double sign : {1.0, -1.0}) {
      std::vector<double>& d = directions.emplace_back();
      for (const Coordinate& c : term) d.push_back(part == nullptr || part == c.gradient ? sign * c.got : 0);
    }
  }
  return directions;
}

std::string VectorText(const std::vector<double>& d) {
  constexpr std::size_t kMost = 8;
  std::string text = "(";
  for (std::size_t i = 0; i < std::min(d.size(), kMost); ++i) text += Concat(i == 0 ? "" : ", ", d[i]);
  return text + (d.size() > kMost ? ", ...)" : ")");
}

std::optional<VectorBreach> BreachOf(const Directions& directions, std::size_t number,
                                     const std::vector<Coordinate>& term) {
  for (const std::vector<double>& d : DirectionsOf(term)) {
    long double along = 0, allowed = 0;
    for (std::size_t i = 0; i < d.size(); ++i) {
      along += static_cast<long double>(term[i].got) * d[i];
      allowed += static_cast<long double>(term[i].Allowed()) * std::fabs(d[i]);
    }
    const double steepest = directions.SteepestAlong(number, d);
    if (!(along > steepest + allowed)) continue;
    std::size_t largest = 0;
    for (std::size_t i = 0; i < d.size(); ++i) {
      const auto size = [&](std::size_t k) { return term[k].truth().kink ? std::fabs(d[k]) : -1; };
      if (size(i) > size(largest)) largest = i;
    }
    return VectorBreach{term[largest].gradient->wanted->spec.name,
                        static_cast<std::int64_t>(term[largest].index),
                        Concat("no subgradient: along ", VectorText(d), " its slope is ",
                               static_cast<double>(along), ", and that of the loss at most ", steepest)};
  }
  return {};
}

}  // namespace

std::vector<VectorBreach> JudgeVectorKinks(const Problem& problem,
                                           const std::vector<GotGradient>& gradients) {
  std::vector<VectorBreach> breaches;
  if (!HasConvention(gradients)) return breaches;
  const Directions directions(problem);
  for (std::size_t term = 0; term < directions.terms().size(); ++term) {
    const std::vector<Coordinate> coordinates = CoordinatesOf(directions.terms()[term], gradients);
    const bool is_finite = std::all_of(coordinates.begin(), coordinates.end(),
                                       [](const Coordinate& c) { return std::isfinite(c.got); });
    if (!is_finite || std::none_of(coordinates.begin(), coordinates.end(), IsOfConvention)) continue;
    if (coordinates.size() != directions.terms()[term].size()) continue;
    if (auto breach = BreachOf(directions, term, coordinates)) breaches.push_back(std::move(*breach));
  }
  return breaches;
}

}  // namespace exactloss
