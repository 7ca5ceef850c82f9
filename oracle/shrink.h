// A problem on which a subject fails, made as simple as can be: fewer rows, classes and elements, default
// parameters, no optional inputs, contiguous tensors, numbers of fewer bits. The subject is asked at each
// step; what is kept fails in the same output with the same verdict and class.
#pragma once

#include <optional>

#include "oracle/finding.h"
#include "oracle/subject.h"

namespace exactloss {

/// The finding on the simplest problem found, with its line; none if `failure` does not come again on
/// `problem`, or is no wrong number (a crash, a timeout). Asks the subject `most_asked` times at most.
std::optional<Finding> Shrink(const Problem& problem, const Finding& failure, Subject& subject,
                              int most_asked = 150);

}  // namespace exactloss
