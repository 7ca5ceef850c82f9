// A problem explained to a person: element by element the truth, and what each subject made of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <ostream>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "oracle/audit.h"

namespace exactloss {

class Explanation : public Sink {
 public:
  /// The problems are those that are audited, in order; they and the stream outlive the sink. Of an output
  /// with more elements than `most_elements`, only the worst are shown.
  Explanation(const std::vector<WrittenProblem>& problems, std::size_t most_elements, std::ostream& out)
      : problems_(problems), most_elements_(most_elements), out_(out) {}

  void Write(const Finding& finding) override;
  /// Prints what is still held.
  void Finish();

 private:
  using Place = std::pair<std::size_t, std::int64_t>;  ///< output and element

  void PrintProblem();
  void PrintAnswered(const Problem& problem, const std::vector<OutputSpec>& outputs);
  /// The truth is not in the findings then: nobody needed it.
  void PrintUnanswered(const Problem& problem);
  void PrintElement(const Problem& problem, const OutputSpec& output, std::int64_t index,
                    const std::vector<Finding>& findings, const Finding* asked);
  void PrintTruth(const Finding& finding, int width);
  void PrintBounds(const std::vector<Finding>& findings, int width);
  void PrintFinding(const Finding& finding, int width);

  const std::vector<WrittenProblem>& problems_;
  const std::size_t most_elements_;
  std::ostream& out_;
  std::size_t current_ = 0;                         ///< which of the problems
  std::map<Place, std::vector<Finding>> elements_;  ///< of the current problem
  std::set<std::pair<std::string, Place>> seen_;    ///< what of it has come, by subject
};

}  // namespace exactloss
