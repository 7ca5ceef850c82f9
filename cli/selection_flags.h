// The flags that select problems, shared by the commands that generate them.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "oracle/selection.h"

namespace exactloss {

/// One problem of so many is asked again, and in every other layout.
inline constexpr std::uint64_t kRepeatEvery = 8;

struct SelectionFlags {
  std::vector<std::string> losses, dtypes, reductions, fills;
  std::string profile = "gate", shard = "1/1";
  std::uint64_t seed = 1;

  static constexpr const char* kNames[] = {"--loss", "--dtype",   "--reduction", "--fill",
                                           "--seed", "--profile", "--shard"};
  void Add(CLI::App& app);
  /// Throws UsageError for a name that there is not.
  Selection Chosen() const;
  /// "profile gate, seed 1: 19 losses, 4 dtypes, 11 fills"
  std::string Text() const;
};

}  // namespace exactloss
