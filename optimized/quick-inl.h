// Quick: several packs in lockstep, of which each waits for its own results while the others compute. A
// formula's chain of operations is some ten times as long as a single operation takes, and a processor does
// not look that far ahead: lockstep makes it a third faster.
//
// To a formula it is one more kind of number, with the functions and the bounds of a pack.
#if defined(EXACTLOSS_OPTIMIZED_QUICK_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef EXACTLOSS_OPTIMIZED_QUICK_INL_H_
#undef EXACTLOSS_OPTIMIZED_QUICK_INL_H_
#else
#define EXACTLOSS_OPTIMIZED_QUICK_INL_H_
#endif

#include <algorithm>
#include <type_traits>

#include "optimized/pack-inl.h"

HWY_BEFORE_NAMESPACE();
namespace exactloss::optimized::HWY_NAMESPACE {

/// As many as make up the lanes of a sum; more than four would not fit into the registers. One, where speed
/// does not count: the scalar target, and sanitizers, which g++ would watch them with for minutes.
#ifdef __SANITIZE_ADDRESS__
inline constexpr std::size_t kQuickPacks = 1;
#else
inline constexpr std::size_t kQuickPacks =
    kPackLanes == 1 ? 1 : std::min<std::size_t>(kSumLanes / kPackLanes, 4);
#endif
inline constexpr std::size_t kQuickLanes = kQuickPacks * kPackLanes;

struct QuickMask {
  PackMask part[kQuickPacks];
};

struct Quick {
  using Mask = QuickMask;
  static constexpr double kUnit = Pack::kUnit;

  Quick() = default;
  // NOLINTNEXTLINE(google-explicit-constructor): formulas mix packs and constants
  HWY_INLINE Quick(double c) {
#pragma GCC unroll 4
    for (std::size_t k = 0; k < kQuickPacks; ++k) part[k] = Pack(c);
  }

  Pack part[kQuickPacks];
};

/// An assignment pack by pack: g++ 12 copies an array through memory, eight bytes at a time.
HWY_INLINE void Put(const Quick& from, Quick* to) {
#pragma GCC unroll 4
  for (std::size_t k = 0; k < kQuickPacks; ++k) to->part[k] = from.part[k];
}
HWY_INLINE void Put(const Pack& from, Pack* to) { *to = from; }

/// f of each pack.
template <class F, class... Numbers>
HWY_INLINE auto Each(const F& f, const Numbers&... numbers) {
  constexpr bool is_mask = std::is_same_v<decltype(f(numbers.part[0]...)), PackMask>;
  std::conditional_t<is_mask, QuickMask, Quick> result;
#pragma GCC unroll 4
  for (std::size_t k = 0; k < kQuickPacks; ++k) result.part[k] = f(numbers.part[k]...);
  return result;
}

#define EXACTLOSS_QUICK_1(FUNCTION, NUMBER)                             \
  HWY_INLINE auto FUNCTION(const NUMBER& a) {                           \
    return Each([](const auto& x) HWY_ATTR { return FUNCTION(x); }, a); \
  }
EXACTLOSS_QUICK_1(Abs, Quick)
EXACTLOSS_QUICK_1(Sqrt, Quick)
EXACTLOSS_QUICK_1(IsNumber, Quick)
EXACTLOSS_QUICK_1(IsNegative, Quick)
EXACTLOSS_QUICK_1(operator-, Quick)
EXACTLOSS_QUICK_1(operator!, QuickMask)
#undef EXACTLOSS_QUICK_1

#define EXACTLOSS_QUICK_2(FUNCTION, NUMBER)                                                  \
  HWY_INLINE auto FUNCTION(const NUMBER& a, const NUMBER& b) {                               \
    return Each([](const auto& x, const auto& y) HWY_ATTR { return FUNCTION(x, y); }, a, b); \
  }
EXACTLOSS_QUICK_2(operator+, Quick)
EXACTLOSS_QUICK_2(operator-, Quick)
EXACTLOSS_QUICK_2(operator*, Quick)
EXACTLOSS_QUICK_2(operator/, Quick)
EXACTLOSS_QUICK_2(operator<, Quick)
EXACTLOSS_QUICK_2(operator<=, Quick)
EXACTLOSS_QUICK_2(operator>, Quick)
EXACTLOSS_QUICK_2(operator>=, Quick)
EXACTLOSS_QUICK_2(operator==, Quick)
EXACTLOSS_QUICK_2(CopySign, Quick)
EXACTLOSS_QUICK_2(Max, Quick)
EXACTLOSS_QUICK_2(Min, Quick)
EXACTLOSS_QUICK_2(operator&, QuickMask)
EXACTLOSS_QUICK_2(operator|, QuickMask)
#undef EXACTLOSS_QUICK_2

#define EXACTLOSS_QUICK_3(FUNCTION, NUMBER)                                                                \
  HWY_INLINE auto FUNCTION(const NUMBER& a, const Quick& b, const Quick& c) {                              \
    return Each([](const auto& x, const Pack& y, const Pack& z) HWY_ATTR { return FUNCTION(x, y, z); }, a, \
                b, c);                                                                                     \
  }
EXACTLOSS_QUICK_3(MulAdd, Quick)
EXACTLOSS_QUICK_3(NegMulAdd, Quick)
EXACTLOSS_QUICK_3(Select, QuickMask)
#undef EXACTLOSS_QUICK_3

/// The lanes that are set in every pack.
HWY_INLINE PackMask AllPacks(const QuickMask& mask) {
  PackMask all = mask.part[0];
#pragma GCC unroll 4
  for (std::size_t k = 1; k < kQuickPacks; ++k) all = all & mask.part[k];
  return all;
}

}  // namespace exactloss::optimized::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // EXACTLOSS_OPTIMIZED_QUICK_INL_H_
