// Ziv's loop over the terms of a loss: readings at kinks, limits at infinite inputs, reductions, gauges.
#include "reference/truth.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "reference/limits.h"
#include "reference/proof.h"
#include "reference/terms.h"

namespace exactloss {
namespace {

ElementTruth TruthOf(const Proven& proven, long double gauge) {
  ElementTruth truth;
  truth.value = proven.value.ToEnclosure();
  truth.kink = proven.kink;
  truth.allowed = proven.allowed ? proven.allowed->ToEnclosure() : truth.value;
  truth.proven = proven.proven;
  truth.gauge = static_cast<double>(gauge);
  // No gauge is below the truth itself. That alone counts where there is none, at infinite inputs and poles,
  // or where its few digits have cancelled.
  const double size = std::fabs(proven.value.ToDouble());
  if (!(truth.gauge >= size)) truth.gauge = std::fmax(size, 0);
  return truth;
}

/// By how much the steepest slope that is allowed at a kink exceeds PyTorch's element: a rounding of the
/// input goes either way.
long double Excess(const Proven& slope) {
  const auto magnitude = [](const Real& end) { return std::fabs(mpfr_get_ld(end.get(), MPFR_RNDN)); };
  const long double steepest = std::max(magnitude(slope.allowed->lower()), magnitude(slope.allowed->upper()));
  return std::max(steepest - std::fabs(slope.value.Middle()), 0.0L);
}

class Evaluator {
 public:
  Evaluator(const Problem& problem, const TruthOptions& options)
      : problem_(problem), options_(options), groups_(TermsOf(problem)) {
    std::size_t output = 0;
    place_.assign(problem.inputs.size(), OutputSpec::kLoss);
    for (OutputSpec& spec : OutputsOf(problem)) {
      if (spec.input != OutputSpec::kLoss) place_[spec.input] = output;
      const auto count = static_cast<std::size_t>(ElementCount(spec.shape));
      truth_.outputs.push_back({std::move(spec), std::vector<ElementTruth>(count)});
      ++output;
    }
  }

  Truth Run() {
    SetRoundings();
    Reduced reduced = Sum(options_.first_precision, /*with_gradients=*/true);
    for (int bits = 2 * options_.first_precision; !reduced.done && bits <= options_.max_precision;
         bits *= 2) {
      const long double gauge = reduced.gauge;
      reduced = Sum(bits, /*with_gradients=*/false);
      reduced.gauge = gauge;
    }
    if (problem_.reduction != Reduction::kNone) {
      truth_.outputs[0].elements[0] = TruthOf(reduced.sum, reduced.gauge);
    }
    return std::move(truth_);
  }

  std::vector<std::vector<double>> Gauges() {
    std::vector<std::vector<double>> gauges;
    for (const OutputTruth& output : truth_.outputs) gauges.emplace_back(output.elements.size());
    for (const auto& terms : groups_) {
      for (std::int64_t term = 0; term < terms->Count(); ++term) {
        Read(*terms, term);
        terms->Gauge(term, values_, gauge_);
        gauges[0][static_cast<std::size_t>(term)] = static_cast<double>(gauge_.value);
        for (std::size_t i = 0; i < elements_.size(); ++i) {
          const std::size_t output = place_[elements_[i].input];
          if (output == OutputSpec::kLoss) continue;
          gauges[output][static_cast<std::size_t>(elements_[i].index)] =
              static_cast<double>(gauge_.slopes[i]);
        }
      }
    }
    return gauges;
  }

 private:
  /// The reduced loss as far as it is known.
  struct Reduced {
    Proven sum;
    long double gauge = 0;
    bool done = true;  ///< narrow enough, or more bits would not help
  };

  /// All terms at `bits` or more; their gradients too, the first time.
  Reduced Sum(int bits, bool with_gradients) {
    Reduced reduced;
    const bool is_reduced = problem_.reduction != Reduction::kNone;
    const ProofOptions options{problem_.dtype, bits, options_.max_precision, with_gradients};
    for (const auto& terms : groups_) {
      Prover prover(*terms);
      const long double factor = Magnitude(*terms);
      Interval sum = 0.0;
      for (std::int64_t term = 0; term < terms->Count(); ++term) {
        Read(*terms, term);
        const std::vector<Proven>& outputs = Prove(prover, term, options);
        if (with_gradients || !is_reduced) reduced.gauge += Record(*terms, term, outputs, factor);
        if (!is_reduced) continue;
        const EvaluationScope scope(bits);
        sum = sum + outputs[0].value;
        reduced.sum.proven = reduced.sum.proven && outputs[0].proven;
      }
      const EvaluationScope scope(bits);
      // The limit of 0 times a term is 0.
      const bool vanishes = terms->Factor().IsZero() && !sum.IsNan();
      reduced.sum.value = reduced.sum.value + (vanishes ? Interval(0.0) : terms->Factor() * sum);
    }
    const Interval& value = reduced.sum.value;
    const bool narrow = value.IsTight(problem_.dtype) || value.IsNan();
    reduced.done = narrow || !reduced.sum.proven;
    reduced.sum.proven = reduced.sum.proven && narrow;
    return reduced;
  }

  long double Magnitude(const Terms& terms) const {
    const EvaluationScope scope(options_.first_precision);
    return std::fabs(terms.Factor().Middle());
  }

  void Read(const Terms& terms, std::int64_t term) {
    terms.Elements(term, elements_);
    values_.clear();
    for (const Element& e : elements_) {
      values_.push_back(problem_.inputs[e.input]->values[static_cast<std::size_t>(e.index)]);
    }
  }

  const std::vector<Proven>& Prove(Prover& prover, std::int64_t term, const ProofOptions& options) {
    if (std::any_of(values_.begin(), values_.end(), [](double x) { return std::isinf(x); })) {
      limit_ = ProveLimit(prover, term, values_, options);
      return limit_;
    }
    Lift(values_, variables_);
    return prover.Prove(term, variables_, options);
  }

  /// Stores the truths of a term's gradients, and with `none` of its loss; returns the gauge of the loss.
  long double Record(const Terms& terms, std::int64_t term, const std::vector<Proven>& outputs,
                     long double factor) {
    const bool finite =
        std::all_of(values_.begin(), values_.end(), [](double x) { return std::isfinite(x); });
    gauge_.slopes.assign(elements_.size(), 0);
    gauge_.value = 0;
    if (finite) terms.Gauge(term, values_, gauge_);
    long double value_gauge = factor * gauge_.value;
    for (std::size_t i = 0; i < elements_.size(); ++i) {
      const std::uint32_t input = elements_[i].input;
      const std::size_t output = place_[input];
      if (output == OutputSpec::kLoss) continue;
      if (finite && outputs[i + 1].kink && problem_.loss->inputs[input].role == Role::kPrediction) {
        value_gauge += std::fabs(values_[i] * Excess(outputs[i + 1]));
      }
      truth_.outputs[output].elements[static_cast<std::size_t>(elements_[i].index)] =
          TruthOf(outputs[i + 1], factor * gauge_.slopes[i]);
    }
    if (problem_.reduction == Reduction::kNone) {
      truth_.outputs[0].elements[static_cast<std::size_t>(term)] = TruthOf(outputs[0], value_gauge);
    }
    return value_gauge;
  }

  /// A gradient by the reverse mode makes at most four operations for each of the value (Baur and Strassen
  /// 1983). Groups of terms are weighted and added.
  void SetRoundings() {
    constexpr double kGradientCost = 4;
    const bool is_reduced = problem_.reduction != Reduction::kNone;
    const double divides = is_reduced && problem_.reduction != Reduction::kSum ? 1 : 0;
    const double adds = groups_.size() > 1 ? 2 : 0;
    double roundings = 0, terms = 1, underflows = 0;
    Sums row, factor;
    for (const auto& group : groups_) {
      const Sums own = group->RowSums();
      roundings = std::max(roundings, group->Roundings());
      if (own.count * own.terms > row.count * row.terms) row = own;
      terms = std::max(terms, static_cast<double>(group->Count()));
      if (group->FactorSums().count > 0) factor = group->FactorSums();
      // Weights that sum to less than 1 blow up what a term lost: that is how it is computed, no data's
      // fault.
      underflows +=
          static_cast<double>(std::min(Magnitude(*group), 1.0L) * static_cast<long double>(group->Count()));
    }
    for (OutputTruth& output : truth_.outputs) {
      const bool is_loss = output.spec.input == OutputSpec::kLoss;
      const double cost = is_loss ? 1 : kGradientCost;
      output.roundings = 1 + cost * roundings + divides + adds;
      output.row = {cost * row.count, row.terms};
      output.reduction = {factor.count, terms};
      if (!is_reduced || !is_loss) continue;
      output.reduction.count += 1;
      output.underflows = std::isfinite(underflows) ? underflows : 0;
    }
  }

  const Problem& problem_;
  const TruthOptions options_;
  const std::vector<std::unique_ptr<Terms>> groups_;
  std::vector<std::size_t> place_;  ///< of an input, the output that is its gradient
  Truth truth_;
  std::vector<Element> elements_;
  std::vector<double> values_;
  std::vector<Interval> variables_;
  std::vector<Proven> limit_;
  TermGauge gauge_;
};

}  // namespace

Truth Evaluate(const Problem& problem, const TruthOptions& options) {
  return Evaluator(problem, options).Run();
}

std::vector<std::vector<double>> Gauges(const Problem& problem) { return Evaluator(problem, {}).Gauges(); }

}  // namespace exactloss
