#include "reports/console.h"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "oracle/impact.h"
#include "reference/text.h"
#include "reports/numbers.h"

namespace exactloss {
namespace {

constexpr std::string_view kRed = "\x1b[31m", kDim = "\x1b[2m", kReset = "\x1b[0m";

/// "a, b, c and 4 more"
std::string Some(std::vector<std::string_view> names) {
  constexpr std::size_t kMost = 6;
  const std::size_t rest = names.size() - std::min(names.size(), kMost);
  names.resize(names.size() - rest);
  return Listed(names) + (rest == 0 ? "" : fmt::format(" and {} more", rest));
}

/// The causes of one class, whatever the loss, output and dtype.
struct OfClass {
  std::string_view name;
  const Finding* example = nullptr;
  std::uint64_t elements = 0, trains_wrong = 0;
  std::size_t causes = 0, unseen = 0;
  double ulp = std::numeric_limits<double>::quiet_NaN();
  std::vector<std::string_view> losses = {};
};

/// The class with most elements first.
std::vector<OfClass> ByClass(const std::vector<Cause>& causes, const std::string& subject) {
  std::vector<OfClass> classes;
  for (const Cause& cause : causes) {
    const Finding& worst = cause.worst;
    if (worst.subject != subject) continue;
    const std::string_view name = ClassText(worst.verdict, worst.divergence);
    auto same =
        std::find_if(classes.begin(), classes.end(), [&](const OfClass& c) { return c.name == name; });
    if (same == classes.end()) same = classes.insert(same, {.name = name});
    if (same->example == nullptr || IsSimpler(cause.simplest.line, same->example->line)) {
      same->example = &cause.simplest;
    }
    same->trains_wrong += ImpactOf(worst) == Impact::kTrainsWrong ? cause.elements : 0;
    same->elements += cause.elements;
    ++same->causes;
    same->unseen += !worst.seen_by_assert_close;
    if (!(worst.ulp <= same->ulp) && !std::isnan(worst.ulp)) same->ulp = worst.ulp;
    if (same->losses.empty() || same->losses.back() != worst.loss) same->losses.push_back(worst.loss);
  }
  std::stable_sort(classes.begin(), classes.end(),
                   [](const OfClass& a, const OfClass& b) { return a.elements > b.elements; });
  return classes;
}

class Writer {
 public:
  Writer(const Report& report, const ConsoleOptions& options, std::ostream& out)
      : report_(report), options_(options), causes_(report.grouping.Causes()), out_(out) {}

  void Write() {
    const RunInfo& run = report_.run;
    Print("{}, {}\n", run.program, run.selection);
    if (run.known_examples != 0) {
      Print("known divergences: {} replayed, {} stale\n", Counted(run.known_examples, "example"),
            run.stale_known.size());
    }
    for (const SubjectInfo& subject : run.subjects) {
      if (report_.IsPitfall(subject.name)) continue;
      WriteTable(subject);
      WriteClasses(subject.name);
      WriteKnown(subject.name);
    }
    WriteStale();
    if (report_.baseline) WriteDrifts(*report_.baseline, out_);
    WritePitfalls();
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
        fmt::format("{:>9} {:<16}", ErrorText(worst.ulp), ClassText(worst.verdict, worst.divergence));
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
    for (const SubjectInfo& subject : report_.run.subjects) {
      const Counts& counts = report_.tally.counts(subject.name);
      const std::uint64_t judged = counts.passed() + counts.failed();
      if (!report_.IsPitfall(subject.name) || judged == 0) continue;
      if (is_first) Print("\npitfalls: output elements that naive forms get wrong\n");
      is_first = false;
      Print("  {:<36} {:>5.1f} % of {}\n", subject.name,
            100.0 * static_cast<double>(counts.failed()) / static_cast<double>(judged), judged);
    }
  }

  void WriteClasses(const std::string& subject) {
    constexpr std::size_t kLongestLine = 160;
    const std::vector<OfClass> classes = ByClass(causes_, subject);
    if (classes.empty()) return;
    Print("\n{}: what fails, by class, each with a simple example\n", subject);
    for (const OfClass& c : classes) {
      Print("  {}: {} from {}{}{}, in {}{}\n", Painted(kRed, std::string(c.name)),
            Counted(c.elements, "element"), Counted(c.causes, "cause"),
            c.trains_wrong == 0 ? "" : fmt::format(", {} of them gradients (trains wrong)", c.trains_wrong),
            std::isnan(c.ulp) ? "" : fmt::format(", up to {} ulp", ErrorText(c.ulp)), Some(c.losses),
            c.unseen == 0 ? "" : fmt::format("; assert_close does not see the worst of {}", c.unseen));
      Print("    {}\n", Shortened(c.example->line, kLongestLine));
    }
  }

  /// How much of what fails is known, by id.
  void WriteKnown(const std::string& subject) {
    std::map<std::string_view, std::uint64_t> known;
    for (const Cause& cause : causes_) {
      if (cause.worst.subject == subject && !cause.worst.known.empty())
        known[cause.worst.known] += cause.elements;
    }
    if (known.empty()) return;
    Print("\n{}: of these are known\n", subject);
    for (const auto& [id, elements] : known) Print("  {:<44} {}\n", id, Counted(elements, "element"));
  }

  void WriteStale() {
    if (report_.run.stale_known.empty()) return;
    Print("\nknown divergences that no longer are: mend the entry, or narrow its versions\n");
    for (const std::string& stale : report_.run.stale_known) Print("  {}\n", Painted(kRed, stale));
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
