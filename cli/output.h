// The file or the standard output that --json names.
#pragma once

#include <memory>
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
  void Commit();

 private:
  std::unique_ptr<AtomicFile> file_;
  std::unique_ptr<JsonLines> sink_;
};

}  // namespace exactloss
