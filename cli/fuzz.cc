// exactloss fuzz: drawn problems without end, in processes of their own.
#include "oracle/fuzz.h"

#include <fmt/format.h>

#include <iostream>
#include <memory>
#include <set>
#include <string>
#include <tuple>

#include "cli/hunt.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/selection_flags.h"
#include "reports/numbers.h"
#include "reports/worst_file.h"

namespace exactloss {
namespace {

const std::string kDefaultTime = "60s";

/// What was met: the cells that problems came from, and the ranges of the truths.
class Strata : public Sink {
 public:
  void Write(const Finding& finding) override {
    cells_.emplace(finding.loss, finding.dtype, finding.reduction, FillName(finding.fill));
    if (finding.truth) ranges_.emplace(finding.loss, finding.dtype, finding.output, RangeOf(finding));
  }
  std::string Text() const {
    return fmt::format(
        "{} of loss x dtype x reduction x fill, {} of loss x dtype x output x range of the truth",
        cells_.size(), ranges_.size());
  }

 private:
  std::set<std::tuple<std::string, Dtype, Reduction, std::string>> cells_;
  std::set<std::tuple<std::string, Dtype, std::string, Range>> ranges_;
};

ExitStatus RunFuzz(HuntFlags& flags) {
  Limit limit(flags, kDefaultTime);
  if (flags.subject.names.empty()) flags.subject.names = {"libtorch"};
  const FuzzProblems problems(flags.Chosen());
  const std::vector<KnownDivergence> known = KnownOf(flags.known);
  if (!flags.record.empty()) RecordWorstCases(flags.record, {});

  Report report;
  report.run.program = ProgramName();
  report.run.command = CommandLine();
  report.run.selection = fmt::format("fuzz, seed {}", flags.seed);
  JsonOutput json(flags.subject.json);
  Strata strata;
  std::vector<Sink*> sinks = {&strata};
  if (json.sink() != nullptr) sinks.push_back(json.sink());
  Collector collector(report, sinks);

  AuditOptions options = flags.Options();
  for (const auto& subject : MakeSubjects(options.subjects, options.subject)) {
    report.run.subjects.push_back(subject->info());
  }
  const Known known_here(known, report.run.subjects);
  KnownMarker marker(known_here, collector);
  options.repeat_every = kRepeatEvery;
  options.interrupted = &limit.stop();
  options.progress = [&](std::uint64_t done, std::uint64_t) { limit.Check(done); };
  CatchInterrupts();
  const AuditSummary summary = Audit(ProblemStream{limit.cases(), problems}, options, {&marker});
  const double seconds = limit.elapsed().count();
  report.run.problems = summary.problems;
  json.Commit();
  flags.subject.people() << fmt::format("{}, fuzz, seed {}: {}\nstrata: {}\n", ProgramName(), flags.seed,
                                        Counted(summary.problems, "case"), strata.Text());
  std::cerr << fmt::format("{:.1f} s, {:.0f} cases/s, {} jobs\n", seconds,
                           static_cast<double>(summary.problems) / seconds, options.jobs);
  return Finish(flags, options, report.LastLine(), report);
}

}  // namespace

Action AddFuzz(CLI::App& app) {
  const auto flags = std::make_shared<HuntFlags>();
  flags->Add(app, "--time", kDefaultTime);
  app.footer(
      "Every subject runs in a process of its own, its tensors between guard pages. With --cases the report "
      "is\n"
      "the same for any --jobs; a time decides only where the same sequence ends. Without --gate the exit\n"
      "status is 0 whatever was found.");
  return [flags] { return RunFuzz(*flags); };
}

}  // namespace exactloss
