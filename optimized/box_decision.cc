#include "optimized/box_decision.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "optimized/limit_trials.h"

namespace exactloss::optimized {

void DecideRow(BoxesInMulti* formula, const BoxConstants& constants, Dtype dtype,
               const double (&inputs)[kRowInputs], double divisor, double (&rounded)[kRowOutputs]) {
  if (std::any_of(std::begin(inputs), std::end(inputs), [](double x) { return std::isnan(x); })) {
    std::fill(std::begin(rounded), std::end(rounded), std::nan(""));
    return;
  }
  const auto infinities =
      std::count_if(std::begin(inputs), std::end(inputs), [](double x) { return std::isinf(x); });
  const LimitTrials trials(static_cast<std::size_t>(infinities));
  double agreed[kRowOutputs] = {};
  for (std::size_t trial = 0; trial < trials.size(); ++trial) {
    Decide([&] {
      Multi corners[kRowInputs], outputs[kRowOutputs];
      std::size_t rank = 0;
      for (std::size_t i = 0; i < kRowInputs; ++i) {
        const double x = inputs[i];
        corners[i] = std::isinf(x) ? Multi::PowerOfTwo(trials.Exponent(trial, rank++), x < 0) : Multi(x);
      }
      formula(constants, corners, outputs);
      bool decided = outputs[0].RoundsTo(dtype, &rounded[0]);
      for (std::size_t k = 1; k < kRowOutputs; ++k)
        decided &= (outputs[k] / Multi(divisor)).RoundsTo(dtype, &rounded[k]);
      return decided;
    });
    for (std::size_t k = 0; k < kRowOutputs; ++k)
      agreed[k] = trial == 0 || rounded[k] == agreed[k] ? rounded[k] : std::nan("");
  }
  std::copy(std::begin(agreed), std::end(agreed), std::begin(rounded));
}

static bool IsFinite(const double (&inputs)[kRowInputs]) {
  return std::all_of(std::begin(inputs), std::end(inputs), [](double x) { return std::isfinite(x); });
}

Multi BoxLoss(BoxesInMulti* formula, const BoxConstants& constants, const double (&inputs)[kRowInputs]) {
  if (IsFinite(inputs)) {
    Multi corners[kRowInputs], outputs[kRowOutputs];
    std::copy(std::begin(inputs), std::end(inputs), std::begin(corners));
    formula(constants, corners, outputs);
    return outputs[0];
  }
  double rounded[kRowOutputs];
  DecideRow(formula, constants, Dtype::kF64, inputs, 1, rounded);
  return rounded[0];
}

Total DecideTerm(BoxesInMulti* formula, const BoxConstants& constants, const double (&inputs)[kRowInputs]) {
  double rounded[kRowOutputs];
  DecideRow(formula, constants, Dtype::kF64, inputs, 1, rounded);
  Total total;
  // Beyond binary64 a finite loss makes the sum leave its range, to be decided whole; 0 / 0 has no value.
  const bool finite = std::isfinite(rounded[0]) || (IsFinite(inputs) && !std::isnan(rounded[0]));
  (finite ? total.sum.hi : total.special) = rounded[0];
  total.error = finite ? std::fabs(rounded[0]) * 0x1p-53 : 0;
  return total;
}

}  // namespace exactloss::optimized
