// exactloss audit: generated problems, every subject, reports.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "cli/audit_flags.h"
#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/profiles.h"
#include "cli/terminal.h"
#include "oracle/impact.h"
#include "oracle/naive.h"
#include "oracle/shrink.h"
#include "reports/console.h"
#include "reports/markdown.h"

namespace exactloss {
namespace {

/// One problem of so many is asked again, and in every other layout.
constexpr std::uint64_t kRepeatEvery = 8;

Selection SelectionOf(const AuditFlags& flags) {
  const Profile& profile = ProfileNamed(flags.profile);
  Selection selection;
  selection.losses = LossesNamed(flags.losses);
  selection.dtypes = DtypesNamed(flags.dtypes);
  selection.reductions = ReductionsNamed(flags.reductions);
  selection.fills =
      FillsNamed(flags.fills.empty() ? std::vector<std::string>(profile.fills.begin(), profile.fills.end())
                                     : flags.fills);
  selection.seed = flags.seed;
  selection.problems_per_cell = profile.problems_per_cell;
  const Shard shard = ShardNamed(flags.shard);
  selection.shard = shard.number;
  selection.shards = shard.of;
  return selection;
}

std::string SelectionText(const AuditFlags& flags, const Selection& selection) {
  const auto counted = [](std::size_t chosen, std::size_t all, std::string_view noun) {
    const std::size_t count = chosen == 0 ? all : chosen;
    return fmt::format("{} {}{}", count, noun, count == 1 ? "" : noun.ends_with('s') ? "es" : "s");
  };
  std::string text = fmt::format("profile {}, seed {}: {}, {}, {}", flags.profile, flags.seed,
                                 counted(selection.losses.size(), Catalogue().size(), "loss"),
                                 counted(selection.dtypes.size(), std::size(kAllDtypes), "dtype"),
                                 counted(selection.fills.size(), Fills().size(), "fill"));
  text += fmt::format(", 1 problem in {} again and in every layout", kRepeatEvery);
  if (selection.shards > 1) text += fmt::format(", shard {}/{}", selection.shard, selection.shards);
  return text;
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

/// A folder with report.jsonl, written as findings come, and causes.jsonl and report.md, written at the end.
class ReportFolder {
 public:
  explicit ReportFolder(const std::filesystem::path& folder)
      : findings_(MakeFolder(folder) / "report.jsonl"),
        causes_(folder / "causes.jsonl"),
        people_(folder / "report.md"),
        sink_(findings_.out()) {}

  Sink* sink() { return &sink_; }
  void Commit(const Report& report) {
    WriteMarkdown(report, people_.out());
    OrdinaryBatches ordinary;
    for (const Cause& cause : report.grouping.Causes()) {
      causes_.out() << ToJsonLine(cause, ordinary.SizeOf(cause.worst)) << '\n';
    }
    findings_.Commit();
    causes_.Commit();
    people_.Commit();
  }

 private:
  AtomicFile findings_, causes_, people_;
  JsonLines sink_;
};

std::vector<KnownDivergence> KnownOf(const AuditFlags& flags) {
  if (!flags.known.empty()) return ReadKnown(flags.known);
  const std::optional<std::filesystem::path> shipped = ShippedKnown();
  return shipped ? ReadKnown(*shipped) : std::vector<KnownDivergence>();
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
  const std::vector<KnownDivergence> known = KnownOf(flags);
  if (flags.contracts) return RunContracts(flags, known);
  const Selection selection = SelectionOf(flags);
  if (Count(selection) == 0) {
    std::cerr << "exactloss audit: nothing is selected; `exactloss list` shows which reductions a loss has\n";
    return kNothingSelected;
  }
  Report report;
  report.run.program = ProgramName();
  report.run.command = CommandLine();
  report.run.selection = SelectionText(flags, selection);
  report.run.cpu = CpuName();
  ChooseSubjects(flags, report.run);

  JsonOutput json(flags.subject.json);
  std::optional<ReportFolder> folder;
  std::vector<Sink*> sinks;
  if (json.sink() != nullptr) sinks.push_back(json.sink());
  if (!flags.folder.empty()) sinks.push_back(folder.emplace(flags.folder).sink());
  Collector collector(report, sinks);

  Progress progress;
  AuditOptions options = flags.subject.Options();
  options.repeat_every = kRepeatEvery;
  options.progress = [&](std::uint64_t done, std::uint64_t total) { progress.Show(done, total); };
  CatchInterrupts();
  KnownReplay replay = ReplayKnown(known, /*contracts=*/false, selection.losses, selection.dtypes, options);
  const Known known_here(known, replay.subjects);
  KnownMarker marker(known_here, collector);
  const AuditSummary summary = Audit(selection, options, {&marker});
  progress.Clear();

  report.run.known_examples = replay.examples;
  report.run.stale_known = std::move(replay.stale);
  if (!summary.interrupted) ShrinkExamples(report, options.subject);
  report.run.subjects = summary.subjects;
  report.run.problems = summary.problems;
  report.run.interrupted = summary.interrupted;
  if (folder) folder->Commit(report);
  json.Commit();
  std::ostream& people = flags.subject.people();
  WriteConsole(report, {.colour = flags.subject.json != "-" && WantsColour()}, people);
  if (folder) {
    const std::filesystem::path path = flags.folder;
    people << fmt::format("\nreport: {}, {}\n", (path / "report.md").string(),
                          (path / "report.jsonl").string());
  }
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
  AddNames(app, "--loss", flags->losses, "only these losses: a,b or repeated");
  AddNames(app, "--dtype", flags->dtypes, "only these of f64, f32, bf16, f16");
  AddNames(app, "--reduction", flags->reductions, "only these of none, mean, sum, batchmean");
  AddNames(app, "--fill", flags->fills, "only these fills, instead of those of the profile");
  app.add_option("--seed", flags->seed, "of the fills")->capture_default_str();
  std::string profiles;
  for (const Profile& profile : Profiles()) {
    profiles += fmt::format("{}{}: {}", profiles.empty() ? "" : "; ", profile.name, profile.what);
  }
  app.add_option("--profile", flags->profile, profiles)->capture_default_str();
  app.add_option("--shard", flags->shard, "part i of n parts of the selection")->capture_default_str();
  app.add_option("--report", flags->folder, "write report.md and report.jsonl into this folder");
  app.add_option(
      "--known", flags->known,
      "folder of known divergences, which are replayed first and do not count as failed; without it, "
      "the folder `known` beside or above the program");
  app.add_flag("--gate", flags->gate,
               "exit with status 1 if anything fails that is not known, or is known and fails no more");
  CLI::Option* contracts =
      app.add_flag("--contracts", flags->contracts,
                   "instead call each loss with right and wrong arguments, and hold what "
                   "happens to what is documented");
  for (const char* of_problems : {"--dtype", "--reduction", "--fill", "--seed", "--profile", "--shard"}) {
    contracts->excludes(app.get_option(of_problems));
  }
  flags->subject.Add(app);
  app.footer(
      "Without --subject it asks libtorch, and the naive forms as pitfalls, whose failures do not count.\n"
      "Without --gate the exit status is 0 whatever was found.");
  return [flags] { return RunAudit(*flags); };
}

}  // namespace exactloss
