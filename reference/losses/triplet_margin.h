// Triplet margin loss (Balntas et al. 2016). torch.nn.TripletMarginLoss.
#pragma once

#include "reference/losses/common_specs.h"

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
};

}  // namespace exactloss
