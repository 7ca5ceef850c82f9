// What `exactloss search` and `exactloss fuzz` share: whom and what to ask, for how long, what becomes of it.
#pragma once

#include <CLI/CLI.hpp>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/flags.h"
#include "cli/terminal.h"
#include "oracle/known.h"
#include "oracle/selection.h"
#include "reports/report.h"

namespace exactloss {

struct HuntFlags {
  std::vector<std::string> losses, dtypes, reductions, fills;
  std::uint64_t seed = 1;
  std::string cases, time;  ///< as typed; "": no limit
  std::string time_flag;    ///< "--time" or "--budget"
  std::string known, record;
  bool gate = false, in_process = false;
  SubjectFlags subject;

  void Add(CLI::App& app, const std::string& flag_for_time, const std::string& default_time);
  /// Throws UsageError for a name that there is not.
  Selection Chosen() const;
  /// As in an audit, but isolated.
  AuditOptions Options() const;
};

/// How much: so many cases, so much time, or both.
class Limit {
 public:
  /// The default time where neither is said. Throws UsageError for what is none or 0.
  Limit(const HuntFlags& flags, const std::string& default_time);
  static constexpr std::uint64_t kEndless = std::uint64_t{1} << 62;

  std::uint64_t cases() const { return cases_; }
  std::chrono::duration<double> time() const { return time_; }  ///< infinite: none
  /// "1000 cases", "30 s", "1000 cases or 30 s"
  std::string Text() const;
  std::chrono::duration<double> elapsed() const;
  /// Shows how far it is, and sets `stop` at its end or at an interruption.
  void Check(std::uint64_t done);
  const std::atomic<bool>& stop() const { return stop_; }

 private:
  using Clock = std::chrono::steady_clock;
  std::uint64_t cases_ = kEndless;
  std::chrono::duration<double> time_;
  Clock::time_point start_ = Clock::now();
  std::atomic<bool> stop_ = false;
  std::unique_ptr<Progress> progress_;
};

/// What is known of the subjects.
std::vector<KnownDivergence> KnownOf(const std::string& folder);

/// Makes the worst of each cause simpler, no less than half as wrong: its `simplest` then.
void ShrinkCauses(Report& report, const AuditOptions& options);

/// Adds the simplest of each cause to a file of worst cases, which is locked meanwhile: whole or not at all.
/// Returns how many are new.
std::size_t RecordCauses(const Report& report, const std::string& path);

/// Shrinks, records, prints; the status of the command.
ExitStatus Finish(const HuntFlags& flags, const AuditOptions& options, const std::string& last_line,
                  Report& report);

}  // namespace exactloss
