// Gradients of a problem in intervals, by the two ways that there are: as the truth takes them, in closed
// form where a family has one, and from the formula text at dual numbers.
#pragma once

#include <vector>

#include "reference/interval.h"
#include "tests/reference/replay.h"

namespace exactloss {

// Both in the order of LeavesOf, at the precision and in the reading of the current Evaluation.
std::vector<Interval> TermGradients(const Problem& problem);
std::vector<Interval> DualGradients(const Problem& problem);

}  // namespace exactloss
