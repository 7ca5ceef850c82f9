// The fast tier of the truth: enclosures of an elementwise loss and its slopes, a SIMD vector of elements at
// a time. It decides which number of a narrow dtype is the correctly rounded truth wherever its enclosure
// lies on one side of every midpoint, and leaves the rest to the interval tier (reference/truth.h).
//
// The bounds are proven where the arithmetic stands (fast_ball-inl.h, fast_functions-inl.h). They are no
// enclosures in one case: an exponential below 2^-865 is taken as 2^-865. Beside a larger number only its
// sign counts, and alone it is below every number of a narrow format.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "reference/problem.h"

namespace exactloss {

/// |truth - head - tail| <= radius, and the number of the dtype nearest to it; NaN where that is not decided.
struct FastOutput {
  std::vector<float> nearest;
  std::vector<double> head, tail, radius;
};

/// Numbers of an input: one an element, or one that stands for all; null: the input is not given.
struct FastInput {
  const float* data = nullptr;
  bool is_fixed = false;
};

class FastOracle {
 public:
  static constexpr std::size_t kMostElements = 512;  ///< of one call: the outputs stay in the nearest cache
  static constexpr std::size_t kInputs = 4, kOutputs = 3;

  /// Of f32, bf16 or f16. `Has` says whether there is a formula for the loss at these parameters.
  static bool Has(const LossSpec& loss, const std::vector<double>& parameters);
  FastOracle(const LossSpec& loss, Dtype dtype, const std::vector<double>& parameters);

  /// `inputs`: one for each of the loss; an array has room for kMostElements. What is not finite is left
  /// undecided. `outputs`: the loss and the slopes along input and target; null: not wanted.
  void Evaluate(std::size_t size, const std::array<FastInput, kInputs>& inputs,
                const std::array<FastOutput*, kOutputs>& outputs) const;

 private:
  struct Formula;
  static const Formula kFormulas[];
  static const Formula* Find(std::string_view loss);

  const Formula* formula_;
  const FloatFormat& format_;
  std::vector<double> parameters_;
};

/// What a formula of the fast tier is run at.
struct FastCall {
  std::size_t size;
  std::array<FastInput, FastOracle::kInputs> inputs;
  std::array<FastOutput*, FastOracle::kOutputs> outputs;
  const double* parameters;
  FloatFormat format;
};

}  // namespace exactloss
