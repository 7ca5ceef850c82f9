#include "oracle/fast_judge.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

#include "oracle/certificate.h"

namespace exactloss {
namespace {

/// So near to where a decision changes, the interval tier decides.
constexpr double kNear = 0x1p-20;
bool IsNear(double a, double b) { return std::fabs(a - b) <= kNear * std::fabs(b); }

Extended ToExtended(double head, double tail) {
  const double sum = head + tail;
  if (sum == 0 || !std::isfinite(sum)) return {sum, 0, 0};
  const int exponent = std::ilogb(sum);
  return {std::ldexp(sum, -exponent), std::ldexp(tail - (sum - head), -exponent), exponent};
}

Enclosure EnclosureOf(const FastTruth& truth) {
  const double wide = truth.radius * (1 + 0x1p-40);
  return {ToExtended(truth.head, truth.tail - wide), ToExtended(truth.head, truth.tail + wide)};
}

/// 2^k by its bits: std::ldexp takes ten times as long, and some sweeps come here a billion times.
double PowerOfTwo(int k) { return std::bit_cast<double>(static_cast<std::uint64_t>(k + 1023) << 52); }

/// The ulp of the truth in the dtype; nothing where the truth may be on either side of a power of two.
std::optional<double> UlpOf(Dtype dtype, const FastTruth& truth) {
  constexpr std::uint64_t kFraction = (std::uint64_t{1} << 52) - 1;
  const FloatFormat& format = FormatOf(dtype);
  const auto bits = std::bit_cast<std::uint64_t>(truth.head);
  int exponent = static_cast<int>(bits >> 52 & 0x7ff) - 1023;
  if (exponent < format.min_exponent) return PowerOfTwo(format.min_exponent - format.precision + 1);
  if ((bits & kFraction) == 0) {
    if (std::fabs(truth.tail) < truth.radius || (truth.tail == 0 && truth.radius > 0)) return {};
    if (truth.head * truth.tail < 0) --exponent;
  }
  exponent = std::clamp(exponent, format.min_exponent, format.max_exponent);
  return PowerOfTwo(exponent - format.precision + 1);
}

/// The edges beside an edge.
double Stepped(double edge, std::int64_t steps) {
  constexpr std::int64_t kStep = std::int64_t{1} << 50;  // the last bit of a double that an edge keeps
  return std::bit_cast<double>(std::bit_cast<std::int64_t>(edge) + steps * kStep);
}

/// The edge below the exact error of `got`, whose distance to an edge is known but for tail and radius.
std::optional<double> EdgeOf(const FastTruth& truth, double ulp, double got) {
  const double off = got - truth.head, part = off - got;
  const double low = (got - (off - part)) - (truth.head + part) - truth.tail;  // off + low: the exact error
  const double toward = off < 0 ? -low : low, doubt = truth.radius + 0x1p-52 * std::fabs(low);
  const double edge = HistogramEdge(std::fabs(off) / ulp);
  if (edge == 0) return std::fabs(off) < 0.24 * ulp ? std::optional<double>(0) : std::nullopt;
  const auto above = [&](double at) { return (std::fabs(off) - at * ulp) + toward; };
  const double to_edge = above(edge), to_next = above(Stepped(edge, 1));
  if (std::min(std::fabs(to_edge), std::fabs(to_next)) < doubt) return {};
  if (to_edge < 0) return HistogramEdge(Stepped(edge, -1));
  return to_next >= 0 ? Stepped(edge, 1) : edge;
}

}  // namespace

SweptAnswer JudgeProven(const ElementRules& rules, const ElementTruth& truth, double got) {
  const Judgement judgement = JudgeElement(rules, truth, got);
  const double ulp = std::isnan(judgement.ulp) ? 0 : judgement.ulp;
  return {judgement.verdict, judgement.divergence, ulp, HistogramEdge(ulp)};
}

Missing JudgeFast(const ElementRules& rules, const FastTruth& truth, std::optional<double> gauge, double got,
                  SweptAnswer* answer) {
  const bool is_plain =
      std::isfinite(got) && std::isfinite(truth.nearest) && !(got == 0 && std::signbit(got));
  const double error = std::fabs(got - truth.head - truth.tail), size = std::fabs(truth.head);
  if (is_plain) {
    const std::optional<double> unit = UlpOf(rules.dtype, truth);
    const std::optional<double> edge = unit ? EdgeOf(truth, *unit, got) : std::nullopt;
    if (!edge) return Missing::kTruth;
    answer->ulp = error / *unit;
    answer->edge = *edge;
    answer->divergence = Divergence::kNone;
    answer->verdict = Verdict::kFaithful;
    if (*edge < 1) return Missing::kNothing;
    answer->verdict = Verdict::kAccurate;
    const double declared = rules.declared_ulp.value_or(0);
    if (rules.declared_ulp && IsNear(answer->ulp, declared)) return Missing::kTruth;
    if (rules.declared_ulp && answer->ulp < declared) return Missing::kNothing;
    answer->verdict = Verdict::kStable;  // the gauge is no less than the truth
    if (error < (1 - kNear) * rules.roundings * UnitRoundoff(rules.dtype) * size) return Missing::kNothing;
  }
  if (!gauge) return Missing::kGauge;
  ElementTruth element;
  element.value = element.allowed = EnclosureOf(truth);
  element.gauge = std::fmax(*gauge, size);
  const Judgement judgement = JudgeElement(rules, element, got);
  answer->verdict = judgement.verdict;
  answer->divergence = judgement.divergence;
  const double half =
      std::exp2(-FormatOf(rules.dtype).precision / 2.0) * std::max(size, MinNormal(rules.dtype));
  if (IsNear(judgement.ratio, judgement.allowed_ratio) || IsNear(error, half)) return Missing::kTruth;
  if (is_plain) return Missing::kNothing;
  answer->ulp = judgement.ulp;
  answer->edge = HistogramEdge(judgement.ulp);
  const bool is_sure =
      std::isinf(judgement.ulp) || judgement.ulp == 0 ||
      (HistogramEdge(judgement.ulp * (1 - kNear)) == HistogramEdge(judgement.ulp * (1 + kNear)));
  return is_sure ? Missing::kNothing : Missing::kTruth;
}

}  // namespace exactloss
