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

Range RangeOf(const Finding& finding) {
  if (!finding.truth) return Range::kNone;
  const double u = UnitRoundoff(finding.dtype);
  const double size = std::fabs(Nearest(finding.dtype, finding.truth->value));
  if (std::isnan(size)) return Range::kNan;
  if (std::isinf(size)) return Range::kInfinite;
  if (size == 0) return Range::kZero;
  if (size < MinNormal(finding.dtype)) return Range::kSubnormal;
  if (size < u) return Range::kSmall;
  return size > 1 / u ? Range::kLarge : Range::kOrdinary;
}

std::string_view Name(Range range) {
  constexpr std::string_view kNames[] = {"",         "zero",  "subnormal", "small",
                                         "ordinary", "large", "infinite",  "not a number"};
  return kNames[static_cast<std::size_t>(range)];
}

bool IsSimpler(const std::string& a, const std::string& b) {
  const auto is_special = [](const std::string& line) {
    return line.find("inf") != std::string::npos || line.find("nan") != std::string::npos;
  };
  return std::pair(is_special(a), a.size()) < std::pair(is_special(b), b.size());
}

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

void Grouping::Write(const Finding& finding) {
  const std::size_t subject = PlaceOf(finding.subject, subjects_), loss = PlaceOf(finding.loss, losses_);
  if (!Fails(finding)) return;
  const Key key{subject,         loss, finding.output, finding.dtype, finding.verdict, finding.divergence,
                RangeOf(finding)};
  const auto [found, is_new] = causes_.try_emplace(key, Cause{finding, finding});
  Cause& cause = found->second;
  if (!is_new && TellsMore(finding, cause.worst)) cause.worst = finding;
  if (!is_new && IsSimpler(finding.line, cause.simplest.line)) cause.simplest = finding;
  cause.elements += static_cast<std::uint64_t>(finding.count);
  ++cause.findings;
}

std::vector<Cause*> Grouping::All() {
  std::vector<Cause*> causes;
  causes.reserve(causes_.size());
  for (auto& [key, cause] : causes_) causes.push_back(&cause);
  return causes;
}

std::vector<Cause*> Grouping::Leading() {
  std::map<std::tuple<std::size_t, std::size_t, Verdict, Divergence>, Cause*> leading;
  for (auto& [key, cause] : causes_) {
    const auto& [subject, loss, output, dtype, verdict, divergence, range] = key;
    const auto [found, is_new] = leading.try_emplace({subject, loss, verdict, divergence}, &cause);
    if (!is_new && IsSimpler(cause.simplest.line, found->second->simplest.line)) found->second = &cause;
  }
  std::vector<Cause*> causes;
  causes.reserve(leading.size());
  for (const auto& [key, cause] : leading) causes.push_back(cause);
  return causes;
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
