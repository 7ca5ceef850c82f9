// SARIF 2.1.0: one result for each cause, for code scanning services. A result's place is the subject and the
// loss, as a path that exists nowhere ("libtorch/mse"): what a subject is made of is not known here.
#pragma once

#include <ostream>

#include "reports/report.h"

namespace exactloss {

/// The worst of so many causes at most; GitHub shows no more. How many are left out stands in the run.
inline constexpr std::size_t kMostSarifResults = 5000;

void WriteSarif(const Report& report, std::ostream& out);

}  // namespace exactloss
