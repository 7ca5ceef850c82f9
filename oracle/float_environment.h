// The floating-point environment that a subject finds and must leave: rounding, flushing to zero, traps, the
// precision of the x87. What a subject leaves changed makes all that comes after it wrong.
#pragma once

#include <cfenv>
#include <cstdint>
#include <string>

namespace exactloss {

class FloatEnvironment {
 public:
  FloatEnvironment() {
    std::fegetenv(&saved_);
    rounding_ = std::fegetround();
  }

  /// What is otherwise now, put back as it was: "flush to zero, rounding"; "" for nothing.
  std::string Restored() const {
    std::string changes;
    const FloatEnvironment now;
    const auto add = [&](bool is_changed, const char* what) {
      if (is_changed) changes += (changes.empty() ? "" : ", ") + std::string(what);
    };
#ifdef __x86_64__
    const std::uint32_t mxcsr = saved_.__mxcsr ^ now.saved_.__mxcsr;
    constexpr std::uint32_t kFlushToZero = 1U << 15, kDenormalsAreZero = 1U << 6, kMasks = 0x3fU << 7,
                            kRounding = 3U << 13;
    add((mxcsr & kFlushToZero) != 0, "flush to zero");
    add((mxcsr & kDenormalsAreZero) != 0, "denormals are zero");
    add((mxcsr & kRounding) != 0, "rounding");
    add((mxcsr & kMasks) != 0, "traps");
    add(saved_.__control_word != now.saved_.__control_word, "x87 control word");
#else
    add(rounding_ != now.rounding_, "rounding");
#endif
    if (!changes.empty()) std::fesetenv(&saved_);
    return changes;
  }

 private:
  std::fenv_t saved_ = {};
  int rounding_ = 0;
};

}  // namespace exactloss
