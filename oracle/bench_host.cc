#include "oracle/bench_host.h"

#include <time.h>

#include <chrono>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <utility>
#include <vector>

#include "oracle/torch_hosts.h"
#include "reference/problem.h"
#include "reference/text.h"

namespace exactloss {
namespace {

using Json = nlohmann::json;

/// To compile a cell may take long.
constexpr std::chrono::seconds kPatience{300};
constexpr std::size_t kLongestLine = 1 << 20;

std::string_view NameOf(BenchFill fill) {
  switch (fill) {
    case BenchFill::kNormal:
      return "normal";
    case BenchFill::kBinary:
      return "binary";
    case BenchFill::kUnit:
      return "unit";
    case BenchFill::kLogProbability:
      return "log_probability";
    case BenchFill::kBoxes:
      return "boxes";
    default:
      return "index";
  }
}

/// The nearest of that name beside or above the program; "" if none.
std::string Nearest(std::string_view name) {
  std::error_code error;
  for (const std::filesystem::path& folder : ProgramFolders()) {
    if (std::filesystem::exists(folder / name, error)) return folder / name;
  }
  return {};
}

}  // namespace

double BenchSeconds(int threads) {
  timespec now = {};
  clock_gettime(threads == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

Json BenchHost::Ask(const Json& frame) {
  if (!process_) process_ = std::make_unique<HostProcess>(command_);
  process_->Send(frame.dump() + "\n");
  std::string line;
  const HostProcess::Event event = process_->ReadLine(&line, kLongestLine, kPatience);
  Json answer = Json::parse(line, nullptr, false);
  if (event == HostProcess::Event::kRead && answer.is_object()) return answer;
  std::string what = "its host ";
  if (event == HostProcess::Event::kTimeout) {
    what += Concat("said nothing for ", kPatience.count(), " s");
  } else if (event == HostProcess::Event::kEnd) {
    const std::string words = process_->LastWords();
    what += process_->Ending() + (words.empty() ? "" : ": " + words);
  } else {
    what += "sent no frame";
  }
  process_.reset();  // which kills it
  throw std::runtime_error(what);
}

double BenchHost::Time(int repeat) {
  const Json answer = Ask({{"type", "time"}, {"repeat", repeat}});
  if (answer.contains("message")) throw std::runtime_error(answer.value("message", ""));
  return answer.value("seconds", std::nan(""));
}

Json BenchFrame(const BenchCell& cell, int threads) {
  Json inputs = Json::array();
  for (const BenchInput& input : cell.loss->inputs) {
    const bool index = input.fill == BenchFill::kIndex;
    Json shape = index ? Json{cell.rows} : Json{cell.rows, cell.columns};
    inputs.push_back(
        {{"name", input.name}, {"fill", NameOf(input.fill)}, {"shape", shape}, {"classes", cell.columns}});
  }
  Json parameters = Json::object();
  for (const ParameterSpec& parameter : FindLoss(cell.loss->loss)->parameters) {
    parameters[std::string(parameter.name)] = FormatHex(parameter.default_value);
  }
  return {{"type", "bench"},  {"loss", cell.loss->loss}, {"dtype", Name(cell.dtype)},
          {"inputs", inputs}, {"threads", threads},      {"parameters", parameters}};
}

std::unique_ptr<BenchHost> StartCompiledHost(const std::string& python, int memory, std::string* why) {
  const std::string script = Nearest("oracle/hosts/compiled/compiled_host.py");
  if (script.empty()) {
    *why = "no oracle/hosts/compiled/compiled_host.py above the program";
    return nullptr;
  }
  std::vector<std::string> pythons = {python};
  if (python.empty()) {
    const char* active = std::getenv("VIRTUAL_ENV");
    pythons = {active == nullptr ? "" : Concat(active, "/bin/python"), Nearest("build/venv/bin/python")};
  }
  std::string reasons;
  for (const std::string& one : pythons) {
    if (one.empty()) continue;
    // One process compiles, and one that is killed leaves no others behind.
    auto host = std::make_unique<BenchHost>(
        HostCommand{{one, script}, {{"TORCHINDUCTOR_COMPILE_THREADS", "1"}}, memory});
    std::string message;
    try {
      message = host->Ask({{"type", "hello"}}).value("message", "");
    } catch (const std::runtime_error& error) {
      message = error.what();
    }
    if (message.empty()) return host;
    reasons += Concat(reasons.empty() ? "" : "; ", one, ": ", message);
  }
  *why = python.empty() ? "no Python with torch: --python PATH" : "--python: this one has no torch";
  if (!reasons.empty()) *why += " (" + reasons + ")";
  return nullptr;
}

}  // namespace exactloss
