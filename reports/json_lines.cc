#include "reports/json_lines.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "oracle/impact.h"
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

Json F64Json(double value) {
  return NumberJson(value, ToBits(Dtype::kF64, value), Dtype::kF64, Decimal(Dtype::kF64, value));
}

}  // namespace

Json ErrorJson(double error) {
  if (std::isfinite(error)) return error;
  return std::isnan(error) ? "nan" : error > 0 ? "inf" : "-inf";
}

std::string DumpLine(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

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
          {"allowed_ratio", ErrorJson(finding.allowed_ratio)},
          {"got", GotJson(finding)},
          {"truth", TruthJson(finding)},
          {"impact", Name(ImpactOf(finding))},
          {"assert_close", finding.seen_by_assert_close ? "fails" : "passes"},
          {"mistrusted", finding.mistrusted},
          {"message", finding.message},
          {"known", finding.known},
          {"count", finding.count}};
}

std::string ToJsonLine(const Finding& finding) { return DumpLine(ToJson(finding)); }

std::string ToJsonLine(const GradientFinding& found) {
  const ClassicalCheck& check = found.classical;
  Json json = ToJson(found.finding);
  json["classical"] = {{"verdict", Name(check.verdict)},
                       {"analytic", F64Json(check.analytic)},
                       {"numeric", F64Json(check.numeric)}};
  return DumpLine(json);
}

std::string ToJsonLine(const GradcheckResult& result, const LegAgreement& leg) {
  const auto digits = [](const std::optional<double>& some) { return some ? Json(*some) : Json(nullptr); };
  return DumpLine({{"line", result.line},
                   {"loss", result.loss->name},
                   {"output", result.outputs[leg.output]},
                   {"index", leg.index},
                   {"closed_form_digits", digits(leg.closed)},
                   {"difference_digits", digits(leg.differences)},
                   {"left_out", Name(leg.left_out)},
                   {"apart", leg.apart}});
}

std::string ToJsonLine(const std::string& line, const std::string& subject, const TaylorResult& result) {
  return DumpLine({{"line", line},
                   {"subject", subject},
                   {"output", result.output},
                   {"index", result.index ? Json(*result.index) : Json(nullptr)},
                   {"taylor", Name(result.verdict)},
                   {"order", result.order ? Json(*result.order) : Json(nullptr)},
                   {"step", F64Json(result.step)},
                   {"remainder", F64Json(result.remainder)},
                   {"floor", F64Json(result.floor)},
                   {"slope", F64Json(result.slope)},
                   {"message", result.message}});
}

std::string ToJsonLine(const Cause& cause, double size) {
  const Finding& worst = cause.worst;
  return DumpLine({{"subject", worst.subject},
                   {"loss", worst.loss},
                   {"dtype", Name(worst.dtype)},
                   {"output", worst.output},
                   {"class", ClassText(worst)},
                   {"truth", Name(RangeOf(worst))},
                   {"impact", Name(ImpactOf(worst))},
                   {"ordinary_ones", ErrorJson(size)},
                   {"elements", cause.elements},
                   {"problems", cause.findings},
                   {"simplest", ToJson(cause.simplest)},
                   {"worst", ToJson(worst)}});
}

}  // namespace exactloss
