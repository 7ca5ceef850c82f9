// Triplet margin loss (Balntas et al. 2016). torch.nn.TripletMarginLoss.
#pragma once

#include <cstddef>
#include <vector>

#include "reference/losses/common_specs.h"
#include "reference/norm.h"
#include "reference/problem.h"

namespace exactloss {

struct TripletMargin {
  inline static const LossSpec kSpec = {
      .name = "triplet_margin",
      .formula =
          "max(d(a, p) - d(a, n) + margin, 0), d(u, v) = norm_p(u - v + eps); swap: the nearer of d(a, n), "
          "d(p, n)",
      .libtorch = "triplet_margin_loss",
      .family = Family::kTriplet,
      .inputs = {{.name = "anchor", .role = Role::kPrediction, .differentiable = true},
                 {.name = "positive", .role = Role::kPrediction, .differentiable = true},
                 {.name = "negative", .role = Role::kPrediction, .differentiable = true}},
      .parameters = {{"margin", 1, ParameterKind::kReal, -kLargest, kLargest},
                     {"p", 2, ParameterKind::kReal, 0, std::numeric_limits<double>::infinity(), true},
                     {"eps", 1e-6, ParameterKind::kReal, -kLargest, kLargest},
                     {"swap", 0, ParameterKind::kBoolean}},
      .reductions = kReductions,
      .non_negative = true};

  explicit TripletMargin(const Problem& problem)
      : margin(problem.parameter("margin")),
        p(problem.parameter("p")),
        eps(problem.parameter("eps")),
        swap(problem.parameter("swap") != 0) {}

  template <class T>
  T Row(const T* anchor, const T* positive, const T* negative, std::size_t size) const {
    const std::vector<T> pull = Difference(anchor, positive, size), push = Difference(anchor, negative, size);
    const std::vector<T> other = swap ? Difference(positive, negative, size) : push;
    const auto far = [&](auto measure) { return swap ? Nearer(push, other, measure) : measure(push); };
    const T loss = Norm(pull, p) - far([&](const auto& u) { return Norm(u, p); }) + margin;
    // At margin 0 the distances may tie, which their roots do not show.
    const auto order = [&] {
      return swap ? PowerSum(pull, p) - far([&](const auto& u) { return PowerSum(u, p); })
                  : NormOrder(pull, push, p);
    };
    return Piecewise(
        SignOf(loss) == Sign::kUnknown && margin == 0 ? order() : loss, [] { return T(0.0); },
        [&] { return loss; }, [&] { return loss; });
  }

  template <class T>
  std::vector<T> Difference(const T* u, const T* v, std::size_t size) const {
    std::vector<T> difference;
    for (std::size_t i = 0; i < size; ++i) difference.push_back(u[i] - v[i] + eps);
    return difference;
  }

  /// The measure of the vector of the smaller norm.
  template <class T, class Measure>
  T Nearer(const std::vector<T>& u, const std::vector<T>& v, Measure measure) const {
    const T of_u = measure(u), of_v = measure(v);
    return Piecewise(
        NormOrder(u, v, p), [&] { return of_u; }, [&] { return T(0.5) * (of_u + of_v); },
        [&] { return of_v; });
  }

  Parameter margin, p, eps;
  bool swap;
};

}  // namespace exactloss
