// The audit: every problem of a selection or of a list, answered by every subject, judged, and told to sinks.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "oracle/finding.h"
#include "oracle/selection.h"
#include "oracle/subject.h"

namespace exactloss {

/// Takes findings one by one, always in the same order whatever the number of jobs.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual void Write(const Finding& finding) = 0;
};

struct AuditOptions {
  std::vector<std::string> subjects;  ///< names for MakeSubject
  SubjectOptions subject;
  int jobs = 1;                    ///< threads; each has subjects of its own
  std::uint64_t repeat_every = 0;  ///< of so many problems one is asked again (CheckRepeats); 0: none
  bool every_element = false;      ///< write a finding an element, not the worst of each kind
  std::function<void(std::uint64_t done, std::uint64_t total)> progress;  ///< called from one thread
  const std::atomic<bool>* interrupted = nullptr;                         ///< set: stop after what runs now
};

/// What an audit looked at: findings count output elements.
struct AuditSummary {
  std::vector<SubjectInfo> subjects;
  std::uint64_t problems = 0;
  std::uint64_t passed = 0, failed = 0;
  std::map<Verdict, std::uint64_t> verdicts;
  std::map<Divergence, std::uint64_t> divergences;
  std::uint64_t mistrusted = 0;
  bool interrupted = false;
};

/// A problem, and what its findings say of where it came from.
struct AskedProblem {
  std::string line;  ///< as the findings give it
  std::string fill;  ///< "normal#7.3"
  Problem problem;
};

/// The findings of all subjects on a problem, whose answers these are, one for each.
std::vector<Finding> JudgeAnswers(const Problem& problem, const Subjects& subjects,
                                  const std::vector<Answer>& answers, bool every_element, bool repeat);

/// Problems by number, made when their turn comes, on any thread.
struct ProblemStream {
  std::uint64_t count;
  std::function<AskedProblem(std::uint64_t)> at;
};

/// Throws UsageError for a subject that cannot be made. An interrupted audit is one of the first problems.
AuditSummary Audit(const ProblemStream& stream, const AuditOptions& options, const std::vector<Sink*>& sinks);
AuditSummary Audit(const Selection& selection, const AuditOptions& options, const std::vector<Sink*>& sinks);

/// The problems of a selection, which outlives the stream.
ProblemStream StreamOf(const Selection& selection);
/// The problems of one stream after those of another.
ProblemStream Joined(ProblemStream first, ProblemStream second);

/// A problem as a person wrote it; a finding's `line` is this text, not the canonical form.
struct WrittenProblem {
  std::string line;
  Problem problem;
};
AuditSummary Audit(const std::vector<WrittenProblem>& problems, const AuditOptions& options,
                   const std::vector<Sink*>& sinks);

}  // namespace exactloss
