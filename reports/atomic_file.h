// A file that is complete or absent: written beside its name, synchronised, then renamed.
#pragma once

#include <filesystem>
#include <fstream>
#include <ostream>
#include <stdexcept>

namespace exactloss {

/// A report cannot be written; the message names the file and says why.
class OutputError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class AtomicFile {
 public:
  /// Opens `path` for writing; a device or a pipe is written to directly. Throws OutputError.
  explicit AtomicFile(std::filesystem::path path);
  /// Without Commit nothing remains, and what was there before is untouched.
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  std::ostream& out() { return out_; }
  /// Puts on the disk what was written, still beside its name: of several files none is seen until all are
  /// there. Throws OutputError if anything is lost.
  void Finish();
  /// Finishes it, and gives it its name. Throws OutputError.
  void Commit();

 private:
  std::filesystem::path path_, written_;
  std::ofstream out_;
  bool is_finished_ = false;
};

/// Makes the folder and those above it, and returns it; throws OutputError.
const std::filesystem::path& MakeFolder(const std::filesystem::path& folder);

}  // namespace exactloss
