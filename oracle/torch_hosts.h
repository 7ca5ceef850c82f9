// The LibTorch hosts that are built on this machine.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "oracle/host_process.h"

namespace exactloss {

/// "libtorch", "libtorch-2.13.0", either with "+NAME=VALUE" settings?
bool IsTorchName(std::string_view name);

/// What starts the host of that name; throws UsageError if none is built for it.
HostCommand TorchHostCommand(const std::string& subject);

/// The program's folder and those above it, nearest first: where its hosts are looked for.
std::vector<std::filesystem::path> ProgramFolders();

/// "libtorch" for the newest, then each by its version; nothing when there is none.
std::vector<std::string> TorchNames();

}  // namespace exactloss
