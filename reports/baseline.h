// A baseline: what an audit observed once, row by row, so that the next one can be held to it. It is neither
// a contract nor a list of known divergences: it says what is, and moves when a person moves it.
//
//   {"format": "exactloss baseline", "version": 1, "program": "exactloss 0.1.0", "seed": 1,
//    "problems_per_cell": 4, "rows": [
//   {"subject": "highway/AVX2/fast", "version": "0.1.0", "capability": "AVX2", "loss": "mse", "dtype": "f32",
//    "reduction": "none", "output": "loss", "fill": "normal", "judged": 1024, "passing": 0.5, "failing": {},
//    "line": "", "loosened": []},
//   ...], "digest": "fnv1a:0123456789abcdef"}
//
// A row a line, sorted, so that a change to it can be read. `passing` is the largest ulp of what passes,
// `failing` the elements and the largest ulp of each class that fails, `line` the worst problem; "" where all
// is correctly rounded. `loosened` keeps what was let pass, and the reason.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <ostream>
#include <string>
#include <vector>

#include "reports/rows.h"

namespace exactloss {

struct RunInfo;

inline constexpr int kBaselineVersion = 1;

struct BaselineKey {
  std::string subject, version, capability;
  RowKey row;                                            ///< its subject is "", that above counts
  auto operator<=>(const BaselineKey&) const = default;  // NOLINT(modernize-use-nullptr)
};

/// What a row did.
struct Observed {
  struct Failing {
    std::uint64_t elements = 0;
    double ulp = 0;  ///< infinite where it does not apply
    bool operator==(const Failing&) const = default;
  };
  std::uint64_t judged = 0;  ///< elements that pass or fail
  double passing = 0;        ///< the largest ulp of those that pass
  std::map<std::string, Failing> failing = {};
  std::string line = {};  ///< the worst problem

  std::uint64_t failed() const;
  double worst() const;  ///< ulp of passing and failing together
};

struct BaselineRow {
  Observed observed;
  std::vector<std::string> loosened = {};  ///< "0.5 ulp -> 1.5 ulp: the compiler fuses now"
};

struct Baseline {
  std::string program;
  std::uint64_t seed = 1, problems_per_cell = 1;  ///< of the audits that it can be held against
  std::map<BaselineKey, BaselineRow> rows = {};
};

enum class Drift : std::uint8_t { kSame, kBetter, kWorse, kGone, kNew };
std::string_view Name(Drift drift);

/// A row beside its baseline.
struct Drifted {
  Drift drift = Drift::kSame;
  BaselineKey key;
  Observed before, after;  ///< empty where there is none
};

/// What became of the rows of an audit.
struct BaselineCheck {
  std::string file;              ///< for messages
  std::vector<Drifted> drifted;  ///< all but kSame, in the order of their keys
  std::size_t same = 0;

  std::size_t count(Drift drift) const;
  /// Is anything worse or gone, or has no row a baseline, so that nothing was held to one?
  bool FailsGate() const;
};

/// The instruction set that decides a subject's bits: "AVX2"; "" where it says none.
std::string CapabilityOf(const SubjectInfo& subject);

/// Of the subjects that count. Throws UsageError for a run that none can be made of: a part of a selection.
Baseline Observe(const RunInfo& run, const Rows& rows);

/// Throws UsageError for an audit that the baseline says nothing about: another seed, other problems, a
/// shard.
void CheckFits(const Baseline& baseline, const std::string& file, const RunInfo& run);

/// Rows of the baseline that the run did not ask for (other subjects, versions, losses) are left alone.
BaselineCheck Compare(const Baseline& before, const RunInfo& run, const Rows& rows);

/// Which changes are taken into the baseline.
struct Moves {
  bool add = false, tighten = false;
  std::string reason;  ///< "": nothing is loosened
};
/// The number of rows that changed.
std::size_t Apply(const BaselineCheck& check, const Moves& moves, Baseline& baseline);

/// "0.5 ulp", "3 nan, 12 underflow up to 1.68e+07 ulp"
std::string Text(const Observed& observed);

/// A line for each group of rows that are worse or gone: "worse  libtorch mse f32 loss, 2 rows: 0.49 ulp
/// -> 2.42 ulp".
std::vector<std::string> WorstDrifts(const BaselineCheck& check);
/// A table, rows of one subject, loss, output and dtype together, the worst with its repro line.
void WriteDrifts(const BaselineCheck& check, std::ostream& out);
/// The same for a report in Markdown.
void WriteDriftsMarkdown(const BaselineCheck& check, std::ostream& out);

/// Throws UsageError, one line, for what is no baseline, of another version, or was edited by hand.
Baseline ReadBaseline(const std::string& path);
/// Whole, or what was there before; throws OutputError.
void SaveBaseline(const Baseline& baseline, const std::string& path);

}  // namespace exactloss
