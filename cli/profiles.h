// Profiles: how much an audit asks, from a few seconds to as long as you like.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace exactloss {

struct Profile {
  std::string_view name;
  std::string_view what;  ///< for people
  std::uint64_t problems_per_cell;
  std::vector<std::string_view> fills;  ///< empty: all
  bool worst_cases = true;              ///< are the worst cases that are known asked again?
};

const std::vector<Profile>& Profiles();

/// Throws UsageError, with what comes near, for a name that there is not.
const Profile& ProfileNamed(std::string_view name);

}  // namespace exactloss
