// A host process that times itself: LibTorch's, or that of torch.compile.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "oracle/bench.h"
#include "oracle/host_process.h"

namespace exactloss {

/// Seconds of the CPU that this thread used; of the wall when several threads compute.
double BenchSeconds(int threads);

class BenchHost {
 public:
  explicit BenchHost(HostCommand command) : command_(std::move(command)) {}

  /// Starts the host where none runs. Throws std::runtime_error that says how the host failed, which it does
  /// for good by saying nothing for minutes.
  nlohmann::json Ask(const nlohmann::json& frame);
  double Time(int repeat);

 private:
  HostCommand command_;
  std::unique_ptr<HostProcess> process_;
};

/// What a host is told of a cell.
nlohmann::json BenchFrame(const BenchCell& cell, int threads);

/// The host of torch.compile with the Python that is named, or else with the first that has torch: that of
/// $VIRTUAL_ENV, that of build/venv; it inherits the memory. Null when there is none; `why` says so.
std::unique_ptr<BenchHost> StartCompiledHost(const std::string& python, int memory, std::string* why);

}  // namespace exactloss
