#include "optimized/byte_floor.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "optimized/byte_floor.cc"
#include <hwy/foreach_target.h>  // IWYU pragma: keep

#include "optimized/streaming-inl.h"

HWY_BEFORE_NAMESPACE();
namespace exactloss::optimized::HWY_NAMESPACE {

void RunByteFloor(const std::uint8_t* first, const std::uint8_t* second, std::uint8_t* out,
                  std::size_t bytes) {
  const hn::ScalableTag<std::uint8_t> d;
  const bool streamed = bytes >= kStreamedBytes;
  for (std::size_t i = 0; i < bytes; i += hn::Lanes(d)) {
    auto v = hn::Load(d, first + i);
    if (second != nullptr) v = hn::Xor(v, hn::Load(d, second + i));
    streamed ? hn::Stream(v, d, out + i) : hn::Store(v, d, out + i);
  }
}

}  // namespace exactloss::optimized::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "optimized/dispatch.h"

namespace exactloss::optimized {

HWY_EXPORT(RunByteFloor);

void ByteFloor(const void* first, const void* second, void* out, std::size_t bytes) {
  EXACTLOSS_DISPATCH(RunByteFloor)
  (static_cast<const std::uint8_t*>(first), static_cast<const std::uint8_t*>(second),
   static_cast<std::uint8_t*>(out), bytes);
}

}  // namespace exactloss::optimized
#endif  // HWY_ONCE
