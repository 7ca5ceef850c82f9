#include "reports/gradcheck.h"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <cmath>

#include "reports/grouping.h"
#include "reports/numbers.h"
#include "reports/report.h"

namespace exactloss {
namespace {

constexpr std::size_t kMostShown = 40;     ///< disagreements of a kind; all are in --json
constexpr std::size_t kLongestLine = 400;  ///< of a repro line on the terminal

/// The row of that gradient, made when it comes first.
template <class Row, class Same>
Row& RowOf(std::vector<Row>& rows, Same same, Row row) {
  const auto found = std::find_if(rows.begin(), rows.end(), same);
  return found == rows.end() ? rows.emplace_back(std::move(row)) : *found;
}

std::string DigitsText(std::uint64_t elements, double digits) {
  if (elements == 0) return "-";
  return digits == kMostDigits ? fmt::format(">= {:.0f}", digits) : fmt::format("{:.1f}", digits);
}

std::string LeftOutText(const std::map<LeftOut, std::uint64_t>& left_out) {
  std::string text;
  for (const auto& [why, count] : left_out) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, Name(why));
  }
  return text;
}

bool IsChecked(const GradientFinding& found) {
  return found.classical.verdict == ClassicalVerdict::kPasses ||
         found.classical.verdict == ClassicalVerdict::kFails;
}

void AddDisagreement(std::vector<Disagreement>& all, const GradientFinding& found) {
  const Finding& finding = found.finding;
  Disagreement& one =
      RowOf(all,
            [&](const Disagreement& d) {
              const Finding& e = d.example.finding;
              return e.loss == finding.loss && e.output == finding.output && e.dtype == finding.dtype &&
                     ClassText(e.verdict, e.divergence) == ClassText(finding.verdict, finding.divergence);
            },
            {found, 0, 0});
  one.elements += static_cast<std::uint64_t>(finding.count);
  one.ulp = std::max(one.ulp, std::isnan(finding.ulp) ? 0 : finding.ulp);
  if (finding.line.size() < one.example.finding.line.size()) one.example = found;
}

void WriteDisagreements(const std::vector<Disagreement>& all, std::ostream& out) {
  for (std::size_t i = 0; i < std::min(all.size(), kMostShown); ++i) {
    const auto& [found, elements, ulp] = all[i];
    const Finding& finding = found.finding;
    fmt::print(out, "  {} {} {}: {}, {}, up to {} ulp\n", finding.loss, finding.output, Name(finding.dtype),
               ClassText(finding.verdict, finding.divergence), Counted(elements, "element"), ErrorText(ulp));
    fmt::print(out, "    element {}: got {}, truth {}; in f64 gradient {}, difference {}\n", finding.index,
               GotText(finding), TruthText(finding), found.classical.analytic, found.classical.numeric);
    const bool fits = finding.line.size() <= kLongestLine;
    fmt::print(out, "    {}{}\n", finding.line.substr(0, kLongestLine),
               fits ? "" : fmt::format("... ({} characters; all of it is in --json)", finding.line.size()));
  }
  if (all.size() > kMostShown) fmt::print(out, "  and {} more kinds, in --json\n", all.size() - kMostShown);
}

}  // namespace

void GradcheckReport::Add(const GradcheckResult& result) {
  for (const LegAgreement& leg : result.legs) AddLeg(result, leg);
  for (std::size_t s = 0; s < result.subjects.size(); ++s) {
    OfSubject& subject = subjects_[s];
    const CheckedGradients& checked = result.subjects[s];
    subject.problems += checked.wrong;
    subject.missed_problems += checked.wrong && checked.passes;
    for (const GradientFinding& found : checked.findings) AddFinding(found, subject);
  }
}

void GradcheckReport::AddLeg(const GradcheckResult& result, const LegAgreement& leg) {
  const std::string& output = result.outputs[leg.output];
  LegRow& row =
      RowOf(legs_, [&](const LegRow& r) { return r.loss == result.loss->name && r.output == output; },
            {std::string(result.loss->name), output});
  if (leg.apart) apart_.push_back(fmt::format("{}[{}] of {}", output, leg.index, result.line));
  if (leg.left_out != LeftOut::kNot) {
    ++row.left_out[leg.left_out];
    return;
  }
  ++row.compared;
  agreed_ += !leg.apart;
  row.difference_digits = std::min(row.difference_digits, *leg.differences);
  if (!leg.closed) return;
  ++row.closed;
  row.closed_digits = std::min(row.closed_digits, *leg.closed);
}

void GradcheckReport::AddFinding(const GradientFinding& found, OfSubject& subject) {
  const Finding& finding = found.finding;
  if (finding.output == "loss" || finding.verdict == Verdict::kUnsupported) {
    ++subject.unanswered;
    return;
  }
  GradientRow& row =
      RowOf(subject.rows,
            [&](const GradientRow& r) {
              return r.loss == finding.loss && r.output == finding.output && r.dtype == finding.dtype;
            },
            {finding.loss, finding.output, finding.dtype, finding});
  const int was = Severity(row.worst.verdict), is = Severity(finding.verdict);
  if (is > was || (is == was && TellsMore(finding, row.worst))) row.worst = finding;
  if (!IsChecked(found)) return;
  const auto count = static_cast<std::uint64_t>(finding.count);
  const bool passes = found.classical.verdict == ClassicalVerdict::kPasses;
  row.checked += count;
  if (Fails(finding)) {
    row.wrong += count;
    if (!passes) return;
    row.missed += count;
    AddDisagreement(subject.missed, found);
  } else if (Passes(finding) && finding.dtype == Dtype::kF64) {  // the check is about the gradient in f64
    row.right += count;
    if (passes) return;
    row.alarms += count;
    AddDisagreement(subject.alarms, found);
  }
}

void GradcheckReport::WriteLegs(std::ostream& out) const {
  fmt::print(
      out,
      "the truth: decimal digits in which automatic differentiation agrees with the other legs, at worst\n"
      "  {:<16}{:<28}{:>9}{:>13}{:>13}  left out\n",
      "loss", "gradient", "elements", "closed form", "differences");
  for (const LegRow& row : legs_) {
    fmt::print(out, "  {:<16}{:<28}{:>9}{:>13}{:>13}  {}\n", row.loss, row.output, row.compared,
               DigitsText(row.closed, row.closed_digits), DigitsText(row.compared, row.difference_digits),
               LeftOutText(row.left_out));
  }
  for (const std::string& line : apart_) fmt::print(out, "  apart: {}\n", line);
}

void GradcheckReport::WriteSubject(std::size_t index, const SubjectInfo& info, std::ostream& out) const {
  const OfSubject& subject = subjects_[index];
  const std::string version = VersionText(info);
  fmt::print(
      out,
      "\n{}{}{}: gradients against the truth, and what gradcheck (f64, eps {:.0e}, atol {:.0e}, rtol {:.0e}) "
      "says of them\n",
      info.name, version.empty() ? "" : " ", version, kClassicalStep, kClassicalAbsolute, kClassicalRelative);
  fmt::print(out, "  {:<16}{:<28}{:<6}{:>9}{:>10} {:<18}{:>8}{:>8}{:>8}{:>8}{:>8}\n", "loss", "gradient",
             "dtype", "ulp", "ratio", "verdict", "checked", "wrong", "missed", "right", "alarms");
  for (const GradientRow& row : subject.rows) {
    const Finding& worst = row.worst;
    fmt::print(out, "  {:<16}{:<28}{:<6}{:>9}{:>10} {:<18}{:>8}{:>8}{:>8}", row.loss, row.output,
               Name(row.dtype), ErrorText(worst.ulp), ErrorText(worst.ratio),
               ClassText(worst.verdict, worst.divergence), row.checked, row.wrong, row.missed);
    if (row.dtype == Dtype::kF64) fmt::print(out, "{:>8}{:>8}", row.right, row.alarms);
    fmt::print(out, "\n");
  }
  if (subject.unanswered != 0)
    fmt::print(out, "  {} without an answer\n", Counted(subject.unanswered, "problem"));
  fmt::print(out, "\n{}: wrong gradients that gradcheck passes; of {} with one, {} pass as a whole\n",
             info.name, Counted(subject.problems, "problem"), subject.missed_problems);
  WriteDisagreements(subject.missed, out);
  fmt::print(out, "\n{}: right gradients that gradcheck fails\n", info.name);
  WriteDisagreements(subject.alarms, out);
}

std::string GradcheckReport::LastLine(const std::vector<SubjectInfo>& subjects) const {
  std::string line = fmt::format("legs: {} agree, {} apart", agreed_, apart_.size());
  for (std::size_t s = 0; s < subjects.size(); ++s) {
    GradientRow sum;
    for (const GradientRow& row : subjects_[s].rows) {
      sum.wrong += row.wrong, sum.missed += row.missed;
      sum.right += row.right, sum.alarms += row.alarms;
    }
    line += fmt::format("; {}: {} wrong, {} of them pass gradcheck; {} right in f64, {} of them fail it",
                        subjects[s].name, sum.wrong, sum.missed, sum.right, sum.alarms);
  }
  return line;
}

void TaylorReport::Add(const TaylorProblem& problem, const std::vector<std::string>& subjects,
                       std::ostream& out) {
  fmt::print(out, "{}\n", problem.line.substr(0, kLongestLine));
  if (!problem.left_out.empty()) {
    ++left_out_;
    fmt::print(out, "  left out: {}\n", problem.left_out);
  }
  for (std::size_t s = 0; s < problem.subjects.size(); ++s) {
    for (const TaylorResult& result : problem.subjects[s]) {
      ++verdicts_[result.verdict];
      const std::string place = result.index ? fmt::format("{}[{}]", result.output, *result.index)
                                             : fmt::format("{}, all", result.output);
      fmt::print(out, "  {:<10} {:<28} {:<13}", subjects[s], place, Name(result.verdict));
      if (result.order) {
        fmt::print(out, " order {} at h = {:.3g}: remainder {:.3g}, of it rounding {:.1g}; h g.d = {:.3g}",
                   *result.order, result.step, result.remainder, result.floor, result.step * result.slope);
      }
      fmt::print(out, "{}{}\n", result.message.empty() ? "" : " ", result.message);
    }
  }
}

std::string TaylorReport::LastLine() const {
  std::string line;
  for (const auto& [verdict, count] : verdicts_) {
    line += fmt::format("{}{} {}", line.empty() ? "" : ", ", count, Name(verdict));
  }
  if (left_out_ != 0)
    line += fmt::format("{}{} left out", line.empty() ? "" : ", ", Counted(left_out_, "problem"));
  return "taylor: " + line;
}

}  // namespace exactloss
