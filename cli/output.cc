#include "cli/output.h"

#include <iostream>

namespace exactloss {

JsonOutput::JsonOutput(const std::string& path) {
  if (path.empty()) return;
  if (path != "-") file_ = std::make_unique<AtomicFile>(path);
  out_ = file_ ? &file_->out() : &std::cout;
  sink_ = std::make_unique<JsonLines>(*out_);
}

void JsonOutput::Write(const std::string& line) {
  if (out_ != nullptr) *out_ << line << '\n';
}

void JsonOutput::Finish() {
  if (file_) file_->Finish();
}

void JsonOutput::Commit() {
  if (file_) file_->Commit();
}

}  // namespace exactloss
