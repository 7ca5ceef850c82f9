#include "oracle/bound.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

namespace exactloss {
namespace {

/// In the order of SummationOrder.
constexpr std::string_view kOrders[] = {"unknown", "sequential", "pairwise", "blocked"};

/// A sum in a wider dtype rounds finer.
double UnitOf(const Summation& summation, Dtype dtype) {
  return summation.accumulator ? UnitRoundoff(*summation.accumulator) / UnitRoundoff(dtype) : 1;
}

double RoundingsOf(const Sums& sums, const Summation& summation, Dtype dtype) {
  return sums.count * RoundingsOfSum(summation, sums.terms) * UnitOf(summation, dtype);
}

std::string OrderText(const Summation& summation) {
  std::string text = summation.order == SummationOrder::kUnknown ? "order unknown, at worst sequential"
                                                                 : std::string(Name(summation.order));
  if (summation.order == SummationOrder::kPairwise)
    text += fmt::format(" from blocks of {}", summation.width);
  if (summation.order == SummationOrder::kBlocked) text += fmt::format(" in {} sums", summation.width);
  if (summation.accumulator) text += fmt::format(", in {}", Name(*summation.accumulator));
  return text;
}

std::string SumsText(const Sums& sums, std::string_view of, const Summation& summation, Dtype dtype) {
  const double roundings = RoundingsOf(sums, summation, dtype);
  if (roundings == 0) return {};
  return fmt::format(" + {:.4g} ({} of {} {}, {})", roundings,
                     sums.count == 1 ? "sum" : fmt::format("{} sums", sums.count), sums.terms, of,
                     OrderText(summation));
}

}  // namespace

std::string_view Name(SummationOrder order) { return kOrders[static_cast<std::size_t>(order)]; }

std::optional<SummationOrder> ParseSummationOrder(std::string_view name) {
  const auto found = std::find(std::begin(kOrders), std::end(kOrders), name);
  if (found == std::end(kOrders)) return {};
  return static_cast<SummationOrder>(found - std::begin(kOrders));
}

double RoundingsOfSum(const Summation& summation, double terms) {
  const double width = std::min(static_cast<double>(summation.width), terms);
  if (terms <= 1) return 0;
  switch (summation.order) {
    case SummationOrder::kPairwise:
      return width - 1 + std::ceil(std::log2(std::ceil(terms / width)));
    case SummationOrder::kBlocked:
      return std::ceil(terms / width) - 1 + width - 1;
    case SummationOrder::kUnknown:
    case SummationOrder::kSequential:
      break;
  }
  return terms - 1;
}

double Bound::Roundings(Dtype dtype) const {
  return formula + RoundingsOf(row, summation, dtype) + RoundingsOf(reduction, summation, dtype);
}

Bound BoundOf(const OutputTruth& output, const Summation& summation) {
  return {output.roundings, output.row, output.reduction, output.underflows, summation};
}

std::string BoundText(Dtype dtype, const Bound& bound) {
  const std::string sums = SumsText(bound.row, "numbers of a term", bound.summation, dtype) +
                           SumsText(bound.reduction, "terms", bound.summation, dtype);
  std::string text = fmt::format("{} roundings of the formula{}", bound.formula, sums);
  if (!sums.empty()) text += fmt::format(" = {:.6g}", bound.Roundings(dtype));
  return text;
}

}  // namespace exactloss
