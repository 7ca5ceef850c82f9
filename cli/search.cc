// exactloss search: where subjects do worst, or differ most, or sum worst.
#include "oracle/search.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "cli/hunt.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "oracle/in_order.h"
#include "oracle/judge.h"
#include "reference/text.h"
#include "reports/numbers.h"
#include "reports/worst_file.h"

namespace exactloss {
namespace {

const std::string kDefaultBudget = "30s";

struct SearchFlags : HuntFlags {
  std::string against;
  bool order = false;
};

/// Each loss in each dtype is searched by itself.
std::vector<Selection> IslandsOf(Selection selection, const SearchFlags& flags) {
  if (flags.order) {
    if (selection.reductions.empty()) {
      selection.reductions = {Reduction::kMean, Reduction::kSum, Reduction::kBatchMean};
    }
    if (selection.fills.empty()) selection.fills = {FindFill("long_sums")};
  }
  static_cast<void>(FuzzProblems(selection));  // nothing selected is told here
  std::vector<const LossSpec*> losses = selection.losses;
  for (const LossSpec& loss : Catalogue()) {
    if (selection.losses.empty()) losses.push_back(&loss);
  }
  std::vector<Dtype> dtypes = selection.dtypes;
  if (dtypes.empty()) dtypes.assign(std::begin(kAllDtypes), std::end(kAllDtypes));
  std::vector<Selection> islands;
  for (const LossSpec* loss : losses) {
    const bool has_reduction =
        selection.reductions.empty() ||
        std::any_of(loss->reductions.begin(), loss->reductions.end(), [&](Reduction reduction) {
          return std::find(selection.reductions.begin(), selection.reductions.end(), reduction) !=
                 selection.reductions.end();
        });
    for (const Dtype dtype : dtypes) {
      if (!has_reduction) continue;
      Selection island = selection;
      island.losses = {loss};
      island.dtypes = {dtype};
      islands.push_back(std::move(island));
    }
  }
  return islands;
}

/// What an island is left with.
struct Island {
  std::uint64_t cases = 0;
  std::vector<Finding> findings;
  std::vector<std::string> lines;  ///< for people
};

/// A number of each subject beside the truth, and the line.
std::vector<std::string> Described(const DifferenceQuest::Difference& difference, const Subjects& subjects) {
  const Problem& problem = difference.problem;
  const Truth truth = Evaluate(problem);
  std::vector<std::string> lines = {fmt::format("  {} {} {}[{}]: >= {} numbers apart", problem.loss->name,
                                                Name(problem.dtype), difference.output, difference.index,
                                                ErrorText(difference.ulp))};
  for (const auto& subject : subjects) {
    const Answer answer = std::move(subject->Run({&problem, 1}).front());
    for (const Finding& finding : Judge(problem, truth, *subject, answer)) {
      if (finding.output != difference.output || finding.index != difference.index) continue;
      if (subject == subjects.front()) lines.push_back(fmt::format("    truth {}", TruthText(finding)));
      lines.push_back(fmt::format("    {}: {}, {} ulp, {}", subject->info().name, GotText(finding),
                                  ErrorText(finding.ulp), ClassText(finding)));
    }
  }
  lines.push_back("    " + FormatProblem(problem));
  return lines;
}

/// One thread's part: its subjects serve island after island.
class Searcher {
 public:
  Searcher(const SearchFlags& flags, const AuditOptions& options, const Limit& limit,
           const std::vector<Selection>& islands)
      : flags_(flags),
        limit_(limit),
        islands_(islands),
        subjects_(MakeSubjects(options.subjects, options.subject)) {
    const auto jobs = static_cast<double>(options.jobs);
    time_ = limit.time() * std::min(1.0, jobs / static_cast<double>(islands.size()));
  }

  Island Run(std::uint64_t number) {
    const Selection& selection = islands_[number];
    const std::uint64_t cases =
        limit_.cases() == Limit::kEndless
            ? limit_.cases()
            : limit_.cases() / islands_.size() + (number < limit_.cases() % islands_.size() ? 1 : 0);
    Island island;
    if (!flags_.against.empty()) {
      DifferenceQuest quest(selection, subjects_);
      island.cases = Search(quest, subjects_, cases, Stop());
      for (const auto& difference : quest.Largest()) {
        for (std::string& line : Described(difference, subjects_)) island.lines.push_back(std::move(line));
      }
    } else if (flags_.order) {
      OrderQuest quest(selection, subjects_);
      island.cases = Search(quest, subjects_, cases, Stop());
      quest.AskOtherwise();
      for (auto& order : quest.worst()) {
        if (!order) continue;
        const Finding& worst = order->worst;
        island.lines.push_back(fmt::format("  {} {} {}, {}: >= {} ulp, {}; {} ulp in a random order\n    {}",
                                           worst.loss, Name(worst.dtype), Name(worst.reduction),
                                           worst.subject, ErrorText(worst.ulp), ClassText(worst),
                                           ErrorText(order->otherwise), Shortened(worst.line, 400)));
        if (Fails(worst)) island.findings.push_back(worst);
      }
    } else {
      TruthQuest quest(selection, subjects_);
      island.cases = Search(quest, subjects_, cases, Stop());
      island.findings = std::move(quest.findings());
    }
    return island;
  }

 private:
  std::function<bool()> Stop() const {
    const auto end = std::chrono::steady_clock::now() + time_;
    return [end] { return Interrupted() || std::chrono::steady_clock::now() >= end; };
  }

  const SearchFlags& flags_;
  const Limit& limit_;
  const std::vector<Selection>& islands_;
  const Subjects subjects_;
  std::chrono::duration<double> time_;
};

ExitStatus RunSearch(SearchFlags& flags) {
  Limit limit(flags, kDefaultBudget);
  if (flags.order && !flags.against.empty()) throw UsageError("--order and --against are two searches");
  if (flags.subject.names.empty()) flags.subject.names = {"libtorch"};
  if (!flags.against.empty()) {
    if (flags.subject.names.size() != 1) throw UsageError("--against compares one --subject with another");
    if (!flags.record.empty()) throw UsageError("--against finds differences, and --record keeps failures");
    flags.subject.names.push_back(flags.against);
  }
  const std::vector<Selection> islands = IslandsOf(flags.Chosen(), flags);
  const std::vector<KnownDivergence> known = KnownOf(flags.known);
  if (!flags.record.empty()) RecordWorstCases(flags.record, {});

  Report report;
  report.run.program = ProgramName();
  report.run.command = CommandLine();
  JsonOutput json(flags.subject.json);
  std::vector<Sink*> sinks;
  if (json.sink() != nullptr) sinks.push_back(json.sink());
  Collector collector(report, sinks);
  const AuditOptions options = flags.Options();
  for (const auto& subject : MakeSubjects(options.subjects, options.subject)) {
    report.run.subjects.push_back(subject->info());
  }
  const Known known_here(known, report.run.subjects);
  KnownMarker marker(known_here, collector);

  CatchInterrupts();
  std::vector<std::string> lines;
  const auto make = [&](std::size_t) -> InOrder<Island>::Work {
    const auto searcher = std::make_shared<Searcher>(flags, options, limit, islands);
    return [searcher](std::uint64_t number) { return searcher->Run(number); };
  };
  const auto take = [&](Island island) {
    report.run.problems += island.cases;
    for (const Finding& finding : island.findings) marker.Write(finding);
    for (std::string& line : island.lines) lines.push_back(std::move(line));
  };
  InOrder<Island>(islands.size(), options.jobs, &Interrupted()).Run(make, take, [&](std::uint64_t) {
    limit.Check(report.run.problems);
  });
  json.Commit();
  std::ostream& people = flags.subject.people();
  people << fmt::format("{}, search, seed {}: {} in {}\n", ProgramName(), flags.seed,
                        Counted(report.run.problems, "case"), Counted(islands.size(), "island"));
  const double seconds = limit.elapsed().count();
  std::cerr << fmt::format("{:.1f} s, {:.0f} cases/s, {} jobs\n", seconds,
                           static_cast<double>(report.run.problems) / seconds, options.jobs);
  for (const std::string& line : lines) people << line << '\n';
  if (!flags.against.empty()) return Interrupted() ? kInterrupted : kOk;
  const std::vector<Cause> causes = report.WorstFirst();
  const auto is_known = [](const Cause& cause) { return !cause.worst.known.empty(); };
  const auto count_known = static_cast<std::size_t>(std::count_if(causes.begin(), causes.end(), is_known));
  const std::string last_line =
      fmt::format("{} known, {} not", Counted(count_known, "cause"), causes.size() - count_known);
  return Finish(flags, options, last_line, report);
}

}  // namespace

Action AddSearch(CLI::App& app) {
  const auto flags = std::make_shared<SearchFlags>();
  flags->Add(app, "--budget", kDefaultBudget);
  app.add_flag("--order", flags->order, "the worst order of a reduction, and the sizes of its terms");
  app.add_option("--against", flags->against,
                 "another subject: where do the two differ most, whoever is right?");
  app.footer(
      "Each loss in each dtype is an island of its own, with its part of the cases and of the time. With "
      "--cases\n"
      "the report is the same for any --jobs; a budget decides where each island ends. What is found is at "
      "least\n"
      "so bad (>=). Without --gate the exit status is 0 whatever was found.");
  return [flags] { return RunSearch(*flags); };
}

}  // namespace exactloss
