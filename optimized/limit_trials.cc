#include "optimized/limit_trials.h"

namespace exactloss::optimized {
namespace {

constexpr int kExponents[] = {1200, 1500, 1800};
constexpr std::size_t kOrders = 3;
constexpr std::size_t kFewInfinities = 3;  // all orders of so many are tried

}  // namespace

LimitTrials::LimitTrials(std::size_t infinities) : infinities_(infinities) {
  for (std::size_t i = 0; i < infinities_ && infinities_ <= kFewInfinities; ++i) size_ *= kOrders;
  if (infinities_ > kFewInfinities) size_ = 2 * kOrders;
}

/// Of many: all alike, then rising, falling and alternating.
int LimitTrials::Exponent(std::size_t trial, std::size_t rank) const {
  if (infinities_ <= kFewInfinities) {
    for (std::size_t i = 0; i < rank; ++i) trial /= kOrders;
    return kExponents[trial % kOrders];
  }
  const auto step = [&](std::size_t i) {
    return kExponents[0] +
           static_cast<int>(static_cast<std::size_t>(kExponents[kOrders - 1] - kExponents[0]) * i /
                            (infinities_ - 1));
  };
  switch (trial) {
    case kOrders:
      return step(rank);
    case kOrders + 1:
      return step(infinities_ - 1 - rank);
    case kOrders + 2:
      return kExponents[rank % kOrders];
    default:
      return kExponents[trial];
  }
}

}  // namespace exactloss::optimized
