// The report on the terminal: the worst of each loss and dtype, and what fails, by class.
#pragma once

#include <ostream>

#include "reports/report.h"

namespace exactloss {

struct ConsoleOptions {
  bool colour = false;
};

/// Everything but the last line.
void WriteConsole(const Report& report, const ConsoleOptions& options, std::ostream& out);

}  // namespace exactloss
