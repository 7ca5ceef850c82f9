#include "optimized/limit_trials.h"

#include <cmath>
#include <limits>
#include <utility>

namespace exactloss::optimized {
namespace {

constexpr int kExponents[] = {1200, 1500, 1800};
constexpr std::size_t kOrders = 3;
constexpr std::size_t kFewInfinities = 3;  // all orders of so many are tried

/// Do the steps between evenly spaced exponents keep their sign and not shrink? So grows even a logarithm.
bool Grows(double first, double second, double third) {
  const double step = second - first, next = third - second;
  return step > 0 && (second == third ? std::isinf(second) : 2 * next > step);
}

}  // namespace

LimitTrials::LimitTrials(std::vector<double> values) : values_(std::move(values)) {
  for (const double value : values_) {
    ranks_.push_back(infinities_);
    if (std::isinf(value)) ++infinities_;
  }
  for (std::size_t i = 0; i < infinities_ && infinities_ <= kFewInfinities; ++i) size_ *= kOrders;
  if (infinities_ > kFewInfinities) size_ = 2 * kOrders;
}

Multi LimitTrials::At(std::size_t trial, std::size_t i) const {
  const double value = values_[i];
  return std::isinf(value) ? Multi::PowerOfTwo(Exponent(trial, ranks_[i]), value < 0) : Multi(value);
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

double LimitTrials::Common(const double* outputs, std::size_t stride) const {
  const auto at = [&](std::size_t trial) { return outputs[trial * stride]; };
  std::size_t same = 1;
  while (same < size_ && at(same) == at(0)) ++same;
  if (same == size_) return at(0);
  if (infinities_ == 1) {
    if (Grows(at(0), at(1), at(2))) return std::numeric_limits<double>::infinity();
    if (Grows(-at(0), -at(1), -at(2))) return -std::numeric_limits<double>::infinity();
  }
  return std::nan("");
}

}  // namespace exactloss::optimized
