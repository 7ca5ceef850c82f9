// Causes for people, each with one line that shows it: what a search and a fuzzer print.
#pragma once

#include <ostream>

#include "reports/report.h"

namespace exactloss {

/// For each subject that counts a list, the worst first. Where inputs were drawn the worst is at least so
/// bad.
void WriteCauseList(const Report& report, std::ostream& out);

}  // namespace exactloss
