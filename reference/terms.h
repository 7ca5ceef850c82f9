// A loss as terms: each reads some elements of the inputs and adds one number to the loss. An element belongs
// to one term at most, so a gradient is a factor times a slope of one term.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "reference/interval.h"
#include "reference/problem.h"
#include "reference/truth.h"

namespace exactloss {

/// An element that a term reads as a variable.
struct Element {
  std::uint32_t input;
  std::int64_t index;
};

/// Value and slopes of a term. A slope of an element that is not differentiable is 0.
struct TermValue {
  Interval value;
  std::vector<Interval> slopes;
};

/// |y| + sum |x_i dy/dx_i| over the predictions, for the value and for each slope (truth.h).
struct TermGauge {
  long double value = 0;
  std::vector<long double> slopes;
};

class Terms {
 public:
  virtual ~Terms() = default;
  virtual std::int64_t Count() const = 0;

  virtual void Elements(std::int64_t term, std::vector<Element>& elements) const = 0;

  /// At `variables`, one for each of Elements(term), in the reading and precision of the current Evaluation.
  virtual void Evaluate(std::int64_t term, const std::vector<Interval>& variables,
                        TermValue& result) const = 0;

  virtual void Gauge(std::int64_t term, const std::vector<double>& variables, TermGauge& result) const = 0;

  /// What the sum of the terms is multiplied by in the reduced loss (1 for `none`), at the current precision.
  const Interval& Factor() const {
    const int bits = Evaluation::Current().bits;
    if (factor_bits_ != bits) {
      const EvaluationScope scope(bits);
      factor_ = ComputeFactor();
      factor_bits_ = bits;
      is_undefined_ = Evaluation::Current().undefined;
    }
    Evaluation::Current().undefined |= is_undefined_;
    return factor_;
  }

  /// How many roundings a straightforward evaluation of a term makes, but for the sums within it.
  virtual double Roundings() const = 0;
  virtual Sums RowSums() const { return {}; }
  /// The sums that the factor takes.
  virtual Sums FactorSums() const { return {}; }

 protected:
  virtual Interval ComputeFactor() const = 0;

 private:
  mutable Interval factor_;
  mutable int factor_bits_ = 0;
  mutable bool is_undefined_ = false;
};

/// The terms of a problem in groups; with `none` there is one group, and the loss has an element for each
/// term.
std::vector<std::unique_ptr<Terms>> TermsOf(const Problem& problem);

/// What the reduction divides a sum of `count` terms by.
std::int64_t DivisorOf(const Problem& problem, std::int64_t count);

// The families (terms.cc chooses).
std::unique_ptr<Terms> MakeElementwiseTerms(const Problem& problem);
std::unique_ptr<Terms> MakeBoxTerms(const Problem& problem);
std::unique_ptr<Terms> MakeClassRows(const Problem& problem);
std::unique_ptr<Terms> MakeTriplets(const Problem& problem);
std::unique_ptr<Terms> MakeOverlaps(const Problem& problem);
// A sum of losses adds its parts.
void AddDetectionTerms(const Problem& problem, std::vector<std::unique_ptr<Terms>>& terms);
void AddBceDiceTerm(const Problem& problem, std::vector<std::unique_ptr<Terms>>& terms);

}  // namespace exactloss
