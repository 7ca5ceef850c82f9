// exactloss gradcheck: the truth of gradients on its three legs, subjects' gradients against it and beside a
// classical check, and the Taylor remainder test of a loss that has no reference.
#include "oracle/gradcheck.h"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "cli/batch.h"
#include "cli/command.h"
#include "cli/flags.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/terminal.h"
#include "reports/gradcheck.h"
#include "reports/report.h"

namespace exactloss {
namespace {

struct GradcheckFlags {
  std::vector<std::string> losses, dtypes = {"f64", "f32"}, reductions, fills, lines, files;
  std::uint64_t seed = 1, problems = 1;
  bool taylor = false;
  std::string as;
  SubjectFlags subject;
};

Selection SelectionOf(const GradcheckFlags& flags) {
  Selection selection;
  selection.losses = LossesNamed(flags.losses);
  selection.dtypes = DtypesNamed(flags.dtypes);
  selection.reductions = ReductionsNamed(flags.reductions);
  selection.fills = FillsNamed(flags.fills);
  selection.seed = flags.seed;
  selection.problems_per_cell = flags.problems;
  return selection;
}

ExitStatus StatusOf(const GradcheckSummary& summary, bool gate_fails = false) {
  return summary.interrupted ? kInterrupted : gate_fails ? kGateFailed : kOk;
}

ExitStatus CheckGradients(const GradcheckFlags& flags, const GradcheckProblems& problems,
                          const AuditOptions& options, Progress& progress) {
  JsonOutput json(flags.subject.json);
  GradcheckReport report(options.subjects.size());
  const GradcheckSummary summary = Gradcheck(problems, options, [&](const GradcheckResult& result) {
    report.Add(result);
    for (const LegAgreement& leg : result.legs) json.Write(ToJsonLine(result, leg));
    for (const CheckedGradients& checked : result.subjects) {
      for (const GradientFinding& found : checked.findings) json.Write(ToJsonLine(found));
    }
  });
  progress.Clear();
  json.Commit();
  std::ostream& people = flags.subject.people();
  report.WriteLegs(people);
  for (std::size_t s = 0; s < summary.subjects.size(); ++s)
    report.WriteSubject(s, summary.subjects[s], people);
  people << '\n' << (summary.interrupted ? "interrupted, " : "") << report.LastLine(summary.subjects) << '\n';
  return StatusOf(summary, report.LegsAreApart());
}

ExitStatus TestRemainders(const GradcheckFlags& flags, const GradcheckProblems& problems,
                          const AuditOptions& options, Progress& progress) {
  JsonOutput json(flags.subject.json);
  TaylorReport report;
  std::ostream& people = flags.subject.people();
  const GradcheckSummary summary =
      TaylorTests(problems, flags.as, options, [&](const TaylorProblem& problem) {
        progress.Clear();
        report.Add(problem, options.subjects, people);
        for (std::size_t s = 0; s < problem.subjects.size(); ++s) {
          for (const TaylorResult& result : problem.subjects[s]) {
            json.Write(ToJsonLine(problem.line, options.subjects[s], result));
          }
        }
      });
  progress.Clear();
  json.Commit();
  people << (summary.interrupted ? "interrupted, " : "") << report.LastLine() << '\n';
  return StatusOf(summary);
}

ExitStatus RunGradcheck(GradcheckFlags& flags) {
  if (!flags.as.empty() && !flags.taylor) {
    throw UsageError("--as: a loss of your own has no truth here; add --taylor, which needs none");
  }
  const Batch batch = BatchOf("gradcheck", flags.lines, flags.files);
  const bool has_lines = !flags.lines.empty() || !flags.files.empty();
  const Selection selection = SelectionOf(flags);
  const GradcheckProblems problems =
      has_lines ? GradcheckProblems::Of(batch.problems()) : GradcheckProblems::Of(selection);
  if (problems.count == 0) {
    std::cerr
        << "exactloss gradcheck: nothing is selected; `exactloss list` shows which reductions a loss has\n";
    return kNothingSelected;
  }
  if (flags.subject.names.empty()) flags.subject.names = {"libtorch"};
  Progress progress;
  AuditOptions options = flags.subject.Options();
  options.progress = [&](std::uint64_t done, std::uint64_t total) { progress.Show(done, total); };
  CatchInterrupts();
  return flags.taylor ? TestRemainders(flags, problems, options, progress)
                      : CheckGradients(flags, problems, options, progress);
}

}  // namespace

Action AddGradcheck(CLI::App& app) {
  const auto flags = std::make_shared<GradcheckFlags>();
  flags->subject.jobs = static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1U, 64U));
  app.add_option("line", flags->lines, "repro lines, each quoted as one word, instead of generated problems");
  app.add_option("--batch", flags->files,
                 "a file with one line a problem; - is standard input; may be repeated")
      ->allow_extra_args(false);
  AddNames(app, "--loss", flags->losses, "only these losses: a,b or repeated");
  AddNames(app, "--dtype", flags->dtypes, "these of f64, f32, bf16, f16; f64 and f32 when left out");
  AddNames(app, "--reduction", flags->reductions, "only these of none, mean, sum, batchmean");
  AddNames(app, "--fill", flags->fills, "only these fills");
  app.add_option("--seed", flags->seed, "of the fills")->capture_default_str();
  app.add_option("--problems", flags->problems, "for each loss, dtype, reduction and fill")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 20))
      ->capture_default_str();
  app.add_flag(
      "--taylor", flags->taylor,
      "the Taylor remainder test: is the gradient that of the loss? From the subject's outputs alone");
  app.add_option(
      "--as", flags->as,
      "with --taylor: ask for the loss of this name, which takes the tensors and parameters of the "
      "problem's own loss");
  flags->subject.Add(app);
  app.footer(
      "Without --subject it asks libtorch. The exit status is 0 whatever it says of subjects, and 1 where "
      "the\n"
      "legs of the truth disagree.");
  return [flags] { return RunGradcheck(*flags); };
}

}  // namespace exactloss
