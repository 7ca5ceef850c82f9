#include "reference/proof.h"

#include <algorithm>

namespace exactloss {
namespace {

bool AreApart(const Interval& x, const Interval& y) {
  return mpfr_less_p(x.upper().get(), y.lower().get()) || mpfr_less_p(y.upper().get(), x.lower().get());
}

}  // namespace

/// Which numbers an attempt proves: narrow ones, whatever was hulled on the way. A NaN is proven if an input
/// is NaN, or at 0 / 0 of exact zeros, and nowhere else.
class Prover::Judge {
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

void Lift(const std::vector<double>& values, std::vector<Interval>& variables) {
  const EvaluationScope scope(Real::kInlineBits);  // more than a double needs
  variables.assign(values.begin(), values.end());
}

void Prover::Try(std::int64_t term, const std::vector<Interval>& variables, int bits, Reading reading,
                 bool with_gradients, Attempt& attempt) const {
  const EvaluationScope scope(bits, reading);
  terms_.Evaluate(term, variables, attempt.term);
  if (with_gradients) {
    const Interval& factor = terms_.Factor();
    if (factor.UnitSign() != 1) {
      for (Interval& slope : attempt.term.slopes) slope = factor * slope;
    }
  }
  attempt.learned = Evaluation::Current();
}

void Prover::Collect() {
  outputs_.resize(torch_.term.slopes.size() + 1);
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    Proven& output = outputs_[i];
    output.value = i == 0 ? torch_.term.value : torch_.term.slopes[i - 1];
    output.allowed.reset();
    output.kink = false;
    output.proven = true;
  }
}

void Prover::CollectKinks() {
  for (std::size_t i = 0; i + 1 < outputs_.size(); ++i) {
    const Interval &right = right_.term.slopes[i], &left = left_.term.slopes[i];
    // PyTorch's element is one of the vector's subdifferential; it may lie beside the slopes along its axis.
    const Interval& element = torch_.term.slopes[i];
    // Slopes may differ by less than their widths: not a kink, and each is right all the same.
    const Interval hull = Hull(Hull(right, left), element);
    if (!hull.IsNan()) outputs_[i + 1].allowed = hull;
    outputs_[i + 1].kink = AreApart(right, left) || AreApart(right, element);
  }
}

std::vector<Proven>& Prover::Prove(std::int64_t term, const std::vector<Interval>& variables,
                                   const ProofOptions& options) {
  const Judge judge(variables, options);
  for (int bits = options.first_bits;; bits *= 2) {
    const bool last = 2 * bits > options.max_bits;
    const auto knows_all = [&](Reading reading, Attempt& attempt) {
      Try(term, variables, bits, reading, options.with_gradients, attempt);
      return judge.KnowsAll(attempt);
    };
    bool proven = knows_all(Reading::kTorch, torch_);
    if (!proven && !last) continue;
    const bool tie = torch_.learned.tie && options.with_gradients;
    if (tie) {
      const bool right = knows_all(Reading::kRight, right_), left = knows_all(Reading::kLeft, left_);
      proven = proven && right && left;
      if (!proven && !last) continue;
    }
    Collect();
    if (tie) CollectKinks();
    if (!proven) {
      judge.MarkUnknown(torch_, outputs_);
      if (tie) judge.MarkUnknown(right_, outputs_), judge.MarkUnknown(left_, outputs_);
    }
    return outputs_;
  }
}

}  // namespace exactloss
