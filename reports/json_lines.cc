#include "reports/json_lines.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "reports/numbers.h"

namespace exactloss {
namespace {

using Json = nlohmann::ordered_json;

Json NumberJson(double value, std::uint64_t bits, Dtype dtype, std::string decimal) {
  return {{"hex", FormatHex(value)}, {"bits", BitsText(dtype, bits)}, {"decimal", std::move(decimal)}};
}

Json GotJson(const Finding& finding) {
  if (!finding.got) return nullptr;
  const Dtype dtype = finding.got_dtype;
  const double value = FromBits(dtype, *finding.got);
  Json json = NumberJson(value, *finding.got, dtype, Decimal(dtype, value));
  if (dtype != finding.dtype) json["dtype"] = Name(dtype);
  return json;
}

Json RealJson(Dtype dtype, const Enclosure& real) {
  const double nearest = Nearest(dtype, real);
  return NumberJson(nearest, ToBits(dtype, nearest), dtype, ToDecimal(real));
}

Json TruthJson(const Finding& finding) {
  if (!finding.truth) return nullptr;
  const ElementTruth& truth = *finding.truth;
  Json json = RealJson(finding.dtype, truth.value);
  if (truth.kink || !truth.proven) {
    json["lower"] = RealJson(finding.dtype, {truth.allowed.lower, truth.allowed.lower});
    json["upper"] = RealJson(finding.dtype, {truth.allowed.upper, truth.allowed.upper});
  }
  return json;
}

}  // namespace

Json ErrorJson(double error) {
  if (std::isfinite(error)) return error;
  return std::isnan(error) ? "nan" : error > 0 ? "inf" : "-inf";
}

std::string DumpLine(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string ToJsonLine(const Finding& finding) { return DumpLine(ToJson(finding)); }

Json ToJson(const Finding& finding) {
  return {{"line", finding.line},
          {"subject", finding.subject},
          {"loss", finding.loss},
          {"dtype", Name(finding.dtype)},
          {"reduction", Name(finding.reduction)},
          {"fill", finding.fill},
          {"output", finding.output},
          {"index", finding.index},
          {"verdict", Name(finding.verdict)},
          {"class", Name(finding.divergence)},
          {"ulp", ErrorJson(finding.ulp)},
          {"ratio", ErrorJson(finding.ratio)},
          {"got", GotJson(finding)},
          {"truth", TruthJson(finding)},
          {"assert_close", finding.seen_by_assert_close ? "fails" : "passes"},
          {"mistrusted", finding.mistrusted},
          {"message", finding.message},
          {"count", finding.count}};
}

}  // namespace exactloss
