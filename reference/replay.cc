#include "reference/replay.h"

namespace exactloss {

std::vector<Leaf> LeavesOf(const Problem& problem) {
  std::vector<Leaf> leaves;
  for (std::size_t input = 0; input < problem.inputs.size(); ++input) {
    if (!problem.inputs[input] || !problem.loss->inputs[input].differentiable) continue;
    for (std::size_t i = 0; i < problem.inputs[input]->values.size(); ++i) leaves.push_back({input, i});
  }
  return leaves;
}

std::size_t BroadcastIndex(const Shape& from, const Shape& to, std::size_t at) {
  std::size_t index = 0, stride = 1;
  for (std::size_t k = 0; k < from.size(); ++k) {
    const auto whole = static_cast<std::size_t>(to[to.size() - 1 - k]);
    const auto own = static_cast<std::size_t>(from[from.size() - 1 - k]);
    if (own > 1) index += at % whole * stride;
    stride *= own;
    at /= whole;
  }
  return index;
}

std::vector<std::vector<std::size_t>> ClassRowsOf(const Shape& shape) {
  const bool is_one = shape.size() == 1;
  const auto samples = is_one ? 1 : static_cast<std::size_t>(shape[0]);
  const auto classes = static_cast<std::size_t>(is_one ? shape[0] : shape[1]);
  const std::size_t places = static_cast<std::size_t>(ElementCount(shape)) / (samples * classes);
  std::vector<std::vector<std::size_t>> rows;
  for (std::size_t n = 0; n < samples; ++n) {
    for (std::size_t d = 0; d < places; ++d) {
      std::vector<std::size_t>& row = rows.emplace_back();
      for (std::size_t c = 0; c < classes; ++c) row.push_back((n * classes + c) * places + d);
    }
  }
  return rows;
}

}  // namespace exactloss
