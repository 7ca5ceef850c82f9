#include "optimized/row_arguments.h"

#include <array>

#include "optimized/arguments.h"

namespace exactloss::optimized {
namespace {

Error CheckStride(const char* name, Input* input, std::size_t columns) {
  const auto least = static_cast<std::ptrdiff_t>(columns);
  if (input->row_stride == kDense) input->row_stride = least;
  if (input->row_stride != 0 && input->row_stride < least)
    return {name, "has a row_stride below its columns"};
  return {};
}

Error CheckMemory(const RowCall& call) {
  const std::size_t unit = SizeOf(call.dtype), columns = call.classes * call.inner;
  const auto span = [&](const Input& input) {
    return call.rows == 0 || columns == 0
               ? 0
               : ((call.rows - 1) * static_cast<std::size_t>(input.row_stride) + columns) * unit;
  };
  const std::size_t bytes = call.rows * columns * unit;
  const std::array<Bytes, 3> outputs = {Bytes("loss", call.loss, call.reduced ? unit : call.places() * unit),
                                        Bytes("input_gradient", call.gradients[0], bytes),
                                        Bytes("target_gradient", call.gradients[1], bytes)};
  const std::array<Bytes, 4> inputs = {
      Bytes("input", call.input.data, span(call.input)),
      Bytes("target_probabilities", call.probabilities.data, span(call.probabilities)),
      Bytes("target", call.target, call.places() * sizeof(std::int64_t)),
      Bytes("weight", call.weight, call.classes * unit)};
  return CheckOverlaps(inputs, outputs);
}

/// The targets' weights, all of which are then known to be classes.
Error AddTargets(RowCall* call) {
  const auto classes = static_cast<std::int64_t>(call->classes);
  RowSum sum;
  std::size_t count = 0;
  for (std::size_t place = 0; place < call->places(); ++place) {
    const std::int64_t target = call->target[place];
    if (target == call->ignore_index) continue;
    if (target < 0 || target >= classes) return {"target", "holds a class index out of range"};
    ++count;
    if (call->mean && call->weight != nullptr) sum.Add(WeightOf(*call, static_cast<std::size_t>(target)));
  }
  if (!call->mean) return {};
  call->divisor = sum;
  if (call->weight == nullptr) call->divisor.sum.hi = static_cast<double>(count);
  return {};
}

}  // namespace

Error CheckRows(const Call& call, const ClassRows& rows, std::int64_t ignore_index, RowCall* row_call) {
  if (const Error error = CheckCall(call, Reduction::kSum)) return error;
  constexpr std::size_t kMost = SIZE_MAX / 32;
  if (rows.inner != 0 && rows.classes > kMost / rows.inner)
    return {"classes", "times inner exceed the memory"};
  const std::size_t columns = rows.classes * rows.inner;
  if (rows.rows != 0 && (columns > kMost / rows.rows || rows.inner > kMost / rows.rows))
    return {"rows", "times classes times inner exceed the memory"};
  const std::size_t size = rows.rows * columns;
  if (size != 0 && rows.input.data == nullptr) return {"input", "is null"};
  const bool probabilities = rows.target_probabilities.data != nullptr;
  if (rows.target != nullptr && probabilities)
    return {"target_probabilities", "must be null where target is given"};
  if (rows.rows * rows.inner != 0 && rows.target == nullptr && !probabilities)
    return {"target", "is null, and so is target_probabilities"};
  if (rows.target_gradient != nullptr && !probabilities)
    return {"target_gradient", "needs target_probabilities"};

  *row_call = {};
  row_call->dtype = call.dtype;
  row_call->mode = call.mode;
  row_call->reduced = call.reduction != Reduction::kNone;
  row_call->mean = call.reduction == Reduction::kMean;
  row_call->threads = call.threads;
  row_call->rows = rows.rows;
  row_call->classes = rows.classes;
  row_call->inner = rows.inner;
  row_call->input = rows.input;
  row_call->probabilities = rows.target_probabilities;
  row_call->target = rows.target;
  row_call->weight = rows.weight;
  row_call->ignore_index = ignore_index;
  row_call->loss = rows.loss;
  row_call->gradients[0] = rows.input_gradient;
  row_call->gradients[1] = rows.target_gradient;
  row_call->divisor.sum.hi = row_call->mean ? static_cast<double>(row_call->places()) : 1.0;
  if (const Error error = CheckStride("input", &row_call->input, columns)) return error;
  if (const Error error = CheckStride("target_probabilities", &row_call->probabilities, columns))
    return error;
  if (const Error error = CheckMemory(*row_call)) return error;
  if (row_call->target == nullptr) return {};
  return AddTargets(row_call);
}

}  // namespace exactloss::optimized
