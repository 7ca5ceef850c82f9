#include "reports/contract_table.h"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <string_view>

#include "reports/grouping.h"
#include "reports/markdown_text.h"

namespace exactloss {
namespace {

/// "accepted: a loss of nan"; a crash has its name before its message.
std::string WhatItDid(const Finding& finding) {
  const bool has_words =
      finding.divergence == Divergence::kCrash || finding.divergence == Divergence::kTimeout;
  std::string text =
      has_words ? fmt::format("{}: {}", Name(finding.divergence), finding.message) : finding.message;
  if (finding.verdict == Verdict::kUnsupported) text = fmt::format("unsupported: {}", text);
  if (!finding.known.empty()) text += fmt::format(" (known: {})", finding.known);
  return text;
}

}  // namespace

void ContractTable::Write(const Finding& finding) {
  const auto is_told = [&] {
    const std::vector<Finding>& told = findings_[current_];
    return contracts_[current_].line != finding.line ||
           std::any_of(told.begin(), told.end(),
                       [&](const Finding& f) { return f.subject == finding.subject; });
  };
  while (current_ + 1 < contracts_.size() && is_told()) ++current_;
  findings_[current_].push_back(finding);
}

void ContractTable::WriteConsole(bool all, std::ostream& out) const {
  for (std::size_t i = 0; i < contracts_.size(); ++i) {
    const std::vector<Finding>& findings = findings_[i];
    const bool fails =
        std::any_of(findings.begin(), findings.end(), [](const Finding& f) { return Fails(f); });
    if (findings.empty() || (!all && !fails)) continue;
    std::size_t longest = std::string_view("documented").size();
    for (const Finding& finding : findings) longest = std::max(longest, finding.subject.size());
    fmt::print(out, "{}\n", contracts_[i].line);
    if (const std::string& source = contracts_[i].source; !source.empty()) {
      fmt::print(out, "  {:<{}}  {}\n", "documented", longest, source);
    }
    for (const Finding& finding : findings) {
      fmt::print(out, "  {:<{}}  {:<8}  {}\n", finding.subject, longest,
                 Fails(finding)    ? "broken"
                 : Passes(finding) ? "kept"
                                   : "-",
                 WhatItDid(finding));
    }
    fmt::print(out, "\n");
  }
}

void ContractTable::WriteMarkdown(const RunInfo& run, std::ostream& out) const {
  fmt::print(out, "# Contracts: what is documented of arguments, and what is done with them\n\n");
  fmt::print(out, "{}, `{}`\n\n", run.program, run.command);
  for (const SubjectInfo& subject : run.subjects) {
    fmt::print(out, "- {}: {}\n", Escaped(subject.name), Escaped(VersionText(subject)));
  }
  fmt::print(out, "\nWhat breaks a promise is bold.\n");
  std::string_view loss;
  for (std::size_t i = 0; i < contracts_.size(); ++i) {
    if (contracts_[i].call.loss->name != loss) {
      loss = contracts_[i].call.loss->name;
      fmt::print(out, "\n## {}\n\n| promise, call | documented |", loss);
      for (const SubjectInfo& subject : run.subjects) fmt::print(out, " {} |", Escaped(subject.name));
      fmt::print(out, "\n|---|---|");
      for (std::size_t s = 0; s < run.subjects.size(); ++s) fmt::print(out, "---|");
      fmt::print(out, "\n");
    }
    WriteMarkdownRow(i, out);
  }
}

void ContractTable::WriteMarkdownRow(std::size_t number, std::ostream& out) const {
  fmt::print(out, "| {} | {} |", Code(contracts_[number].line), Escaped(contracts_[number].source));
  for (const Finding& finding : findings_[number]) {
    const std::string text = Escaped(WhatItDid(finding));
    fmt::print(out, " {0}{1}{0} |", Fails(finding) ? "**" : "", text);
  }
  fmt::print(out, "\n");
}

}  // namespace exactloss
