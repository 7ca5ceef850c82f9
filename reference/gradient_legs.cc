#include "reference/gradient_legs.h"

#include <algorithm>
#include <climits>
#include <cmath>

#include "reference/bounds.h"
#include "reference/gradients.h"
#include "reference/replay.h"

namespace exactloss {
namespace {

constexpr int kGradientBits[] = {256, 1024, 4096};
constexpr int kNarrowBits = 200;                      ///< of AD and closed forms: kMostDigits digits
constexpr int kSteadyBits = 117;                      ///< of differences: kLeastDigits digits
constexpr int kFirstBits = 1400, kMostBits = 12'000;  ///< of differences: 400 digits and more
constexpr int kRangeExponent = 1100;  ///< no dtype sees what is beyond it, or within its reciprocal

int ExponentOf(const Real& x) {
  return mpfr_regular_p(x.get()) ? static_cast<int>(mpfr_get_exp(x.get()))
         : mpfr_inf_p(x.get())   ? INT_MAX
                                 : INT_MIN;
}

/// The larger of the exponents of the ends: |x| < 2^it.
int SizeOf(const Interval& x) { return std::max(ExponentOf(x.lower()), ExponentOf(x.upper())); }

bool IsNarrow(const Interval& x, int bits) {
  if (x.IsNan() || SizeOf(x) == INT_MAX) return false;
  if (x.IsPoint()) return true;
  Real width(64);
  mpfr_sub(width.get(), x.upper().get(), x.lower().get(), MPFR_RNDU);
  return ExponentOf(width) + bits < SizeOf(x);
}

bool AreApart(const Interval& x, const Interval& y) {
  return mpfr_less_p(x.upper().get(), y.lower().get()) || mpfr_less_p(y.upper().get(), x.lower().get());
}

/// log2 of the largest magnitude in x.
double LogSize(const Interval& x) {
  const auto log_of = [](const Real& end) {
    if (mpfr_zero_p(end.get())) return -HUGE_VAL;
    long exponent = 0;  // NOLINT(google-runtime-int): the type that MPFR wants
    const double head = mpfr_get_d_2exp(&exponent, end.get(), MPFR_RNDN);
    return std::log2(std::fabs(head)) + static_cast<double>(exponent);
  };
  return std::max(log_of(x.lower()), log_of(x.upper()));
}

/// Decimal digits in which every number of the one agrees with every number of the other.
double SharedDigits(const Interval& x, const Interval& y) {
  constexpr double kDigitsOfBit = 0.30103;
  const EvaluationScope scope(kFirstBits);
  const double digits = (LogSize(x) - LogSize(x - y)) * kDigitsOfBit;
  return std::isnan(digits) ? kMostDigits : std::clamp(digits, 0.0, kMostDigits);  // both are 0
}

/// At the first precision at which all are narrow, or the last.
std::vector<Interval> Narrow(const Problem& problem, std::vector<Interval> (*gradients)(const Problem&)) {
  std::vector<Interval> narrow;
  for (const int bits : kGradientBits) {
    const EvaluationScope scope(bits);
    narrow = gradients(problem);
    const auto is_narrow = [](const Interval& x) { return IsNarrow(x, kNarrowBits); };
    if (std::all_of(narrow.begin(), narrow.end(), is_narrow)) break;
  }
  return narrow;
}

/// How to take differences of a problem: with a step so small beside every number of it that no kink is
/// crossed where the point is not on one, and with the bits that tell its effect on the loss.
struct Plan {
  explicit Plan(const Problem& problem) {
    constexpr int kStepBits = 160;
    double least = 1, greatest = 1;
    const auto see = [&](double x) {
      if (x == 0 || std::isinf(x)) return;
      least = std::min(least, std::fabs(x));
      greatest = std::max(greatest, std::fabs(x));
    };
    for (const auto& tensor : problem.inputs) {
      if (tensor) std::for_each(tensor->values.begin(), tensor->values.end(), see);
    }
    std::for_each(problem.parameters.begin(), problem.parameters.end(), see);
    step_exponent = std::ilogb(least) - kStepBits;
    bits = kFirstBits + 2 * (std::ilogb(greatest) - std::ilogb(least));
  }

  int step_exponent, bits;
};

/// The sum of the loss around a point, and its differences.
class Differences {
 public:
  Differences(const Problem& problem, int bits)
      : scope_(bits), problem_(problem), inputs_(InputsOf<Interval>(problem)) {
    (void)Loss();
  }

  /// Two steps of Richardson's extrapolation, give or take what they changed, with all roundings. At a seam,
  /// where the second derivative jumps, differences converge with the step alone, and this holds the gradient
  /// all the same. `rounded` if it is the roundings that spoil it.
  Interval Along(const Leaf& leaf, int step_exponent, bool* rounded) {
    constexpr int kLevels = 3;
    Interval table[kLevels][kLevels];
    for (int i = 0; i < kLevels; ++i) {
      table[i][0] = Central(leaf, Interval::PowerOfTwo(step_exponent - i));
      for (int j = 1; j <= i; ++j) {
        const double weight = 1 << (2 * j);
        table[i][j] = table[i][j - 1] + (table[i][j - 1] - table[i - 1][j - 1]) / (weight - 1);
      }
    }
    const Interval &best = table[kLevels - 1][kLevels - 1], &first = table[0][0];
    *rounded = !IsNarrow(best, kSteadyBits + 2) || !IsNarrow(first, kSteadyBits + 2);
    return Hull(first, 2 * best - first);
  }

 private:
  Interval Loss() { return Sum(LossOf(problem_, inputs_)); }

  Interval Central(const Leaf& leaf, const Interval& step) {
    Interval& x = inputs_[leaf.input][leaf.index];
    const Interval base = x;
    x = base + step;
    holding_.Rewind();
    const Interval above = Loss();
    x = base - step;
    holding_.Rewind();
    const Interval below = Loss();
    x = base;
    return (above - below) / (2 * step);
  }

  EvaluationScope scope_;
  Holding<Interval> holding_;
  const Problem& problem_;
  Inputs<Interval> inputs_;
};

bool HasFlatBox(const Problem& problem) {
  if (problem.loss->name != "ciou" && problem.loss->name != "detection") return false;
  for (std::size_t input = problem.inputs.size() - 2; input < problem.inputs.size(); ++input) {
    const std::vector<double>& v = problem.inputs[input]->values;
    for (std::size_t i = 0; i < v.size(); i += kCorners) {
      if (v[i + 1] == v[i + 3]) return true;
    }
  }
  return false;
}

/// At a bound of its domain a number has one side only.
bool IsAtBound(const Problem& problem, const Leaf& leaf) {
  const Bounds bounds = BoundsOf(problem, leaf.input);
  const double x = problem.inputs[leaf.input]->values[leaf.index];
  return x == bounds.min || x == bounds.max;
}

class Comparison {
 public:
  Comparison(const Problem& problem, const Truth& truth, std::size_t most)
      : problem_(problem), truth_(truth), most_(most), leaves_(LeavesOf(problem)), plan_(problem) {}

  std::vector<LegAgreement> Run() {
    why_none_ = WhyNone();
    if (why_none_ == LeftOut::kNot) {
      terms_ = Narrow(problem_, TermGradients);
      dual_ = Narrow(problem_, DualGradients);
      closed_ = Narrow(problem_, ClosedGradients);
    }
    std::size_t leaf = 0;
    for (std::size_t output = 1; output < truth_.outputs.size(); ++output) {
      const std::size_t count = truth_.outputs[output].elements.size();
      const std::size_t few = std::min(count, most_);
      for (std::size_t i = 0; i < few; ++i) Compare(output, leaf, i * count / few);
      leaf += count;
    }
    return std::move(agreements_);
  }

 private:
  /// Of all elements alike.
  LeftOut WhyNone() const {
    std::int64_t elements = 0;
    for (const auto& tensor : problem_.inputs) {
      if (!tensor) continue;
      elements += tensor->size();
      if (!std::all_of(tensor->values.begin(), tensor->values.end(),
                       [](double x) { return std::isfinite(x); }))
        return LeftOut::kInfinite;
    }
    if (elements > kMostLegElements) return LeftOut::kLarge;
    if (HasFlatBox(problem_)) return LeftOut::kJump;
    for (const ElementTruth& loss : truth_.outputs[0].elements) {
      if (IsNan(loss.value) || !loss.proven) return LeftOut::kUndefined;
      // Beside it nothing can be told.
      if (std::fabs(loss.value.lower.head) > 0 && loss.value.lower.scale > kRangeExponent)
        return LeftOut::kRange;
      if (std::isinf(loss.value.lower.head) || std::isinf(loss.value.upper.head)) return LeftOut::kUndefined;
    }
    return LeftOut::kNot;
  }

  LeftOut WhyNot(const ElementTruth& truth, std::size_t leaf) const {
    if (why_none_ != LeftOut::kNot) return why_none_;
    if (truth.kink) return LeftOut::kKink;
    if (!truth.proven || IsNan(truth.value) || !IsNarrow(dual_[leaf], kNarrowBits))
      return LeftOut::kUndefined;
    if (IsAtBound(problem_, leaves_[leaf])) return LeftOut::kBound;
    const Interval& gradient = dual_[leaf];
    const bool is_seen = gradient.IsZero() || std::abs(SizeOf(gradient)) <= kRangeExponent;
    return is_seen ? LeftOut::kNot : LeftOut::kRange;
  }

  void Compare(std::size_t output, std::size_t first_leaf, std::size_t index) {
    const std::size_t leaf = first_leaf + index;
    LegAgreement& agreement = agreements_.emplace_back();
    agreement.output = output;
    agreement.index = static_cast<std::int64_t>(index);
    agreement.left_out = WhyNot(truth_.outputs[output].elements[index], leaf);
    if (agreement.left_out != LeftOut::kNot) return;
    const Interval& gradient = dual_[leaf];
    agreement.apart = AreApart(gradient, terms_[leaf]);
    if (!closed_.empty() && IsNarrow(closed_[leaf], kNarrowBits)) {
      agreement.closed = SharedDigits(gradient, closed_[leaf]);
      agreement.apart = agreement.apart || AreApart(gradient, closed_[leaf]);
    }
    const std::optional<Interval> difference = DifferenceAlong(leaf);
    if (!difference) {
      agreement.left_out = LeftOut::kUnsteady;
      return;
    }
    agreement.differences = SharedDigits(gradient, *difference);
    agreement.apart = agreement.apart || AreApart(gradient, *difference);
  }

  /// None where it does not settle.
  std::optional<Interval> DifferenceAlong(std::size_t leaf) const {
    for (int bits = plan_.bits; bits < kMostBits; bits = bits * 5 / 3) {
      Differences differences(problem_, bits);
      bool rounded = false;
      const Interval difference = differences.Along(leaves_[leaf], plan_.step_exponent, &rounded);
      if (IsNarrow(difference, kSteadyBits)) return difference;
      // A gradient of 0: what is left is of the order of the step.
      if (dual_[leaf].IsZero() && SizeOf(difference) <= plan_.step_exponent) return Interval(0.0);
      if (!rounded) break;
    }
    return {};
  }

  const Problem& problem_;
  const Truth& truth_;
  const std::size_t most_;
  const std::vector<Leaf> leaves_;
  const Plan plan_;
  LeftOut why_none_ = LeftOut::kNot;
  std::vector<Interval> terms_, dual_, closed_;
  std::vector<LegAgreement> agreements_;
};

}  // namespace

std::string_view Name(LeftOut why) {
  switch (why) {
    case LeftOut::kNot:
      return "";
    case LeftOut::kKink:
      return "kink";
    case LeftOut::kInfinite:
      return "infinite input";
    case LeftOut::kUndefined:
      return "undefined";
    case LeftOut::kJump:
      return "flat box";
    case LeftOut::kBound:
      return "at a bound";
    case LeftOut::kRange:
      return "out of range";
    case LeftOut::kUnsteady:
      return "unsteady";
    case LeftOut::kLarge:
      return "too large";
  }
  return {};
}

std::vector<LegAgreement> CompareLegs(const Problem& problem, const Truth& truth, std::size_t most) {
  return Comparison(problem, truth, most).Run();
}

}  // namespace exactloss
