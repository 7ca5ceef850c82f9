// A command of the program: flags that it adds to the command line, and what runs once they are read.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string_view>

namespace exactloss {

/// What the program returns. Scripts depend on it.
enum ExitStatus : int {
  kOk = 0,
  kGateFailed = 1,
  kInterrupted = 2,
  kInternalError = 3,
  kUsageError = 4,
  kNothingSelected = 5,
};

using Action = std::function<ExitStatus()>;

struct Command {
  std::string_view name;
  std::string_view summary;
  Action (*add)(CLI::App& app);
};

Action AddAudit(CLI::App& app);
Action AddBaseline(CLI::App& app);
Action AddBench(CLI::App& app);
Action AddCompare(CLI::App& app);
Action AddFuzz(CLI::App& app);
Action AddGradcheck(CLI::App& app);
Action AddList(CLI::App& app);
Action AddMerge(CLI::App& app);
Action AddRun(CLI::App& app);
Action AddSearch(CLI::App& app);
Action AddServe(CLI::App& app);
Action AddSweep(CLI::App& app);

/// The command line of this run, quoted for a shell.
const std::string& CommandLine();

/// "exactloss 0.1.0"
std::string ProgramName();

}  // namespace exactloss
