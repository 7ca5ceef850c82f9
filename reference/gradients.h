// Gradients of a problem in intervals, by the ways that there are. Each is the gradient of the reduced loss
// (of the sum, with `none`) along each differentiable element, in the order of LeavesOf, at the precision and
// in the reading of the current Evaluation.
#pragma once

#include <vector>

#include "reference/interval.h"
#include "reference/problem.h"

namespace exactloss {

/// As the truth takes them, term by term: in closed form where a family has one, else by dual numbers.
std::vector<Interval> TermGradients(const Problem& problem);

/// The formula text of the whole problem at dual numbers: automatic differentiation.
std::vector<Interval> DualGradients(const Problem& problem);

/// As textbooks have them. Empty for a loss without a closed form: boxes, sums with them, norms.
std::vector<Interval> ClosedGradients(const Problem& problem);

}  // namespace exactloss
