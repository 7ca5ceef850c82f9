// Terms proven: Ziv's loop, with the three readings where a kink is met.
#pragma once

#include <optional>
#include <vector>

#include "reference/terms.h"

namespace exactloss {

/// One number of a term: its value (PyTorch's element at a kink) and what is allowed there.
struct Proven {
  Interval value;
  std::optional<Interval> allowed;  ///< at a tie: the interval between the one-sided derivatives
  bool kink = false;                ///< these are proven to differ
  bool proven = true;
};

struct ProofOptions {
  Dtype dtype;
  int first_bits;
  int max_bits;
  bool with_gradients;  ///< false: the value alone need be narrow
};

/// Proves terms one after the other, in the same memory.
class Prover {
 public:
  explicit Prover(const Terms& terms) : terms_(terms) {}

  /// The value of a term without its factor, then its slopes with it, in the order of its elements. Valid
  /// until the next call.
  std::vector<Proven>& Prove(std::int64_t term, const std::vector<Interval>& variables,
                             const ProofOptions& options);

 private:
  /// One evaluation of a term, its slopes times the factor, and what the evaluation learned.
  struct Attempt {
    TermValue term;
    Evaluation learned;
  };
  class Judge;

  void Try(std::int64_t term, const std::vector<Interval>& variables, int bits, Reading reading,
           bool with_gradients, Attempt& attempt) const;
  void Collect();
  void CollectKinks();

  const Terms& terms_;
  Attempt torch_, right_, left_;
  std::vector<Proven> outputs_;
};

void Lift(const std::vector<double>& values, std::vector<Interval>& variables);

}  // namespace exactloss
