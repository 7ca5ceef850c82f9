// What verdicts and classes mean, in the words of every report.
#pragma once

#include <string_view>

#include "oracle/finding.h"

namespace exactloss {

/// "returns 0 for a number that is not, or a subnormal for a normal one": it completes "the subject ...".
std::string_view Meaning(Verdict verdict, Divergence divergence);

}  // namespace exactloss
