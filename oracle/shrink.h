// A problem on which a subject fails, made as simple as can be: fewer rows, classes and elements, default
// parameters, no optional inputs, contiguous tensors, numbers of fewer bits. The subject is asked at each
// step; what is kept fails in the same output with the same verdict and class.
#pragma once

#include <optional>

#include "oracle/finding.h"
#include "oracle/subject.h"

namespace exactloss {

struct ShrinkOptions {
  int most_asked = 150;  ///< how often the subject is asked at most; for a crash, kMostCrashes
  double least_ulp = 0;  ///< what is kept is so wrong at least
};
inline constexpr int kMostCrashes = 20;

/// The finding on the simplest problem found, with its line; none if `failure` does not come again on
/// `problem`, or is a timeout or of a repetition.
std::optional<Finding> Shrink(const Problem& problem, const Finding& failure, Subject& subject,
                              const ShrinkOptions& options = {});

}  // namespace exactloss
