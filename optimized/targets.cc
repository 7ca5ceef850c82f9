// Which SIMD targets there are, and which one computes.
#include <bit>
#include <cstring>

#include "optimized/dispatch.h"
#include "optimized/losses.h"

namespace exactloss::optimized {
namespace {

/// One bit a target of this CPU; better targets have lower bits.
std::uint64_t Targets() {
  static const auto kTargets = static_cast<std::uint64_t>(HWY_TARGETS & hwy::SupportedTargets());
  return kTargets;
}

std::int64_t TargetBit(std::size_t index) {
  std::uint64_t rest = Targets();
  for (; index > 0; --index) rest &= rest - 1;
  return static_cast<std::int64_t>(rest & (~rest + 1));
}

}  // namespace

hwy::ChosenTarget& ThisThreadsTarget() {
  thread_local hwy::ChosenTarget target;
  if (!target.IsInitialized()) target.Update(static_cast<std::int64_t>(Targets()));
  return target;
}

std::size_t TargetCount() { return static_cast<std::size_t>(std::popcount(Targets())); }

const char* TargetName(std::size_t index) {
  return index < TargetCount() ? hwy::TargetName(TargetBit(index)) : nullptr;
}

bool UseTarget(const char* name) {
  for (std::size_t i = 0; i < TargetCount(); ++i) {
    if (name != nullptr && std::strcmp(name, TargetName(i)) != 0) continue;
    ThisThreadsTarget().Update(TargetBit(i));
    return true;
  }
  return false;
}

}  // namespace exactloss::optimized
