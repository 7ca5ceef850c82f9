#include "reports/tally.h"

#include <algorithm>
#include <cmath>

#include "reports/grouping.h"
#include "reports/rows.h"

namespace exactloss {
namespace {

template <class Key>
std::uint64_t CountOf(const std::map<Key, std::uint64_t>& counts, Key key) {
  const auto found = counts.find(key);
  return found == counts.end() ? 0 : found->second;
}

}  // namespace

void Worsen(Worst& worst, const Worst& other) {
  const int was = Severity(worst.verdict), is = Severity(other.verdict);
  const bool larger = std::isnan(worst.ulp) ? !std::isnan(other.ulp) : other.ulp > worst.ulp;
  if (is > was || (is == was && larger)) worst = other;
}

std::uint64_t Counts::of(Verdict verdict) const { return CountOf(verdicts, verdict); }
std::uint64_t Counts::of(Divergence divergence) const { return CountOf(divergences, divergence); }
std::uint64_t Counts::failed() const { return of(Verdict::kInaccurate) + of(Verdict::kDivergent); }

std::uint64_t Counts::passed() const {
  std::uint64_t all = 0;
  for (const auto& [verdict, count] : verdicts) all += count;
  return all - failed() - of(Verdict::kUndecided) - of(Verdict::kUnsupported);
}

void Counts::Add(const Finding& finding) {
  const auto count = static_cast<std::uint64_t>(finding.count);
  verdicts[finding.verdict] += count;
  if (finding.divergence != Divergence::kNone) divergences[finding.divergence] += count;
  if (finding.mistrusted) mistrusted += count;
  if (!finding.known.empty()) known += count;
}

void Counts::Add(const Counts& other) {
  for (const auto& [verdict, count] : other.verdicts) verdicts[verdict] += count;
  for (const auto& [divergence, count] : other.divergences) divergences[divergence] += count;
  mistrusted += other.mistrusted;
  known += other.known;
}

void Tally::Write(const Finding& finding) {
  const auto [counts, is_new] = counts_.try_emplace(finding.subject);
  if (is_new) subjects_.push_back(finding.subject);
  counts->second.Add(finding);
  Add(finding, rows_);
  if (IsOrdinary(FillName(finding.fill))) Add(finding, ordinary_rows_);
}

void Tally::Add(const Finding& finding, Rows& rows_of_subject) {
  std::vector<TableRow>& rows = rows_of_subject[finding.subject];
  auto row = std::find_if(rows.begin(), rows.end(), [&](const TableRow& r) {
    return r.loss == finding.loss && r.output == finding.output;
  });
  if (row == rows.end()) row = rows.insert(row, {finding.loss, finding.output, {}});
  Worsen(row->cells[finding.dtype], {finding.verdict, finding.divergence, finding.ulp});
}

const Counts& Tally::counts(const std::string& subject) const {
  static const Counts kNone;
  const auto found = counts_.find(subject);
  return found == counts_.end() ? kNone : found->second;
}

std::set<Dtype> Tally::dtypes() const {
  std::set<Dtype> dtypes;
  for (const auto& [subject, rows] : rows_) {
    for (const TableRow& row : rows) {
      for (const auto& [dtype, worst] : row.cells) dtypes.insert(dtype);
    }
  }
  return dtypes;
}

std::vector<TableRow> Tally::RowsOf(const std::string& subject, const Rows& rows) {
  const auto found = rows.find(subject);
  return found == rows.end() ? std::vector<TableRow>() : found->second;
}

std::vector<TableRow> Tally::RowsByOutput(const std::string& subject) const { return RowsOf(subject, rows_); }

std::vector<TableRow> Tally::OrdinaryRows(const std::string& subject) const {
  return RowsOf(subject, ordinary_rows_);
}

std::vector<TableRow> Tally::RowsByLoss(const std::string& subject) const {
  std::vector<TableRow> by_loss;
  for (const TableRow& row : RowsByOutput(subject)) {
    auto same =
        std::find_if(by_loss.begin(), by_loss.end(), [&](const TableRow& r) { return r.loss == row.loss; });
    if (same == by_loss.end()) same = by_loss.insert(same, {row.loss, "", {}});
    for (const auto& [dtype, worst] : row.cells) Worsen(same->cells[dtype], worst);
  }
  return by_loss;
}

}  // namespace exactloss
