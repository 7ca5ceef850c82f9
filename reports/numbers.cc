#include "reports/numbers.h"

#include <fmt/format.h>

#include <cmath>

#include "reference/number_text.h"
#include "reference/problem.h"

namespace exactloss {

std::string Decimal(Dtype dtype, double value) {
  if (!std::isfinite(value)) return FormatHex(value);
  if (dtype == Dtype::kF64) return fmt::format("{}", value);
  if (dtype == Dtype::kF32) return fmt::format("{}", static_cast<float>(value));
  std::string text;
  for (int digits = 1; digits <= FormatOf(dtype).precision; ++digits) {
    text = fmt::format("{:.{}g}", value, digits);
    const auto read = ReadDecimal(dtype, text);
    if (read && SameNumber(read->value, value)) break;
  }
  return text;
}

std::string BitsText(Dtype dtype, std::uint64_t bits) {
  return fmt::format("{:#0{}x}", bits, 2 + FormatOf(dtype).bits / 4);
}

std::string NumberText(Dtype dtype, double value) {
  const std::string hex = FormatHex(value), decimal = Decimal(dtype, value);
  return hex == decimal ? hex : fmt::format("{} ({})", hex, decimal);
}

std::string ErrorText(double error) {
  if (std::isnan(error)) return "-";
  if (error == 0) return "0";
  const double magnitude = std::fabs(error);
  if (magnitude >= 0.01 && magnitude < 10) return fmt::format("{:.2f}", error);
  return fmt::format("{:.3g}", error);
}

std::string GotText(const Finding& finding) {
  if (!finding.got) return "no answer";
  const std::string number = NumberText(finding.got_dtype, FromBits(finding.got_dtype, *finding.got));
  return finding.got_dtype == finding.dtype ? number : fmt::format("{} {}", Name(finding.got_dtype), number);
}

std::string TruthText(const Finding& finding) {
  if (!finding.truth) return "not asked for";
  const ElementTruth& truth = *finding.truth;
  if (truth.kink) {
    return fmt::format("[{}, {}]", ToDecimal(truth.allowed.lower), ToDecimal(truth.allowed.upper));
  }
  return ToDecimal(truth.value) + (truth.proven ? "" : " (not proven)");
}

std::string BoundText(const Finding& finding) {
  const Bound& bound = finding.bound;
  const double roundings = bound.Roundings(finding.dtype);
  const double allowed = roundings * UnitRoundoff(finding.dtype) * finding.truth->gauge;
  const double lost = bound.underflows * MinSubnormal(finding.dtype) / 2;
  std::string text =
      fmt::format("{}; {:.6g} u gauge = {}", BoundText(finding.dtype, bound), roundings, ErrorText(allowed));
  if (allowed + lost != allowed) text += fmt::format(" + {:.4g} for terms that underflow", lost);
  return text;
}

std::string WantText(const Finding& finding) {
  if (!finding.truth) return "not asked for";
  const auto number = [&](const Enclosure& real) {
    return NumberText(finding.dtype, Nearest(finding.dtype, real));
  };
  const ElementTruth& truth = *finding.truth;
  if (!truth.kink) return number(truth.value);
  return fmt::format("[{}, {}]", number({truth.allowed.lower, truth.allowed.lower}),
                     number({truth.allowed.upper, truth.allowed.upper}));
}

std::string Shortened(std::string_view text, std::size_t most) {
  if (text.size() <= most) return std::string(text);
  return fmt::format("{}... ({} characters)", text.substr(0, most), text.size());
}

std::string Counted(std::uint64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

}  // namespace exactloss
