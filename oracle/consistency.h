// A problem beside its siblings: the same one again, with tensors that lie otherwise, with another reduction,
// without a weight. No sibling has a bound of its own: each is judged by a proven truth as every problem is.
//
// What fails is classified by them, the first that fits:
//   layout        contiguous tensors of the same values pass
//   accumulation  each term passes with the reduction `none`: the sum is at fault
//   semantics     loss and gradients are those of a sibling (another reduction, no weight, a default)
//   inconsistent  one of the two is, and the other passes: the gradient is not that of the returned loss
// What passes is asked again: another bit is `nondeterministic`, and a failure in another layout is `layout`.
#pragma once

#include <vector>

#include "oracle/finding.h"
#include "oracle/subject.h"
#include "reference/truth.h"

namespace exactloss {

/// Changes the class of those findings of an answer that siblings explain, and says why in their message.
void ClassifyFailures(const Problem& problem, const Truth& truth, Subject& subject, const Answer& answer,
                      std::vector<Finding>& findings);

/// Asks again, in the same and in every other layout; adds a finding for each output that comes out
/// otherwise.
void CheckRepeats(const Problem& problem, const Truth& truth, Subject& subject, const Answer& answer,
                  std::vector<Finding>& findings);

/// Does CheckProblem let it pass?
bool IsProblem(const Problem& problem);

/// The name without its settings: "libtorch" of "libtorch+ATEN_CPU_CAPABILITY=default".
std::string BaseName(const std::string& subject);

/// Of findings of all subjects on one problem: what fails under some settings of a subject and passes under
/// others (threads, SIMD capability) is nondeterministic.
void CompareSettings(std::vector<Finding>& findings);

}  // namespace exactloss
