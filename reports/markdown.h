// report.md: what was audited with what, the worst errors, the causes of divergences, the pitfalls.
#pragma once

#include <ostream>

#include "reports/report.h"

namespace exactloss {

void WriteMarkdown(const Report& report, std::ostream& out);

}  // namespace exactloss
