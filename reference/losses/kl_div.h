// Kullback-Leibler divergence of log-probabilities. torch.nn.KLDivLoss.
#pragma once

#include "reference/losses/common_specs.h"
#include "reference/problem.h"
#include "reference/scalar.h"

namespace exactloss {

struct KlDiv {
  inline static const LossSpec kSpec = {
      .name = "kl_div",
      .formula = "t (log t - x); log_target: exp(t) (t - x)",
      .libtorch = "kl_div",
      .family = Family::kElementwise,
      .inputs = {kInput,
                 {.name = "target",
                  .role = Role::kTarget,
                  .differentiable = true,
                  .min = 0,
                  .unbounded_if = "log_target"}},
      .parameters = {{"log_target", 0, ParameterKind::kBoolean}},
      .reductions = {Reduction::kNone, Reduction::kMean, Reduction::kSum, Reduction::kBatchMean}};

  explicit KlDiv(const Problem& problem) : log_target(problem.parameter("log_target")) {}

  template <class T>
  T Term(const T* v) const {
    const T &x = v[0], &t = v[1];
    return log_target == 0 ? XLogX(t) - t * x : Exp(t) * (t - x);
  }

  Parameter log_target;
};

}  // namespace exactloss
