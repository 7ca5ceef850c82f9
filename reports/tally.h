// Counts of elements by subject and verdict, and the worst of each subject, loss, output and dtype.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "oracle/audit.h"

namespace exactloss {

struct Counts {
  std::map<Verdict, std::uint64_t> verdicts;
  std::map<Divergence, std::uint64_t> divergences;
  std::uint64_t mistrusted = 0;
  std::uint64_t known = 0;  ///< of those that fail

  std::uint64_t of(Verdict verdict) const;
  std::uint64_t of(Divergence divergence) const;
  std::uint64_t passed() const;
  std::uint64_t failed() const;
  void Add(const Finding& finding);
  void Add(const Counts& other);
};

/// The worst verdict in a cell of the table, and the largest ulp under that verdict.
struct Worst {
  Verdict verdict = Verdict::kUnsupported;
  Divergence divergence = Divergence::kNone;
  double ulp = 0;
};

/// The worse of the two: the more severe verdict, the larger ulp under the same.
void Worsen(Worst& worst, const Worst& other);

/// A row of the table: an output of a loss ("" for the worst of all outputs).
struct TableRow {
  std::string loss;
  std::string output;
  std::map<Dtype, Worst> cells;
};

class Tally : public Sink {
 public:
  void Write(const Finding& finding) override;

  const std::vector<std::string>& subjects() const { return subjects_; }  ///< in the order in which they came
  const Counts& counts(const std::string& subject) const;
  std::set<Dtype> dtypes() const;
  std::vector<TableRow> RowsByOutput(const std::string& subject) const;
  std::vector<TableRow> OrdinaryRows(
      const std::string& subject) const;  ///< by output, of ordinary fills alone
  std::vector<TableRow> RowsByLoss(const std::string& subject) const;

 private:
  std::vector<std::string> subjects_;
  std::map<std::string, Counts> counts_;
  using Rows = std::map<std::string, std::vector<TableRow>>;  ///< by subject, in the order in which they came
  static void Add(const Finding& finding, Rows& rows);
  static std::vector<TableRow> RowsOf(const std::string& subject, const Rows& rows);

  Rows rows_, ordinary_rows_;
};

}  // namespace exactloss
