// Outputs that exceed the cache are written past it: a line then need not be read before it is overwritten.
#if defined(EXACTLOSS_OPTIMIZED_STREAMING_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef EXACTLOSS_OPTIMIZED_STREAMING_INL_H_
#undef EXACTLOSS_OPTIMIZED_STREAMING_INL_H_
#else
#define EXACTLOSS_OPTIMIZED_STREAMING_INL_H_
#endif

#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

HWY_BEFORE_NAMESPACE();
namespace exactloss::optimized::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// From so many bytes of outputs on. Below it they are likely read again while the cache still holds them.
inline constexpr std::size_t kStreamedBytes = std::size_t{8} << 20;

/// Copies a block out of the cache. Whole lines of one output at a time: alternating ones cost twice as much.
inline void CopyOut(const void* from, std::size_t bytes, void* to, bool streamed) {
  const hn::ScalableTag<std::uint8_t> d;
  auto* source = static_cast<const std::uint8_t*>(from);
  auto* out = static_cast<std::uint8_t*>(to);
  const std::size_t lead = (64 - reinterpret_cast<std::uintptr_t>(out) % 64) % 64;
  if (!streamed || bytes < lead + 64) {
    std::memcpy(out, source, bytes);
    return;
  }
  std::memcpy(out, source, lead);
  std::size_t i = lead;
  for (; i + 64 <= bytes; i += 64) {
    for (std::size_t part = 0; part < 64; part += hn::Lanes(d)) {
      hn::Stream(hn::LoadU(d, source + i + part), d, out + i + part);
    }
  }
  std::memcpy(out + i, source + i, bytes - i);
}

}  // namespace exactloss::optimized::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // EXACTLOSS_OPTIMIZED_STREAMING_INL_H_
