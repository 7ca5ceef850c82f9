// What stands for the infinite inputs of a row while its limit is sought.
#pragma once

#include <cstddef>

namespace exactloss::optimized {

/// Each infinity is replaced by a huge number; in every trial they grow in another order, equal ones among
/// them. What all trials agree on is the limit. Without infinities there is one trial.
class LimitTrials {
 public:
  explicit LimitTrials(std::size_t infinities);

  std::size_t size() const { return size_; }
  /// 2^that, for the infinity that has `rank` others before it.
  int Exponent(std::size_t trial, std::size_t rank) const;

 private:
  std::size_t infinities_, size_ = 1;
};

}  // namespace exactloss::optimized
