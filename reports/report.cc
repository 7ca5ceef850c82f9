#include "reports/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>

namespace exactloss {

Counts Report::Total() const {
  Counts total;
  for (const std::string& subject : tally.subjects()) {
    if (!IsPitfall(subject)) total.Add(tally.counts(subject));
  }
  return total;
}

std::vector<Cause> Report::WorstFirst() const {
  std::vector<Cause> causes = grouping.Causes();
  std::erase_if(causes, [&](const Cause& cause) { return IsPitfall(cause.worst.subject); });
  std::stable_sort(causes.begin(), causes.end(), [](const Cause& a, const Cause& b) {
    const int x = Severity(a.worst.verdict), y = Severity(b.worst.verdict);
    return x != y ? x > y : TellsMore(a.worst, b.worst);
  });
  return causes;
}

std::string Report::LastLine() const {
  std::uint64_t pitfall_failures = 0;
  for (const std::string& subject : run.pitfalls) pitfall_failures += tally.counts(subject).failed();
  const Counts total = Total();
  const auto drifted = [&](Drift drift) { return baseline ? baseline->count(drift) : 0; };
  const std::pair<std::uint64_t, std::string_view> others[] = {
      {pitfall_failures, "failed in pitfalls"},
      {total.mistrusted, "mistrusted"},
      {total.of(Verdict::kUndecided), "undecided"},
      {total.of(Verdict::kUnsupported), "unsupported"},
      {run.stale_known.size(), "stale"},
      {drifted(Drift::kWorse) + drifted(Drift::kGone), "worse than the baseline"},
      {drifted(Drift::kBetter), "better than the baseline"},
      {drifted(Drift::kNew), "without a baseline"},
      {total.known, "known"}};
  std::string line = run.interrupted ? "interrupted, " : "";
  for (const auto& [count, what] : others) {
    if (count != 0) line += fmt::format("{} {}, ", count, what);
  }
  return line + fmt::format("{} passed, {} failed", total.passed(), total.failed() - total.known);
}

bool Report::FailsGate() const {
  const Counts total = Total();
  return total.failed() > total.known || !run.stale_known.empty() || (baseline && baseline->FailsGate());
}

void Collector::Write(const Finding& finding) {
  if (finding.verdict == Verdict::kUnsupported && report_.IsPitfall(finding.subject)) return;
  report_.tally.Write(finding);
  report_.grouping.Write(finding);
  report_.rows.Write(finding);
  for (Sink* sink : next_) sink->Write(finding);
}

std::string VersionText(const SubjectInfo& subject) {
  std::string text = subject.version;
  for (const auto& [name, value] : subject.details) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, value);
  }
  return text;
}

std::string CpuName() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const std::size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown";
}

}  // namespace exactloss
