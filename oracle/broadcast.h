// Broadcasting of PyTorch: a tensor whose trailing dimensions fit, or are 1, stands for the whole shape.
#pragma once

#include <cstddef>
#include <cstdint>

#include "reference/tensor.h"

namespace exactloss {

/// Place of an element of `shape` in a tensor of shape `of` that broadcasts to it.
inline std::size_t BroadcastIndex(const Shape& shape, const Shape& of, std::int64_t element) {
  std::int64_t index = 0, stride = 1;
  for (std::size_t k = 0; k < of.size(); ++k) {
    const std::int64_t size = of[of.size() - 1 - k];
    if (size > 1) index += element % size * stride;
    stride *= size;
    element /= shape[shape.size() - 1 - k];
  }
  return static_cast<std::size_t>(index);
}

}  // namespace exactloss
