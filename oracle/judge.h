// The judge: truth and answer in, one finding for each output element out.
//
// A finding stands for elements of an output. A problem without an answer, an output that the subject leaves
// out, and one that is not what was asked for (another dtype or shape) have one finding, of count 1.
//
// Of a zero's sign nothing is said but this: a loss that is >= 0 in real arithmetic is not -0, since its
// square root, reciprocal and sign would tell. A gradient may be either zero: no optimizer tells them apart.
//
// A pass is mistrusted where it proves little: all truths of its tensor are one and the same 0, infinity or
// NaN; or it is a loss that no prediction moves (every gradient is 0: saturated); or it is stable by a bound
// that would excuse any number (1/u roundings, an infinite gauge).
#pragma once

#include <vector>

#include "oracle/finding.h"
#include "oracle/subject.h"
#include "reference/truth.h"

namespace exactloss {

/// One finding an element. `truth` is not read where there is no answer.
std::vector<Finding> Judge(const Problem& problem, const Truth& truth, const Subject& subject,
                           const Answer& answer);

/// KeepWorst(Judge(...)), without a finding for each element on the way.
std::vector<Finding> JudgeWorst(const Problem& problem, const Truth& truth, const Subject& subject,
                                const Answer& answer);

/// For each output, verdict, class and trust the element with the largest ulp, the first of equals, with the
/// count of those it stands for.
std::vector<Finding> KeepWorst(std::vector<Finding> findings);

}  // namespace exactloss
