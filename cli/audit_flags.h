// What `exactloss audit` was asked for, and what its two kinds, of problems and of contracts, share.
#pragma once

#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/flags.h"
#include "cli/report_files.h"
#include "cli/selection_flags.h"
#include "oracle/known.h"
#include "reports/report.h"

namespace exactloss {

struct AuditFlags {
  SelectionFlags selection;
  SubjectFlags subject;
  ReportFlags reports;
  std::string known;     ///< folder; "": the one that is shipped
  std::string baseline;  ///< file; "": none
  bool gate = false, contracts = false;
};

/// Calls with right and wrong arguments instead of problems.
ExitStatus RunContracts(AuditFlags& flags, const std::vector<KnownDivergence>& known);

/// Of an audit that has been reported.
ExitStatus StatusOf(const AuditFlags& flags, const Report& report);

}  // namespace exactloss
