// The file or the standard output that --json names.
#pragma once

#include <memory>
#include <ostream>
#include <string>

#include "reports/atomic_file.h"
#include "reports/json_lines.h"

namespace exactloss {

class JsonOutput {
 public:
  /// "" for none, "-" for standard output. Throws OutputError.
  explicit JsonOutput(const std::string& path);
  /// Null where there is none.
  Sink* sink() { return sink_.get(); }
  /// A line of another kind than a finding; nothing where there is none.
  void Write(const std::string& line);
  /// Before other files are seen, as AtomicFile says.
  void Finish();
  void Commit();

 private:
  std::unique_ptr<AtomicFile> file_;
  std::ostream* out_ = nullptr;
  std::unique_ptr<JsonLines> sink_;
};

}  // namespace exactloss
