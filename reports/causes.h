// Causes as JSON Lines: each with its impact, the finding that tells most and the simplest.
#pragma once

#include <ostream>

#include "reports/report.h"

namespace exactloss {

/// One line a cause, in the order of Grouping::Causes.
void WriteCauses(const Report& report, std::ostream& out);

}  // namespace exactloss
