// Do the claims of a property hold? Of the truth within its enclosures; of a subject within what the judge
// allows each output: the larger of 1 ulp, the declared bound, and the roundings that its gauge explains.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "oracle/subject.h"
#include "reference/truth.h"
#include "tests/properties/property.h"

namespace exactloss {

std::vector<Truth> TruthsOf(const Instance& instance);

struct Outcome {
  std::string violation;  ///< empty: every claim that could be checked holds
  int checked = 0;        ///< claims
  int vacuous = 0;        ///< claims of outputs that are undecided, not finite, or excused whatever they are
  int unsupported = 0;    ///< claims of outputs that the subject does not have
};

Outcome CheckTruth(const Instance& instance, const std::vector<Truth>& truths);

/// Problem k is asked of subjects[k], the last one standing for those that follow.
Outcome CheckSubject(const Instance& instance, const std::vector<Truth>& truths,
                     std::span<Subject* const> subjects);
inline Outcome CheckSubject(const Instance& instance, const std::vector<Truth>& truths, Subject& subject) {
  Subject* const one = &subject;
  return CheckSubject(instance, truths, {&one, 1});
}

}  // namespace exactloss
