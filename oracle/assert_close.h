// What the usual test of a loss would have seen.
#pragma once

#include "reference/dtype.h"

namespace exactloss {

/// Would torch.testing.assert_close with the defaults of the dtype pass? NaN equals nothing.
bool AssertClosePasses(Dtype dtype, double got, double want);

}  // namespace exactloss
