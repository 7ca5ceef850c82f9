// All that the reports for people are made of: what was audited, and what became of it.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "oracle/selection.h"
#include "reports/baseline.h"
#include "reports/close_up.h"
#include "reports/grouping.h"
#include "reports/rows.h"
#include "reports/scatter.h"
#include "reports/tally.h"

namespace exactloss {

struct RunInfo {
  std::string program;    ///< "exactloss 0.1.0"
  std::string command;    ///< as typed, quoted for a shell
  std::string selection;  ///< "profile gate, seed 1: 19 losses x 4 dtypes x 11 fills"
  Selection chosen;       ///< the same for programs
  std::string cpu;
  std::vector<SubjectInfo> subjects;
  std::set<std::string>
      pitfalls;  ///< subjects that show what a bad form costs; none of their failures counts
  std::uint64_t problems = 0;
  std::uint64_t known_examples = 0;      ///< of known divergences, that were replayed
  std::vector<std::string> stale_known;  ///< one line for each that no longer diverges as it says
  bool interrupted = false;
};

struct Report {
  RunInfo run;
  Tally tally;
  Grouping grouping;
  Rows rows;
  Scatter scatter;                      ///< for plots; empty where nobody draws
  std::vector<CloseUp> close_ups = {};  ///< likewise
  std::optional<BaselineCheck> baseline = {};

  bool IsPitfall(const std::string& subject) const { return run.pitfalls.count(subject) != 0; }
  /// Of the subjects that count.
  Counts Total() const;
  /// The causes that count, the most severe verdict and then the largest ulp first.
  std::vector<Cause> WorstFirst() const;
  /// "12 undecided, 3 unsupported, 40 known, 1234 passed, 56 failed": what is known does not count as failed.
  std::string LastLine() const;
  /// Does anything fail that is not known, is known and fails no more, or is worse than the baseline?
  bool FailsGate() const;
};

/// Fills a report and passes the findings on. What a pitfall does not support is left out: a naive form has
/// one loss.
class Collector : public Sink {
 public:
  /// The report and the sinks outlive it.
  Collector(Report& report, std::vector<Sink*> next) : report_(report), next_(std::move(next)) {}
  void Write(const Finding& finding) override;

 private:
  Report& report_;
  std::vector<Sink*> next_;
};

/// "2.13.0, capability AVX512, threads 1"
std::string VersionText(const SubjectInfo& subject);

/// The model name of the processor, or "unknown".
std::string CpuName();

}  // namespace exactloss
