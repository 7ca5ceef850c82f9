// The fills of ordinary numbers, and those of numbers that are hard by their size alone.
#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <limits>

#include "oracle/fill_recipe.h"

namespace exactloss {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

/// One of these for the whole problem; each `question` is answered on its own.
template <class T>
T Styled(const Element& e, int question, std::initializer_list<T> answers) {
  return *(answers.begin() + (e.plan.style >> (8 * question)) % answers.size());
}
constexpr int kScale = 0, kLabels = 1, kNans = 2, kOffset = 3;

/// In half of all problems the targets are classes, 0 or 1.
bool HasLabels(const Element& e) { return e.plan.IsTarget() && Styled(e, kLabels, {true, false}); }

/// A target beside a logit of -infinity: what is masked has probability 0, and code that does not know this
/// multiplies the two.
bool IsOfMaskedClass(const Element& e) {
  if (!e.plan.IsTarget() || e.plan.input == 0) return false;
  const auto& logits = e.plan.problem.inputs[0];
  return logits && e.at < logits->values.size() && logits->values[e.at] == -kInfinity;
}

double FiniteBits(Element& e) {
  for (;;) {
    const double x = FromBits(e.plan.dtype(), e.draw.Bits() >> (64 - FormatOf(e.plan.dtype()).bits));
    if (std::isfinite(x)) return x;
  }
}

/// Where exp, log, their sums and products leave a format, of whatever format: some kernels compute in
/// another.
constexpr double kEdges[] = {0.5,       1,         2,         16.635532, 17.32868,  36.736801, 37.42995,
                             44.361419, 87.336545, 88.029692, 88.722839, 103.97208, 354.89136, 372.56661,
                             708.39642, 709.78271, 744.44007, 745.13322, 2048,      65504,     16777216};

/// The dtype's own.
double DtypeEdge(Element& e) {
  const Dtype dtype = e.plan.dtype();
  const double largest = MaxFinite(dtype), smallest = MinNormal(dtype), u = UnitRoundoff(dtype);
  return e.draw.Pick({largest, largest / 2, std::sqrt(largest), smallest, std::sqrt(smallest),
                      MinSubnormal(dtype), 1 / u, u, PortableLog(largest), PortableLog(smallest),
                      PortableLog(MinSubnormal(dtype)), PortableLog(u), PortableLog(u) / 2, 0.0});
}

double ParameterEdge(Element& e) {
  const std::vector<double>& parameters = e.plan.problem.parameters;
  const double edge = parameters.empty() ? 0 : e.draw.Pick(parameters);
  return std::isfinite(edge) ? edge : 0;
}

double Edge(Element& e) {
  const std::uint64_t which = e.draw.Below(8);
  return which == 0 ? ParameterEdge(e) : which < 4 ? DtypeEdge(e) : e.draw.Pick(kEdges);
}

}  // namespace

double UniformReal(Element& e) { return Styled(e, kScale, {1.0, 4.0, 16.0}) * e.draw.Uniform(-1, 1); }

double UniformProbability(Element& e) {
  return HasLabels(e) ? static_cast<double>(e.draw.Below(2)) : e.draw.Uniform();
}

double NormalReal(Element& e) { return Styled(e, kScale, {1.0, 4.0}) * e.draw.Normal(); }

double NormalProbability(Element& e) {
  return HasLabels(e) ? static_cast<double>(e.draw.Below(2)) : PortableSigmoid(2 * e.draw.Normal());
}

double BitsReal(Element& e) { return FiniteBits(e); }

double BitsProbability(Element& e) {
  return FromBits(e.plan.dtype(), e.draw.Below(ToBits(e.plan.dtype(), 1) + 1));
}

double ExtremeReal(Element& e) {
  const double sign = e.draw.Sign(), edge = e.plan.Round(Edge(e));
  return sign * e.plan.Step(edge, e.draw.Between(-2, 2));
}

double ExtremeProbability(Element& e) {
  const Dtype dtype = e.plan.dtype();
  const double u = UnitRoundoff(dtype), clamp = PortableExp(-100);
  const double edge = e.plan.Round(
      e.draw.Pick({0.0, MinSubnormal(dtype), MinNormal(dtype), clamp, u / 2, u, 0.5, 1 - u, 1 - 2 * u, 1.0}));
  return e.plan.Step(edge, e.draw.Between(-2, 2));
}

/// From where a sigmoid begins to be 0 or 1 after rounding to beyond where exp leaves the format.
double SaturatedReal(Element& e) {
  const double first = -0.5 * PortableLog(UnitRoundoff(e.plan.dtype()));
  const double last = -1.25 * PortableLog(MinSubnormal(e.plan.dtype()));
  const double sign = e.draw.Sign();
  return sign * e.draw.Uniform(first, last);
}

double SaturatedProbability(Element& e) {
  if (e.plan.IsTarget()) return static_cast<double>(e.draw.Below(2));
  const auto bits = static_cast<int>(e.draw.Between(4, 150));
  const double tiny = std::ldexp(1 + e.draw.Uniform(), -bits);
  return e.draw.Pick({0.0, 1.0, tiny, 1 - tiny});
}

/// A common offset that takes up to half of the significand.
double IllConditionedReal(Element& e) {
  const int precision = FormatOf(e.plan.dtype()).precision;
  const double part = Styled(e, kOffset, {0.25, 0.3, 0.35, 0.4, 0.45, 0.5});
  return std::ldexp(Styled(e, kScale, {1.0, -1.0}), static_cast<int>(part * precision)) + e.draw.Normal();
}

/// Near 1, where log(x) has no more digits than 1 - x.
double IllConditionedProbability(Element& e) {
  if (HasLabels(e)) return static_cast<double>(e.draw.Below(2));
  const auto bits = static_cast<int>(e.draw.Between(2, FormatOf(e.plan.dtype()).precision));
  return 1 - std::ldexp(e.draw.Uniform(), -bits);
}

/// Mostly subnormal; else at the smallest normal number, of a size whose square is subnormal, or ordinary.
double SubnormalReal(Element& e) {
  const Dtype dtype = e.plan.dtype();
  const FloatFormat& format = FormatOf(dtype);
  const double sign = e.draw.Sign();
  switch (e.draw.Below(8)) {
    case 0:
      return sign * e.plan.Step(MinNormal(dtype), e.draw.Between(-2, 2));
    case 1:
      return sign * std::ldexp(1 + e.draw.Uniform(), (format.min_exponent - format.precision / 2) / 2);
    case 2:
      return e.draw.Normal();
    default:
      return sign * FromBits(dtype, 1 + e.draw.Below((std::uint64_t{1} << (format.precision - 1)) - 1));
  }
}

double SubnormalProbability(Element& e) { return std::min(std::fabs(SubnormalReal(e)), 1.0); }

double SpecialReal(Element& e) {
  if (e.draw.OneIn(2)) return e.draw.Normal();
  const bool nans = Styled(e, kNans, {true, false, false, false});
  return e.draw.Pick({0.0, -0.0, kInfinity, -kInfinity, nans ? kNan : 1.0, MaxFinite(e.plan.dtype())});
}

double SpecialProbability(Element& e) {
  if (IsOfMaskedClass(e) && e.draw.OneIn(2)) return 0;
  if (e.draw.OneIn(2)) return e.draw.Uniform();
  const bool nans = Styled(e, kNans, {true, false, false, false});
  return e.draw.Pick({0.0, -0.0, 1.0, nans ? kNan : 1.0});
}

/// Of either sign; of one sign; or all the same, so that every addition rounds alike.
double LongSumsReal(Element& e) {
  enum Terms { kEitherSign, kOneSign, kAllTheSame };
  const Terms terms = Styled(e, kScale, {kEitherSign, kOneSign, kAllTheSame});
  if (terms == kEitherSign) return e.draw.Normal();
  if (terms == kOneSign) return e.draw.Uniform();
  const double term = std::ldexp(static_cast<double>(e.plan.style >> 11), -53);
  return term * (1 + static_cast<double>(e.plan.input));
}

}  // namespace exactloss
