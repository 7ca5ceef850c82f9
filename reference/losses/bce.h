// Binary cross entropy of probabilities. torch.nn.BCELoss, whose logarithms are documented to be clamped at
// -100.
#pragma once

#include "reference/losses/common_specs.h"
#include "reference/problem.h"
#include "reference/scalar.h"

namespace exactloss {

struct Bce {
  inline static const LossSpec kSpec = {
      .name = "bce",
      .formula = "-w (t max(log x, c) + (1 - t) max(log(1 - x), c)), c = log_clamp",
      .libtorch = "binary_cross_entropy",
      .family = Family::kElementwise,
      .inputs = {kProbability, kProbabilityTarget, kWeight},
      .parameters = {{"log_clamp", -100, ParameterKind::kReal, -std::numeric_limits<double>::infinity(), 0}},
      .reductions = kReductions};

  explicit Bce(const Problem& problem) : log_clamp(problem.parameter("log_clamp")) {}

  template <class T>
  T Term(const T* v) const {
    const T &x = v[0], &t = v[1], &w = v[2];
    return Share(w, Share(t, MinusLog(x)) + Share(1 - t, MinusLog(1 - x)));
  }

  /// A constant where the clamp is active.
  template <class T>
  T MinusLog(const T& p) const {
    const T log = Log(p);
    if (log_clamp.IsInfinite()) return -log;
    const auto unclamped = [&] { return -log; };
    return Piecewise(
        log - log_clamp, [&] { return -T(log_clamp.exact()); }, unclamped, unclamped);
  }

  Parameter log_clamp;
};

}  // namespace exactloss
