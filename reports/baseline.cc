#include "reports/baseline.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <set>

#include "reports/grouping.h"
#include "reports/numbers.h"
#include "reports/report.h"

namespace exactloss {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Four digits are what a person reads, and do not depend on how narrow an enclosure is.
double Rounded(double ulp) {
  if (std::isnan(ulp)) return kInfinity;  // what has no size is no smaller than any
  return std::isfinite(ulp) ? std::strtod(fmt::format("{:.4g}", ulp).c_str(), nullptr) : ulp;
}

Observed ObservedOf(const Row& row) {
  Observed observed{.judged = row.passed() + row.failed(), .passing = Rounded(row.passing_ulp)};
  if (observed.passing > 0.5) observed.line = row.passing_line;
  const Finding* worst = nullptr;
  for (const Failure& failure : row.failures) {
    observed.failing[std::string(ClassText(failure.worst))] = {failure.elements, Rounded(failure.worst.ulp)};
    if (worst == nullptr || TellsMore(failure.worst, *worst)) worst = &failure.worst;
  }
  if (worst != nullptr) observed.line = worst->line;
  return observed;
}

bool IsWorse(const Observed& before, const Observed& after) {
  if (after.judged < before.judged) return true;
  for (const auto& [name, now] : after.failing) {
    const auto was = before.failing.find(name);
    if (was == before.failing.end() || now.elements > was->second.elements || now.ulp > was->second.ulp) {
      return true;
    }
  }
  // What failed and passes now may be the worst of what passes.
  return after.failed() >= before.failed() && after.passing > before.passing;
}

bool IsSame(const Observed& a, const Observed& b) {
  return a.judged == b.judged && a.passing == b.passing && a.failing == b.failing;
}

bool IsShard(const RunInfo& run) { return run.chosen.shards != 1; }

template <class Value>
bool IsAmong(const std::vector<Value>& chosen, const Value& value) {
  return chosen.empty() || std::find(chosen.begin(), chosen.end(), value) != chosen.end();
}

/// Was the run asked for such a row?
bool IsChosen(const Selection& chosen, const RowKey& row) {
  return IsAmong(chosen.losses, FindLoss(row.loss)) && IsAmong(chosen.dtypes, row.dtype) &&
         IsAmong(chosen.reductions, row.reduction) && IsAmong(chosen.fills, FindFill(row.fill));
}

}  // namespace

std::string_view Name(Drift drift) {
  constexpr std::string_view kNames[] = {"same", "better", "worse", "gone", "new"};
  return kNames[static_cast<std::size_t>(drift)];
}

std::uint64_t Observed::failed() const {
  std::uint64_t count = 0;
  for (const auto& [name, of_class] : failing) count += of_class.elements;
  return count;
}

double Observed::worst() const {
  double ulp = passing;
  for (const auto& [name, of_class] : failing) ulp = std::max(ulp, of_class.ulp);
  return ulp;
}

std::size_t BaselineCheck::count(Drift drift) const {
  return static_cast<std::size_t>(
      std::count_if(drifted.begin(), drifted.end(), [&](const Drifted& row) { return row.drift == drift; }));
}

bool BaselineCheck::FailsGate() const {
  const std::size_t added = count(Drift::kNew);
  return count(Drift::kWorse) + count(Drift::kGone) != 0 ||
         (same == 0 && added == drifted.size() && added != 0);
}

std::string CapabilityOf(const SubjectInfo& subject) {
  for (const char* name : {"capability", "target"}) {
    const auto found = subject.details.find(name);
    if (found != subject.details.end()) return found->second;
  }
  return "";
}

Baseline Observe(const RunInfo& run, const Rows& rows) {
  if (run.interrupted) throw UsageError("the audit was interrupted; a baseline is made of a whole one");
  if (IsShard(run)) throw UsageError("the audit is a shard; a baseline is made of a whole one");
  Baseline baseline{run.program, run.chosen.seed, run.chosen.problems_per_cell};
  std::map<std::string, const SubjectInfo*> subjects;
  for (const SubjectInfo& subject : run.subjects) {
    if (run.pitfalls.count(subject.name) == 0) subjects.emplace(subject.name, &subject);
  }
  for (const Row& row : rows.all()) {
    const auto subject = subjects.find(row.key.subject);
    const Observed observed = ObservedOf(row);
    if (subject == subjects.end() || observed.judged == 0) continue;
    RowKey key = row.key;
    key.subject.clear();
    baseline.rows[{subject->first, subject->second->version, CapabilityOf(*subject->second), key}] = {
        observed};
  }
  return baseline;
}

void CheckFits(const Baseline& baseline, const std::string& file, const RunInfo& run) {
  if (IsShard(run)) {
    throw UsageError(
        fmt::format("{}: a shard cannot be held to a baseline, whose rows are whole; audit without "
                    "--shard",
                    file));
  }
  if (baseline.seed != run.chosen.seed || baseline.problems_per_cell != run.chosen.problems_per_cell) {
    throw UsageError(fmt::format(
        "{}: a baseline of other problems: seed {} and {} for each cell, here seed {} and {}; audit "
        "with its --seed and --profile",
        file, baseline.seed, baseline.problems_per_cell, run.chosen.seed, run.chosen.problems_per_cell));
  }
}

BaselineCheck Compare(const Baseline& before, const RunInfo& run, const Rows& rows) {
  const Baseline after = Observe(run, rows);
  BaselineCheck check;
  for (const auto& [key, row] : after.rows) {
    const auto was = before.rows.find(key);
    if (was == before.rows.end()) {
      check.drifted.push_back({Drift::kNew, key, {}, row.observed});
    } else if (IsSame(was->second.observed, row.observed)) {
      ++check.same;
    } else {
      const Drift drift = IsWorse(was->second.observed, row.observed) ? Drift::kWorse : Drift::kBetter;
      check.drifted.push_back({drift, key, was->second.observed, row.observed});
    }
  }
  std::set<std::vector<std::string>> asked;
  for (const SubjectInfo& subject : run.subjects) {
    asked.insert({subject.name, subject.version, CapabilityOf(subject)});
  }
  for (const auto& [key, row] : before.rows) {
    if (after.rows.count(key) == 0 && IsChosen(run.chosen, key.row) &&
        asked.count({key.subject, key.version, key.capability}) != 0) {
      check.drifted.push_back({Drift::kGone, key, row.observed, {}});
    }
  }
  return check;
}

std::size_t Apply(const BaselineCheck& check, const Moves& moves, Baseline& baseline) {
  std::size_t moved = 0;
  for (const Drifted& row : check.drifted) {
    const bool is_loosened = row.drift == Drift::kWorse || row.drift == Drift::kGone;
    if (is_loosened ? moves.reason.empty() : row.drift == Drift::kNew ? !moves.add : !moves.tighten) continue;
    ++moved;
    if (row.drift == Drift::kGone) {
      baseline.rows.erase(row.key);
      continue;
    }
    BaselineRow& kept = baseline.rows[row.key];
    if (is_loosened) {
      kept.loosened.push_back(fmt::format("{} -> {}: {}", Text(row.before), Text(row.after), moves.reason));
    }
    kept.observed = row.after;
  }
  return moved;
}

}  // namespace exactloss
