// The last resort for a row of two boxes: its loss and gradients, decided in Multi.
#pragma once

#include "optimized/multi.h"
#include "optimized/total.h"

namespace exactloss::optimized {

inline constexpr std::size_t kCorners = 4, kRowInputs = 2 * kCorners;
inline constexpr std::size_t kRowOutputs = 1 + 2 * kCorners;  ///< loss, gradients to each corner

/// A formula of boxes in Multi. Each is compiled once, in the file of its loss: it depends on no target.
using BoxesInMulti = void(double eps, const Multi (&inputs)[kRowInputs], Multi (&outputs)[kRowOutputs]);

BoxesInMulti IouInMulti, GiouInMulti, DiouInMulti, CiouInMulti;

/// Rounds the loss, and the gradients over the divisor. Infinite inputs: the limit, or NaN where there is
/// none; a NaN leaves nothing else.
void DecideRow(BoxesInMulti* formula, double eps, Dtype dtype, const double (&inputs)[kRowInputs],
               double divisor, double (&rounded)[kRowOutputs]);

/// The loss of a row at the precision that is set; of an infinite one its limit as a double.
Multi BoxLoss(BoxesInMulti* formula, double eps, const double (&inputs)[kRowInputs]);

/// The loss of a row as a term of a sum.
Total DecideTerm(BoxesInMulti* formula, double eps, const double (&inputs)[kRowInputs]);

}  // namespace exactloss::optimized
