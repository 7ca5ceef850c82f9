#include "optimized/arguments.h"

namespace exactloss::optimized {

std::size_t SizeOf(Dtype dtype) { return dtype == Dtype::kF64 ? 8 : dtype == Dtype::kF32 ? 4 : 2; }

Error CheckCall(const Call& call, Reduction reductions) {
  if (call.dtype > Dtype::kF16) return {"dtype", "is none of f64, f32, bf16, f16"};
  if (call.mode > Mode::kExact) return {"mode", "is neither fast nor exact"};
  if (call.reduction > reductions) {
    return {"reduction", reductions == Reduction::kSum ? "is none of none, mean, sum"
                                                       : "is none of none, mean, sum, batchmean"};
  }
  if (call.threads < 0) return {"threads", "must not be negative"};
  return {};
}

Error CheckOverlaps(std::span<const Bytes> inputs, std::span<const Bytes> outputs) {
  for (std::size_t a = 0; a < outputs.size(); ++a) {
    for (const Bytes& input : inputs) {
      if (outputs[a].Overlaps(input)) return {outputs[a].name, "overlaps an input"};
    }
    for (std::size_t b = 0; b < a; ++b) {
      if (outputs[a].Overlaps(outputs[b])) return {outputs[a].name, "overlaps another output"};
    }
  }
  return {};
}

Error CheckTensors(const Call& call, std::size_t rows, std::size_t columns,
                   std::initializer_list<NamedInput> inputs, std::initializer_list<NamedOutput> outputs) {
  if (const Error error = CheckCall(call)) return error;
  if (columns != 0 && rows > (SIZE_MAX / 16) / columns) return {"rows", "times columns exceed the memory"};

  constexpr std::size_t kMost = 4;
  const Bytes none("", nullptr, 0);
  Bytes read[kMost] = {none, none, none, none}, written[kMost] = {none, none, none, none};
  std::size_t reads = 0, writes = 0;
  const std::size_t unit = SizeOf(call.dtype);
  for (const auto& [name, input, optional] : inputs) {
    if (rows * columns == 0 || (optional && input.data == nullptr)) continue;
    if (input.data == nullptr) return {name, "is null"};
    const auto stride = static_cast<std::size_t>(RowStride(input, columns));
    if (input.row_stride < kDense || (stride != 0 && stride < columns))
      return {name, "has a row_stride below its columns"};
    if (stride != 0 && rows > (SIZE_MAX / 16) / stride) return {name, "has a row_stride beyond the memory"};
    read[reads++] = Bytes(name, input.data, ((rows - 1) * stride + columns) * unit);
  }
  for (const auto& [name, data, size] : outputs) written[writes++] = Bytes(name, data, size * unit);
  return CheckOverlaps({read, reads}, {written, writes});
}

Error CheckPair(const Call& call, const Pair& pair, std::size_t losses, const Others& others,
                ElementCall* pair_call) {
  const bool reduced = call.reduction != Reduction::kNone;
  const std::size_t size = pair.rows * pair.columns;
  const Input none;
  const Input& weight = others.weight == nullptr ? none : *others.weight;
  const Input& pos_weight = others.pos_weight == nullptr ? none : *others.pos_weight;
  const Error error = CheckTensors(call, pair.rows, pair.columns,
                                   {{"input", pair.input},
                                    {"target", pair.target},
                                    {"weight", weight, true},
                                    {"pos_weight", pos_weight, true}},
                                   {{"loss", pair.loss, reduced ? 1 : losses},
                                    {"input_gradient", pair.input_gradient, size},
                                    {"target_gradient", pair.target_gradient, size}});
  if (error) return error;

  *pair_call = {};
  pair_call->dtype = call.dtype;
  pair_call->mode = call.mode;
  pair_call->threads = call.threads;
  pair_call->reduced = reduced;
  pair_call->divisor = call.reduction == Reduction::kMean        ? static_cast<double>(losses)
                       : call.reduction == Reduction::kBatchMean ? static_cast<double>(pair.rows)
                                                                 : 1.0;
  pair_call->rows = pair.rows;
  pair_call->columns = pair.columns;
  pair_call->inputs[0] = pair.input;
  pair_call->inputs[1] = pair.target;
  pair_call->inputs[2] = weight;
  pair_call->inputs[3] = pos_weight;
  pair_call->loss = pair.loss;
  pair_call->gradients[0] = pair.input_gradient;
  pair_call->gradients[1] = pair.target_gradient;
  return {};
}

Error CheckBoxes(const Call& call, const Pair& boxes, const BoxParameters& parameters,
                 ElementCall* box_call) {
  if (boxes.columns != 4) return {"columns", "must be 4: x1, y1, x2, y2"};
  if (!(parameters.eps >= 0) || parameters.eps - parameters.eps != 0)
    return {"eps", "must be finite and not negative"};
  return CheckPair(call, boxes, boxes.rows, {}, box_call);
}

}  // namespace exactloss::optimized
