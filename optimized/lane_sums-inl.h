// The sums of a block, lane by lane.
#if defined(EXACTLOSS_OPTIMIZED_LANE_SUMS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef EXACTLOSS_OPTIMIZED_LANE_SUMS_INL_H_
#undef EXACTLOSS_OPTIMIZED_LANE_SUMS_INL_H_
#else
#define EXACTLOSS_OPTIMIZED_LANE_SUMS_INL_H_
#endif

#include "optimized/double_word-inl.h"
#include "optimized/total.h"

HWY_BEFORE_NAMESPACE();
namespace exactloss::optimized::HWY_NAMESPACE {

/// The sums of a block's terms: kSumLanes of them, on a narrow target in several packs.
inline constexpr std::size_t kSumPacks = kSumLanes / kPackLanes;
struct LaneSums {
  HWY_INLINE LaneSums() {
    for (std::size_t k = 0; k < kSumPacks; ++k) sum[k] = DoubleWord(0.0), error[k] = Pack(0.0);
  }
  DoubleWord sum[kSumPacks];
  Pack error[kSumPacks];
};

/// Lanes below `size`.
HWY_INLINE PackMask FirstLanes(std::size_t size) {
  static constexpr double kIndex[kSumLanes] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  return LoadPack(kIndex) < Pack(static_cast<double>(size));
}

/// The lanes of a sum, added up in one fixed order.
HWY_INLINE Total SumOfLanes(const LaneSums& sums) {
  double hi[kSumLanes], lo[kSumLanes], error[kSumLanes];
  for (std::size_t k = 0; k < kSumPacks; ++k) {
    StorePack(sums.sum[k].hi, hi + k * kPackLanes);
    StorePack(sums.sum[k].lo, lo + k * kPackLanes);
    StorePack(sums.error[k], error + k * kPackLanes);
  }
  Total total;
  for (std::size_t i = 0; i < kSumLanes; ++i) {
    total.sum = optimized::Add(total.sum, {hi[i], lo[i]});
    total.error += error[i];
  }
  return total;
}

}  // namespace exactloss::optimized::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // EXACTLOSS_OPTIMIZED_LANE_SUMS_INL_H_
