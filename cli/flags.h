// Flags that commands share, and their values as what the oracle takes.
#pragma once

#include <CLI/CLI.hpp>
#include <chrono>
#include <ostream>
#include <string>
#include <vector>

#include "oracle/audit.h"

namespace exactloss {

/// Which subjects to ask, and how.
struct SubjectFlags {
  std::vector<std::string> names;
  double timeout = 10;  ///< seconds
  int jobs = 1;
  std::string json;  ///< file for findings; "-" is standard output, "" is none

  void Add(CLI::App& app);
  /// Without findings.
  void AddSubjects(CLI::App& app);
  /// The part of Add that says how to ask, not whom, nor where findings go.
  void AddAsking(CLI::App& app);
  AuditOptions Options() const;
  /// Where text for people goes: findings have standard output for themselves.
  std::ostream& people() const;
};

/// A flag that may be repeated, each with a list; the names are looked up with the functions below.
void AddNames(CLI::App& app, const std::string& flag, std::vector<std::string>& names,
              const std::string& help);

/// Throw UsageError, with what comes near, for a name that there is not.
std::vector<const LossSpec*> LossesNamed(const std::vector<std::string>& names);
std::vector<Dtype> DtypesNamed(const std::vector<std::string>& names);
std::vector<Reduction> ReductionsNamed(const std::vector<std::string>& names);
std::vector<const Fill*> FillsNamed(const std::vector<std::string>& names);

struct Shard {
  std::uint64_t number = 1, of = 1;
};
/// "2/3"
Shard ShardNamed(const std::string& text);

}  // namespace exactloss
