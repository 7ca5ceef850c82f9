// The limit of a formula at infinite inputs, sought at huge finite numbers in their place.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "optimized/multi.h"

namespace exactloss::optimized {

/// In every trial the infinities grow in another order, equal ones among them. Without one there is a single
/// trial, of the values themselves.
class LimitTrials {
 public:
  explicit LimitTrials(std::vector<double> values);

  bool is_limit() const { return infinities_ != 0; }
  /// The i-th value, or what stands for it.
  Multi At(std::size_t trial, std::size_t i) const;

  /// Calls evaluate(trial, outputs) for every trial. What all of them round an output to is its limit; else
  /// it is an infinity where a single infinite input makes it grow without bound, or NaN.
  template <class Evaluate>
  void FindLimit(std::span<double> limit, const Evaluate& evaluate) const {
    std::vector<double> outputs(size_ * limit.size());
    for (std::size_t trial = 0; trial < size_; ++trial) evaluate(trial, &outputs[trial * limit.size()]);
    for (std::size_t k = 0; k < limit.size(); ++k) limit[k] = Common(&outputs[k], limit.size());
  }

 private:
  int Exponent(std::size_t trial, std::size_t rank) const;
  double Common(const double* outputs, std::size_t stride) const;

  std::vector<double> values_;
  std::vector<std::size_t> ranks_;  ///< how many infinities stand before
  std::size_t infinities_ = 0, size_ = 1;
};

}  // namespace exactloss::optimized
