// The fuzzer's fill. Numbers of all kinds side by side, and in relation to the input before: what a
// coincidence of several inputs needs. Half of the problems keep to one kind, since a NaN or an infinity in
// every problem would hide the rest.
#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "oracle/fill_recipe.h"

namespace exactloss {
namespace {

struct Kinds {
  unsigned weight;
  Generator make;
};

/// By weight, of `choice` random bits.
Generator Choose(std::span<const Kinds> kinds, std::uint64_t choice) {
  std::uint64_t total = 0;
  for (const Kinds& kind : kinds) total += kind.weight;
  choice %= total;
  for (const Kinds& kind : kinds) {
    if (choice < kind.weight) return kind.make;
    choice -= kind.weight;
  }
  return kinds.back().make;
}

/// Up to 2^11 numbers from one at which something happens.
double Beside(Element& e, double landmark) {
  if (e.draw.OneIn(2)) return landmark;
  const auto bits = static_cast<int>(e.draw.Below(12));
  const std::int64_t steps = std::int64_t{1} << bits;
  return e.plan.Step(e.plan.Round(landmark), e.draw.OneIn(2) ? steps : -steps);
}

double BesideLandmark(Element& e) { return Beside(e, ExtremeReal(e)); }

/// Exact ties, and sums that end halfway between two numbers.
double Quarters(Element& e) { return static_cast<double>(e.draw.Between(-400, 400)) / 4; }

/// Of every size that is ordinary.
double AnySize(Element& e) {
  const auto exponent = static_cast<int>(e.draw.Between(-6, 8));
  const double sign = e.draw.Sign();
  return sign * std::ldexp(1 + e.draw.Uniform(), exponent);
}

/// Few bits, so that products and sums are exact, or one bit from it.
double FewBits(Element& e) {
  const FloatFormat& format = FormatOf(e.plan.dtype());
  const auto exponent = static_cast<int>(e.draw.Between(format.min_exponent, format.max_exponent));
  const double fraction =
      e.draw.Pick({1.0, 1.5, 2 - 2 * UnitRoundoff(e.plan.dtype()), 1 + 2 * UnitRoundoff(e.plan.dtype())});
  const double sign = e.draw.Sign();
  return sign * std::ldexp(fraction, exponent);
}

constexpr Kinds kReals[] = {{6, SpecialReal},  {24, BesideLandmark},   {10, BitsReal},
                            {10, FewBits},     {15, Quarters},         {16, NormalReal},
                            {15, AnySize},     {4, SubnormalReal},     {4, SaturatedReal},
                            {4, NearKinkReal}, {4, IllConditionedReal}};

double Zero(Element&) { return 0; }
double One(Element&) { return 1; }

constexpr Kinds kProbabilities[] = {{12, Zero},
                                    {12, One},
                                    {16, ExtremeProbability},
                                    {12, BitsProbability},
                                    {16, UniformProbability},
                                    {8, NormalProbability},
                                    {8, SaturatedProbability},
                                    {8, IllConditionedProbability},
                                    {4, SubnormalProbability},
                                    {4, NearKinkProbability},
                                    {4, SpecialProbability}};

// Relations to the input before.

double Same(Element& e) { return e.Agreeing(); }
double Opposite(Element& e) { return -e.Agreeing(); }
double AStepAway(Element& e) { return Beside(e, e.Agreeing()); }
double ALandmarkAway(Element& e) { return e.Agreeing() + ExtremeReal(e); }

constexpr Kinds kRelations[] = {{3, Same},           {3, AStepAway}, {3, NearKinkReal},
                                {3, CancellingReal}, {1, Opposite},  {1, ALandmarkAway}};
constexpr Kinds kProbabilityRelations[] = {
    {3, Same}, {3, AStepAway}, {2, NearKinkProbability}, {2, CancellingProbability}};

/// Rows of logits as networks at their limits have them, around a common base.
double RowOfLogits(Element& e, Draw& row) {
  enum Form : std::uint64_t { kEqual, kOneAhead, kTwoAhead, kLadder, kMasked, kAround, kForms };
  Element first{e.plan, e.plan.rows.Row(e.at), row};  // what it draws is the row's
  const std::uint64_t form = row.Below(kForms);
  const std::size_t ahead = row.Below(e.plan.rows.size), second = row.Below(e.plan.rows.size);
  const double base = row.OneIn(2) ? 0 : BesideLandmark(first);
  const double gap = row.OneIn(2) ? std::fabs(AnySize(first)) : std::fabs(BesideLandmark(first));
  const std::size_t column = e.plan.rows.Column(e.at);
  switch (form) {
    case kOneAhead:
      return column == ahead ? base + gap : base;
    case kTwoAhead:
      return column == ahead || column == second ? base + gap : base;
    case kLadder:
      return base - gap * static_cast<double>(column);
    case kMasked:
      return column != ahead && e.draw.OneIn(2) ? -std::numeric_limits<double>::infinity() : base;
    case kAround:
      return base + e.draw.Normal();
    default:
      return base;
  }
}

/// A related element, an element of the problem's one kind, or of any.
double Mixed(Element& e, std::span<const Kinds> kinds, std::span<const Kinds> relations) {
  const TensorPlan& plan = e.plan;
  const Family family = plan.problem.loss->family;
  Draw row(plan.key, Purpose::kProblem, plan.input + 1, plan.rows.Row(e.at));
  const bool whole_row = family == Family::kTriplet || row.OneIn(2);
  if (e.HasAgreeing() && (whole_row ? row : e.draw).Below(8) < 5) {
    const std::uint64_t choice = (whole_row ? row : e.draw).Bits();
    return Choose(relations, choice)(e);
  }
  if (family == Family::kClassRows && whole_row && plan.kind != Kind::kWeight && row.OneIn(2)) {
    return RowOfLogits(e, row);
  }
  const bool one_kind = (plan.style >> 40) % 2 == 0 && !e.draw.OneIn(16);
  return Choose(kinds, one_kind ? plan.style >> 41 : e.draw.Bits())(e);
}

constexpr BoxGenerator kBoxes[] = {UniformBox, NearbyBox,     RawBox,        TiedBox,  TiedBox,
                                   FarBox,     NearlyTiedBox, CancellingBox, OffsetBox};

}  // namespace

double MixtureReal(Element& e) { return Mixed(e, kReals, kRelations); }

double MixtureProbability(Element& e) { return Mixed(e, kProbabilities, kProbabilityRelations); }

void MixtureBox(Element& e, const double* earlier, double* corners) {
  const bool one_kind = (e.plan.style >> 40) % 2 == 0;
  const std::uint64_t choice = one_kind ? e.plan.style >> 41 : e.draw.Bits();
  kBoxes[choice % std::size(kBoxes)](e, earlier, corners);
}

}  // namespace exactloss
