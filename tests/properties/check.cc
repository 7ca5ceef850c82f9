#include "tests/properties/check.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "oracle/bound.h"
#include "reference/interval.h"
#include "reference/text.h"

namespace exactloss {
namespace {

constexpr int kBits = 512;  ///< of sums of numbers of 106 bits

Interval IntervalOf(const Extended& x) {
  if (std::isinf(x.head)) return Interval::Infinity(x.head > 0 ? 1 : -1);
  return (Interval(x.head) + Interval(x.tail)) * Interval::PowerOfTwo(x.scale);
}

Interval IntervalOf(const Enclosure& e) { return Hull(IntervalOf(e.lower), IntervalOf(e.upper)); }

bool IsFinite(Dtype dtype, const ElementTruth& truth) {
  return truth.proven && !IsNan(truth.value) && std::isfinite(Nearest(dtype, truth.value));
}

/// ulp at the end of larger magnitude.
Interval UlpOf(Dtype dtype, const Enclosure& truth) {
  const FloatFormat& format = FormatOf(dtype);
  const auto exponent = [&](const Extended& x) { return x.head == 0 ? format.min_exponent : x.scale; };
  const std::int64_t largest = std::max(exponent(truth.lower), exponent(truth.upper));
  const std::int64_t kept = std::clamp<std::int64_t>(largest, format.min_exponent, format.max_exponent);
  return Interval::PowerOfTwo(kept - format.precision + 1);
}

Interval Larger(const Interval& x, const Interval& y) { return SignOf(x - y) == Sign::kNegative ? y : x; }

/// How far from the truth's value an output may be; none where the bound excuses any number.
std::optional<Interval> AllowanceOf(Dtype dtype, const Bound& bound, const ElementTruth& truth,
                                    std::optional<double> declared_ulp) {
  const double unit = UnitRoundoff(dtype), roundings = bound.Roundings(dtype);
  if (roundings * unit >= 1 || !std::isfinite(truth.gauge)) return {};
  const Interval ulp = UlpOf(dtype, truth.value);
  Interval explained = Interval(roundings) * Interval(unit) * Interval(truth.gauge) +
                       Interval(bound.underflows / 2) * Interval(MinSubnormal(dtype));
  const bool is_subnormal = std::fabs(Nearest(dtype, truth.value)) < MinNormal(dtype);
  if (is_subnormal && !IsExactZero(truth.value))
    explained = explained + Interval(0.5) * Interval(MinSubnormal(dtype));
  Interval allowance = Larger(ulp, explained);
  if (declared_ulp) allowance = Larger(allowance, Interval(*declared_ulp) * ulp);
  if (!truth.kink) return allowance;
  const Interval value = IntervalOf(truth.value), allowed = IntervalOf(truth.allowed);
  const Interval reach = allowed - value;  // every element of the subdifferential is right
  return allowance + Hull(Hull(reach, -reach), Interval(0.0));
}

/// An infinite answer counts as 2^(emax + 1), as the judge has it.
Interval GotOf(Dtype dtype, double got) {
  if (!std::isinf(got)) return Interval(got);
  const Interval size = Interval::PowerOfTwo(FormatOf(dtype).max_exponent + 1);
  return got > 0 ? size : -size;
}

std::string Describe(const Claim& claim, const std::vector<double>& values) {
  std::string text;
  for (std::size_t k = 0; k < claim.sum.size() && k < 8; ++k) {
    text += Concat(k == 0 ? "" : " + ", FormatHex(claim.sum[k].factor), " * ", FormatHex(values[k]));
  }
  if (claim.sum.size() > 8) text += " + ...";
  if (claim.constant != 0) text += Concat(" + ", FormatHex(claim.constant));
  return text + (claim.relation == Relation::kZero ? " is not 0" : " is negative");
}

/// Is the sum, or one that lies within `slack` of it, what the relation wants?
bool Holds(Relation relation, const Interval& sum, const Interval& slack) {
  if (SignOf(sum + slack) == Sign::kNegative) return false;
  return relation == Relation::kNotNegative || SignOf(sum - slack) != Sign::kPositive;
}

/// The two outputs that a claim says are equal, where it says no more.
bool IsPair(const Claim& claim) {
  return claim.sum.size() == 2 && claim.constant == 0 && claim.relation == Relation::kZero &&
         std::fabs(claim.sum[0].factor) == 1 && claim.sum[1].factor == -1;
}

class SubjectCheck {
 public:
  SubjectCheck(const Instance& instance, const std::vector<Truth>& truths, std::span<Subject* const> subjects)
      : instance_(instance), truths_(truths), subjects_(subjects) {
    for (std::size_t k = 0; k < instance.problems.size(); ++k) {
      answers_.push_back(SubjectOf(k).Run({&instance.problems[k], 1})[0]);
    }
  }

  Outcome Run() {
    for (std::size_t k = 0; k < answers_.size(); ++k) {
      const AnswerStatus status = answers_[k].status;
      if (status == AnswerStatus::kOk || status == AnswerStatus::kUnsupported) continue;
      outcome_.violation =
          Concat("no answer to ", FormatProblem(instance_.problems[k]), ": ", answers_[k].message);
      return outcome_;
    }
    for (const exactloss::Claim& claim : instance_.claims) {
      Check(claim);
      if (!outcome_.violation.empty()) break;
    }
    return outcome_;
  }

 private:
  Subject& SubjectOf(std::size_t problem) const {
    return *subjects_[std::min(problem, subjects_.size() - 1)];
  }

  const Output* OutputOf(const Addend& addend) const {
    const std::string& name = truths_[addend.problem].outputs[addend.output].spec.name;
    for (const Output& output : answers_[addend.problem].outputs) {
      if (output.name == name) return &output;
    }
    return nullptr;
  }

  void Check(const exactloss::Claim& claim) {
    Interval sum(claim.constant), slack(0.0);
    std::vector<double> values;
    bool is_finite = true, has_nan = false;
    for (const Addend& addend : claim.sum) {
      const Output* output = OutputOf(addend);
      if (output == nullptr) {
        ++outcome_.unsupported;
        return;
      }
      const Problem& problem = instance_.problems[addend.problem];
      const OutputTruth& wanted = truths_[addend.problem].outputs[addend.output];
      if (output->dtype != problem.dtype || output->shape != wanted.spec.shape) {
        outcome_.violation = Concat(wanted.spec.name, " has another shape or dtype");
        return;
      }
      const ElementTruth& truth = wanted.elements[addend.element];
      const double got = FromBits(problem.dtype, output->bits[addend.element]);
      values.push_back(got);
      is_finite = is_finite && IsFinite(problem.dtype, truth);
      if (!is_finite) continue;
      Subject& subject = SubjectOf(addend.problem);
      const auto allowance =
          AllowanceOf(problem.dtype, BoundOf(wanted, subject.SummationOf(problem, wanted.spec)), truth,
                      subject.DeclaredUlp(problem, wanted.spec));
      if (!allowance) {
        ++outcome_.vacuous;
        return;
      }
      has_nan = has_nan || std::isnan(got);
      if (has_nan) continue;
      sum = sum + Interval(addend.factor) * GotOf(problem.dtype, got);
      slack = slack + Interval(std::fabs(addend.factor)) * *allowance;
    }
    if (!is_finite) return CheckNotFinite(claim, values);
    ++outcome_.checked;
    if (has_nan || !Holds(claim.relation, sum, slack)) outcome_.violation = Describe(claim, values);
  }

  /// Where both truths are the same infinity or NaN, the answers are as well.
  void CheckNotFinite(const exactloss::Claim& claim, const std::vector<double>& values) {
    const auto is_special = [&](const Addend& addend) {
      const ElementTruth& truth = truths_[addend.problem].outputs[addend.output].elements[addend.element];
      return truth.proven && !truth.kink && (IsNan(truth.value) || std::isinf(truth.value.lower.head));
    };
    if (!IsPair(claim) || !is_special(claim.sum[0]) || !is_special(claim.sum[1])) {
      ++outcome_.vacuous;
      return;
    }
    ++outcome_.checked;
    const double first = claim.sum[0].factor * values[0];
    if (!SameNumber(first, values[1])) outcome_.violation = Describe(claim, values);
  }

  const Instance& instance_;
  const std::vector<Truth>& truths_;
  const std::span<Subject* const> subjects_;
  std::vector<Answer> answers_;
  Outcome outcome_;
};

}  // namespace

std::vector<Truth> TruthsOf(const Instance& instance) {
  std::vector<Truth> truths;
  for (const Problem& problem : instance.problems) truths.push_back(Evaluate(problem));
  return truths;
}

Outcome CheckTruth(const Instance& instance, const std::vector<Truth>& truths) {
  const EvaluationScope scope(kBits);
  Outcome outcome;
  for (const Claim& claim : instance.claims) {
    Interval sum(claim.constant);
    std::vector<double> values;
    bool is_number = true;
    for (const Addend& addend : claim.sum) {
      const ElementTruth& truth = truths[addend.problem].outputs[addend.output].elements[addend.element];
      is_number = is_number && truth.proven && !IsNan(truth.value) && std::isfinite(truth.value.lower.head) &&
                  std::isfinite(truth.value.upper.head);
      values.push_back(Nearest(Dtype::kF64, truth.value));
      if (is_number) sum = sum + Interval(addend.factor) * IntervalOf(truth.value);
    }
    if (!is_number) {
      ++outcome.vacuous;
      continue;
    }
    ++outcome.checked;
    if (Holds(claim.relation, sum, Interval(0.0))) continue;
    outcome.violation = Describe(claim, values);
    break;
  }
  return outcome;
}

Outcome CheckSubject(const Instance& instance, const std::vector<Truth>& truths,
                     std::span<Subject* const> subjects) {
  SubjectCheck check(instance, truths, subjects);
  const EvaluationScope scope(kBits);
  return check.Run();
}

}  // namespace exactloss
