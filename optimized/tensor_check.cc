#include "optimized/tensor_check.h"

namespace exactloss::optimized {
namespace {

std::size_t SizeOf(Dtype dtype) { return dtype == Dtype::kF64 ? 8 : dtype == Dtype::kF32 ? 4 : 2; }

bool Overlap(const void* a, std::size_t a_bytes, const void* b, std::size_t b_bytes) {
  if (a == nullptr || b == nullptr) return false;
  const auto a_begin = reinterpret_cast<std::uintptr_t>(a), b_begin = reinterpret_cast<std::uintptr_t>(b);
  return a_begin < b_begin + b_bytes && b_begin < a_begin + a_bytes;
}

}  // namespace

Error CheckTensors(const Call& call, std::size_t rows, std::size_t columns,
                   std::initializer_list<NamedInput> inputs, std::initializer_list<NamedOutput> outputs) {
  if (call.dtype > Dtype::kF16) return {"dtype", "is none of f64, f32, bf16, f16"};
  if (call.mode > Mode::kExact) return {"mode", "is neither fast nor exact"};
  if (call.reduction > Reduction::kBatchMean) return {"reduction", "is none of none, mean, sum, batchmean"};
  if (call.threads < 0) return {"threads", "must not be negative"};
  if (columns != 0 && rows > (SIZE_MAX / 16) / columns) return {"rows", "times columns exceed the memory"};

  const bool empty = rows * columns == 0;
  const std::size_t unit = SizeOf(call.dtype);
  for (const NamedInput& in : inputs) {
    if (empty) continue;
    if (in.input.data == nullptr) return {in.name, "is null"};
    const std::size_t stride =
        in.input.row_stride == kDense ? columns : static_cast<std::size_t>(in.input.row_stride);
    if (in.input.row_stride < kDense || (stride != 0 && stride < columns))
      return {in.name, "has a row_stride below its columns"};
    if (stride != 0 && rows > (SIZE_MAX / 16) / stride)
      return {in.name, "has a row_stride beyond the memory"};
    const std::size_t span = ((rows - 1) * stride + columns) * unit;
    for (const NamedOutput& out : outputs) {
      if (Overlap(in.input.data, span, out.data, out.size * unit)) return {out.name, "overlaps an input"};
    }
  }
  for (const NamedOutput* b = outputs.begin(); b != outputs.end(); ++b) {
    for (const NamedOutput* a = outputs.begin(); a != b; ++a) {
      if (Overlap(a->data, a->size * unit, b->data, b->size * unit))
        return {b->name, "overlaps another output"};
    }
  }
  return {};
}

Error CheckBoxes(const Call& call, const Pair& boxes, const BoxParameters& parameters,
                 ElementCall* box_call) {
  if (boxes.columns != 4) return {"columns", "must be 4: x1, y1, x2, y2"};
  if (!(parameters.eps >= 0) || parameters.eps - parameters.eps != 0)
    return {"eps", "must be finite and not negative"};
  const bool reduced = call.reduction != Reduction::kNone;
  const std::size_t size = boxes.rows * boxes.columns;
  const Error error =
      CheckTensors(call, boxes.rows, boxes.columns, {{"input", boxes.input}, {"target", boxes.target}},
                   {{"loss", boxes.loss, reduced ? 1 : boxes.rows},
                    {"input_gradient", boxes.input_gradient, size},
                    {"target_gradient", boxes.target_gradient, size}});
  if (error) return error;

  *box_call = {};
  box_call->dtype = call.dtype;
  box_call->mode = call.mode;
  box_call->threads = call.threads;
  box_call->reduced = reduced;
  box_call->divisor = RowDivisor(call.reduction, boxes.rows);
  box_call->rows = boxes.rows;
  box_call->columns = boxes.columns;
  box_call->inputs[0] = boxes.input;
  box_call->inputs[1] = boxes.target;
  box_call->loss = boxes.loss;
  box_call->gradients[0] = boxes.input_gradient;
  box_call->gradients[1] = boxes.target_gradient;
  return {};
}

}  // namespace exactloss::optimized
