// A property asked of the truth and of subjects over many cases, and what came of it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "oracle/subject.h"
#include "tests/properties/check.h"

namespace exactloss {

/// Who is asked. `other` answers every problem of an instance but the first, where it is given: another
/// SIMD target, another process.
struct Respondent {
  std::unique_ptr<Subject> subject, other;
  /// The property must hold. Otherwise a violation must be one that the judge sees, too.
  bool is_strict = true;
  std::int64_t checked = 0, vacuous = 0, unsupported = 0, violated = 0;  ///< claims; cases
  std::string example;  ///< the shortest case that it violated
};

/// Asks properties of the truth and of everyone else.
class Campaign {
 public:
  void Add(std::unique_ptr<Subject> subject, bool is_strict, std::unique_ptr<Subject> other = nullptr);

  /// Empty: all is well. None: the property says nothing of the problem.
  std::optional<std::string> Ask(const Property& property, const Problem& problem);

  /// First the committed regressions, then cases of RapidCheck: RC_PARAMS as it has them, else seed 1 and 100
  /// cases. What failed, with its seed and the shortest case as a line for regressions.txt; empty: nothing.
  std::string Run(const Property& property);

  /// What was asked and found, a line for each.
  std::string Report() const;

 private:
  std::string AskAll(const Property& property, const Problem& problem, const Instance& instance);

  std::vector<Respondent> respondents_;
  std::int64_t cases_ = 0, checked_ = 0, vacuous_ = 0;  ///< of the truth
};

}  // namespace exactloss
