#include "oracle/known.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "reference/text.h"

namespace exactloss {
namespace {

/// Keeps the findings by line.
class ByLine : public Sink {
 public:
  void Write(const Finding& finding) override { findings_[finding.line].push_back(finding); }
  const std::vector<Finding>& of(const std::string& line) { return findings_[line]; }

 private:
  std::map<std::string, std::vector<Finding>> findings_;
};

std::string_view FailureOf(const Finding& finding) { return ClassText(finding.verdict, finding.divergence); }

/// Is it a failure, and such a one?
bool Shows(const KnownExample& example, const Finding& finding) {
  return !Passes(finding) && finding.output == example.output && FailureOf(finding) == example.failure;
}

template <class Value>
bool IsAmong(const std::vector<Value>& chosen, const Value& value) {
  return chosen.empty() || std::find(chosen.begin(), chosen.end(), value) != chosen.end();
}

/// What the output does now, in words: "grad:input is faithful, 0.70 ulp".
std::string Now(const KnownExample& example, const std::vector<const Finding*>& findings) {
  std::string text;
  for (const Finding* finding : findings) {
    if (finding->output != example.output && finding->output != "loss") continue;
    text += fmt::format("{}{} is {}", text.empty() ? "" : ", ", finding->output, FailureOf(*finding));
    if (!finding->message.empty()) text += fmt::format(" ({})", finding->message);
  }
  return text;
}

}  // namespace

bool IsOfSubject(std::string_view name, std::string_view subject) {
  if (!name.starts_with(subject)) return false;
  const std::string_view rest = name.substr(subject.size());
  return rest.empty() || rest.front() == '-' || rest.front() == '+' || rest.front() == '/';
}

Known::Known(std::vector<KnownDivergence> entries, const std::vector<SubjectInfo>& subjects)
    : entries_(std::move(entries)) {
  for (const SubjectInfo& subject : subjects) versions_.emplace(subject.name, subject.version);
}

const KnownDivergence* Known::Find(const Finding& finding) const {
  const auto version = versions_.find(finding.subject);
  if (version == versions_.end()) return nullptr;
  for (const KnownDivergence& entry : entries_) {
    if (!IsOfSubject(finding.subject, entry.subject)) continue;
    for (const KnownExample& example : entry.examples) {
      const bool is_like = example.problem.loss->name == finding.loss &&
                           example.problem.dtype == finding.dtype && Shows(example, finding) &&
                           (!example.contract || example.line == finding.line);
      if (is_like && example.versions.Contains(version->second)) return &entry;
    }
  }
  return nullptr;
}

void KnownMarker::Write(const Finding& finding) {
  const KnownDivergence* known = Passes(finding) ? nullptr : known_.Find(finding);
  if (known == nullptr) return next_.Write(finding);
  Finding marked = finding;
  marked.known = known->id;
  next_.Write(marked);
}

KnownReplay ReplayKnown(const std::vector<KnownDivergence>& entries, bool contracts,
                        const std::vector<const LossSpec*>& losses, const std::vector<Dtype>& dtypes,
                        const AuditOptions& options) {
  struct Asked {
    const KnownDivergence* entry;
    const KnownExample* example;
  };
  std::vector<Asked> asked;
  std::vector<WrittenProblem> problems;
  std::vector<Contract> calls;
  AuditOptions replay = options;
  replay.progress = {};
  replay.subjects.clear();
  for (const KnownDivergence& entry : entries) {
    bool is_asked = false;
    for (const KnownExample& example : entry.examples) {
      const Problem& problem = example.problem;
      if (example.contract.has_value() != contracts || !IsAmong(losses, problem.loss) ||
          !IsAmong(dtypes, problem.dtype)) {
        continue;
      }
      is_asked = true;
      asked.push_back({&entry, &example});
      contracts ? calls.push_back(*example.contract) : problems.push_back({example.line, problem});
    }
    for (const std::string& name : options.subjects) {
      if (is_asked && IsOfSubject(name, entry.subject) &&
          (replay.subjects.empty() || !IsAmong(replay.subjects, name))) {
        replay.subjects.push_back(name);
      }
    }
  }
  KnownReplay result;
  if (replay.subjects.empty()) return result;
  ByLine findings;
  result.subjects =
      contracts ? AuditContracts(calls, replay, {&findings}) : Audit(problems, replay, {&findings}).subjects;
  for (const auto& [entry, example] : asked) {
    for (const SubjectInfo& subject : result.subjects) {
      if (!IsOfSubject(subject.name, entry->subject) || !example->versions.Contains(subject.version))
        continue;
      std::vector<const Finding*> of_subject;
      for (const Finding& finding : findings.of(example->line)) {
        if (finding.subject == subject.name) of_subject.push_back(&finding);
      }
      if (of_subject.empty()) continue;  // interrupted
      ++result.examples;
      if (std::any_of(of_subject.begin(), of_subject.end(),
                      [example = example](const Finding* f) { return Shows(*example, *f); })) {
        continue;
      }
      result.stale.push_back(fmt::format(
          "{}: {}: no {} of {} in {}{}{}: {}", example->place, entry->id, example->failure, example->output,
          subject.name, subject.version.empty() ? "" : " ", subject.version, Now(*example, of_subject)));
    }
  }
  return result;
}

}  // namespace exactloss
