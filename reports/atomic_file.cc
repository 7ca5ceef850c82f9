#include "reports/atomic_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

namespace exactloss {
namespace {

namespace fs = std::filesystem;

/// An earlier write may have failed, of which a stream keeps no errno.
[[noreturn]] void Fail(const fs::path& path, int error) {
  const std::string why =
      error == 0 ? "something is lost; is the disk full?" : std::generic_category().message(error);
  throw OutputError(fmt::format("{} cannot be written: {}", path.string(), why));
}

/// A rename is on the disk only when its folder is; a file system that cannot synchronise is not an error.
int Synchronise(const fs::path& path, int flags) {
  const int fd = open(path.c_str(), flags | O_CLOEXEC);
  if (fd < 0) return errno;
  const int error = fsync(fd) == 0 || errno == EINVAL || errno == EROFS ? 0 : errno;
  close(fd);
  return error;
}

}  // namespace

AtomicFile::AtomicFile(fs::path path) : path_(std::move(path)), written_(path_) {
  std::error_code error;
  const fs::file_status status = fs::status(path_, error);
  if (fs::is_directory(status)) Fail(path_, EISDIR);
  if (!fs::exists(status) || fs::is_regular_file(status)) {
    written_ += fmt::format(".{}.part", getpid());
  }
  errno = 0;
  out_.open(written_, std::ios::binary);
  if (!out_) Fail(path_, errno);
}

AtomicFile::~AtomicFile() {
  if (!out_.is_open()) return;
  out_.close();
  std::error_code ignored;
  if (written_ != path_) fs::remove(written_, ignored);
}

void AtomicFile::Finish() {
  if (is_finished_) return;
  errno = 0;
  out_.flush();
  if (!out_) Fail(path_, errno);
  if (written_ != path_) {
    if (const int error = Synchronise(written_, O_RDONLY)) Fail(path_, error);
  }
  is_finished_ = true;
}

void AtomicFile::Commit() {
  Finish();
  if (written_ == path_) return out_.close();
  std::error_code error;
  fs::rename(written_, path_, error);
  if (error) Fail(path_, error.value());
  out_.close();
  const fs::path folder = path_.parent_path();
  Synchronise(folder.empty() ? "." : folder, O_RDONLY | O_DIRECTORY);
}

const fs::path& MakeFolder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) Fail(folder, error.value());
  if (!fs::is_directory(folder)) Fail(folder, ENOTDIR);
  return folder;
}

}  // namespace exactloss
