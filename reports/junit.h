// JUnit XML: a test suite for each subject, a case for each loss, dtype, reduction and output. What CI
// systems show is the body of a failure, so everything stands there: got, want, ulp and the repro line.
#pragma once

#include <ostream>

#include "reports/report.h"

namespace exactloss {

/// Pitfalls are left out. Names are unique: GitLab drops the second case of a name.
void WriteJunit(const Report& report, std::ostream& out);

}  // namespace exactloss
