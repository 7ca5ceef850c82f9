#include "reports/console.h"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <map>
#include <string>

#include "reference/text.h"
#include "reports/numbers.h"

namespace exactloss {
namespace {

constexpr std::string_view kRed = "\x1b[31m", kDim = "\x1b[2m", kReset = "\x1b[0m";

/// The causes that differ in output and dtype only, in one.
struct Merged {
  const Cause* worst = nullptr;
  std::uint64_t elements = 0;
  std::vector<std::string_view> outputs, dtypes;
};

void Include(std::vector<std::string_view>& names, std::string_view name) {
  if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
}

std::vector<Merged> Merge(const std::vector<Cause>& causes) {
  std::vector<Merged> merged;
  for (const Cause& cause : causes) {
    const Finding& worst = cause.worst;
    auto same = std::find_if(merged.begin(), merged.end(), [&](const Merged& m) {
      const Finding& other = m.worst->worst;
      return other.subject == worst.subject && other.loss == worst.loss && other.verdict == worst.verdict &&
             other.divergence == worst.divergence;
    });
    if (same == merged.end()) same = merged.insert(same, {&cause, 0, {}, {}});
    if (TellsMore(worst, same->worst->worst)) same->worst = &cause;
    same->elements += cause.elements;
    Include(same->outputs, worst.output);
    Include(same->dtypes, Name(worst.dtype));
  }
  std::stable_sort(merged.begin(), merged.end(), [](const Merged& a, const Merged& b) {
    const Finding &x = a.worst->worst, &y = b.worst->worst;
    if (x.verdict != y.verdict) return Severity(x.verdict) > Severity(y.verdict);
    return x.ulp > y.ulp;
  });
  return merged;
}

class Writer {
 public:
  Writer(const Report& report, const ConsoleOptions& options, std::ostream& out)
      : report_(report), options_(options), causes_(report.grouping.Causes()), out_(out) {}

  void Write() {
    const RunInfo& run = report_.run;
    Print("{}, {}\n", run.program, run.selection);
    for (const SubjectInfo& subject : run.subjects) {
      if (!report_.IsPitfall(subject.name)) WriteTable(subject);
    }
    WritePitfalls();
    WriteCauses();
  }

 private:
  template <class... Arguments>
  void Print(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    fmt::print(out_, format, std::forward<Arguments>(arguments)...);
  }

  std::string Painted(std::string_view colour, const std::string& text) const {
    return options_.colour ? fmt::format("{}{}{}", colour, text, kReset) : text;
  }

  std::string Cell(const TableRow& row, Dtype dtype) const {
    const auto found = row.cells.find(dtype);
    const Worst worst = found == row.cells.end() ? Worst{} : found->second;
    if (worst.verdict == Verdict::kUnsupported) return Painted(kDim, fmt::format("{:<26}", "-"));
    const std::string text =
        fmt::format("{:>9} {:<16}", ErrorText(worst.ulp), ClassOrVerdict(worst.verdict, worst.divergence));
    return Severity(worst.verdict) > Severity(Verdict::kUndecided) ? Painted(kRed, text) : text;
  }

  void WriteTable(const SubjectInfo& subject) {
    const std::set<Dtype> dtypes = report_.tally.dtypes();
    Print("\n{} {}: worst ulp and verdict of the loss and its gradients\n", subject.name,
          VersionText(subject));
    std::string head = fmt::format("  {:<16}", "loss");
    for (const Dtype dtype : dtypes) head += fmt::format("{:>9} {:<16}", Name(dtype), "");
    Print("{}\n", Trimmed(head));
    for (const TableRow& row : report_.tally.RowsByLoss(subject.name)) {
      std::string line = fmt::format("  {:<16}", row.loss);
      for (const Dtype dtype : dtypes) line += Cell(row, dtype);
      Print("{}\n", Trimmed(line));
    }
  }

  void WritePitfalls() {
    bool is_first = true;
    for (const std::string& subject : report_.tally.subjects()) {
      const Counts& counts = report_.tally.counts(subject);
      const std::uint64_t judged = counts.passed() + counts.failed();
      if (!report_.IsPitfall(subject) || judged == 0) continue;
      if (is_first) Print("\npitfalls: output elements that naive forms get wrong\n");
      is_first = false;
      Print("  {:<36} {:>5.1f} % of {}\n", subject,
            100.0 * static_cast<double>(counts.failed()) / static_cast<double>(judged), judged);
    }
  }

  void WriteCauses() {
    std::vector<Cause> counted;
    for (const Cause& cause : causes_) {
      if (!report_.IsPitfall(cause.worst.subject)) counted.push_back(cause);
    }
    const std::vector<Merged> merged = Merge(counted);
    if (merged.empty()) return;
    Print("\n{} from {}, the worst first\n", Counted(merged.size(), "kind") + " of failure",
          Counted(counted.size(), "cause"));
    for (std::size_t i = 0; i < std::min(merged.size(), options_.most_causes); ++i) WriteMerged(merged[i]);
    if (merged.size() > options_.most_causes) {
      Print("  and {} more: --report DIR writes them all\n", merged.size() - options_.most_causes);
    }
  }

  void WriteMerged(const Merged& merged) {
    constexpr std::size_t kLongestLine = 160;
    const Finding& worst = merged.worst->worst;
    const std::string what{ClassOrVerdict(worst.verdict, worst.divergence)};
    Print("  {} {}: {} of {} in {}, {}, up to {} ulp{}\n", worst.subject, worst.loss, Painted(kRed, what),
          Listed(merged.outputs), Listed(merged.dtypes), Counted(merged.elements, "element"),
          ErrorText(worst.ulp), worst.seen_by_assert_close ? "" : ", not seen by assert_close");
    if (worst.line.size() <= kLongestLine) {
      Print("    {}\n", worst.line);
    } else {
      Print("    {}... ({} characters)\n", worst.line.substr(0, kLongestLine), worst.line.size());
    }
  }

  static std::string_view Trimmed(std::string_view line) {
    return line.substr(0, line.find_last_not_of(' ') + 1);
  }

  const Report& report_;
  const ConsoleOptions& options_;
  const std::vector<Cause> causes_;
  std::ostream& out_;
};

}  // namespace

void WriteConsole(const Report& report, const ConsoleOptions& options, std::ostream& out) {
  Writer(report, options, out).Write();
}

}  // namespace exactloss
