#include "reference/proof.h"

#include <algorithm>

namespace exactloss {
namespace {

/// One evaluation of a term, its slopes times the factor, and what the evaluation learned.
struct Attempt {
  TermValue term;
  Evaluation learned;
};

Attempt Try(const Terms& terms, std::int64_t term, const std::vector<Interval>& variables, int bits,
            Reading reading, bool with_gradients) {
  const EvaluationScope scope(bits, reading);
  Attempt attempt;
  terms.Evaluate(term, variables, attempt.term);
  if (with_gradients) {
    const Interval factor = terms.Factor();
    if (factor.UnitSign() != 1) {
      for (Interval& slope : attempt.term.slopes) slope = factor * slope;
    }
  }
  attempt.learned = Evaluation::Current();
  return attempt;
}

/// Is the attempt a proof? A NaN is one if an input is NaN, or at 0 / 0 of exact zeros; at anything else it
/// is none.
bool IsProof(const Attempt& attempt, const std::vector<Interval>& variables, const ProofOptions& options) {
  if (attempt.learned.undecided) return false;
  const auto is_nan = [](const Interval& x) { return x.IsNan(); };
  const bool nan_is_proof =
      attempt.learned.undefined || std::any_of(variables.begin(), variables.end(), is_nan);
  const auto is_known = [&](const Interval& x) {
    return x.IsNan() ? nan_is_proof : x.IsTight(options.dtype);
  };
  if (!is_known(attempt.term.value)) return false;
  return !options.with_gradients ||
         std::all_of(attempt.term.slopes.begin(), attempt.term.slopes.end(), is_known);
}

bool AreApart(const Interval& x, const Interval& y) {
  return mpfr_less_p(x.upper().get(), y.lower().get()) || mpfr_less_p(y.upper().get(), x.lower().get());
}

std::vector<Proven> Collect(Attempt attempt, bool proven) {
  std::vector<Proven> outputs;
  outputs.reserve(attempt.term.slopes.size() + 1);
  outputs.push_back({std::move(attempt.term.value), Interval(), false, proven});
  for (Interval& slope : attempt.term.slopes)
    outputs.push_back({std::move(slope), Interval(), false, proven});
  return outputs;
}

}  // namespace

std::vector<Interval> Lift(const std::vector<double>& values) {
  const EvaluationScope scope(Real::kInlineBits);  // more than a double needs
  return {values.begin(), values.end()};
}

std::vector<Proven> ProveTerm(const Terms& terms, std::int64_t term, const std::vector<Interval>& variables,
                              const ProofOptions& options) {
  for (int bits = options.first_bits;; bits *= 2) {
    const bool last = 2 * bits > options.max_bits;
    const auto attempt = [&](Reading reading) {
      return Try(terms, term, variables, bits, reading, options.with_gradients);
    };
    Attempt torch = attempt(Reading::kTorch);
    bool proven = IsProof(torch, variables, options);
    if (!proven && !last) continue;
    if (!torch.learned.tie || !options.with_gradients) return Collect(std::move(torch), proven);

    const Attempt right = attempt(Reading::kRight), left = attempt(Reading::kLeft);
    proven = proven && IsProof(right, variables, options) && IsProof(left, variables, options);
    if (!proven && !last) continue;
    std::vector<Proven> outputs = Collect(std::move(torch), proven);
    for (std::size_t i = 0; i + 1 < outputs.size(); ++i) {
      const Interval &from_right = right.term.slopes[i], &from_left = left.term.slopes[i];
      if (!AreApart(from_right, from_left)) continue;
      outputs[i + 1].kink = true;
      outputs[i + 1].allowed = Hull(from_right, from_left);
    }
    return outputs;
  }
}

}  // namespace exactloss
