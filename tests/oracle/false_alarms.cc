#include "tests/oracle/false_alarms.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

#include "oracle/judge.h"
#include "oracle/selection.h"
#include "reference/text.h"
#include "tests/oracle/fakes.h"

namespace exactloss {
namespace {

constexpr std::size_t kMost = 20;  ///< lines that are kept

class Counter {
 public:
  Counter(std::uint64_t problems, std::uint64_t seed) : problems_(problems) {
    selection_.seed = seed;
    cells_ = Count(selection_);
    selection_.problems_per_cell = (problems + cells_ - 1) / cells_;
    all_ = Count(selection_);
  }

  FalseAlarms Run(int jobs) {
    {
      std::vector<std::jthread> threads;
      for (int i = 0; i < jobs; ++i) threads.emplace_back([this] { Work(); });
    }
    return std::move(total_);
  }

 private:
  void Work() {
    for (std::uint64_t i = next_++; i < problems_; i = next_++) {
      // Evenly over the whole selection.
      const auto number = static_cast<std::uint64_t>(static_cast<double>(i) * static_cast<double>(all_) /
                                                     static_cast<double>(problems_));
      Judge(At(selection_, std::min(number, all_ - 1)));
    }
  }

  void Judge(const SelectedProblem& selected) {
    const Problem& problem = selected.problem;
    const Truth truth = Evaluate(problem);
    std::vector<Finding> findings;
    for (const Dtype first : {problem.dtype, Dtype::kF64}) {
      const Answer answer = RoundedTruth(problem, truth, first);
      for (Finding& finding : JudgeWorst(problem, truth, FakeSubject(), answer))
        findings.push_back(std::move(finding));
    }
    const std::scoped_lock lock(mutex_);
    ++total_.problems;
    for (const Finding& finding : findings) {
      const auto count = static_cast<std::uint64_t>(finding.count);
      total_.elements += count;
      if (finding.verdict <= Verdict::kAccurate) continue;
      const bool is_decided = finding.verdict != Verdict::kUndecided;
      (is_decided ? total_.count : total_.undecided) += count;
      std::vector<std::string>& few = is_decided ? total_.alarms : total_.doubts;
      if (few.size() < kMost) {
        few.push_back(Concat(is_decided ? ClassText(finding) : "undecided", " ", finding.output, "[",
                             finding.index, "], ", count, " elements: ", FormatProblem(problem)));
      }
    }
  }

  const std::uint64_t problems_;
  Selection selection_;
  std::uint64_t cells_ = 0, all_ = 0;
  std::atomic<std::uint64_t> next_ = 0;
  std::mutex mutex_;
  FalseAlarms total_;
};

}  // namespace

FalseAlarms CountFalseAlarms(std::uint64_t problems, std::uint64_t seed, int jobs) {
  return Counter(problems, seed).Run(jobs);
}

}  // namespace exactloss
