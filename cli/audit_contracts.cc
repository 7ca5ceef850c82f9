// exactloss audit --contracts: what subjects do with arguments, right and wrong.
#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include "cli/audit_flags.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "oracle/contracts.h"
#include "reports/contract_table.h"

namespace exactloss {

ExitStatus RunContracts(AuditFlags& flags, const std::vector<KnownDivergence>& known) {
  const std::vector<const LossSpec*> losses = LossesNamed(flags.selection.losses);
  const std::vector<Contract> contracts = ContractsOf(losses);
  if (flags.subject.names.empty()) flags.subject.names = {"libtorch"};
  Report report;
  report.run.program = ProgramName();
  report.run.command = CommandLine();
  report.run.problems = contracts.size();

  JsonOutput json(flags.subject.json);
  std::optional<AtomicFile> file;
  if (const std::string& folder = flags.reports.folder(); !folder.empty()) {
    file.emplace(MakeFolder(folder) / std::filesystem::path("contracts.md"));
  }
  ContractTable table(contracts);
  std::vector<Sink*> sinks = {&table};
  if (json.sink() != nullptr) sinks.push_back(json.sink());
  Collector collector(report, sinks);

  const AuditOptions options = flags.subject.Options();
  CatchInterrupts();
  KnownReplay replay = ReplayKnown(known, /*contracts=*/true, losses, /*dtypes=*/{}, options);
  const Known known_here(known, replay.subjects);
  KnownMarker marker(known_here, collector);
  report.run.subjects = AuditContracts(contracts, options, {&marker});
  report.run.interrupted = report.run.subjects.size() < options.subjects.size();
  report.run.known_examples = replay.examples;
  report.run.stale_known = std::move(replay.stale);

  json.Commit();
  if (file) {
    table.WriteMarkdown(report.run, file->out());
    file->Commit();
  }
  std::ostream& people = flags.subject.people();
  table.WriteConsole(/*all=*/false, people);
  for (const std::string& stale : report.run.stale_known) people << stale << '\n';
  people << report.LastLine() << '\n';
  return StatusOf(flags, report);
}

}  // namespace exactloss
