// Checks of what callers give to losses of rows of classes.
#pragma once

#include "optimized/rows.h"

namespace exactloss::optimized {

/// Fills `row_call`, its divisor too, or says what is wrong: null or overlapping tensors, strides,
/// enumerators, class indices.
Error CheckRows(const Call& call, const ClassRows& rows, std::int64_t ignore_index, RowCall* row_call);

}  // namespace exactloss::optimized
