#include "cli/hunt.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <thread>

#include "cli/interrupt.h"
#include "oracle/in_order.h"
#include "oracle/shrink.h"
#include "reference/text.h"
#include "reports/cause_list.h"
#include "reports/numbers.h"
#include "reports/worst_file.h"

namespace exactloss {
namespace {

constexpr double kForever = std::numeric_limits<double>::infinity();

/// "30s", "500ms", "5m", "2h"
double Seconds(const std::string& flag, const std::string& text) {
  constexpr std::pair<std::string_view, double> kUnits[] = {{"ms", 1e-3}, {"s", 1}, {"m", 60}, {"h", 3600}};
  const char *begin = text.data(), *end = begin + text.size();
  double number = 0;
  const auto read = std::from_chars(begin, end, number);
  for (const auto& [unit, seconds] : kUnits) {
    const bool is_unit = std::string_view(read.ptr, static_cast<std::size_t>(end - read.ptr)) == unit;
    if (read.ec == std::errc() && is_unit && number > 0 && std::isfinite(number)) return number * seconds;
  }
  throw UsageError(Concat(flag, ": ", Quoted(text),
                          " is no time to spend; it is longer than 0, such as 500ms, 30s, 5m or 2h"));
}

std::uint64_t Cases(const std::string& text) {
  std::uint64_t cases = 0;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, cases);
  if (read.ec == std::errc() && read.ptr == end && cases >= 1 && cases <= Limit::kEndless) return cases;
  throw UsageError(Concat("--cases: ", Quoted(text), " is no number of cases; it is 1 or more"));
}

}  // namespace

void HuntFlags::Add(CLI::App& app, const std::string& flag_for_time, const std::string& default_time) {
  time_flag = flag_for_time;
  subject.jobs = static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1U, 64U));
  AddNames(app, "--loss", losses, "only these losses: a,b or repeated");
  AddNames(app, "--dtype", dtypes, "only these of f64, f32, bf16, f16");
  AddNames(app, "--reduction", reductions, "only these of none, mean, sum, batchmean");
  AddNames(app, "--fill", fills, "only from these fills, instead of `mixture` and all others");
  app.add_option("--seed", seed, "of what is drawn")->capture_default_str();
  app.add_option("--cases", cases, "stop after so many problems: the same whatever the machine");
  app.add_option(time_flag, time,
                 fmt::format("stop after this time, such as 30s or 5m; {} if neither is said", default_time));
  app.add_option("--known", known,
                 "folder of known divergences, which do not count as failed; without it, the folder `known` "
                 "beside or above the program");
  app.add_option("--record", record, "add what is found to this file of worst cases");
  app.add_flag("--gate", gate, "exit with status 1 if anything fails that is not known");
  app.add_flag("--in-process", in_process,
               "run our own subjects in this process: faster, but one that dies takes all with it");
  subject.Add(app);
}

Selection HuntFlags::Chosen() const {
  Selection selection;
  selection.losses = LossesNamed(losses);
  selection.dtypes = DtypesNamed(dtypes);
  selection.reductions = ReductionsNamed(reductions);
  selection.fills = FillsNamed(fills);
  selection.seed = seed;
  return selection;
}

AuditOptions HuntFlags::Options() const {
  AuditOptions options = subject.Options();
  options.subject.isolate = !in_process;
  return options;
}

Limit::Limit(const HuntFlags& flags, const std::string& default_time)
    : time_(kForever), progress_(std::make_unique<Progress>("cases")) {
  if (!flags.cases.empty()) cases_ = Cases(flags.cases);
  if (!flags.time.empty()) time_ = std::chrono::duration<double>(Seconds(flags.time_flag, flags.time));
  if (flags.cases.empty() && flags.time.empty()) {
    time_ = std::chrono::duration<double>(Seconds(flags.time_flag, default_time));
  }
  if (std::isfinite(time_.count())) progress_ = std::make_unique<Progress>("s");
}

std::string Limit::Text() const {
  std::string text;
  if (cases_ != kEndless) text = Counted(cases_, "case");
  if (std::isfinite(time_.count())) {
    text += fmt::format("{}{:g} s", text.empty() ? "" : " or ", time_.count());
  }
  return text;
}

std::chrono::duration<double> Limit::elapsed() const { return Clock::now() - start_; }

void Limit::Check(std::uint64_t done) {
  const std::chrono::duration<double> spent = elapsed();
  if (std::isfinite(time_.count())) {
    progress_->Show(static_cast<std::uint64_t>(spent.count()), static_cast<std::uint64_t>(time_.count()));
  } else {
    progress_->Show(done, cases_);
  }
  if (spent < time_ && !Interrupted()) return;
  stop_ = true;
  progress_->Clear();
}

std::vector<KnownDivergence> KnownOf(const std::string& folder) {
  if (!folder.empty()) return ReadKnown(folder);
  const std::optional<std::filesystem::path> shipped = ShippedKnown();
  return shipped ? ReadKnown(*shipped) : std::vector<KnownDivergence>();
}

void ShrinkCauses(Report& report, const AuditOptions& options) {
  const std::vector<Cause*> causes = report.grouping.All();
  const auto make = [&](std::size_t) -> InOrder<std::optional<Finding>>::Work {
    const auto subjects = std::make_shared<std::map<std::string, std::unique_ptr<Subject>>>();
    return [&, subjects](std::uint64_t number) {
      const Finding& worst = causes[number]->worst;
      std::unique_ptr<Subject>& subject = (*subjects)[worst.subject];
      if (!subject) subject = MakeSubject(worst.subject, options.subject);
      return Shrink(ParseProblem(worst.line, FillTensor), worst, *subject, {.least_ulp = worst.ulp / 2});
    };
  };
  std::size_t number = 0;
  const auto take = [&](std::optional<Finding> shrunk) {
    Cause& cause = *causes[number++];
    if (!shrunk) shrunk = cause.worst;
    shrunk->known = cause.worst.known;
    cause.simplest = std::move(*shrunk);
  };
  InOrder<std::optional<Finding>>(causes.size(), options.jobs, &Interrupted()).Run(make, take, {});
}

std::size_t RecordCauses(const Report& report, const std::string& path) {
  std::vector<WorstCase> cases;
  for (const Cause& cause : report.WorstFirst()) {
    std::string provenance = report.run.program;
    for (const SubjectInfo& subject : report.run.subjects) {
      if (subject.name == cause.simplest.subject) provenance = VersionText(subject) + ": ";
    }
    cases.push_back(WorstCaseOf(cause.simplest, provenance + report.run.command));
  }
  return RecordWorstCases(path, cases);
}

ExitStatus Finish(const HuntFlags& flags, const AuditOptions& options, const std::string& last_line,
                  Report& report) {
  report.run.interrupted = Interrupted();
  if (!report.run.interrupted) ShrinkCauses(report, options);
  std::ostream& people = flags.subject.people();
  WriteCauseList(report, people);
  if (!flags.record.empty()) {
    const std::size_t recorded = RecordCauses(report, flags.record);
    people << fmt::format("\n{}: {} more\n", flags.record, Counted(recorded, "case"));
  }
  people << last_line << '\n';
  if (report.run.interrupted) return kInterrupted;
  return flags.gate && report.FailsGate() ? kGateFailed : kOk;
}

}  // namespace exactloss
