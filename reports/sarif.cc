#include "reports/sarif.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

#include "oracle/impact.h"
#include "reports/json_lines.h"
#include "reports/meaning.h"
#include "reports/numbers.h"

namespace exactloss {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kLongestLine = 2000;

/// "wrong-sign"
std::string RuleId(const Finding& finding) {
  std::string id(ClassText(finding.verdict, finding.divergence));
  std::replace(id.begin(), id.end(), ' ', '-');
  return id;
}

Json Text(std::string text) { return {{"text", std::move(text)}}; }

/// Percent-encoded, since a subject's name may be any shell command.
std::string UriOf(const Finding& finding) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/";
  std::string uri;
  for (const char c : finding.subject + "/" + finding.loss) {
    const bool is_plain = kPlain.find(c) != std::string_view::npos;
    uri += is_plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return uri;
}

/// What stays the same as long as the cause is the same: no number.
std::string Fingerprint(const Finding& f) {
  return fmt::format("{}/{}/{}/{}/{}", f.subject, f.loss, f.output, Name(f.dtype), RuleId(f));
}

/// "trains wrong, "
std::string ImpactText(const Finding& finding) {
  const std::string_view name = Name(ImpactOf(finding));
  return name.empty() ? "" : fmt::format("{}, ", name);
}

Json ResultJson(const Cause& cause, OrdinaryBatches& ordinary) {
  const Finding& worst = cause.worst;
  const std::string message = fmt::format(
      "{} {} {} {}: {}{} in {}, up to {} ulp. Got {}, want {}; torch.testing.assert_close {} it. "
      "exactloss run '{}'",
      worst.subject, worst.loss, Name(worst.dtype), worst.output, ImpactText(worst),
      Counted(cause.elements, "element"), Counted(cause.findings, "problem"), ErrorText(worst.ulp),
      GotText(worst), WantText(worst), worst.seen_by_assert_close ? "sees" : "does not see",
      Shortened(cause.simplest.line, kLongestLine));
  const Json physical = {{"artifactLocation", {{"uri", UriOf(worst)}}}, {"region", {{"startLine", 1}}}};
  const Json logical = {
      {"fullyQualifiedName", fmt::format("{}::{}::{}", worst.subject, worst.loss, worst.output)},
      {"kind", "function"}};
  Json result = {
      {"ruleId", RuleId(worst)},
      {"level", worst.verdict == Verdict::kDivergent ? "error" : "warning"},
      {"message", Text(message)},
      {"locations",
       Json::array({{{"physicalLocation", physical}, {"logicalLocations", Json::array({logical})}}})},
      {"partialFingerprints", {{"exactlossCause/v1", Fingerprint(worst)}}},
      {"properties",
       {{"elements", cause.elements},
        {"problems", cause.findings},
        {"impact", Name(ImpactOf(worst))},
        {"ordinary_ones", ErrorJson(ordinary.SizeOf(worst))},
        {"known", worst.known},
        {"simplest", cause.simplest.line},
        {"worst", ToJson(worst)}}}};
  if (!worst.known.empty()) {  // viewers that know suppressions hide it
    result["suppressions"] =
        Json::array({{{"kind", "external"}, {"justification", fmt::format("known: {}", worst.known)}}});
  }
  return result;
}

Json RuleJson(const Finding& example) {
  return {{"id", RuleId(example)},
          {"shortDescription", Text(std::string(Meaning(example.verdict, example.divergence)))}};
}

}  // namespace

void WriteSarif(const Report& report, std::ostream& out) {
  std::vector<Cause> causes = report.WorstFirst();
  const std::size_t left_out = causes.size() - std::min(causes.size(), kMostSarifResults);
  causes.resize(causes.size() - left_out);
  Json results = Json::array(), rules = Json::array();
  OrdinaryBatches ordinary;
  for (const Cause& cause : causes) {
    results.push_back(ResultJson(cause, ordinary));
    const Json rule = RuleJson(cause.worst);
    if (std::find(rules.begin(), rules.end(), rule) == rules.end()) rules.push_back(rule);
  }
  const RunInfo& run = report.run;
  const Json driver = {{"name", "Exactloss"}, {"fullName", run.program}, {"rules", rules}};
  const Json invocation = {{"commandLine", run.command}, {"executionSuccessful", !run.interrupted}};
  const Json sarif = {
      {"$schema", "https://json.schemastore.org/sarif-2.1.0.json"},
      {"version", "2.1.0"},
      {"runs",
       Json::array({{{"tool", {{"driver", driver}}},
                     {"invocations", Json::array({invocation})},
                     {"properties", {{"selection", run.selection}, {"cpu", run.cpu}, {"left_out", left_out}}},
                     {"results", results}}})}};
  out << sarif.dump(1, ' ', false, Json::error_handler_t::replace) << '\n';
}

}  // namespace exactloss
