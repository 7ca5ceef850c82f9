// The loss that this project wants to be right: Huber's, with its gradient.
#pragma once

#include <cmath>

struct ValueAndSlope {
  double value, slope;  ///< slope: by the input; that by the target is its negative
};

inline ValueAndSlope Huber(double input, double target, double delta) {
  const double error = input - target;
  if (std::isnan(error)) return {error, error};  // inf - inf has no slope
#ifdef NAIVE  // a square in float overflows, or underflows, where the loss does not
  const double size = std::sqrt(static_cast<float>(error * error));
#else
  const double size = std::fabs(error);
#endif
  if (size <= delta) return {0.5 * error * error, error};
  return {delta * (size - 0.5 * delta), std::copysign(delta, error)};
}
