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
    const Interval& factor = terms.Factor();
    if (factor.UnitSign() != 1) {
      for (Interval& slope : attempt.term.slopes) slope = factor * slope;
    }
  }
  attempt.learned = Evaluation::Current();
  return attempt;
}

/// Which numbers an attempt proves: narrow ones, whatever was hulled on the way. A NaN is proven if an input
/// is NaN, or at 0 / 0 of exact zeros, and nowhere else.
class Judge {
 public:
  Judge(const std::vector<Interval>& variables, const ProofOptions& options)
      : options_(options),
        has_nan_(
            std::any_of(variables.begin(), variables.end(), [](const Interval& x) { return x.IsNan(); })) {}

  bool IsKnown(const Attempt& attempt, const Interval& x) const {
    return x.IsNan() ? has_nan_ || attempt.learned.undefined : x.IsTight(options_.dtype);
  }

  bool KnowsAll(const Attempt& attempt) const {
    const auto is_known = [&](const Interval& x) { return IsKnown(attempt, x); };
    return is_known(attempt.term.value) &&
           (!options_.with_gradients ||
            std::all_of(attempt.term.slopes.begin(), attempt.term.slopes.end(), is_known));
  }

  /// What is not known may be so of some numbers of a term and not of others.
  void MarkUnknown(const Attempt& attempt, std::vector<Proven>& outputs) const {
    outputs[0].proven = outputs[0].proven && IsKnown(attempt, attempt.term.value);
    for (std::size_t i = 0; i + 1 < outputs.size(); ++i) {
      outputs[i + 1].proven = outputs[i + 1].proven && IsKnown(attempt, attempt.term.slopes[i]);
    }
  }

 private:
  const ProofOptions& options_;
  bool has_nan_;
};

bool AreApart(const Interval& x, const Interval& y) {
  return mpfr_less_p(x.upper().get(), y.lower().get()) || mpfr_less_p(y.upper().get(), x.lower().get());
}

std::vector<Proven> Collect(const Attempt& attempt) {
  std::vector<Proven> outputs;
  outputs.reserve(attempt.term.slopes.size() + 1);
  outputs.push_back({attempt.term.value, Interval()});
  for (const Interval& slope : attempt.term.slopes) outputs.push_back({slope, Interval()});
  return outputs;
}

}  // namespace

std::vector<Interval> Lift(const std::vector<double>& values) {
  const EvaluationScope scope(Real::kInlineBits);  // more than a double needs
  return {values.begin(), values.end()};
}

std::vector<Proven> ProveTerm(const Terms& terms, std::int64_t term, const std::vector<Interval>& variables,
                              const ProofOptions& options) {
  const Judge judge(variables, options);
  for (int bits = options.first_bits;; bits *= 2) {
    const bool last = 2 * bits > options.max_bits;
    const auto attempt = [&](Reading reading) {
      return Try(terms, term, variables, bits, reading, options.with_gradients);
    };
    const Attempt torch = attempt(Reading::kTorch);
    bool proven = judge.KnowsAll(torch);
    if (!proven && !last) continue;
    if (!torch.learned.tie || !options.with_gradients) {
      std::vector<Proven> outputs = Collect(torch);
      if (!proven) judge.MarkUnknown(torch, outputs);
      return outputs;
    }

    const Attempt right = attempt(Reading::kRight), left = attempt(Reading::kLeft);
    proven = proven && judge.KnowsAll(right) && judge.KnowsAll(left);
    if (!proven && !last) continue;
    std::vector<Proven> outputs = Collect(torch);
    for (std::size_t i = 0; i + 1 < outputs.size(); ++i) {
      const Interval &from_right = right.term.slopes[i], &from_left = left.term.slopes[i];
      // PyTorch's element is one of the vector's subdifferential; it may lie beside the slopes along its
      // axis.
      const Interval& element = torch.term.slopes[i];
      if (!AreApart(from_right, from_left) && !AreApart(from_right, element)) continue;
      outputs[i + 1].kink = true;
      outputs[i + 1].allowed = Hull(Hull(from_right, from_left), element);
    }
    if (!proven) {
      for (const Attempt* reading : {&torch, &right, &left}) judge.MarkUnknown(*reading, outputs);
    }
    return outputs;
  }
}

}  // namespace exactloss
