// Rows of classes without SIMD: the checked call, sums that know what they lost, a row as doubles.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "optimized/formats.h"
#include "optimized/kernel.h"

namespace exactloss::optimized {

/// A sum, exact as long as `error` is 0: what roundings lost is found out and added to the bound.
struct RowSum {
  /// Infinities and NaN stand aside: they would spoil the words.
  void Add(double x, double bound = 0) {
    if (!(std::fabs(x) < std::numeric_limits<double>::infinity())) {
      special += x;
      return;
    }
    const Word2 head = TwoSum(sum.hi, x), tail = TwoSum(sum.lo, head.lo);
    sum = {head.hi, tail.hi};
    error += bound + std::fabs(tail.lo);
  }
  void Add(const RowSum& other) {
    special += other.special;
    if (!other.IsFinite()) {
      error = std::numeric_limits<double>::infinity();
      return;
    }
    Add(other.sum.hi);
    Add(other.sum.lo, other.error);
  }
  /// False where it left the range of doubles, or a term did.
  bool IsFinite() const { return std::isfinite(sum.hi) && std::isfinite(sum.lo) && std::isfinite(error); }

  Word2 sum;
  double error = 0, special = 0;
};

/// A quotient of sums; |value - truth| <= error.
struct Quotient {
  Word2 value;
  double error = 0;
};
Quotient Divide(const RowSum& a, const RowSum& b);

/// Rounds x to the format; false: numbers within `error` of it round otherwise.
inline bool RoundsTo(Dtype dtype, Word2 x, double error, double* rounded) {
  if (!std::isfinite(x.hi)) {
    *rounded = x.hi;
    return error == 0;
  }
  *rounded = RoundTo(dtype, TwoSum(x.hi, x.lo));
  if (error == 0) return true;
  const double low = RoundTo(dtype, TwoSum(x.hi, x.lo - error));
  return low == *rounded && RoundTo(dtype, TwoSum(x.hi, x.lo + error)) == low;
}

/// A call whose arguments are checked. A place is a row of classes: place n inner + i stands for (n, i).
struct RowCall {
  std::size_t places() const { return rows * inner; }
  bool IsIgnored(std::size_t place) const { return target != nullptr && target[place] == ignore_index; }

  Dtype dtype = Dtype::kF32;
  Mode mode = Mode::kFast;
  bool reduced = false;
  int threads = 1;
  std::size_t rows = 0, classes = 0, inner = 1;
  Input input, probabilities;  ///< strides are numbers of elements
  const std::int64_t* target = nullptr;
  const void* weight = nullptr;
  std::int64_t ignore_index = -100;
  double smoothing = 0;
  void* loss = nullptr;
  void* gradients[2] = {};  ///< to the input and to the probabilities
  bool mean = false;
  RowSum divisor;  ///< of the sum and of the gradients
};

/// A mean over no weight at all: 0 / 0, as PyTorch has it, and so its slopes. False: there is some weight.
bool HasNoWeight(const RowCall& call);
void StoreNoWeight(const RowCall& call);

/// The weight of a class.
double WeightOf(const RowCall& call, std::size_t index);

/// One place in doubles, with its infinities settled: the limits at +inf are the values where the largest
/// logit is 0 and every other -inf.
struct RowProblem {
  enum class Kind : std::uint8_t {
    kRegular,
    kNan,      ///< a NaN takes part: all is NaN
    kSeveral,  ///< several logits are infinite and larger than the others: what depends on which of them
               ///< grows fastest has no limit
  };

  std::size_t classes = 0;
  const double* x = nullptr;
  const double* probabilities = nullptr;  ///< or null, and:
  std::size_t target = 0;
  const double* weight = nullptr;  ///< or null: 1
  double smoothing = 0;
  std::size_t top = 0;  ///< place of a largest logit
  double max = 0;
  Kind kind = Kind::kRegular;

  double Weight(std::size_t j) const { return weight == nullptr ? 1 : weight[j]; }
  bool IsTop(std::size_t j) const { return x[j] == max; }
};

/// Memory of a RowProblem, used again for each.
struct RowMemory {
  std::vector<double> x, probabilities, weight;
};
RowProblem LoadProblem(const RowCall& call, std::size_t place, RowMemory* memory);

/// An output of one place.
struct RowOutput {
  enum class Kind : std::uint8_t { kLoss, kInput, kTarget };
  Kind kind;
  std::size_t index;  ///< of the class
};

/// Cross entropy in Multi: the rounded outputs of a place; gradients are divided, losses are not.
void DecideRow(const RowCall& call, const RowProblem& row, const std::vector<RowOutput>& outputs,
               double* rounded);
/// The rounded sum of all losses over the divisor. All are finite.
double DecideCrossEntropySum(const RowCall& call);
double DecideNllSum(const RowCall& call);
/// -weight over the divisor.
double DecideNllSlope(const RowCall& call, double weight);

}  // namespace exactloss::optimized
