#include "reports/causes.h"

#include "oracle/impact.h"
#include "reports/json_lines.h"

namespace exactloss {

void WriteCauses(const Report& report, std::ostream& out) {
  OrdinaryBatches ordinary;
  for (const Cause& cause : report.grouping.Causes()) {
    out << ToJsonLine(cause, ordinary.SizeOf(cause.worst)) << '\n';
  }
}

}  // namespace exactloss
