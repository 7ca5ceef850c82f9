// exactloss run: single problems, judged and explained.
#include <fmt/format.h>

#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "cli/batch.h"
#include "cli/command.h"
#include "cli/explanation.h"
#include "cli/flags.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "reports/contract_table.h"
#include "reports/report.h"

namespace exactloss {
namespace {

/// Findings of one problem that are kept apart; a larger one is told by the worst of each kind.
constexpr std::int64_t kMostElements = std::int64_t{1} << 20;
constexpr std::size_t kMostShown = 32;

struct RunFlags {
  std::vector<std::string> lines, files;
  bool all = false;
  SubjectFlags subject;
};

bool IsSmall(const std::vector<WrittenProblem>& problems) {
  std::int64_t most = 0;
  for (const WrittenProblem& written : problems) {
    std::int64_t elements = 0;
    for (const OutputSpec& output : OutputsOf(written.problem)) elements += ElementCount(output.shape);
    most = std::max(most, elements);
  }
  return most <= kMostElements;
}

ExitStatus Run(RunFlags& flags) {
  if (flags.lines.empty() && flags.files.empty()) {
    throw UsageError("what? Give a repro line, such as 'mse f32 none input=1 target=0', or --batch FILE");
  }
  const Batch batch = BatchOf("run", flags.lines, flags.files);
  if (batch.problems().empty() && batch.contracts().empty()) {
    std::cerr << "exactloss run: there is no problem in the batch\n";
    return kNothingSelected;
  }
  if (flags.subject.names.empty()) flags.subject.names = {"libtorch"};
  AuditOptions options = flags.subject.Options();
  options.repeat_every = 1;
  options.every_element = IsSmall(batch.problems());

  std::ostream& people = flags.subject.people();
  JsonOutput json(flags.subject.json);
  Report report;
  Explanation explanation(batch.problems(), flags.all ? static_cast<std::size_t>(kMostElements) : kMostShown,
                          people);
  std::vector<Sink*> sinks;
  if (json.sink() != nullptr) sinks.push_back(json.sink());
  if (flags.subject.json != "-") sinks.push_back(&explanation);
  Collector collector(report, sinks);
  CatchInterrupts();
  if (!batch.problems().empty()) {
    report.run.interrupted = Audit(batch.problems(), options, {&collector}).interrupted;
    explanation.Finish();
  }
  if (!batch.contracts().empty() && !report.run.interrupted) {
    ContractTable table(batch.contracts());
    Collector of_contracts(report, json.sink() == nullptr ? std::vector<Sink*>{&table}
                                                          : std::vector<Sink*>{json.sink(), &table});
    report.run.interrupted =
        AuditContracts(batch.contracts(), options, {&of_contracts}).size() < options.subjects.size();
    if (flags.subject.json != "-") table.WriteConsole(/*all=*/true, people);
  }
  json.Commit();
  people << report.LastLine() << '\n';
  return report.run.interrupted ? kInterrupted : kOk;
}

}  // namespace

Action AddRun(CLI::App& app) {
  const auto flags = std::make_shared<RunFlags>();
  app.add_option("line", flags->lines, "repro lines, each quoted as one word");
  app.add_option("--batch", flags->files,
                 "a file with one line a problem, # for comments; - is standard input; may be repeated")
      ->allow_extra_args(false);
  app.add_flag("--all", flags->all, fmt::format("show all elements, not the worst {}", kMostShown));
  flags->subject.Add(app);
  app.footer("Without --subject it asks libtorch. Numbers are hex floats, or decimals, which are rounded.");
  return [flags] { return Run(*flags); };
}

}  // namespace exactloss
