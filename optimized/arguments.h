// Checks of what callers give, and the calls that are made of it.
#pragma once

#include <initializer_list>
#include <span>

#include "optimized/kernel.h"

namespace exactloss::optimized {

std::size_t SizeOf(Dtype dtype);  ///< bytes

/// The enumerators and the number of threads of a call; `reductions` is the last that the loss has.
Error CheckCall(const Call& call, Reduction reductions = Reduction::kBatchMean);

/// The memory of a tensor; of none where data is null.
struct Bytes {
  Bytes(const char* name_, const void* data, std::size_t size)
      : name(name_),
        begin(reinterpret_cast<std::uintptr_t>(data)),
        end(data == nullptr ? begin : begin + size) {}
  bool Overlaps(const Bytes& other) const { return begin < other.end && other.begin < end; }

  const char* name;
  std::uintptr_t begin, end;
};
Error CheckOverlaps(std::span<const Bytes> inputs, std::span<const Bytes> outputs);

struct NamedInput {
  const char* name;
  const Input& input;
  bool optional = false;
};
struct NamedOutput {
  const char* name;
  const void* data;
  std::size_t size;  ///< elements
};

/// Enumerators, null, strides and overlaps; every input is rows x columns.
Error CheckTensors(const Call& call, std::size_t rows, std::size_t columns,
                   std::initializer_list<NamedInput> inputs, std::initializer_list<NamedOutput> outputs);

/// The inputs of an element-wise loss beside input and target.
struct Others {
  const Input* weight = nullptr;
  const Input* pos_weight = nullptr;
};

/// Fills `pair_call` for a loss of a pair, or says what is wrong. `losses` are what Reduction::kNone gives,
/// and what the mean divides by.
Error CheckPair(const Call& call, const Pair& pair, std::size_t losses, const Others& others,
                ElementCall* pair_call);

/// That for one loss an element.
inline Error CheckElements(const Call& call, const Pair& pair, const Others& others,
                           ElementCall* element_call) {
  return CheckPair(call, pair, pair.rows * pair.columns, others, element_call);
}
inline Error CheckElements(const Call& call, const Pair& pair, ElementCall* element_call) {
  return CheckElements(call, pair, {}, element_call);
}

/// That for one loss a row of boxes.
Error CheckBoxes(const Call& call, const Pair& boxes, const BoxParameters& parameters, ElementCall* box_call);

/// What the sum over rows is divided by, and the gradients.
inline double RowDivisor(Reduction reduction, std::size_t rows) {
  const bool mean = reduction == Reduction::kMean || reduction == Reduction::kBatchMean;
  return mean ? static_cast<double>(rows) : 1.0;
}

}  // namespace exactloss::optimized
