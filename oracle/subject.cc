#include "oracle/subject.h"

#include <fmt/format.h>

#include <cstring>
#include <string_view>
#include <utility>

#include "oracle/guarded_memory.h"
#include "oracle/highway.h"
#include "oracle/host_subject.h"
#include "oracle/isolated.h"
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

std::uint64_t ReadBits(const std::byte* from, std::size_t size) {
  std::uint64_t bits = 0;
  std::memcpy(&bits, from, size);
  return bits;
}

}  // namespace

Answer Subject::RunRaw(const Problem& form, const RawTensors& raw) {
  const auto size = static_cast<std::size_t>(SizeInBytes(form.dtype));
  Problem problem = form;
  for (std::size_t k = 0; k < problem.inputs.size(); ++k) {
    if (!problem.inputs[k]) continue;
    Tensor& tensor = *problem.inputs[k];
    const auto count = static_cast<std::size_t>(ElementCount(tensor.shape));
    for (std::size_t i = 0; i < count; ++i) {
      tensor.values.push_back(FromBits(form.dtype, ReadBits(raw.inputs[k] + i * size, size)));
    }
  }
  Answer answer = std::move(Run({&problem, 1})[0]);
  const std::vector<OutputSpec> specs = OutputsOf(form);
  for (Output& output : answer.outputs) {
    for (std::size_t k = 0; k < specs.size(); ++k) {
      if (specs[k].name != output.name || raw.outputs[k] == nullptr || output.dtype != form.dtype) continue;
      for (std::size_t i = 0; i < output.bits.size(); ++i) {
        std::memcpy(raw.outputs[k] + i * size, &output.bits[i], size);
      }
    }
    output.bits.clear();
  }
  return answer;
}

std::unique_ptr<Subject> MakeSubject(const std::string& name, const SubjectOptions& options) {
  std::map<std::string, std::string> environment;
  if (options.isolate) environment.emplace(kGuardVariable, "1");
  if (IsTorchName(name)) {
    HostCommand command = TorchHostCommand(name);
    command.environment.merge(environment);
    return MakeHostSubject({name, std::move(command.arguments), std::move(command.environment), options});
  }
  if (name.starts_with(kExec) && name.find_first_not_of(' ', kExec.size()) != std::string::npos) {
    return MakeHostSubject(
        {name, {"/bin/sh", "-c", ShellCommand(name.substr(kExec.size()))}, environment, options});
  }
  std::unique_ptr<Subject> subject;
  if (name.starts_with(kNaive)) subject = MakeNaiveSubject(name.substr(kNaive.size()));
  if (name.starts_with(kHighway)) subject = MakeHighwaySubject(name.substr(kHighway.size()));
  if (subject) return options.isolate ? Isolated(std::move(subject), options) : std::move(subject);
  throw UsageError(fmt::format("no subject '{}'; there are: {}", name, fmt::join(SubjectNames(), ", ")));
}

Subjects MakeSubjects(const std::vector<std::string>& names, const SubjectOptions& options) {
  Subjects subjects;
  for (const std::string& name : names) subjects.push_back(MakeSubject(name, options));
  return subjects;
}

std::vector<std::string> SubjectNames() {
  std::vector<std::string> names = TorchNames();
  for (const std::string& kernels : HighwayKernels()) names.push_back(std::string(kHighway) + kernels);
  for (const std::string& form : NaiveForms()) names.push_back(std::string(kNaive) + form);
  names.emplace_back("exec:COMMAND");
  return names;
}

}  // namespace exactloss
