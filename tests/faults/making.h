// An answer in the making: the right numbers first, then a fault is worked into them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "oracle/rounded.h"
#include "oracle/subject.h"

namespace exactloss {

using Numbers = std::vector<double>;

/// One row of a loss over classes: sum_j c_j (lse(x) - x_j) for cross entropy, -c_t x_t for nll.
struct ClassRow {
  std::vector<std::size_t> at;  ///< the places of its logits in the tensor
  Numbers x;
  Numbers c;               ///< all 0 where the row is ignored
  Numbers w;               ///< of the classes; 1 without weights
  std::size_t target = 0;  ///< with class indices, where the row is not ignored
  bool has_index = false;  ///< class indices, not probabilities
  bool is_ignored = false;
};

class Making {
 public:
  /// The outputs are those of the truth, rounded to binary64; Finish() rounds them to the dtype.
  explicit Making(const Problem& problem);

  const Problem& problem() const { return problem_; }
  std::string_view loss_name() const { return problem_.loss->name; }
  double parameter(std::string_view name) const { return problem_.parameter(name); }

  /// An element of an input, weights broadcast to the first input; 1 where a weight is not given.
  double At(std::string_view input, std::size_t i) const;
  double x(std::size_t i) const { return At("input", i); }
  double t(std::size_t i) const { return At("target", i); }
  double w(std::size_t i) const { return At("weight", i); }
  /// A number that is computed with step by step in the dtype.
  Rounded Number(double value) const { return {problem_.dtype, value}; }

  Numbers& loss() { return outputs[0]; }
  /// Null where the problem has no such output: "input", "target", ...
  Numbers* Gradient(std::string_view input);

  /// The terms of the loss before they are reduced (a loss over all elements has one), and back again.
  const Numbers& Terms();
  void Reduce(const Numbers& terms);
  /// What the mean divides by (1 without one), and what a term's slope is times in the gradient.
  double Divisor() const { return divisor_; }
  double Factor() const { return 1 / divisor_; }

  std::vector<ClassRow> Rows() const;

  /// The outputs of another problem: this one after a change. Empty where it is no problem.
  template <class Change>
  std::vector<Numbers> Of(Change change) const {
    Problem other = problem_;
    change(other);
    return Outputs(other);
  }

  Answer Finish() const;

  std::vector<Numbers> outputs;  ///< in the order of OutputsOf
  Answer refusal;                ///< not kOk: the answer
  Dtype dtype;                   ///< of the answer

 private:
  static std::vector<Numbers> Outputs(const Problem& problem);
  double ComputeDivisor() const;

  Problem problem_;
  Numbers terms_;
  double divisor_;
};

/// Drops an optional input.
void Drop(Problem& problem, std::string_view input);

}  // namespace exactloss
