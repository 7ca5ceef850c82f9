#include "tests/faults/fault.h"

#include <algorithm>
#include <utility>

#include "reference/text.h"

namespace exactloss {
namespace {

class FaultSubject : public Subject {
 public:
  explicit FaultSubject(const Fault& fault) : fault_(fault) { info_.name = Concat("fault/", fault.id); }
  const SubjectInfo& info() const override { return info_; }

  std::vector<Answer> Run(std::span<const Problem> problems) override {
    std::vector<Answer> answers;
    for (const Problem& problem : problems) answers.push_back(Run(problem));
    return answers;
  }

 private:
  Answer Run(const Problem& problem) const {
    if (!HasLoss(fault_, problem.loss->name)) {
      return {AnswerStatus::kUnsupported, Concat("no fault of ", problem.loss->name), {}};
    }
    Making making(problem);
    if (making.outputs.empty()) return {AnswerStatus::kError, "an input outside of its domain", {}};
    fault_.plant(making);
    return making.Finish();
  }

  const Fault& fault_;
  SubjectInfo info_;
};

}  // namespace

const std::vector<Fault>& Faults() {
  static const std::vector<Fault> faults = [] {
    std::vector<Fault> all;
    for (auto* family : {AnyLossFaults, RegressionFaults, BinaryFaults, ClassFaults, OverlapFaults}) {
      for (Fault& fault : family()) all.push_back(std::move(fault));
    }
    return all;
  }();
  return faults;
}

bool IsControl(const Fault& fault) { return fault.id.starts_with("control."); }

bool HasLoss(const Fault& fault, std::string_view loss) {
  const auto& losses = fault.losses;
  return losses.empty() || std::find(losses.begin(), losses.end(), loss) != losses.end();
}

std::unique_ptr<Subject> MakeFaultSubject(const Fault& fault) {
  return std::make_unique<FaultSubject>(fault);
}

std::unique_ptr<Subject> MakeFaultSubject(std::string_view id) {
  std::vector<std::string_view> ids;
  for (const Fault& fault : Faults()) {
    if (fault.id == id) return MakeFaultSubject(fault);
    ids.push_back(fault.id);
  }
  throw UsageError(Concat("no fault ", Quoted(id), "; ", Suggestion(id, ids)));
}

}  // namespace exactloss
