#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "reference/text.h"
#include "reports/document.h"
#include "reports/json_lines.h"
#include "reports/strict_json.h"

namespace exactloss {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kAgain = "write it again with `exactloss audit --report DIR`";

template <class Enum>
std::optional<Enum> ParseEnum(std::string_view name, Enum last) {
  for (int i = 0; i <= static_cast<int>(last); ++i) {
    if (Name(static_cast<Enum>(i)) == name) return static_cast<Enum>(i);
  }
  return {};
}
std::optional<Verdict> ParseVerdict(std::string_view name) { return ParseEnum(name, Verdict::kUnsupported); }
std::optional<Divergence> ParseDivergence(std::string_view name) {
  return ParseEnum(name, Divergence::kTimeout);
}

std::uint64_t ReadBits(const Json& number, const std::string& where) {
  const Json bits = number.is_object() ? number.value("bits", Json()) : Json();
  const std::string text = bits.is_string() ? bits.get<std::string>() : "";
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  if (!text.starts_with("0x") || std::from_chars(text.data() + 2, end, value, 16).ptr != end) {
    throw Malformed{where, "there are no bits"};
  }
  return value;
}

Enclosure PointOf(Dtype dtype, const Json& number, const std::string& where) {
  const double value = FromBits(dtype, ReadBits(number, where));
  Extended point{value, 0, 0};
  if (std::isfinite(value) && value != 0) {
    const int exponent = std::ilogb(value);
    point = {std::scalbn(value, -exponent), 0, exponent};
  }
  return {point, point};
}

std::optional<ElementTruth> ReadTruth(Dtype dtype, const Json& json, const std::string& where) {
  if (json.is_null()) return {};
  ElementTruth truth;
  truth.value = truth.allowed = PointOf(dtype, json, where);
  truth.kink = json.contains("lower");
  if (truth.kink) {
    truth.allowed = {PointOf(dtype, json["lower"], where).lower, PointOf(dtype, json["upper"], where).upper};
  }
  return truth;
}

Finding ReadFinding(const Json& json, const std::string& where) {
  static const std::vector<std::string> kKeys = [] {
    std::vector<std::string> keys;
    const Json example = ToJson(Finding());
    for (const auto& [key, value] : example.items()) keys.push_back(key);
    return keys;
  }();
  const StrictObject object(json, where, kKeys);
  Finding finding;
  finding.line = object.as<std::string>("line");
  finding.subject = object.as<std::string>("subject");
  finding.loss = object.as<std::string>("loss");
  finding.dtype = finding.got_dtype = object.named("dtype", ParseDtype);
  finding.reduction = object.named("reduction", ParseReduction);
  finding.fill = object.as<std::string>("fill");
  finding.output = object.as<std::string>("output");
  finding.index = object.as<std::int64_t>("index");
  finding.verdict = object.named("verdict", ParseVerdict);
  finding.divergence = object.named("class", ParseDivergence);
  finding.ulp = ReadError(object, "ulp");
  finding.ratio = ReadError(object, "ratio");
  finding.allowed_ratio = ReadError(object, "allowed_ratio");
  if (const Json& got = object.at("got"); !got.is_null()) {
    finding.got = ReadBits(got, object.where("got"));
    if (got.contains("dtype")) {
      finding.got_dtype = StrictObject(got, object.where("got"), {"hex", "bits", "decimal", "dtype"})
                              .named("dtype", ParseDtype);
    }
  }
  finding.truth = ReadTruth(finding.dtype, object.at("truth"), object.where("truth"));
  finding.seen_by_assert_close = object.as<std::string>("assert_close") == "fails";
  finding.mistrusted = object.as<bool>("mistrusted");
  finding.message = object.as<std::string>("message");
  finding.known = object.as<std::string>("known");
  finding.count = object.as<std::int64_t>("count");
  return finding;
}

RunInfo ReadRun(const Json& json) {
  const StrictObject object(
      json, "run", {"program", "command", "selection", "cpu", "subjects", "problems", "interrupted"});
  RunInfo run;
  run.program = object.as<std::string>("program");
  run.command = object.as<std::string>("command");
  run.cpu = object.as<std::string>("cpu");
  run.problems = object.count("problems");
  run.interrupted = object.as<bool>("interrupted");
  object.each("subjects", [&](const Json& item, const std::string& where) {
    const StrictObject subject(item, where, {"name", "version", "details", "pitfall"});
    run.subjects.push_back({subject.as<std::string>("name"), subject.as<std::string>("version"),
                            subject.as<std::map<std::string, std::string>>("details")});
    if (subject.as<bool>("pitfall")) run.pitfalls.insert(run.subjects.back().name);
  });
  const StrictObject chosen(
      object.at("selection"), "run.selection",
      {"text", "losses", "dtypes", "reductions", "fills", "seed", "problems_per_cell", "shard", "shards"});
  run.selection = chosen.as<std::string>("text");
  run.chosen.losses = chosen.all_named<const LossSpec*>("losses", FindLoss);
  run.chosen.dtypes = chosen.all_named<Dtype>("dtypes", ParseDtype);
  run.chosen.reductions = chosen.all_named<Reduction>("reductions", ParseReduction);
  run.chosen.fills = chosen.all_named<const Fill*>("fills", FindFill);
  run.chosen.seed = chosen.count("seed");
  run.chosen.problems_per_cell = chosen.count("problems_per_cell");
  run.chosen.shard = chosen.count("shard");
  run.chosen.shards = chosen.count("shards");
  return run;
}

void ReadRow(const Json& json, const std::string& where, Rows& rows) {
  const StrictObject object(json, where,
                            {"subject", "loss", "dtype", "reduction", "output", "fill", "elements",
                             "mistrusted", "passing", "failures"});
  Row& row = rows.at({object.as<std::string>("subject"), object.as<std::string>("loss"),
                      object.named("dtype", ParseDtype), object.named("reduction", ParseReduction),
                      object.as<std::string>("output"), object.as<std::string>("fill")});
  if (!row.elements.empty()) throw Malformed{where, "a second row for the same output and fill"};
  const auto elements = object.as<std::map<std::string, std::uint64_t>>("elements");
  for (const auto& [name, count] : elements) {
    const auto verdict = ParseVerdict(name);
    if (!verdict) throw Malformed{object.where("elements"), "no verdict " + Quoted(name)};
    row.elements[*verdict] = count;
  }
  row.mistrusted = object.count("mistrusted");
  if (!object.at("passing").is_null()) {
    const StrictObject passing(object.at("passing"), object.where("passing"), {"ulp", "line"});
    row.passing_ulp = ReadError(passing, "ulp");
    row.passing_line = passing.as<std::string>("line");
  }
  object.each("failures", [&](const Json& item, const std::string& place) {
    const StrictObject failure(item, place, {"elements", "worst"});
    row.failures.push_back({failure.count("elements"), ReadFinding(failure.at("worst"), place + ".worst")});
  });
}

Document Read(const Json& json) {
  if (!json.is_object() || json.value("format", Json()) != "exactloss report") {
    throw Malformed{"", "it is no report.json of exactloss"};
  }
  if (const Json version = json.value("version", Json()); version != kDocumentVersion) {
    throw Malformed{"", fmt::format("its version is {}, this program reads version {}", version.dump(),
                                    kDocumentVersion)};
  }
  const StrictObject object(json, "", {"format", "version", "run", "summary", "causes", "rows"});
  Document document;
  document.run = ReadRun(object.at("run"));
  object.each("rows", [&](const Json& row, const std::string& where) { ReadRow(row, where, document.rows); });
  return document;
}

}  // namespace

Document ReadDocument(const std::string& path) {
  Document document;
  ReadStrictly(path, kAgain, [&](const Json& json) { document = Read(json); });
  return document;
}

}  // namespace exactloss
