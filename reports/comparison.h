// A comparison: two subjects, versions or dtypes, each judged against the truth on the same problems.
//
// It is made row by row (rows.h): the elements that fail in a row before and after, in number and in ulp.
// Rows of one loss, output and dtype that changed in the same way become one change.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "reports/report.h"

namespace exactloss {

enum class ChangeKind : std::uint8_t {
  kRegressed,  ///< elements fail, and none did
  kWorse,      ///< more elements fail than before, or by more than twice the ulp
  kContract,   ///< what is refused has changed
  kGone,       ///< it was computed, or more of its problems were
  kFixed,      ///< elements failed, and none does
  kBetter,     ///< fewer elements fail, or by less than half the ulp
  kNew,        ///< it is computed, or more of its problems are
  kWithin,     ///< other numbers, all within bounds
  kSame,       ///< the same counts and errors
};
inline constexpr ChangeKind kLastChangeKind = ChangeKind::kSame;

std::string_view Name(ChangeKind kind);     ///< "regressed"
std::string_view Meaning(ChangeKind kind);  ///< "fails, and did not"

/// Rows that changed in the same way, before and after.
struct Change {
  ChangeKind kind = ChangeKind::kSame;
  std::string loss, output;
  Dtype dtype = Dtype::kF32;  ///< after
  std::string what;           ///< class, or verdict; the worst after, of what is fixed or gone before
  std::string meaning;        ///< of that, in words: "returns NaN for a number"
  struct Side {
    std::uint64_t failed = 0, judged = 0;
    double ulp = 0;  ///< of the worst row; NaN: nothing to measure
  } before, after;
  std::size_t rows = 0;
  bool ordinary = false;  ///< on numbers such as a network in training has, too
  std::string line;       ///< the problem of the worst element
  std::string got, want;  ///< there; "" where nothing fails
};

struct ComparedSide {
  RunInfo run;
  std::string subject;
  std::vector<Dtype> dtypes = {};  ///< one: only its rows; empty: all
  std::string name;                ///< for people: "libtorch 2.13.0", "libtorch in bf16"
};

struct Comparison {
  ComparedSide before, after;
  std::vector<Change> changes;             ///< by kind, then the worst first; without kSame
  std::map<ChangeKind, std::size_t> rows;  ///< how many rows are of each kind

  bool HasRegressed() const;
};

/// Rows of the two sides are of the same key but for the subject, and for the dtype where each side has one.
Comparison Compare(ComparedSide before, const Rows& rows_before, ComparedSide after, const Rows& rows_after);

/// Ten lines and the last one: what a maintainer must know, the worst first, with repro lines.
void WriteComparison(const Comparison& comparison, std::ostream& out);

/// A table that fits a comment on a pull request; what is cut off is counted.
void WriteComparisonMarkdown(const Comparison& comparison, const std::string& command, std::ostream& out);

}  // namespace exactloss
