// The program: reads the command line, runs a command, and turns what went wrong into one line and a status.
#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "cli/command.h"
#include "reference/problem.h"
#include "reference/text.h"

namespace exactloss {
namespace {

constexpr Command kCommands[] = {
    {"list", "the losses, fills, subjects and dtypes that there are", AddList},
    {"run", "judge and explain single problems, given as repro lines", AddRun},
    {"audit", "judge subjects on generated problems, and report", AddAudit},
    {"compare", "two subjects, versions, dtypes or reports: what regressed, what is fixed", AddCompare},
    {"baseline", "how a report differs from a baseline, and move the baseline", AddBaseline},
    {"gradcheck", "gradients: the legs of their truth, subjects, what a classical check misses",
     AddGradcheck},
    {"sweep", "judge subjects at every number of an input, and write a certificate", AddSweep},
    {"merge", "put the certificates of a sweep's shards together", AddMerge},
    {"search", "look for the worst inputs of subjects, guided by their errors", AddSearch},
    {"fuzz", "judge subjects on drawn problems without end, in processes of their own", AddFuzz},
    {"serve", "speak the subject protocol for a subject of this program", AddServe},
    {"bench", "time losses with their gradients: LibTorch, our kernels, the byte floor", AddBench},
};

std::string command_line;

std::string QuotedForShell(const std::string& word) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=+./,:@%";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) return word;
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? "'\\''" : std::string(1, c);
  return quoted + "'";
}

/// Throws UsageError for a first word that is neither a command nor a flag.
void CheckCommand(const std::vector<std::string>& words) {
  std::vector<std::string_view> names;
  for (const Command& command : kCommands) names.push_back(command.name);
  if (words.empty()) {
    throw UsageError(Concat("which command? There are ", Listed(names), "; --help says more"));
  }
  const std::string& word = words.front();
  if (word.starts_with('-') || std::find(names.begin(), names.end(), word) != names.end()) return;
  throw UsageError(Concat("no command ", Quoted(word), "; ", Suggestion(word, names)));
}

/// Throws UsageError for what the command does not take.
void CheckRest(const CLI::App& app) {
  if (app.remaining().empty()) return;
  const std::string word = app.remaining().front();
  std::vector<std::string> flags;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) flags.push_back("--" + name);
  }
  if (!word.starts_with('-')) throw UsageError(Concat("it takes no ", Quoted(word), "; --help says what"));
  throw UsageError(Concat("no option ", Quoted(word), "; ", Suggestion(word, {flags.begin(), flags.end()})));
}

/// CLI11 may break its messages into lines.
std::string OneLine(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text.substr(0, text.find_last_not_of(' ') + 1);
}

ExitStatus Complain(const std::string& where, const std::string& what, ExitStatus status) {
  std::cerr << where << ": " << what << '\n';
  return status;
}

ExitStatus Main(int argc, char** argv) {
  std::string where = "exactloss";
  CLI::App app{"Exactloss says how right a loss function is: value and gradient against the proven truth.",
               where};
  app.set_version_flag("--version", ProgramName());
  app.require_subcommand(1);
  app.footer(
      "Exit status: 0 done, 1 a gate failed, 2 interrupted, 3 internal error, 4 wrong usage,\n"
      "5 nothing selected. `exactloss COMMAND --help` says more.");
  std::vector<std::pair<CLI::App*, Action>> actions;
  for (const Command& command : kCommands) {
    CLI::App* sub = app.add_subcommand(std::string(command.name), std::string(command.summary));
    sub->allow_extras();
    actions.emplace_back(sub, command.add(*sub));
  }
  try {
    CheckCommand({argv + 1, argv + argc});
    app.parse(argc, argv);
    for (const auto& [sub, action] : actions) {
      if (!sub->parsed()) continue;
      where += " " + sub->get_name();
      CheckRest(*sub);
      const ExitStatus status = action();
      std::cout.flush();
      return std::cout ? status : Complain(where, "standard output cannot be written", kInternalError);
    }
    return kUsageError;
  } catch (const CLI::Success& success) {  // --help, --version
    return static_cast<ExitStatus>(app.exit(success));
  } catch (const CLI::ParseError& error) {
    return Complain(where, OneLine(error.what()), kUsageError);
  } catch (const UsageError& error) {
    return Complain(where, error.what(), kUsageError);
  } catch (const std::exception& error) {
    return Complain(where, error.what(), kInternalError);
  }
}

}  // namespace

const std::string& CommandLine() { return command_line; }

std::string ProgramName() { return "exactloss " EXACTLOSS_VERSION; }

}  // namespace exactloss

int main(int argc, char** argv) {
  for (int i = 0; i < argc; ++i) {
    exactloss::command_line += (i == 0 ? "" : " ") + exactloss::QuotedForShell(argv[i]);
  }
  return exactloss::Main(argc, argv);
}
