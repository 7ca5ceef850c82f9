#include "reports/document.h"

#include <nlohmann/json.hpp>
#include <string_view>

#include "reports/json_lines.h"

namespace exactloss {
namespace {

using Json = nlohmann::ordered_json;

template <class Named>
Json Names(const std::vector<Named>& things, auto name) {
  Json names = Json::array();
  for (const auto& thing : things) names.push_back(name(thing));
  return names;
}

Json SelectionJson(const RunInfo& run) {
  const Selection& chosen = run.chosen;
  const auto name = [](auto value) { return Name(value); };
  const auto name_of = [](const auto* thing) { return thing->name; };
  return {{"text", run.selection},
          {"losses", Names(chosen.losses, name_of)},
          {"dtypes", Names(chosen.dtypes, name)},
          {"reductions", Names(chosen.reductions, name)},
          {"fills", Names(chosen.fills, name_of)},
          {"seed", chosen.seed},
          {"problems_per_cell", chosen.problems_per_cell},
          {"shard", chosen.shard},
          {"shards", chosen.shards}};
}

Json RunJson(const Report& report) {
  const RunInfo& run = report.run;
  Json subjects = Json::array();
  for (const SubjectInfo& subject : run.subjects) {
    subjects.push_back({{"name", subject.name},
                        {"version", subject.version},
                        {"details", subject.details},
                        {"pitfall", report.IsPitfall(subject.name)}});
  }
  return {{"program", run.program},
          {"command", run.command},
          {"selection", SelectionJson(run)},
          {"cpu", run.cpu},
          {"subjects", subjects},
          {"problems", run.problems},
          {"interrupted", run.interrupted}};
}

template <class Key>
Json CountsJson(const std::map<Key, std::uint64_t>& counts) {
  Json json = Json::object();
  for (const auto& [key, count] : counts) json[std::string(Name(key))] = count;
  return json;
}

Json SummaryJson(const std::string& subject, const Counts& counts) {
  return {{"subject", subject},
          {"passed", counts.passed()},
          {"failed", counts.failed()},
          {"mistrusted", counts.mistrusted},
          {"elements", CountsJson(counts.verdicts)},
          {"classes", CountsJson(counts.divergences)}};
}

Json RowJson(const Row& row) {
  Json failures = Json::array();
  for (const Failure& failure : row.failures) {
    failures.push_back({{"elements", failure.elements}, {"worst", ToJson(failure.worst)}});
  }
  Json passing = nullptr;
  if (!row.passing_line.empty()) passing = {{"ulp", ErrorJson(row.passing_ulp)}, {"line", row.passing_line}};
  return {{"subject", row.key.subject},
          {"loss", row.key.loss},
          {"dtype", Name(row.key.dtype)},
          {"reduction", Name(row.key.reduction)},
          {"output", row.key.output},
          {"fill", row.key.fill},
          {"elements", CountsJson(row.elements)},
          {"mistrusted", row.mistrusted},
          {"passing", passing},
          {"failures", failures}};
}

/// One item a line, so that two reports can be laid side by side.
template <class Items>
void WriteList(std::ostream& out, std::string_view name, const Items& items, auto to_json) {
  out << ",\n\"" << name << "\": [";
  const char* separator = "\n";
  for (const auto& item : items) {
    out << separator << DumpLine(to_json(item));
    separator = ",\n";
  }
  out << "]";
}

}  // namespace

void WriteDocument(const Report& report, std::ostream& out) {
  out << "{\"format\": \"exactloss report\", \"version\": " << kDocumentVersion
      << ",\n\"run\": " << DumpLine(RunJson(report));
  WriteList(out, "summary", report.tally.subjects(),
            [&](const std::string& subject) { return SummaryJson(subject, report.tally.counts(subject)); });
  WriteList(out, "causes", report.WorstFirst(), [](const Cause& cause) {
    return Json{{"elements", cause.elements}, {"problems", cause.findings}, {"worst", ToJson(cause.worst)}};
  });
  WriteList(out, "rows", report.rows.all(), RowJson);
  out << "}\n";
}

}  // namespace exactloss
