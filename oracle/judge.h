// The judge: truth and answer in, one finding for each output element out.
#pragma once

#include <vector>

#include "oracle/finding.h"
#include "oracle/subject.h"
#include "reference/truth.h"

namespace exactloss {

/// One finding an element; one finding for the whole problem when there was no answer.
std::vector<Finding> Judge(const Problem& problem, const Truth& truth, const Subject& subject,
                           const Answer& answer);

/// For each output, verdict and class the worst element, with the count of those it stands for.
std::vector<Finding> KeepWorst(std::vector<Finding> findings);

/// Would torch.testing.assert_close with the defaults of the dtype pass?
bool AssertClosePasses(Dtype dtype, double got, double want);

}  // namespace exactloss
