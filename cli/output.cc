#include "cli/output.h"

#include <iostream>

namespace exactloss {

JsonOutput::JsonOutput(const std::string& path) {
  if (path.empty()) return;
  if (path != "-") file_ = std::make_unique<AtomicFile>(path);
  sink_ = std::make_unique<JsonLines>(file_ ? file_->out() : std::cout);
}

void JsonOutput::Commit() {
  if (file_) file_->Commit();
}

}  // namespace exactloss
