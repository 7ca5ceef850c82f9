// Checks of what callers give, and the reductions' divisors.
#pragma once

#include "optimized/kernel.h"

namespace exactloss::optimized {

/// The inputs of an element-wise loss beside input and target, null when not given.
struct Others {
  const Input* weight = nullptr;
  const Input* pos_weight = nullptr;
};

/// Fills `call` for an element-wise loss, or says what is wrong: null or overlapping tensors, strides,
/// enumerators.
Error CheckElements(const Call& call, const Pair& pair, const Others& others, ElementCall* element_call);
inline Error CheckElements(const Call& call, const Pair& pair, ElementCall* element_call) {
  return CheckElements(call, pair, {}, element_call);
}

}  // namespace exactloss::optimized
