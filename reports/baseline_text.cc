// A baseline's differences for people.
#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <tuple>

#include "reports/baseline.h"
#include "reports/grouping.h"
#include "reports/markdown_text.h"
#include "reports/numbers.h"

namespace exactloss {
namespace {

constexpr std::size_t kMostGroups = 30, kLongestLine = 240;

/// Rows of one subject, loss, output and dtype that drifted the same way.
struct Group {
  const Drifted* worst = nullptr;
  std::size_t rows = 0;
  std::string line = {};  ///< the shortest of what it does now
};

/// How far it drifted: elements that fail, then ulp.
std::pair<double, double> SizeOf(const Drifted& row) {
  const Observed &more = row.drift == Drift::kBetter || row.drift == Drift::kGone ? row.before : row.after,
                 &less = &more == &row.after ? row.before : row.after;
  return {static_cast<double>(more.failed()) - static_cast<double>(less.failed()), more.worst()};
}

/// Worse first, then gone, new and better; in each the largest first.
std::vector<Group> Grouped(const BaselineCheck& check) {
  std::map<std::tuple<Drift, std::string, std::string, std::string, Dtype>, Group> by_key;
  for (const Drifted& row : check.drifted) {
    Group& group =
        by_key[{row.drift, row.key.subject, row.key.row.loss, row.key.row.output, row.key.row.dtype}];
    ++group.rows;
    const std::string& line = row.after.line;
    if (!line.empty() && (group.line.empty() || IsSimpler(line, group.line))) group.line = line;
    if (group.worst == nullptr || SizeOf(row) > SizeOf(*group.worst)) group.worst = &row;
  }
  std::vector<Group> groups;
  for (const auto& [key, group] : by_key) groups.push_back(group);
  const auto rank = [](const Group& group) {
    constexpr int kRanks[] = {4, 3, 0, 1, 2};
    return kRanks[static_cast<std::size_t>(group.worst->drift)];
  };
  std::stable_sort(groups.begin(), groups.end(), [&](const Group& a, const Group& b) {
    return rank(a) != rank(b) ? rank(a) < rank(b) : SizeOf(*a.worst) > SizeOf(*b.worst);
  });
  return groups;
}

std::string Side(Drift drift, Drift none, const Observed& observed) {
  return drift == none ? "-" : Text(observed);
}

std::string GroupText(const Group& group) {
  const Drifted& row = *group.worst;
  return fmt::format("{:<6} {} {} {} {}, {}: {} -> {}", Name(row.drift), row.key.subject, row.key.row.loss,
                     Name(row.key.row.dtype), row.key.row.output, Counted(group.rows, "row"),
                     Side(row.drift, Drift::kNew, row.before), Side(row.drift, Drift::kGone, row.after));
}

/// "2 rows worse, 1 new, 40 as they were"
std::string Counts(const BaselineCheck& check) {
  std::string text;
  for (const Drift drift : {Drift::kWorse, Drift::kGone, Drift::kNew, Drift::kBetter}) {
    if (const std::size_t count = check.count(drift); count != 0) {
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", Counted(count, "row"), Name(drift));
    }
  }
  return text + fmt::format("{}{} as they were", text.empty() ? "" : ", ", check.same);
}

}  // namespace

std::string Text(const Observed& observed) {
  std::string text;
  for (const auto& [name, of_class] : observed.failing) {
    text += fmt::format("{}{} {} up to {} ulp", text.empty() ? "" : ", ", of_class.elements, name,
                        ErrorText(of_class.ulp));
  }
  return text.empty() ? fmt::format("{} ulp", ErrorText(observed.passing)) : text;
}

std::vector<std::string> WorstDrifts(const BaselineCheck& check) {
  std::vector<std::string> lines;
  for (const Group& group : Grouped(check)) {
    const Drift drift = group.worst->drift;
    if (drift == Drift::kWorse || drift == Drift::kGone) lines.push_back(GroupText(group));
  }
  return lines;
}

void WriteDrifts(const BaselineCheck& check, std::ostream& out) {
  fmt::print(out, "\nbaseline {}: {}\n", check.file, Counts(check));
  const std::vector<Group> groups = Grouped(check);
  for (std::size_t i = 0; i < std::min(groups.size(), kMostGroups); ++i) {
    const Drifted& row = *groups[i].worst;
    fmt::print(out, "  {}\n", GroupText(groups[i]));
    if (row.drift == Drift::kWorse && !groups[i].line.empty()) {
      fmt::print(out, "         exactloss run '{}'\n", Shortened(groups[i].line, kLongestLine));
    }
  }
  if (groups.size() > kMostGroups) fmt::print(out, "  and {} more\n", groups.size() - kMostGroups);
  constexpr std::pair<Drift, std::string_view> kAdvice[] = {
      {Drift::kWorse, "worse: mend it, or let it pass with --reason TEXT"},
      {Drift::kGone, "gone: let it pass with --reason TEXT"},
      {Drift::kNew, "new: not held to anything; take it with --add"},
      {Drift::kBetter, "better: keep it so with --tighten"}};
  for (const auto& [drift, advice] : kAdvice) {
    if (check.count(drift) != 0) fmt::print(out, "  {} (exactloss baseline {} REPORT)\n", advice, check.file);
  }
}

void WriteDriftsMarkdown(const BaselineCheck& check, std::ostream& out) {
  fmt::print(out, "## Beside the baseline {}\n\n{}.\n\n", Code(check.file), Counts(check));
  const std::vector<Group> groups = Grouped(check);
  if (groups.empty()) return;
  fmt::print(out,
             "| | subject | loss | dtype | output | rows | was | is | worst "
             "|\n|---|---|---|---|---|--:|---|---|---|\n");
  for (std::size_t i = 0; i < std::min(groups.size(), kMostGroups); ++i) {
    const Drifted& row = *groups[i].worst;
    const bool fails = row.drift == Drift::kWorse || row.drift == Drift::kGone;
    fmt::print(out, "| {} | {} | {} | {} | {} | {} | {} | {} | {} |\n",
               fails ? fmt::format("**{}**", Name(row.drift)) : std::string(Name(row.drift)),
               Escaped(row.key.subject), Code(row.key.row.loss), Name(row.key.row.dtype),
               Escaped(row.key.row.output), groups[i].rows, Side(row.drift, Drift::kNew, row.before),
               Side(row.drift, Drift::kGone, row.after),
               groups[i].line.empty() ? "" : Code(Shortened(groups[i].line, kLongestLine)));
  }
  if (groups.size() > kMostGroups) fmt::print(out, "\nand {} more.\n", groups.size() - kMostGroups);
  fmt::print(out, "\n");
}

}  // namespace exactloss
