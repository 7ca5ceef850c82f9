// One term proven: Ziv's loop, with the three readings where a kink is met.
#pragma once

#include <vector>

#include "reference/terms.h"

namespace exactloss {

/// One number of a term: its value (PyTorch's element at a kink) and what is allowed there.
struct Proven {
  Interval value;
  Interval allowed;  ///< the interval between the one-sided derivatives; meaningful at a kink
  bool kink = false;
  bool proven = true;
};

struct ProofOptions {
  Dtype dtype;
  int first_bits;
  int max_bits;
  bool with_gradients;  ///< false: the value alone need be narrow
};

std::vector<Interval> Lift(const std::vector<double>& values);

/// The value of a term without its factor, then its slopes with it, in the order of its elements.
std::vector<Proven> ProveTerm(const Terms& terms, std::int64_t term, const std::vector<Interval>& variables,
                              const ProofOptions& options);

}  // namespace exactloss
