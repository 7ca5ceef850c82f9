// exactloss baseline: shows how a report differs from a baseline, and moves the baseline when told to.
#include "reports/baseline.h"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>

#include "cli/command.h"
#include "reference/problem.h"
#include "reports/document.h"

namespace exactloss {
namespace {

struct BaselineFlags {
  std::string file, report;
  Moves moves;
};

bool IsSet(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr && *value != '\0';
}

/// What there is, or an empty one of the report's problems.
Baseline BaselineAt(const std::string& file, const Document& document) {
  std::error_code error;
  if (std::filesystem::exists(file, error)) return ReadBaseline(file);
  return {document.run.program, document.run.chosen.seed, document.run.chosen.problems_per_cell};
}

ExitStatus RunBaseline(const BaselineFlags& flags) {
  const bool moves = flags.moves.add || flags.moves.tighten || !flags.moves.reason.empty();
  if (moves && IsSet("CI")) {
    throw UsageError(
        "CI is set: a baseline is moved by a person who looks at what changes, and committed; here it is "
        "only "
        "shown (without --add, --tighten and --reason)");
  }
  const std::filesystem::path report = flags.report;
  std::error_code error;
  const bool is_folder = std::filesystem::is_directory(report, error);
  const Document document = ReadDocument(is_folder ? report / "report.json" : report);
  Baseline baseline = BaselineAt(flags.file, document);
  CheckFits(baseline, flags.file, document.run);
  BaselineCheck check = Compare(baseline, document.run, document.rows);
  check.file = flags.file;
  WriteDrifts(check, std::cout);
  if (!moves) return kOk;
  const std::size_t moved = Apply(check, flags.moves, baseline);
  if (moved != 0) {
    baseline.program = document.run.program;
    SaveBaseline(baseline, flags.file);
  }
  std::cout << fmt::format("{} of {} rows moved\n", moved, baseline.rows.size());
  return kOk;
}

}  // namespace

Action AddBaseline(CLI::App& app) {
  const auto flags = std::make_shared<BaselineFlags>();
  app.add_option("baseline", flags->file, "the baseline; it may be absent")->required();
  app.add_option("report", flags->report, "a report.json of an audit, or its folder")->required();
  app.add_flag("--add", flags->moves.add, "take the rows that have no baseline");
  app.add_flag("--tighten", flags->moves.tighten, "take what is better");
  app.add_option("--reason", flags->moves.reason,
                 "take what is worse or gone, too; the text says why, and is kept in the file")
      ->check([](const std::string& text) {
        return text.find_first_not_of(" \t\n") == std::string::npos ? "a reason has words" : "";
      });
  app.footer(
      "Without --add, --tighten and --reason it only shows how the report differs. It never writes where "
      "the\n"
      "environment variable CI is set. `exactloss audit --gate --baseline FILE` holds an audit to it.");
  return [flags] { return RunBaseline(*flags); };
}

}  // namespace exactloss
