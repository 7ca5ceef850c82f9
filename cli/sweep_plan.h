// The words of a sweep's command line as a plan.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "oracle/sweep.h"

namespace exactloss {

/// What the target is held at when nobody says.
inline constexpr const char* kDefaultTargets = "target=0x0p+0,0x1p-1,0x1p+0";

struct SweepWords {
  std::string loss, dtype = "f32";
  std::vector<std::string> vary, fix, parameters;  ///< names; "NAME=VALUE,VALUE"
  std::uint64_t stride = 1;
};

/// Throws UsageError for what is no sweep.
SweepPlan PlanOf(const SweepWords& words);

}  // namespace exactloss
