#include "oracle/audit.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

#include "oracle/consistency.h"
#include "oracle/in_order.h"
#include "oracle/judge.h"

namespace exactloss {
namespace {

/// The findings of a problem, of every subject; what they share is kept once, since a line may be long.
struct Judged {
  std::uint64_t number;
  std::string line;
  std::string fill;
  std::vector<Finding> findings;
};

/// Problems in a row that one thread does.
using Block = std::vector<Judged>;

/// A subject gets so many problems at once at most, and no more after so many input elements.
constexpr std::size_t kMostAtOnce = 64;
constexpr std::int64_t kMostElementsAtOnce = std::int64_t{1} << 20;
/// So many blocks of a thread may wait for one before them.
constexpr std::uint64_t kBlocksThatWait = 4;

std::int64_t InputElements(const Problem& problem) {
  std::int64_t elements = 0;
  for (const auto& input : problem.inputs) elements += input ? input->size() : 0;
  return elements;
}

bool IsSet(const std::atomic<bool>* flag) { return flag != nullptr && flag->load(); }

/// Asks, proves and judges; one a thread.
class Worker {
 public:
  Worker(const ProblemStream& stream, const AuditOptions& options, std::atomic<std::uint64_t>& done,
         Subjects subjects)
      : stream_(stream), options_(options), done_(done), subjects_(std::move(subjects)) {}

  /// The problems [begin, end), or those of them that come before an interruption.
  Block Run(std::uint64_t begin, std::uint64_t end) {
    Block block;
    while (begin < end && !IsSet(options_.interrupted)) {
      judged_.clear(), problems_.clear();
      std::int64_t elements = 0;
      for (; begin < end && problems_.size() < at_once_ && elements < kMostElementsAtOnce; ++begin) {
        AskedProblem asked = stream_.at(begin);
        elements += InputElements(asked.problem);
        judged_.push_back({begin, std::move(asked.line), std::move(asked.fill), {}});
        problems_.push_back(std::move(asked.problem));
      }
      RunBatch();
      std::move(judged_.begin(), judged_.end(), std::back_inserter(block));
    }
    return block;
  }

 private:
  void RunBatch() {
    std::vector<std::vector<Answer>> answers;
    bool is_slow = false;
    for (const auto& subject : subjects_) {
      answers.push_back(subject->Run(problems_));
      is_slow = is_slow ||
                std::any_of(answers.back().begin(), answers.back().end(),
                            [](const Answer& answer) { return answer.status == AnswerStatus::kTimeout; });
    }
    for (std::size_t i = 0; i < problems_.size(); ++i) {
      std::vector<Answer> of_problem;  // given back when they are judged
      for (auto& of_subject : answers) of_problem.push_back(std::move(of_subject[i]));
      const bool repeat = options_.repeat_every > 0 && judged_[i].number % options_.repeat_every == 0;
      judged_[i].findings = JudgeAnswers(problems_[i], subjects_, of_problem, options_.every_element, repeat);
      ++done_;
    }
    // An interruption waits for the batch, so that one of problems that hang must not be long.
    at_once_ = is_slow ? 1 : std::min(2 * at_once_, kMostAtOnce);
  }

  const ProblemStream& stream_;
  const AuditOptions& options_;
  std::atomic<std::uint64_t>& done_;
  const Subjects subjects_;
  // Of the batch:
  std::vector<Problem> problems_;
  std::vector<Judged> judged_;
  std::size_t at_once_ = 1;
};

/// Threads that do blocks, and the caller's thread, which counts and writes them in order.
class Pool {
 public:
  Pool(const ProblemStream& stream, const AuditOptions& options) : stream_(stream), options_(options) {
    const auto jobs = static_cast<std::uint64_t>(std::max(options.jobs, 1));
    block_size_ = std::clamp<std::uint64_t>(stream.count / (4 * jobs), 1, kMostAtOnce);
    blocks_ = (stream.count + block_size_ - 1) / block_size_;
  }

  AuditSummary Run(const std::vector<Sink*>& sinks) {
    Subjects first =
        MakeSubjects(options_.subjects, options_.subject);  // a name that is none is told at once
    for (const auto& subject : first) summary_.subjects.push_back(subject->info());
    const auto make = [&](std::size_t thread) -> InOrder<Block>::Work {
      const auto worker = std::make_shared<Worker>(
          stream_, options_, done_,
          thread == 0 ? std::move(first) : MakeSubjects(options_.subjects, options_.subject));
      return [this, worker](std::uint64_t number) {
        const std::uint64_t begin = number * block_size_;
        return worker->Run(begin, std::min(begin + block_size_, stream_.count));
      };
    };
    const auto take = [&](Block block) {
      for (Judged& judged : block) {
        if (judged.number == summary_.problems) Write(judged, sinks);  // after a gap there is no more
      }
      ShowProgress();
    };
    InOrder<Block>(blocks_, options_.jobs, options_.interrupted, kBlocksThatWait)
        .Run(make, take, [&](std::uint64_t) { ShowProgress(); });
    summary_.interrupted = summary_.problems < stream_.count;
    return std::move(summary_);
  }

 private:
  void ShowProgress() {
    if (options_.progress) options_.progress(done_, stream_.count);
  }

  void Write(Judged& judged, const std::vector<Sink*>& sinks) {
    ++summary_.problems;
    for (Finding& finding : judged.findings) {
      Add(finding);
      finding.line.swap(judged.line);
      finding.fill = judged.fill;
      for (Sink* sink : sinks) sink->Write(finding);
      finding.line.swap(judged.line);
    }
  }

  void Add(const Finding& finding) {
    const auto count = static_cast<std::uint64_t>(finding.count);
    summary_.verdicts[finding.verdict] += count;
    if (finding.divergence != Divergence::kNone) summary_.divergences[finding.divergence] += count;
    if (finding.mistrusted) summary_.mistrusted += count;
    if (Passes(finding)) {
      summary_.passed += count;
    } else if (Fails(finding)) {
      summary_.failed += count;
    }
  }

  const ProblemStream& stream_;
  const AuditOptions& options_;
  std::uint64_t block_size_ = 1, blocks_ = 0;
  std::atomic<std::uint64_t> done_ = 0;  ///< problems
  AuditSummary summary_;
};

}  // namespace

std::vector<Finding> JudgeAnswers(const Problem& problem, const Subjects& subjects,
                                  const std::vector<Answer>& answers, bool every_element, bool repeat) {
  const bool is_answered = std::any_of(answers.begin(), answers.end(), [](const Answer& answer) {
    return answer.status == AnswerStatus::kOk;
  });
  const Truth truth = is_answered ? Evaluate(problem) : Truth{};
  const auto judge = every_element ? Judge : JudgeWorst;
  std::vector<Finding> findings;
  for (std::size_t s = 0; s < subjects.size(); ++s) {
    std::vector<Finding> of_subject = judge(problem, truth, *subjects[s], answers[s]);
    ClassifyFailures(problem, truth, *subjects[s], answers[s], of_subject);
    if (repeat) CheckRepeats(problem, truth, *subjects[s], answers[s], of_subject);
    std::move(of_subject.begin(), of_subject.end(), std::back_inserter(findings));
  }
  CompareSettings(findings);
  return findings;
}

AuditSummary Audit(const ProblemStream& stream, const AuditOptions& options,
                   const std::vector<Sink*>& sinks) {
  return Pool(stream, options).Run(sinks);
}

AuditSummary Audit(const Selection& selection, const AuditOptions& options, const std::vector<Sink*>& sinks) {
  return Audit(StreamOf(selection), options, sinks);
}

AuditSummary Audit(const std::vector<WrittenProblem>& problems, const AuditOptions& options,
                   const std::vector<Sink*>& sinks) {
  const auto at = [&](std::uint64_t i) { return AskedProblem{problems[i].line, "", problems[i].problem}; };
  return Audit(ProblemStream{problems.size(), at}, options, sinks);
}

ProblemStream StreamOf(const Selection& selection) {
  return {Count(selection), [&selection](std::uint64_t i) {
            SelectedProblem selected = At(selection, i);
            std::string line = FormatProblem(selected.problem);
            return AskedProblem{std::move(line), std::move(selected.fill), std::move(selected.problem)};
          }};
}

ProblemStream Joined(ProblemStream first, ProblemStream second) {
  const std::uint64_t count = first.count;
  return {count + second.count, [first = std::move(first), second = std::move(second)](std::uint64_t i) {
            return i < first.count ? first.at(i) : second.at(i - first.count);
          }};
}

}  // namespace exactloss
