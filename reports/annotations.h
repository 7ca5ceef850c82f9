// Annotations of a GitHub Actions run: workflow commands on standard output, for the worst causes.
#pragma once

#include <ostream>

#include "reports/report.h"

namespace exactloss {

/// GitHub keeps ten of a step, and says nothing of the others.
inline constexpr std::size_t kMostAnnotations = 10;

void WriteAnnotations(const Report& report, std::ostream& out);

}  // namespace exactloss
