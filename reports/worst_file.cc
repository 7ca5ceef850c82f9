#include "reports/worst_file.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <string>
#include <system_error>

#include "oracle/host_process.h"
#include "reference/text.h"
#include "reports/atomic_file.h"

namespace exactloss {
namespace {

namespace fs = std::filesystem;

/// Of the folder: the file itself is another one after each rename. Held until it is closed.
FileDescriptor Locked(const fs::path& folder) {
  FileDescriptor lock(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  while (lock.get() >= 0 && flock(lock.get(), LOCK_EX) != 0) {
    if (errno != EINTR) break;  // a file system without locks
  }
  if (lock.get() < 0) {
    throw OutputError(Concat(folder.string(), ": ", std::generic_category().message(errno)));
  }
  return lock;
}

}  // namespace

std::size_t RecordWorstCases(const fs::path& path, const std::vector<WorstCase>& cases) {
  const fs::path folder = path.parent_path();
  const FileDescriptor lock = Locked(folder.empty() ? fs::path(".") : folder);
  const std::string before = fs::is_regular_file(path) ? ReadWorstText(path) : std::string();
  const std::string after = WithWorstCases(before, cases, path.string());
  AtomicFile file(path);
  file.out() << after;
  file.Commit();
  return ReadWorstCases(after, path.string()).size() - ReadWorstCases(before, path.string()).size();
}

}  // namespace exactloss
