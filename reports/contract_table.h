// What subjects did with arguments, beside what is documented: for people.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "oracle/contracts.h"
#include "reports/report.h"

namespace exactloss {

class ContractTable : public Sink {
 public:
  /// The contracts are those that are audited, in order; they outlive the sink.
  explicit ContractTable(const std::vector<Contract>& contracts)
      : contracts_(contracts), findings_(contracts.size()) {}

  void Write(const Finding& finding) override;

  /// A contract with what each subject did: all of them, or those that somebody breaks.
  void WriteConsole(bool all, std::ostream& out) const;

  /// A table a loss.
  void WriteMarkdown(const RunInfo& run, std::ostream& out) const;

 private:
  void WriteMarkdownRow(std::size_t number, std::ostream& out) const;

  const std::vector<Contract>& contracts_;
  std::vector<std::vector<Finding>> findings_;  ///< of each contract, one a subject
  std::size_t current_ = 0;                     ///< which contract is being told
};

}  // namespace exactloss
