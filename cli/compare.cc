// exactloss compare: two subjects, versions or dtypes on the same problems, or two reports of such.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "cli/command.h"
#include "cli/flags.h"
#include "cli/interrupt.h"
#include "cli/selection_flags.h"
#include "cli/terminal.h"
#include "reference/text.h"
#include "reports/atomic_file.h"
#include "reports/comparison.h"
#include "reports/document.h"
#include "reports/numbers.h"

namespace exactloss {
namespace {

struct CompareFlags {
  std::string before, after, markdown;
  SelectionFlags selection;
  SubjectFlags subject;
};

/// "libtorch", "libtorch@bf16", "old/report.json", "old": a subject or a report, and a dtype of it.
struct Operand {
  std::string text;
  std::string name;  ///< of the subject, or path of the report
  std::optional<Dtype> dtype;
  std::optional<Document> document = {};  ///< none: a subject, which is asked
};

Operand ReadOperand(const std::string& text) {
  namespace fs = std::filesystem;
  Operand operand{text, text, {}};
  const std::size_t at = text.rfind('@');
  if (at != std::string::npos) operand.dtype = ParseDtype(text.substr(at + 1));
  if (operand.dtype) operand.name = text.substr(0, at);
  std::error_code error;
  const fs::path path = operand.name;
  if (fs::exists(path / "report.json", error)) {  // a folder `libtorch` alone is no report
    operand.document = ReadDocument(path / "report.json");
  } else if (path.extension() == ".json") {
    operand.document = ReadDocument(path);
  }
  return operand;
}

bool IsSameSelection(const Selection& a, const Selection& b) {
  return a.losses == b.losses && a.dtypes == b.dtypes && a.reductions == b.reductions && a.fills == b.fills &&
         a.seed == b.seed && a.problems_per_cell == b.problems_per_cell && a.shard == b.shard &&
         a.shards == b.shards;
}

/// Subjects of a report whose failures count.
std::vector<std::string> Counting(const RunInfo& run) {
  std::vector<std::string> names;
  for (const SubjectInfo& subject : run.subjects) {
    if (run.pitfalls.count(subject.name) == 0) names.push_back(subject.name);
  }
  return names;
}

const SubjectInfo& InfoOf(const RunInfo& run, const std::string& name) {
  return *std::find_if(run.subjects.begin(), run.subjects.end(),
                       [&](const SubjectInfo& subject) { return subject.name == name; });
}

/// "libtorch 2.13.0 in bf16, of old.json"
ComparedSide SideOf(const Operand& operand, const RunInfo& run, const std::string& subject) {
  const std::string version = VersionText(InfoOf(run, subject));
  std::string name = subject + (version.empty() ? "" : fmt::format(" ({})", version));
  if (operand.dtype) name += fmt::format(" in {}", Name(*operand.dtype));
  if (operand.document) name += fmt::format(", {}", operand.name);
  return {run, subject, operand.dtype ? std::vector{*operand.dtype} : std::vector<Dtype>(), name};
}

/// The subjects to compare: the one that counts in each report, or the one that both have.
std::pair<std::string, std::string> SubjectsOf(const RunInfo& before, const RunInfo& after) {
  const std::vector<std::string> a = Counting(before), b = Counting(after);
  if (a.size() == 1 && b.size() == 1) return {a.front(), b.front()};
  std::vector<std::string> common;
  std::copy_if(a.begin(), a.end(), std::back_inserter(common),
               [&](const std::string& name) { return std::find(b.begin(), b.end(), name) != b.end(); });
  if (common.size() == 1) return {common.front(), common.front()};
  throw UsageError(fmt::format("which subjects? One side has {}, the other {}; audit with one --subject each",
                               Counted(a.size(), "subject"), Counted(b.size(), "subject")));
}

/// Asks the subjects that are no reports, all on the same problems.
Report Ask(const Selection& selection, std::vector<std::string> subjects, const SubjectFlags& flags) {
  Report report;
  Progress progress;
  AuditOptions options = flags.Options();
  options.repeat_every = kRepeatEvery;
  options.subjects = std::move(subjects);
  options.progress = [&](std::uint64_t done, std::uint64_t total) { progress.Show(done, total); };
  CatchInterrupts();
  const AuditSummary summary = Audit(selection, options, {&report.rows});
  report.run.subjects = summary.subjects;
  report.run.interrupted = summary.interrupted;
  return report;
}

/// The problems of the reports, which have to be the same, else those of the flags.
void Choose(const CompareFlags& flags, const std::vector<const Operand*>& operands, bool flags_are_given,
            RunInfo& run) {
  const Document* first = nullptr;
  for (const Operand* operand : operands) {
    if (!operand->document) continue;
    const RunInfo& of_report = operand->document->run;
    if (of_report.interrupted) {
      throw UsageError(
          fmt::format("{}: its audit was interrupted, so that nothing can be said of what it "
                      "lacks; run it to its end",
                      operand->name));
    }
    if (flags_are_given) {
      throw UsageError(
          fmt::format("the problems are those of {}; leave out the flags that select others", operand->name));
    }
    if (first != nullptr && !IsSameSelection(first->run.chosen, of_report.chosen)) {
      throw UsageError(
          fmt::format("the reports are of other problems: {} of '{}', {} of '{}'; audit both "
                      "with the same selection and seed",
                      operands[0]->name, first->run.selection, operand->name, of_report.selection));
    }
    if (first == nullptr) first = &*operand->document;
  }
  run.chosen = first != nullptr ? first->run.chosen : flags.selection.Chosen();
  run.selection = first != nullptr ? first->run.selection : flags.selection.Text();
}

ExitStatus RunCompare(const CompareFlags& flags, bool flags_are_given) {
  const Operand before = ReadOperand(flags.before), after = ReadOperand(flags.after);
  if (before.dtype.has_value() != after.dtype.has_value()) {
    throw UsageError("a dtype on one side alone; write both, such as libtorch@f32 libtorch@bf16");
  }
  RunInfo run;
  Choose(flags, {&before, &after}, flags_are_given, run);
  if (Count(run.chosen) == 0) {
    std::cerr
        << "exactloss compare: nothing is selected; `exactloss list` shows which reductions a loss has\n";
    return kNothingSelected;
  }
  std::optional<AtomicFile> markdown;
  if (!flags.markdown.empty()) markdown.emplace(flags.markdown);

  std::vector<std::string> subjects;
  for (const Operand* operand : {&before, &after}) {
    const bool is_new = std::find(subjects.begin(), subjects.end(), operand->name) == subjects.end();
    if (!operand->document && is_new) subjects.push_back(operand->name);
  }
  Report asked;
  if (!subjects.empty()) asked = Ask(run.chosen, subjects, flags.subject);
  if (asked.run.interrupted) {
    std::cerr << "exactloss compare: interrupted, nothing is compared\n";
    return kInterrupted;
  }
  const auto run_of = [&](const Operand& operand) {
    if (operand.document) return operand.document->run;
    RunInfo one = run;
    one.subjects = {InfoOf(asked.run, operand.name)};
    return one;
  };
  const auto rows_of = [&](const Operand& operand) -> const Rows& {
    return operand.document ? operand.document->rows : asked.rows;
  };
  const RunInfo run_before = run_of(before), run_after = run_of(after);
  const auto [name_before, name_after] = SubjectsOf(run_before, run_after);
  const Comparison comparison = Compare(SideOf(before, run_before, name_before), rows_of(before),
                                        SideOf(after, run_after, name_after), rows_of(after));
  if (markdown) {
    WriteComparisonMarkdown(comparison, CommandLine(), markdown->out());
    markdown->Commit();
  }
  WriteComparison(comparison, std::cout);
  return comparison.HasRegressed() ? kGateFailed : kOk;
}

}  // namespace

Action AddCompare(CLI::App& app) {
  const auto flags = std::make_shared<CompareFlags>();
  flags->subject.jobs = static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1U, 64U));
  app.add_option("before", flags->before, "a subject, a report.json or its folder; @DTYPE for one dtype")
      ->required();
  app.add_option("after", flags->after, "likewise")->required();
  app.add_option("--md", flags->markdown, "write a table that fits a comment on a pull request");
  flags->selection.Add(app);
  flags->subject.AddAsking(app);
  app.footer(
      "Both are judged against the truth on the same problems: those of the report, or those selected here.\n"
      "The exit status is 1 if anything regressed.");
  return [flags, &app] {
    bool given = false;
    for (const char* flag : SelectionFlags::kNames) given = given || app.count(flag) != 0;
    return RunCompare(*flags, given);
  };
}

}  // namespace exactloss
