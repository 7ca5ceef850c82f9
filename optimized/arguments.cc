#include "optimized/arguments.h"

#include <array>

namespace exactloss::optimized {
namespace {

std::size_t SizeOf(Dtype dtype) {
  switch (dtype) {
    case Dtype::kF64:
      return 8;
    case Dtype::kF32:
      return 4;
    default:
      return 2;
  }
}

struct Bytes {
  const char* name;
  std::uintptr_t begin = 0, end = 0;
};

Bytes BytesOf(const char* name, const void* data, std::size_t size) {
  const auto begin = reinterpret_cast<std::uintptr_t>(data);
  return {name, begin, data == nullptr ? begin : begin + size};
}

bool Overlap(const Bytes& a, const Bytes& b) { return a.begin < b.end && b.begin < a.end; }

/// Overlaps and strides; the inputs stand in the call.
Error CheckMemory(const ElementCall& call) {
  constexpr std::array<const char*, 4> names = {"input", "target", "weight", "pos_weight"};
  const std::size_t size = call.rows * call.columns, bytes = size * SizeOf(call.dtype);
  const std::array<Bytes, 3> outputs = {BytesOf("loss", call.loss, call.reduced ? SizeOf(call.dtype) : bytes),
                                        BytesOf("input_gradient", call.gradients[0], bytes),
                                        BytesOf("target_gradient", call.gradients[1], bytes)};
  for (std::size_t k = 0; k < 4; ++k) {
    const Input& input = call.inputs[k];
    if (input.data == nullptr || size == 0) continue;
    const auto columns = static_cast<std::ptrdiff_t>(call.columns);
    const std::ptrdiff_t stride = input.row_stride == kDense ? columns : input.row_stride;
    if (stride < 0 || (stride > 0 && stride < columns))
      return {names[k], "has a row_stride below its columns"};
    const auto span = (call.rows - 1) * static_cast<std::size_t>(stride) + call.columns;
    const Bytes read = BytesOf(names[k], input.data, span * SizeOf(call.dtype));
    for (const Bytes& output : outputs) {
      if (Overlap(read, output)) return {output.name, "overlaps an input"};
    }
  }
  for (std::size_t a = 0; a < outputs.size(); ++a) {
    for (std::size_t b = a + 1; b < outputs.size(); ++b) {
      if (Overlap(outputs[a], outputs[b])) return {outputs[b].name, "overlaps another output"};
    }
  }
  return {};
}

}  // namespace

Error CheckElements(const Call& call, const Pair& pair, const Others& others, ElementCall* element_call) {
  if (call.dtype > Dtype::kF16) return {"dtype", "is none of f64, f32, bf16, f16"};
  if (call.mode > Mode::kExact) return {"mode", "is neither fast nor exact"};
  if (call.reduction > Reduction::kBatchMean) return {"reduction", "is none of none, mean, sum, batchmean"};
  if (call.threads < 0) return {"threads", "must not be negative"};
  if (pair.columns != 0 && pair.rows > (SIZE_MAX / 16) / pair.columns)
    return {"rows", "times columns exceed the memory"};
  const std::size_t size = pair.rows * pair.columns;
  if (size != 0 && pair.input.data == nullptr) return {"input", "is null"};
  if (size != 0 && pair.target.data == nullptr) return {"target", "is null"};

  *element_call = {};
  element_call->dtype = call.dtype;
  element_call->mode = call.mode;
  element_call->threads = call.threads;
  element_call->reduced = call.reduction != Reduction::kNone;
  element_call->divisor = call.reduction == Reduction::kMean        ? static_cast<double>(size)
                          : call.reduction == Reduction::kBatchMean ? static_cast<double>(pair.rows)
                                                                    : 1.0;
  element_call->rows = pair.rows;
  element_call->columns = pair.columns;
  element_call->inputs[0] = pair.input;
  element_call->inputs[1] = pair.target;
  element_call->loss = pair.loss;
  element_call->gradients[0] = pair.input_gradient;
  element_call->gradients[1] = pair.target_gradient;
  if (others.weight != nullptr) element_call->inputs[2] = *others.weight;
  if (others.pos_weight != nullptr) element_call->inputs[3] = *others.pos_weight;
  return CheckMemory(*element_call);
}

}  // namespace exactloss::optimized
