#include "oracle/torch_hosts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <utility>

#include "oracle/version.h"
#include "reference/problem.h"

namespace exactloss {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kLibtorch = "libtorch";
constexpr std::string_view kTorchHost = "exactloss-torch-host";

struct TorchHost {
  std::string version;
  fs::path program;
};

std::vector<TorchHost> TorchHostsIn(const fs::path& folder) {
  std::vector<TorchHost> hosts;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename();
    const fs::path program = entry.path() / kTorchHost;
    if (name.starts_with("libtorch-") && fs::exists(program)) {
      hosts.push_back({name.substr(kLibtorch.size() + 1), program});
    }
  }
  std::sort(hosts.begin(), hosts.end(),
            [](const TorchHost& a, const TorchHost& b) { return CompareVersions(a.version, b.version) > 0; });
  return hosts;
}

/// The newest first: those of $EXACTLOSS_HOSTS, else of the nearest folder `hosts` beside or above the
/// program.
std::vector<TorchHost> TorchHosts() {
  if (const char* folder = std::getenv("EXACTLOSS_HOSTS")) return TorchHostsIn(folder);
  for (const fs::path& folder : ProgramFolders()) {
    if (std::vector<TorchHost> hosts = TorchHostsIn(folder / "hosts"); !hosts.empty()) return hosts;
  }
  return {};
}

/// Cuts "+NAME=VALUE" settings off the end of the name.
std::map<std::string, std::string> CutSettings(const std::string& subject, std::string* name) {
  std::map<std::string, std::string> settings;
  for (std::size_t at = name->rfind('+'); at != std::string::npos; at = name->rfind('+')) {
    const std::string setting = name->substr(at + 1);
    const std::size_t equals = setting.find('=');
    if (equals == 0 || equals == std::string::npos) {
      throw UsageError(
          fmt::format("subject {}: '+{}' is no environment setting, which is +NAME=VALUE", subject, setting));
    }
    settings.emplace(setting.substr(0, equals), setting.substr(equals + 1));
    name->resize(at);
  }
  return settings;
}

}  // namespace

std::vector<fs::path> ProgramFolders() {
  std::vector<fs::path> folders;
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  for (fs::path folder = program.parent_path(); folder.has_relative_path(); folder = folder.parent_path())
    folders.push_back(folder);
  return folders;
}

HostCommand TorchHostCommand(const std::string& subject) {
  std::string name = subject;
  std::map<std::string, std::string> settings = CutSettings(subject, &name);
  const std::string version = name == kLibtorch ? "" : name.substr(kLibtorch.size() + 1);
  const std::vector<TorchHost> hosts = TorchHosts();
  const auto host = std::find_if(hosts.begin(), hosts.end(),
                                 [&](const TorchHost& h) { return version.empty() || h.version == version; });
  if (host == hosts.end()) {
    std::string there;
    for (const TorchHost& h : hosts) there += " libtorch-" + h.version;
    throw UsageError(
        fmt::format("subject {}: no host is built for it (there {}); make one with ./dev build, or with "
                    "./dev build --torch DIR for another LibTorch",
                    subject, there.empty() ? "is none" : "are" + there));
  }
  return {{host->program.string()}, std::move(settings)};
}

bool IsTorchName(std::string_view name) {
  if (!name.starts_with(kLibtorch)) return false;
  name.remove_prefix(kLibtorch.size());
  return name.empty() || name.front() == '-' || name.front() == '+';
}

std::vector<std::string> TorchNames() {
  std::vector<std::string> names;
  const std::vector<TorchHost> hosts = TorchHosts();
  if (!hosts.empty()) names.emplace_back(kLibtorch);
  for (const TorchHost& host : hosts) names.push_back("libtorch-" + host.version);
  return names;
}

}  // namespace exactloss
