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
  const LimitTrials trials({std::begin(inputs), std::end(inputs)});
  trials.FindLimit(rounded, [&](std::size_t trial, double* r) {
    Decide([&] {
      Multi corners[kRowInputs], outputs[kRowOutputs];
      for (std::size_t i = 0; i < kRowInputs; ++i) corners[i] = trials.At(trial, i);
      formula(constants, corners, outputs);
      bool decided = outputs[0].RoundsTo(dtype, &r[0]);
      for (std::size_t k = 1; k < kRowOutputs; ++k)
        decided &= (outputs[k] / Multi(divisor)).RoundsTo(dtype, &r[k]);
      return decided;
    });
  });
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
