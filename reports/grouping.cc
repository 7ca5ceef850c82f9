#include "reports/grouping.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace exactloss {
namespace {

double Size(double ulp) { return std::isnan(ulp) ? -std::numeric_limits<double>::infinity() : ulp; }

std::size_t PlaceOf(const std::string& name, std::vector<std::string>& names) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  names.push_back(name);
  return names.size() - 1;
}

}  // namespace

bool TellsMore(const Finding& a, const Finding& b) {
  if (Size(a.ulp) != Size(b.ulp)) return Size(a.ulp) > Size(b.ulp);
  return a.line.size() < b.line.size();
}

int Severity(Verdict verdict) {
  constexpr std::pair<Verdict, int> kSeverities[] = {
      {Verdict::kUnsupported, 0}, {Verdict::kExact, 1},      {Verdict::kFaithful, 2},
      {Verdict::kAccurate, 3},    {Verdict::kStable, 4},     {Verdict::kConvention, 5},
      {Verdict::kUndecided, 6},   {Verdict::kInaccurate, 7}, {Verdict::kDivergent, 8}};
  for (const auto& [of, severity] : kSeverities) {
    if (of == verdict) return severity;
  }
  return 0;
}

bool Fails(Verdict verdict) { return Severity(verdict) > Severity(Verdict::kUndecided); }

void Grouping::Write(const Finding& finding) {
  const std::size_t subject = PlaceOf(finding.subject, subjects_), loss = PlaceOf(finding.loss, losses_);
  if (!Fails(finding)) return;
  const Key key{subject, loss, finding.output, finding.dtype, finding.verdict, finding.divergence};
  const auto [found, is_new] = causes_.try_emplace(key, Cause{finding});
  Cause& cause = found->second;
  if (!is_new && TellsMore(finding, cause.worst)) cause.worst = finding;
  cause.elements += static_cast<std::uint64_t>(finding.count);
  ++cause.findings;
}

std::vector<Cause> Grouping::Causes() const {
  struct Ranked {
    std::size_t subject, loss;
    const Cause* cause;
  };
  std::vector<Ranked> ranked;
  ranked.reserve(causes_.size());
  for (const auto& [key, cause] : causes_) ranked.push_back({std::get<0>(key), std::get<1>(key), &cause});
  std::stable_sort(ranked.begin(), ranked.end(), [](const Ranked& a, const Ranked& b) {
    if (a.subject != b.subject) return a.subject < b.subject;
    if (a.loss != b.loss) return a.loss < b.loss;
    return Size(a.cause->worst.ulp) > Size(b.cause->worst.ulp);
  });
  std::vector<Cause> causes;
  causes.reserve(ranked.size());
  for (const Ranked& r : ranked) causes.push_back(*r.cause);
  return causes;
}

}  // namespace exactloss
