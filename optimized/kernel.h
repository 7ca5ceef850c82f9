// What kernels and their callers agree on: storage formats, the call, the outcome. No SIMD here.
#pragma once

#include <cstddef>
#include <cstdint>

#include "optimized/losses.h"

namespace exactloss::optimized {

inline constexpr std::size_t kBlock = 1024;  ///< elements that are worked on together
inline constexpr std::size_t kSumLanes =
    16;  ///< element i of a block is added to lane i % 16, on every target

/// Storage of bf16 and f16: which of the two is known at run time. All arithmetic is done in double.
struct Half {
  std::uint16_t bits;
};

/// A value as an unevaluated sum of two doubles, `lo` at most half an ulp of `hi`.
struct Word2 {
  double hi = 0, lo = 0;
};

/// Knuth's sum: hi + lo == a + b exactly, whichever is larger.
inline Word2 TwoSum(double a, double b) {
  const double sum = a + b, b_part = sum - a;
  return {sum, (a - (sum - b_part)) + (b - b_part)};
}
inline Word2 Add(Word2 a, Word2 b) {
  const Word2 sum = TwoSum(a.hi, b.hi);
  return TwoSum(sum.hi, sum.lo + (a.lo + b.lo));
}

/// From one row to the next, in elements.
inline std::ptrdiff_t RowStride(const Input& input, std::size_t columns) {
  return input.row_stride == kDense ? static_cast<std::ptrdiff_t>(columns) : input.row_stride;
}

/// A call whose arguments are checked: what drivers take.
struct ElementCall {
  Dtype dtype = Dtype::kF32;
  Mode mode = Mode::kFast;
  bool reduced = false;
  double divisor = 1;  ///< of the sum, and of the gradients
  int threads = 1;
  std::size_t rows = 0, columns = 0;
  Input inputs[4];  ///< input, target, and what else the formula names; data null: the constant 1
  void* loss = nullptr;
  void* gradients[2] = {};
};

}  // namespace exactloss::optimized
