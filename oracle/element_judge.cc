#include "oracle/element_judge.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "oracle/assert_close.h"

namespace exactloss {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

/// |truth - got|, an infinite answer being 2^(emax + 1). A truth that rounds to an infinity is taken as it
/// is: the largest number is not near 1e300.
double ErrorOf(Dtype dtype, const Enclosure& truth, double got) {
  if (!std::isfinite(got)) return AbsoluteError(dtype, truth, got);
  if (std::isinf(Nearest(Dtype::kF64, truth))) return kInfinity;
  return AbsoluteError(Dtype::kF64, truth, got);
}

/// The sign of a truth that is proven not to be zero, else 0.
int SignOf(const Enclosure& truth) {
  if (truth.lower.head > 0) return 1;
  return truth.upper.head < 0 ? -1 : 0;
}

/// How far an answer is from an enclosure, and how far it may be.
class Deviation {
 public:
  Deviation(const ElementRules& rules, const Enclosure& truth, double gauge, double got)
      : rules_(rules),
        got_(got),
        want_(Nearest(rules.dtype, truth, &is_unique_)),
        error_(ErrorOf(rules.dtype, truth, got)),
        ulp_(UlpError(rules.dtype, truth, got)),
        unit_(UnitRoundoff(rules.dtype) *
              static_cast<long double>(std::min(gauge, std::numeric_limits<double>::max()))) {
    const bool is_subnormal = std::fabs(want_) < MinNormal(rules.dtype);
    const long double lost = rules.underflows + (is_subnormal ? 1 : 0);
    allowed_ = rules.roundings * unit_;
    if (!IsExactZero(truth)) allowed_ += lost * MinSubnormal(rules.dtype) / 2.0L;
  }

  double want() const { return want_; }
  double error() const { return error_; }
  double ulp() const { return ulp_; }
  double ratio() const { return error_ == 0 ? 0 : static_cast<double>(error_ / unit_); }
  double allowed_ratio() const {
    return unit_ > 0 ? static_cast<double>(allowed_ / unit_) : rules_.roundings;
  }

  bool IsExact() const { return is_unique_ && (got_ == want_ || (std::isnan(got_) && std::isnan(want_))); }
  bool IsFaithful() const { return ulp_ < 1; }
  bool IsAccurate() const {
    return rules_.declared_ulp && ulp_ <= *rules_.declared_ulp && (std::isinf(got_) || !std::isinf(want_));
  }
  bool IsStable() const {
    if (std::isinf(got_) && (std::isinf(want_) || IsBoundVoid())) return false;
    return error_ <= allowed_;
  }
  /// Beyond 1/u roundings the bound has nothing to say.
  bool IsBoundVoid() const { return rules_.roundings * UnitRoundoff(rules_.dtype) >= 1; }

 private:
  ElementRules rules_;
  double got_;
  bool is_unique_ = false;
  double want_, error_, ulp_;
  long double unit_, allowed_ = 0;
};

Verdict PassOf(const Deviation& deviation) {
  if (deviation.IsExact()) return Verdict::kExact;
  if (deviation.IsFaithful()) return Verdict::kFaithful;
  if (deviation.IsAccurate()) return Verdict::kAccurate;
  return deviation.IsStable() ? Verdict::kStable : Verdict::kInaccurate;
}

/// The class of an answer that nothing explains; kNone where there is none.
Divergence ClassOf(Dtype dtype, const ElementTruth& truth, const Deviation& deviation, double got) {
  const double want = deviation.want();
  if (std::isnan(got)) return Divergence::kNan;
  if (std::isnan(want) || (std::isinf(want) && std::isfinite(got))) return Divergence::kInfinity;
  if (std::isinf(got)) return std::isinf(want) ? Divergence::kWrongSign : Divergence::kOverflow;
  if (truth.kink) return Divergence::kWrongSubgradient;
  if (SignOf(truth.value) * got < 0) return Divergence::kWrongSign;
  const double smallest_normal = MinNormal(dtype);
  const bool is_below_normal = std::fabs(got) < smallest_normal && std::fabs(want) >= smallest_normal;
  if (got == 0 || (is_below_normal && deviation.ulp() > 1)) return Divergence::kUnderflow;
  // A subnormal truth has few digits to lose.
  const double scale = std::max(std::fabs(ToDouble(truth.value)), smallest_normal);
  const bool half_is_lost = deviation.error() >= std::exp2(-FormatOf(dtype).precision / 2.0) * scale;
  return half_is_lost && !IsExactZero(truth.value) ? Divergence::kCancellation : Divergence::kNone;
}

}  // namespace

Judgement JudgeElement(const ElementRules& rules, const ElementTruth& truth, double got) {
  Judgement judgement;
  if (!truth.proven) {
    judgement.verdict = Verdict::kUndecided;
    judgement.ulp = judgement.ratio = kNan;
    return judgement;
  }
  Deviation deviation(rules, truth.value, truth.gauge, got);
  judgement.verdict = PassOf(deviation);
  judgement.seen_by_assert_close = !AssertClosePasses(rules.dtype, got, deviation.want());
  judgement.mistrusted =
      judgement.verdict == Verdict::kStable && (deviation.IsBoundVoid() || std::isinf(truth.gauge));
  if (truth.kink && judgement.verdict == Verdict::kInaccurate) {
    const Deviation from_allowed(rules, truth.allowed, truth.gauge, got);
    if (PassOf(from_allowed) != Verdict::kInaccurate) judgement.verdict = Verdict::kConvention;
    deviation = from_allowed;
  }
  judgement.ulp = deviation.ulp();
  judgement.ratio = deviation.ratio();
  judgement.allowed_ratio = deviation.allowed_ratio();

  if (judgement.verdict == Verdict::kInaccurate) {
    judgement.divergence =
        rules.is_another_function ? Divergence::kSemantics : ClassOf(rules.dtype, truth, deviation, got);
  } else if (rules.is_non_negative && got == 0 && std::signbit(got)) {
    judgement.divergence = Divergence::kSignedZero;
  }
  if (judgement.divergence != Divergence::kNone) judgement.verdict = Verdict::kDivergent;
  return judgement;
}

std::optional<double> TrivialValue(Dtype dtype, const ElementTruth& truth) {
  if (!truth.proven) return {};
  const double value = Nearest(dtype, truth.value);
  if (value == 0) return 0;
  if (std::isfinite(value)) return {};
  return value;
}

}  // namespace exactloss
