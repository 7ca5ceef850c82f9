// report.md: what was audited with what, the worst errors, the causes of divergences, the pitfalls.
#pragma once

#include <cstddef>
#include <ostream>

#include "reports/report.h"

namespace exactloss {

/// GitHub drops a job summary of more than 1 MiB. Causes that do not fit are counted.
inline constexpr std::size_t kMostMarkdownBytes = 1'000'000;

void WriteMarkdown(const Report& report, std::ostream& out);

}  // namespace exactloss
