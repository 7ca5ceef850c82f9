#include "oracle/isolated.h"

#include <filesystem>
#include <utility>

#include "oracle/guarded_memory.h"
#include "oracle/host_subject.h"
#include "oracle/torch_hosts.h"
#include "reference/text.h"

namespace exactloss {
namespace {

namespace fs = std::filesystem;

/// This program, or for a test of it the one that stands beside or above.
fs::path Program() {
  std::error_code error;
  for (const fs::path& folder : ProgramFolders()) {
    if (fs::is_regular_file(folder / "exactloss", error)) return folder / "exactloss";
  }
  throw UsageError("there is no program `exactloss` beside this one to isolate a subject in");
}

class IsolatedSubject final : public Subject {
 public:
  IsolatedSubject(std::unique_ptr<Subject> subject, const SubjectOptions& options)
      : subject_(std::move(subject)),
        host_(MakeHostSubject(
            {info().name, {Program().string(), "serve", info().name}, {{kGuardVariable, "1"}}, options})) {}

  const SubjectInfo& info() const override { return subject_->info(); }
  std::vector<Answer> Run(std::span<const Problem> problems) override { return host_->Run(problems); }
  std::optional<double> DeclaredUlp(const Problem& problem, const OutputSpec& output) const override {
    return subject_->DeclaredUlp(problem, output);
  }
  bool ChecksArguments() const override { return subject_->ChecksArguments(); }
  Summation SummationOf(const Problem& problem, const OutputSpec& output) const override {
    return subject_->SummationOf(problem, output);
  }
  std::string OtherSemantics() const override { return subject_->OtherSemantics(); }

 private:
  const std::unique_ptr<Subject> subject_;
  const std::unique_ptr<Subject> host_;
};

}  // namespace

std::unique_ptr<Subject> Isolated(std::unique_ptr<Subject> subject, const SubjectOptions& options) {
  return std::make_unique<IsolatedSubject>(std::move(subject), options);
}

}  // namespace exactloss
