// The domain of an input in a problem.
#pragma once

#include <cstddef>

#include "reference/problem.h"

namespace exactloss {

/// The smallest and the largest value that an input may have. A parameter may lift what its loss says.
struct Bounds {
  double min, max;
};
Bounds BoundsOf(const Problem& problem, std::size_t input);

}  // namespace exactloss
