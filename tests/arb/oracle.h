// Value and one-sided derivatives of a problem by Arb, at whatever precision makes them narrow.
#pragma once

#include <vector>

#include "reference/problem.h"
#include "tests/arb/ball.h"

namespace exactloss::arb {

/// One element of an output. Where there is no kink all three are the same ball.
struct Element {
  Ball value;        ///< the element that PyTorch takes
  Ball left, right;  ///< derivatives from the left and from the right along the element's axis
  bool tie = false;  ///< the evaluation met a tie; the three were found separately
};

struct Answer {
  std::vector<std::vector<Element>> outputs;  ///< in the order of OutputsOf
  slong bits = 0;                             ///< the precision that it took
  bool decided = false;  ///< false: a comparison stayed undecided to the last; no outputs
  bool narrow = false;   ///< every ball is narrow, or an infinity
};

/// Narrow: 96 bits known, or a radius far below the smallest subnormal number of the dtype.
Answer Solve(const Problem& problem);

}  // namespace exactloss::arb
