// The report on the terminal: the worst of each loss and dtype, and the causes that tell most.
#pragma once

#include <cstddef>
#include <ostream>

#include "reports/report.h"

namespace exactloss {

struct ConsoleOptions {
  bool colour = false;
  std::size_t most_causes = 15;
};

/// Everything but the last line.
void WriteConsole(const Report& report, const ConsoleOptions& options, std::ostream& out);

}  // namespace exactloss
