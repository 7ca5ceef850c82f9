// exactloss audit: generated problems, every subject, reports.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "cli/command.h"
#include "cli/flags.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/report_files.h"
#include "cli/selection_flags.h"
#include "cli/terminal.h"
#include "oracle/naive.h"
#include "reports/annotations.h"
#include "reports/console.h"

namespace exactloss {
namespace {

struct AuditFlags {
  SelectionFlags selection;
  SubjectFlags subject;
  ReportFlags reports;
};

bool IsGithub() {
  const char* actions = std::getenv("GITHUB_ACTIONS");
  return actions != nullptr && std::string_view(actions) == "true";
}

/// Who is asked when nobody is named: LibTorch, and the naive forms to show what they cost.
void ChooseSubjects(AuditFlags& flags, RunInfo& run) {
  if (!flags.subject.names.empty()) return;
  flags.subject.names = {"libtorch"};
  for (const std::string& form : NaiveForms()) {
    flags.subject.names.push_back("naive/" + form);
    run.pitfalls.insert("naive/" + form);
  }
}

ExitStatus RunAudit(AuditFlags& flags) {
  const Selection selection = flags.selection.Chosen();
  if (Count(selection) == 0) {
    std::cerr << "exactloss audit: nothing is selected; `exactloss list` shows which reductions a loss has\n";
    return kNothingSelected;
  }
  Report report;
  report.run.program = ProgramName();
  report.run.command = CommandLine();
  report.run.selection = flags.selection.Text();
  report.run.chosen = selection;
  report.run.cpu = CpuName();
  ChooseSubjects(flags, report.run);

  JsonOutput json(flags.subject.json);
  ReportFiles files(flags.reports);
  std::vector<Sink*> sinks = files.sinks(report);
  if (json.sink() != nullptr) sinks.push_back(json.sink());
  Collector collector(report, sinks);

  Progress progress;
  AuditOptions options = flags.subject.Options();
  options.progress = [&](std::uint64_t done, std::uint64_t total) { progress.Show(done, total); };
  CatchInterrupts();
  const AuditSummary summary = Audit(selection, options, {&collector});
  progress.Clear();

  report.run.subjects = summary.subjects;
  report.run.problems = summary.problems;
  report.run.interrupted = summary.interrupted;
  if (files.has_plots()) report.close_ups = LookCloser(report.WorstFirst(), options);
  files.Commit(report);
  json.Commit();
  std::ostream& people = flags.subject.people();
  WriteConsole(report, {.colour = flags.subject.json != "-" && WantsColour()}, people);
  if (const std::string text = files.Text(); !text.empty()) people << '\n' << text << '\n';
  if (IsGithub()) WriteAnnotations(report, people);
  people << report.LastLine() << '\n';
  return summary.interrupted ? kInterrupted : kOk;
}

}  // namespace

Action AddAudit(CLI::App& app) {
  const auto flags = std::make_shared<AuditFlags>();
  flags->subject.jobs = static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1U, 64U));
  flags->selection.Add(app);
  flags->reports.Add(app);
  flags->subject.Add(app);
  app.footer(
      "Without --subject it asks libtorch, and the naive forms as pitfalls, whose failures do not count.\n"
      "The exit status is 0 whatever was found. Where GITHUB_ACTIONS is true, the worst causes become\n"
      "annotations.");
  return [flags] { return RunAudit(*flags); };
}

}  // namespace exactloss
