#include "reports/markdown.h"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <cmath>
#include <sstream>
#include <string>

#include "oracle/impact.h"
#include "reports/markdown_text.h"
#include "reports/numbers.h"

namespace exactloss {
namespace {

constexpr Verdict kVerdicts[] = {Verdict::kExact,     Verdict::kFaithful,   Verdict::kAccurate,
                                 Verdict::kStable,    Verdict::kConvention, Verdict::kInaccurate,
                                 Verdict::kDivergent, Verdict::kUndecided,  Verdict::kUnsupported};

bool HasFailed(const Worst& worst) { return Severity(worst.verdict) > Severity(Verdict::kUndecided); }

std::string CellText(const TableRow& row, Dtype dtype) {
  const auto found = row.cells.find(dtype);
  if (found == row.cells.end()) return "";
  const Worst& worst = found->second;
  if (worst.verdict == Verdict::kUnsupported) return "-";
  if (worst.verdict == Verdict::kUndecided) return "undecided";
  const std::string text =
      fmt::format("{} {}", ErrorText(worst.ulp), ClassText(worst.verdict, worst.divergence));
  return HasFailed(worst) ? fmt::format("**{}**", text) : text;
}

class Writer {
 public:
  Writer(const Report& report, std::ostream& out)
      : report_(report), causes_(report.grouping.Causes()), out_(out) {}

  void Write() {
    Print("# Exactloss report\n\n");
    if (report_.run.interrupted) {
      Print("> **Interrupted**: this is what was found until then, not the whole selection.\n\n");
    }
    for (const std::string& subject : report_.tally.subjects()) {
      if (!report_.IsPitfall(subject)) WriteHeadline(subject);
    }
    WriteRun();
    WriteStale();
    if (report_.baseline) WriteDriftsMarkdown(*report_.baseline, out_);
    WriteCounts();
    WriteLegend();
    WritePitfalls();
    for (const std::string& subject : report_.tally.subjects()) {
      if (!report_.IsPitfall(subject)) WriteSubject(subject);
    }
  }

 private:
  template <class... Arguments>
  void Print(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    fmt::print(out_, format, std::forward<Arguments>(arguments)...);
  }

  std::vector<const Cause*> CausesOf(const std::string& subject) const {
    std::vector<const Cause*> causes;
    for (const Cause& cause : causes_) {
      if (cause.worst.subject == subject) causes.push_back(&cause);
    }
    return causes;
  }

  void WriteHeadline(const std::string& subject) {
    const Counts& counts = report_.tally.counts(subject);
    const std::vector<const Cause*> causes = CausesOf(subject);
    const auto unseen = std::count_if(causes.begin(), causes.end(),
                                      [](const Cause* cause) { return !cause->worst.seen_by_assert_close; });
    const std::uint64_t judged = counts.passed() + counts.failed();
    Print("**{}**: {} of {} fail", Escaped(subject), counts.failed(), Counted(judged, "output element"));
    if (!causes.empty()) {
      Print(", from {}; the defaults of `torch.testing.assert_close` do not see the worst element of {}",
            Counted(causes.size(), "cause"), unseen);
    }
    if (counts.known != 0) Print("; {} are known", counts.known);
    Print(".\n\n");
  }

  void WriteRun() {
    const RunInfo& run = report_.run;
    Print("## What was audited\n\n| | |\n|---|---|\n");
    Print("| program | {} |\n| command | {} |\n", Escaped(run.program), Code(run.command));
    Print("| selection | {} |\n| problems | {} |\n| CPU | {} |\n", Escaped(run.selection), run.problems,
          Escaped(run.cpu));
    for (const SubjectInfo& subject : run.subjects) {
      if (report_.IsPitfall(subject.name)) continue;
      Print("| {} | {} |\n", Escaped(subject.name), Escaped(VersionText(subject)));
    }
    Print("\n");
  }

  void WriteStale() {
    if (report_.run.stale_known.empty()) return;
    Print("## Known divergences that no longer are\n\n");
    for (const std::string& stale : report_.run.stale_known) Print("- {}\n", Escaped(stale));
    Print("\n");
  }

  void WriteCounts() {
    Print("## Output elements by verdict\n\n| subject |");
    for (const Verdict verdict : kVerdicts) Print(" {} |", Name(verdict));
    Print(" mistrusted |\n|---|");
    for ([[maybe_unused]] const Verdict verdict : kVerdicts) Print("--:|");
    Print("--:|\n");
    for (const std::string& subject : report_.tally.subjects()) {
      if (report_.IsPitfall(subject)) continue;
      const Counts& counts = report_.tally.counts(subject);
      Print("| {} |", Escaped(subject));
      for (const Verdict verdict : kVerdicts) Print(" {} |", counts.of(verdict));
      Print(" {} |\n", counts.mistrusted);
    }
    Print("\n");
  }

  void WriteSubject(const std::string& subject) {
    Print("## {}\n\n", Escaped(subject));
    const std::vector<TableRow> ordinary = report_.tally.OrdinaryRows(subject);
    if (!ordinary.empty()) WriteTable("On inputs such as a network in training has", ordinary);
    WriteTable("On all inputs", report_.tally.RowsByOutput(subject));
    WriteClasses(subject);
    WriteCauses(subject);
  }

  void WriteTable(std::string_view inputs, const std::vector<TableRow>& rows) {
    Print("### {}: the worst verdict and its ulp error\n\n| loss | output |", inputs);
    const std::set<Dtype> dtypes = report_.tally.dtypes();
    for (const Dtype dtype : dtypes) Print(" {} |", Name(dtype));
    Print("\n|---|---|");
    for ([[maybe_unused]] const Dtype dtype : dtypes) Print("---|");
    Print("\n");
    for (const TableRow& row : rows) {
      Print("| {} | {} |", Code(row.loss), Escaped(row.output));
      for (const Dtype dtype : dtypes) Print(" {} |", CellText(row, dtype));
      Print("\n");
    }
    Print("\n");
  }

  void WriteClasses(const std::string& subject) {
    const Counts& counts = report_.tally.counts(subject);
    if (counts.failed() == 0) return Print("Nothing fails.\n\n");
    Print("### Failed elements by class\n\n| class | elements |\n|---|--:|\n");
    for (const auto& [divergence, count] : counts.divergences)
      Print("| {} | {} |\n", Name(divergence), count);
    if (const std::uint64_t count = counts.of(Verdict::kInaccurate)) {
      Print("| {} | {} |\n", Name(Verdict::kInaccurate), count);
    }
    Print("\n");
  }

  void WriteCauses(const std::string& subject) {
    const std::vector<const Cause*> causes = CausesOf(subject);
    if (causes.empty()) return;
    Print(
        "### What fails, by cause\n\nEach with its worst element; `exactloss run 'LINE'` explains it. An "
        "ordinary one is the "
        "largest element of that output in a batch of the fill `normal`: the median of {} batches.\n\n",
        kOrdinaryProblems);
    std::string loss;
    std::size_t left_out = 0;
    for (const Cause* cause : causes) {
      if (!HasRoom(cause->worst)) {
        ++left_out;
        continue;
      }
      if (cause->worst.loss != loss) {
        Print("{}#### {}\n\n", loss.empty() ? "" : "\n", cause->worst.loss);
        loss = cause->worst.loss;
      }
      WriteCause(*cause);
    }
    if (left_out != 0)
      Print("\n{} left out for want of room; report.json has them.\n", Counted(left_out, "cause"));
    Print("\n");
  }

  /// For a cause with its line, and for some text after it.
  bool HasRoom(const Finding& worst) {
    constexpr std::size_t kText = 2000;
    return static_cast<std::size_t>(out_.tellp()) + worst.line.size() + kText < kMostMarkdownBytes;
  }

  void WriteCause(const Cause& cause) {
    const Finding& worst = cause.worst;
    const std::string_view range = Name(RangeOf(worst));
    Print("- **{} {}: {}**{} ({} in {}){}", Name(worst.dtype), Escaped(worst.output),
          ClassText(worst.verdict, worst.divergence),
          range.empty() ? "" : fmt::format(", the truth {}", range), Counted(cause.elements, "element"),
          Counted(cause.findings, "problem"), ImpactText(worst));
    WriteWorst(worst);
    if (cause.simplest.line.size() < worst.line.size()) {
      Print("  The simplest:\n  ```\n  {}\n  ```\n", cause.simplest.line);
    }
  }

  std::string ImpactText(const Finding& worst) {
    const Impact impact = ImpactOf(worst);
    if (impact == Impact::kNone) return "";
    const double size = ordinary_.SizeOf(worst);
    return fmt::format(": {}{}", Name(impact),
                       std::isnan(size) ? "" : fmt::format(", by {} ordinary ones", ErrorText(size)));
  }

  /// The rest of a list item: numbers, message, and the line in a code block.
  void WriteWorst(const Finding& worst) {
    if (worst.got) {
      Print(". Worst {} ulp: element {} is {}", ErrorText(worst.ulp), worst.index, Code(GotText(worst)));
      if (worst.truth) {
        Print(", the truth {}, to {} {}", TruthText(worst), Name(worst.dtype),
              Code(NumberText(worst.dtype, Nearest(worst.dtype, worst.truth->value))));
      }
    }
    Print(". assert_close {} it.", worst.seen_by_assert_close ? "sees" : "does not see");
    if (!worst.message.empty()) Print(" {}.", Escaped(worst.message));
    if (!worst.known.empty()) Print(" Known: {}.", Code(worst.known));
    Print("\n  ```\n  {}\n  ```\n", worst.line);
  }

  void WritePitfalls() {
    std::vector<const SubjectInfo*> forms;
    for (const SubjectInfo& subject : report_.run.subjects) {
      if (subject.name.starts_with("naive/")) forms.push_back(&subject);
    }
    if (forms.empty()) return;
    Print("## Pitfalls: what common but naive forms cost\n\n");
    Print("| form | loss | elements | fail | worst ulp | most often |\n|---|---|--:|--:|--:|---|\n");
    for (const SubjectInfo* form : forms) {
      const Counts& counts = report_.tally.counts(form->name);
      const std::uint64_t judged = counts.passed() + counts.failed();
      if (judged == 0) continue;
      const Cause* worst = WorstOf(form->name);
      const double share = 100.0 * static_cast<double>(counts.failed()) / static_cast<double>(judged);
      Print("| {} | {} | {} | {:.1f} % | {} | {} |\n", Escaped(form->name), LossesOf(form->name), judged,
            share, worst == nullptr ? "-" : ErrorText(worst->worst.ulp), ClassesBySize(counts));
    }
    Print("\nThe worst of each:\n\n");
    for (const SubjectInfo* form : forms) {
      const Cause* worst = WorstOf(form->name);
      if (worst == nullptr) continue;
      Print("- **{}**, {} {}: {}", Escaped(form->name), Name(worst->worst.dtype),
            Escaped(worst->worst.output), ClassText(worst->worst.verdict, worst->worst.divergence));
      WriteWorst(worst->worst);
    }
    Print("\n");
  }

  std::string LossesOf(const std::string& subject) const {
    std::string losses;
    for (const TableRow& row : report_.tally.RowsByLoss(subject)) {
      losses += (losses.empty() ? "" : ", ") + Code(row.loss);
    }
    return losses;
  }

  const Cause* WorstOf(const std::string& subject) const {
    const std::vector<const Cause*> causes = CausesOf(subject);
    const auto worst = std::max_element(causes.begin(), causes.end(), [](const Cause* a, const Cause* b) {
      return TellsMore(b->worst, a->worst);
    });
    return worst == causes.end() ? nullptr : *worst;
  }

  static std::string ClassesBySize(const Counts& counts) {
    std::pair<std::uint64_t, std::string_view> most{counts.of(Verdict::kInaccurate),
                                                    Name(Verdict::kInaccurate)};
    for (const auto& [divergence, count] : counts.divergences) {
      if (count > most.first) most = {count, Name(divergence)};
    }
    return most.first == 0 ? "-" : fmt::format("{} ({})", most.second, most.first);
  }

  void WriteLegend() {
    Print(
        "## How to read this\n\n"
        "The truth is the loss or gradient in real arithmetic, proven. An ulp is the gap between "
        "neighbouring "
        "numbers of the dtype at the truth.\n\n"
        "| verdict | |\n|---|---|\n"
        "| exact | the correctly rounded truth |\n"
        "| faithful | less than 1 ulp off |\n"
        "| accurate | within the bound that the subject declares |\n"
        "| stable | further off, and explained by the conditioning of the inputs |\n"
        "| convention | at a kink, in the subdifferential, but another element than PyTorch documents |\n"
        "| **inaccurate** | further off than conditioning explains |\n"
        "| **divergent** | of a class: overflow, underflow, cancellation, nan, ... |\n"
        "| undecided | the truth could not be proven |\n"
        "| unsupported | the subject does not compute this |\n"
        "| mistrusted | counted among those that pass, but the pass proves little |\n");
  }

  const Report& report_;
  const std::vector<Cause> causes_;
  OrdinaryBatches ordinary_;
  std::ostream& out_;
};

}  // namespace

void WriteMarkdown(const Report& report, std::ostream& out) {
  std::ostringstream text;
  Writer(report, text).Write();
  out << text.str();
}

}  // namespace exactloss
