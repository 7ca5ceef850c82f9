// What `exactloss audit` was asked for, and what its two kinds, of problems and of contracts, share.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/flags.h"
#include "oracle/known.h"
#include "reports/report.h"

namespace exactloss {

struct AuditFlags {
  std::vector<std::string> losses, dtypes, reductions, fills;
  std::string profile = "gate", shard = "1/1", folder, known;
  std::uint64_t seed = 1;
  bool gate = false, contracts = false;
  SubjectFlags subject;
};

/// Calls with right and wrong arguments instead of problems.
ExitStatus RunContracts(AuditFlags& flags, const std::vector<KnownDivergence>& known);

/// Of an audit that has been reported.
ExitStatus StatusOf(const AuditFlags& flags, const Report& report);

}  // namespace exactloss
