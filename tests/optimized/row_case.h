// A call of a loss of rows of classes, beside the problem that says the same to the truth.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "optimized/losses.h"
#include "reference/problem.h"

namespace exactloss::tests {

/// How the logits of a row are drawn.
enum class RowStyle {
  kNormal,
  kSaturated,  ///< one class far above the rest
  kMasked,     ///< some are -inf
  kTies,
  kAnyBits,  ///< finite numbers of any exponent
  kLarge,    ///< some are -1e9 or so
  kTiny,
  kEqual,
  kSpecial,  ///< NaN and infinities of either sign
};

struct RowCase {
  std::size_t place(std::size_t n, std::size_t i) const { return n * inner + i; }
  std::size_t size() const { return rows * classes * inner; }

  bool is_nll = false;
  Dtype dtype = Dtype::kF32;
  Reduction reduction = Reduction::kNone;
  std::size_t rows = 1, classes = 1, inner = 1;
  std::vector<double> x, probabilities, weight;  ///< empty: not given
  std::vector<std::int64_t> target;
  std::int64_t ignore_index = -100;
  double smoothing = 0;
};

/// Everything about it at random but the dtype.
RowCase DrawCase(std::mt19937_64& random, Dtype dtype, std::size_t most_classes);
void DrawLogits(std::mt19937_64& random, RowStyle style, RowCase* drawn);

Problem ProblemOf(const RowCase& row_case);

/// Outputs as numbers; empty where there are none.
struct RowOutputs {
  std::vector<double> loss, input_gradient, target_gradient;
};
RowOutputs RunCase(const RowCase& row_case, optimized::Mode mode, int threads = 1);

/// Numbers as a tensor of that format, and back.
std::vector<unsigned char> ToBytes(Dtype dtype, const std::vector<double>& values);
double FromBytes(Dtype dtype, const unsigned char* bytes);

}  // namespace exactloss::tests
