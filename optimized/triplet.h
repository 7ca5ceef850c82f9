// Calls of triplet_margin, and the last resort for one of its rows. No SIMD here.
#pragma once

#include <vector>

#include "optimized/kernel.h"
#include "optimized/multi.h"
#include "optimized/total.h"

namespace exactloss::optimized {

/// A call whose arguments are checked.
struct TripletCall {
  Dtype dtype = Dtype::kF32;
  Mode mode = Mode::kFast;
  bool reduced = false;
  double divisor = 1;
  int threads = 1;
  std::size_t rows = 0, columns = 0;
  Input inputs[3];  ///< anchor, positive, negative
  void* loss = nullptr;
  void* gradients[3] = {};
  TripletMarginParameters parameters;
};

/// Three vectors, one after the other.
struct TripletRow {
  std::size_t columns = 0;
  std::vector<double> x;
};

/// The loss of a row at the precision that is set; of an infinite one its limit as a double.
Multi TripletLoss(const TripletMarginParameters& parameters, const TripletRow& row);

/// Rounds the loss, and the gradients over the divisor. Infinite inputs: the limit, or NaN where there is
/// none; a NaN leaves nothing else.
void DecideTriplet(const TripletMarginParameters& parameters, Dtype dtype, const TripletRow& row,
                   double divisor, double* loss, std::vector<double>* gradients);

/// Adds the loss of a row to a sum.
void DecideTripletTerm(const TripletMarginParameters& parameters, const TripletRow& row, Total* total);

}  // namespace exactloss::optimized
