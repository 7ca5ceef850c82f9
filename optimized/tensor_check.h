// Checks of calls whose tensors are rows: what every tensor of such a loss must be.
#pragma once

#include <initializer_list>

#include "optimized/kernel.h"

namespace exactloss::optimized {

struct NamedInput {
  const char* name;
  const Input& input;
};
struct NamedOutput {
  const char* name;
  const void* data;
  std::size_t size;  ///< elements
};

/// Enumerators, null, strides and overlaps; every input is rows x columns.
Error CheckTensors(const Call& call, std::size_t rows, std::size_t columns,
                   std::initializer_list<NamedInput> inputs, std::initializer_list<NamedOutput> outputs);

/// Fills `box_call` for a loss of box pairs, or says what is wrong.
Error CheckBoxes(const Call& call, const Pair& boxes, const BoxParameters& parameters, ElementCall* box_call);

/// What the sum over rows is divided by, and the gradients.
inline double RowDivisor(Reduction reduction, std::size_t rows) {
  const bool mean = reduction == Reduction::kMean || reduction == Reduction::kBatchMean;
  return mean ? static_cast<double>(rows) : 1.0;
}

}  // namespace exactloss::optimized
