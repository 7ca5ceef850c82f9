#include "oracle/subject.h"

#include <fmt/format.h>

#include <string_view>
#include <utility>

#include "oracle/highway.h"
#include "oracle/host_subject.h"
#include "oracle/naive.h"
#include "oracle/torch_hosts.h"

namespace exactloss {
namespace {

constexpr std::string_view kExec = "exec:";
constexpr std::string_view kNaive = "naive/";
constexpr std::string_view kHighway = "highway/";

/// A simple command replaces its shell: only then are the signal that kills it and the end of its output seen
/// as such.
std::string ShellCommand(const std::string& command) {
  const std::string_view first_word =
      std::string_view(command).substr(0, command.find(' ', command.find_first_not_of(' ')));
  const bool simple = command.find_first_of(";&|<>()`\n") == std::string::npos &&
                      first_word.find('=') == std::string_view::npos;
  return simple ? "exec " + command : command;
}

}  // namespace

std::unique_ptr<Subject> MakeSubject(const std::string& name, const SubjectOptions& options) {
  if (IsTorchName(name)) {
    HostCommand command = TorchHostCommand(name);
    return MakeHostSubject({name, std::move(command.arguments), std::move(command.environment), options});
  }
  if (name.starts_with(kNaive)) return MakeNaiveSubject(name.substr(kNaive.size()));
  if (name.starts_with(kHighway)) return MakeHighwaySubject(name.substr(kHighway.size()));
  if (name.starts_with(kExec) && name.find_first_not_of(' ', kExec.size()) != std::string::npos) {
    return MakeHostSubject({name, {"/bin/sh", "-c", ShellCommand(name.substr(kExec.size()))}, {}, options});
  }
  throw UsageError(fmt::format("no subject '{}'; there are: {}", name, fmt::join(SubjectNames(), ", ")));
}

std::vector<std::string> SubjectNames() {
  std::vector<std::string> names = TorchNames();
  for (const std::string& kernels : HighwayKernels()) names.push_back(std::string(kHighway) + kernels);
  for (const std::string& form : NaiveForms()) names.push_back(std::string(kNaive) + form);
  names.emplace_back("exec:COMMAND");
  return names;
}

}  // namespace exactloss
