// The file of a baseline: a row a line, sorted, and a digest that tells an edit by hand.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "reports/atomic_file.h"
#include "reports/baseline.h"
#include "reports/json_lines.h"
#include "reports/strict_json.h"

namespace exactloss {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kAgain = "`exactloss baseline FILE REPORT` is what writes it";

Json ToJson(const BaselineKey& key, const BaselineRow& row) {
  Json failing = Json::object();
  for (const auto& [name, of_class] : row.observed.failing) {
    failing[name] = {{"elements", of_class.elements}, {"ulp", ErrorJson(of_class.ulp)}};
  }
  return {{"subject", key.subject},
          {"version", key.version},
          {"capability", key.capability},
          {"loss", key.row.loss},
          {"dtype", Name(key.row.dtype)},
          {"reduction", Name(key.row.reduction)},
          {"output", key.row.output},
          {"fill", key.row.fill},
          {"judged", row.observed.judged},
          {"passing", ErrorJson(row.observed.passing)},
          {"failing", failing},
          {"line", row.observed.line},
          {"loosened", row.loosened}};
}

void ReadRow(const Json& json, const std::string& where, Baseline& baseline) {
  const StrictObject object(json, where,
                            {"subject", "version", "capability", "loss", "dtype", "reduction", "output",
                             "fill", "judged", "passing", "failing", "line", "loosened"});
  BaselineKey key{object.as<std::string>("subject"),
                  object.as<std::string>("version"),
                  object.as<std::string>("capability"),
                  {}};
  key.row = {"",
             object.as<std::string>("loss"),
             object.named("dtype", ParseDtype),
             object.named("reduction", ParseReduction),
             object.as<std::string>("output"),
             object.as<std::string>("fill")};
  const auto [place, is_new] = baseline.rows.try_emplace(key);
  if (!is_new) throw Malformed{where, "a second row for the same output and fill"};
  BaselineRow& row = place->second;
  row.observed.judged = object.count("judged");
  row.observed.passing = ReadError(object, "passing");
  row.observed.line = object.as<std::string>("line");
  row.loosened = object.as<std::vector<std::string>>("loosened");
  const Json& failing = object.at("failing");
  if (!failing.is_object()) throw Malformed{object.where("failing"), "it is no object"};
  for (const auto& [name, of_class] : failing.items()) {
    const StrictObject one(of_class, object.where("failing." + name), {"elements", "ulp"});
    row.observed.failing[name] = {one.count("elements"), ReadError(one, "ulp")};
  }
}

Baseline Read(const Json& json) {
  if (!json.is_object() || json.value("format", Json()) != "exactloss baseline") {
    throw Malformed{"", "it is no baseline of exactloss"};
  }
  if (const Json version = json.value("version", Json()); version != kBaselineVersion) {
    throw Malformed{"", fmt::format("its version is {}, this program reads version {}", version.dump(),
                                    kBaselineVersion)};
  }
  const StrictObject object(json, "",
                            {"format", "version", "program", "seed", "problems_per_cell", "rows", "digest"});
  Json rest = json;
  rest.erase("digest");
  if (object.as<std::string>("digest") != DigestOf(rest)) {
    throw Malformed{"", "it was edited by hand: its digest is not that of what it says; take back the edit"};
  }
  Baseline baseline{object.as<std::string>("program"), object.count("seed"),
                    object.count("problems_per_cell")};
  object.each("rows", [&](const Json& row, const std::string& where) { ReadRow(row, where, baseline); });
  return baseline;
}

}  // namespace

Baseline ReadBaseline(const std::string& path) {
  Baseline baseline;
  ReadStrictly(path, kAgain, [&](const Json& json) { baseline = Read(json); });
  return baseline;
}

void SaveBaseline(const Baseline& baseline, const std::string& path) {
  AtomicFile file(path);
  Json json = {{"format", "exactloss baseline"},
               {"version", kBaselineVersion},
               {"program", baseline.program},
               {"seed", baseline.seed},
               {"problems_per_cell", baseline.problems_per_cell},
               {"rows", Json::array()}};
  Json& rows = json["rows"];
  for (const auto& [key, row] : baseline.rows) rows.push_back(ToJson(key, row));
  // As read back, where a text that is no UTF-8 has become one.
  const std::string digest = DigestOf(Json::parse(DumpLine(json)));
  std::ostream& out = file.out();
  out << fmt::format(
      "{{\"format\": \"exactloss baseline\", \"version\": {}, \"program\": {}, \"seed\": {}, "
      "\"problems_per_cell\": {}, \"rows\": [",
      kBaselineVersion, DumpLine(baseline.program), baseline.seed, baseline.problems_per_cell);
  const char* separator = "\n";
  for (const Json& row : rows) {
    out << separator << DumpLine(row);
    separator = ",\n";
  }
  out << "],\n\"digest\": \"" << digest << "\"}\n";
  file.Commit();
}

}  // namespace exactloss
