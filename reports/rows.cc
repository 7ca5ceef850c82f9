#include "reports/rows.h"

#include <algorithm>

#include "oracle/fill.h"
#include "reports/grouping.h"

namespace exactloss {
const Failure* Row::Like(const Finding& finding) const {
  const auto like = std::find_if(failures.begin(), failures.end(), [&](const Failure& failure) {
    return failure.worst.verdict == finding.verdict && failure.worst.divergence == finding.divergence;
  });
  return like == failures.end() ? nullptr : &*like;
}

std::uint64_t Row::failed() const {
  std::uint64_t count = 0;
  for (const Failure& failure : failures) count += failure.elements;
  return count;
}

std::uint64_t Row::passed() const {
  std::uint64_t count = 0;
  for (const auto& [verdict, number] : elements) count += Passes(verdict) ? number : 0;
  return count;
}

Row& Rows::at(const RowKey& key) {
  const auto [place, is_new] = places_.try_emplace(key, rows_.size());
  if (is_new) rows_.push_back({.key = key});
  return rows_[place->second];
}

void Rows::Write(const Finding& finding) {
  Row& row = at({finding.subject, finding.loss, finding.dtype, finding.reduction, finding.output,
                 FillName(finding.fill)});
  const auto count = static_cast<std::uint64_t>(finding.count);
  row.elements[finding.verdict] += count;
  if (finding.mistrusted) row.mistrusted += count;
  if (Passes(finding)) {
    if (row.passing_line.empty() || finding.ulp > row.passing_ulp) {
      row.passing_ulp = finding.ulp;
      row.passing_line = finding.line;
    }
  } else if (Fails(finding)) {
    const Failure* like = row.Like(finding);
    Failure& failure = like == nullptr ? row.failures.emplace_back(Failure{0, finding})
                                       : row.failures[static_cast<std::size_t>(like - row.failures.data())];
    failure.elements += count;
    if (TellsMore(finding, failure.worst)) failure.worst = finding;
  }
}

std::string FillName(const std::string& fill) { return fill.substr(0, fill.find('#')); }

bool IsOrdinary(const std::string& fill_name) {
  const Fill* fill = FindFill(fill_name);
  return fill != nullptr && fill->is_ordinary;
}

}  // namespace exactloss
