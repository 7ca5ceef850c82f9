// The last resort for a row of two boxes: its loss and gradients, decided in Multi.
#pragma once

#include <cmath>

#include "optimized/multi.h"
#include "optimized/total.h"

namespace exactloss::optimized {

inline constexpr std::size_t kCorners = 4, kRowInputs = 2 * kCorners;
inline constexpr std::size_t kRowOutputs = 1 + 2 * kCorners;  ///< loss, gradients to each corner

/// What a formula of boxes depends on beside them; what follows eps is of detection alone.
struct BoxConstants {
  double eps = 0;
  double beta = 1;  ///< of the smooth L1 distance
  double distance_weight = 0;
  double distance_share = 1;  ///< of its sum over the corners: 1/4 makes a mean
  double iou_weight = 1;

  /// Beside numbers of these sizes no product of areas leaves the range of a double.
  bool AreTame() const {
    const auto tame = [](double x) { return x == 0 || (std::fabs(x) > 0x1p-200 && std::fabs(x) < 0x1p200); };
    return tame(eps) && tame(beta) && tame(distance_weight) && tame(iou_weight);
  }
};

/// A formula of boxes in Multi. Each is compiled once, in the file of its loss: it depends on no target.
using BoxesInMulti = void(const BoxConstants& constants, const Multi (&inputs)[kRowInputs],
                          Multi (&outputs)[kRowOutputs]);

BoxesInMulti IouInMulti, GiouInMulti, DiouInMulti, CiouInMulti, DetectionInMulti;

/// Rounds the loss, and the gradients over the divisor. Infinite inputs: the limit, or NaN where there is
/// none; a NaN leaves nothing else.
void DecideRow(BoxesInMulti* formula, const BoxConstants& constants, Dtype dtype,
               const double (&inputs)[kRowInputs], double divisor, double (&rounded)[kRowOutputs]);

/// The loss of a row at the precision that is set; of an infinite one its limit as a double.
Multi BoxLoss(BoxesInMulti* formula, const BoxConstants& constants, const double (&inputs)[kRowInputs]);

/// The loss of a row as a term of a sum.
Total DecideTerm(BoxesInMulti* formula, const BoxConstants& constants, const double (&inputs)[kRowInputs]);

}  // namespace exactloss::optimized
