// exactloss audit: generated problems, every subject, reports.
#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "cli/audit_flags.h"
#include "cli/command.h"
#include "cli/hunt.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/profiles.h"
#include "cli/terminal.h"
#include "oracle/naive.h"
#include "oracle/shrink.h"
#include "oracle/worst.h"
#include "reports/annotations.h"
#include "reports/baseline.h"
#include "reports/console.h"
#include "reports/numbers.h"

namespace exactloss {
namespace {

bool IsGithub() {
  const char* actions = std::getenv("GITHUB_ACTIONS");
  return actions != nullptr && std::string_view(actions) == "true";
}

/// The simplest example of each subject, loss and class is made simpler still.
void ShrinkExamples(Report& report, const SubjectOptions& options) {
  std::map<std::string, std::unique_ptr<Subject>> subjects;
  for (Cause* cause : report.grouping.Leading()) {
    if (report.IsPitfall(cause->simplest.subject) || Interrupted()) continue;
    std::unique_ptr<Subject>& subject = subjects[cause->simplest.subject];
    if (!subject) subject = MakeSubject(cause->simplest.subject, options);
    const Problem problem = ParseProblem(cause->simplest.line, FillTensor);
    if (auto shrunk = Shrink(problem, cause->simplest, *subject)) cause->simplest = std::move(*shrunk);
  }
}

/// The worst cases that are asked again: of what is selected, this shard's own.
std::vector<WorstCase> WorstOf(const AuditFlags& flags, const Selection& selection) {
  std::vector<WorstCase> cases;
  if (!flags.worst.empty()) {
    cases = ReadWorstCasesAt(flags.worst);
  } else if (flags.selection.fills.empty() && ProfileNamed(flags.selection.profile).worst_cases) {
    if (const auto shipped = ShippedWorst()) cases = ReadWorstCasesAt(*shipped);
  }
  const auto is_among = [](const auto& chosen, const auto& value) {
    return chosen.empty() || std::find(chosen.begin(), chosen.end(), value) != chosen.end();
  };
  std::uint64_t number = 0;
  std::erase_if(cases, [&](const WorstCase& worst) {
    const Problem& problem = worst.problem;
    return !is_among(selection.losses, problem.loss) || !is_among(selection.dtypes, problem.dtype) ||
           !is_among(selection.reductions, problem.reduction) ||
           number++ % selection.shards != selection.shard - 1;
  });
  return cases;
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
  const std::vector<KnownDivergence> known = KnownOf(flags.known);
  if (flags.contracts) return RunContracts(flags, known);
  const Selection selection = flags.selection.Chosen();
  if (Count(selection) == 0) {
    std::cerr << "exactloss audit: nothing is selected; `exactloss list` shows which reductions a loss has\n";
    return kNothingSelected;
  }
  std::vector<WorstCase> worst = WorstOf(flags, selection);
  Report report;
  report.run.program = ProgramName();
  report.run.command = CommandLine();
  report.run.selection = flags.selection.Text();
  if (!worst.empty()) report.run.selection += ", " + Counted(worst.size(), "worst case");
  report.run.chosen = selection;
  report.run.cpu = CpuName();
  ChooseSubjects(flags, report.run);
  std::optional<Baseline> baseline;
  if (!flags.baseline.empty()) {
    baseline = ReadBaseline(flags.baseline);
    CheckFits(*baseline, flags.baseline, report.run);
  }

  JsonOutput json(flags.subject.json);
  ReportFiles files(flags.reports);
  std::vector<Sink*> sinks = files.sinks(report);
  if (json.sink() != nullptr) sinks.push_back(json.sink());
  Collector collector(report, sinks);

  Progress progress;
  AuditOptions options = flags.subject.Options();
  options.repeat_every = kRepeatEvery;
  options.progress = [&](std::uint64_t done, std::uint64_t total) { progress.Show(done, total); };
  CatchInterrupts();
  KnownReplay replay = ReplayKnown(known, /*contracts=*/false, selection.losses, selection.dtypes, options);
  const Known known_here(known, replay.subjects);
  KnownMarker marker(known_here, collector);
  const AuditSummary summary =
      Audit(Joined(StreamOf(selection), StreamOf(std::move(worst))), options, {&marker});
  progress.Clear();

  report.run.known_examples = replay.examples;
  report.run.stale_known = std::move(replay.stale);
  if (!summary.interrupted) ShrinkExamples(report, options.subject);
  report.run.subjects = summary.subjects;
  report.run.problems = summary.problems;
  report.run.interrupted = summary.interrupted;
  if (baseline && !summary.interrupted) {
    report.baseline = Compare(*baseline, report.run, report.rows);
    report.baseline->file = flags.baseline;
  }
  if (files.has_plots()) report.close_ups = LookCloser(report.WorstFirst(), options);
  json.Finish();
  files.Commit(report);
  json.Commit();
  std::ostream& people = flags.subject.people();
  WriteConsole(report, {.colour = flags.subject.json != "-" && WantsColour()}, people);
  if (const std::string text = files.Text(); !text.empty()) people << '\n' << text << '\n';
  if (IsGithub()) WriteAnnotations(report, people);
  people << report.LastLine() << '\n';
  return StatusOf(flags, report);
}

}  // namespace

ExitStatus StatusOf(const AuditFlags& flags, const Report& report) {
  if (report.run.interrupted) return kInterrupted;
  return flags.gate && report.FailsGate() ? kGateFailed : kOk;
}

Action AddAudit(CLI::App& app) {
  const auto flags = std::make_shared<AuditFlags>();
  flags->subject.jobs = static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1U, 64U));
  flags->selection.Add(app);
  flags->reports.Add(app);
  app.add_option(
      "--known", flags->known,
      "folder of known divergences, which are replayed first and do not count as failed; without it, "
      "the folder `known` beside or above the program");
  app.add_option(
      "--worst", flags->worst,
      "worst cases, a file *.wc or a folder of them, that are asked as well; without it, the folder "
      "`worst` beside or above the program, but in the profile smoke and with --fill");
  CLI::Option* baseline =
      app.add_option("--baseline", flags->baseline,
                     "file of `exactloss baseline` to which each row is held; what is worse fails the gate");
  app.add_flag(
      "--gate", flags->gate,
      "exit with status 1 if anything fails that is not known, is known and fails no more, or is worse "
      "than the baseline");
  CLI::Option* contracts =
      app.add_flag("--contracts", flags->contracts,
                   "instead call each loss with right and wrong arguments, and hold what "
                   "happens to what is documented");
  contracts->excludes(baseline);
  for (const char* name : SelectionFlags::kNames) {
    if (std::string_view(name) != "--loss") contracts->excludes(app.get_option(name));
  }
  flags->subject.Add(app);
  app.footer(
      "Without --subject it asks libtorch, and the naive forms as pitfalls, whose failures do not count.\n"
      "Without --gate the exit status is 0 whatever was found. Where GITHUB_ACTIONS is true, the worst\n"
      "causes become annotations.");
  return [flags] { return RunAudit(*flags); };
}

}  // namespace exactloss
