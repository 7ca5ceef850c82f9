#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <cmath>
#include <sstream>

#include "reports/comparison.h"
#include "reports/markdown_text.h"
#include "reports/numbers.h"

namespace exactloss {
namespace {

constexpr std::size_t kMostOnPageOne = 3, kLongestOnPageOne = 160, kLongestLine = 400;
constexpr std::size_t kMostBytes = 60'000;  ///< GitHub takes 65,536 characters in a comment

/// "12 of 400 fail, up to 8.4e+06 ulp"
std::string SideText(const Change::Side& side) {
  if (side.judged == 0) return "not computed";
  const std::string error = std::isnan(side.ulp) ? "" : fmt::format(", {} ulp", ErrorText(side.ulp));
  return fmt::format("{} of {} fail{}", side.failed, side.judged, error);
}

std::size_t CountOf(const Comparison& comparison, ChangeKind kind) {
  const auto found = comparison.rows.find(kind);
  return found == comparison.rows.end() ? 0 : found->second;
}

/// "3 regressed, 0 worse, ..., 1234 same"
std::string CountsText(const Comparison& comparison) {
  std::string text;
  for (int i = 0; i <= static_cast<int>(kLastChangeKind); ++i) {
    const auto kind = static_cast<ChangeKind>(i);
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", CountOf(comparison, kind), Name(kind));
  }
  return text;
}

std::string Heading(const Comparison& comparison) {
  return fmt::format("{} -> {}", comparison.before.name, comparison.after.name);
}

bool IsLoss(ChangeKind kind) {
  return kind == ChangeKind::kRegressed || kind == ChangeKind::kWorse || kind == ChangeKind::kContract ||
         kind == ChangeKind::kGone;
}

}  // namespace

void WriteComparison(const Comparison& comparison, std::ostream& out) {
  fmt::print(out, "{}\n{}\n", Heading(comparison), comparison.after.run.selection);
  std::size_t shown = 0, losses = 0;
  for (const Change& change : comparison.changes) {
    if (!IsLoss(change.kind)) continue;
    ++losses;
    if (shown == kMostOnPageOne) continue;
    ++shown;
    fmt::print(out, "{}: {} {} {}{}{}: {} -> {}{}\n", Name(change.kind), change.loss, Name(change.dtype),
               change.output, change.what.empty() ? "" : ", ", change.what, SideText(change.before),
               SideText(change.after), change.ordinary ? "" : " (extreme inputs only)");
    if (!change.line.empty()) fmt::print(out, "    {}\n", Shortened(change.line, kLongestOnPageOne));
  }
  if (losses > shown) fmt::print(out, "and {} more; --md FILE has them all\n", losses - shown);
  if (losses == 0) fmt::print(out, "nothing regressed\n");
  fmt::print(out, "rows: {}\n", CountsText(comparison));
}

void WriteComparisonMarkdown(const Comparison& comparison, const std::string& command, std::ostream& out) {
  fmt::print(out, "# {}\n\n", Escaped(Heading(comparison)));
  fmt::print(out, "Both judged against the proven truth on the same problems: {}. Written by {}.\n\n",
             Escaped(comparison.after.run.selection), Code(command));
  fmt::print(out, "| | rows | |\n|---|--:|---|\n");
  for (int i = 0; i <= static_cast<int>(kLastChangeKind); ++i) {
    const auto kind = static_cast<ChangeKind>(i);
    fmt::print(out, "| {} | {} | {} |\n", Name(kind), CountOf(comparison, kind), Meaning(kind));
  }
  fmt::print(
      out,
      "\nA row is an output of a loss in a dtype, a reduction and a fill; rows that changed in the same "
      "way stand together below, the worst first, those with ordinary inputs (**bold**) before "
      "those with extreme ones alone.\n");
  std::size_t bytes = 0, left_out = 0;
  ChangeKind heading = ChangeKind::kSame;
  for (const Change& change : comparison.changes) {
    if (change.kind == ChangeKind::kWithin) continue;
    std::ostringstream text;
    if (change.kind != heading) {
      heading = change.kind;
      fmt::print(text,
                 "\n## {}: {}\n\n| loss | dtype | output | cause | before | after | worst |\n"
                 "|---|---|---|---|---|---|---|\n",
                 Name(heading), Meaning(heading));
    }
    const std::string mark = change.ordinary ? "**" : "";
    const std::string numbers =
        change.got.empty() ? "" : fmt::format("got {}, want {}: ", Code(change.got), Code(change.want));
    const std::string cause =
        change.what.empty() ? "" : fmt::format("{}: it {}", change.what, change.meaning);
    fmt::print(text, "| {}{}{} | {} | {} | {} | {} | {} | {}{} |\n", mark, Escaped(change.loss), mark,
               Name(change.dtype), Escaped(change.output), cause, SideText(change.before),
               SideText(change.after), numbers, Code(Shortened(change.line, kLongestLine)));
    const std::string row = text.str();
    bytes += row.size();
    if (bytes > kMostBytes) {
      ++left_out;
    } else {
      out << row;
    }
  }
  if (left_out != 0)
    fmt::print(out, "\n{} left out: a comment has no room for more.\n", Counted(left_out, "row"));
}

}  // namespace exactloss
