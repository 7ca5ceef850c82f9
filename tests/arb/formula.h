// The losses as a textbook writes them, one function each, over numbers with directional derivatives.
#pragma once

#include <string_view>
#include <vector>

#include "reference/problem.h"
#include "tests/arb/number.h"

namespace exactloss::arb {

/// The inputs of a problem as numbers: those marked differentiable are leaves, numbered in the order of the
/// inputs and row-major within each.
class Arguments {
 public:
  explicit Arguments(const Problem& problem);

  bool Has(std::string_view input) const;
  const std::vector<Number>& operator[](std::string_view input) const;
  const Shape& ShapeOf(std::string_view input) const;
  double Parameter(std::string_view name) const { return problem_.parameter(name); }
  Reduction reduction() const { return problem_.reduction; }

  /// The element of `input`, broadcast to the shape of `like`, at the row-major place `at` of the latter.
  const Number& Broadcast(std::string_view input, std::string_view like, std::size_t at) const;

  /// The number of the first leaf of an input.
  std::size_t FirstLeaf(std::size_t input) const { return first_leaf_[input]; }

 private:
  std::size_t IndexOf(std::string_view input) const;

  const Problem& problem_;
  std::vector<std::vector<Number>> numbers_;
  std::vector<std::size_t> first_leaf_;
};

/// The elements of the loss after its reduction.
using Formula = std::vector<Number> (*)(const Arguments&);

/// `terms` reduced; the mean divides by `divisor`, batchmean by the size of dimension 0 of the input.
std::vector<Number> Reduce(const Arguments& arguments, std::vector<Number> terms, const Number& divisor);
std::vector<Number> Reduce(const Arguments& arguments, std::vector<Number> terms);  ///< divisor: their count

/// The formula of that loss, or null.
Formula FindFormula(std::string_view loss);

// The terms that composites share.
Number SmoothL1Term(const Number& x, const Number& t, double beta);
Number BceWithLogitsTerm(const Number& x, const Number& t, const Number& pos_weight);
Number SigmoidFocalTerm(const Number& x, const Number& t, double alpha, double gamma);
Number DiceTerm(const std::vector<Number>& x, const std::vector<Number>& t, double smooth);

// The losses by family.
std::vector<Number> Mse(const Arguments&);
std::vector<Number> L1(const Arguments&);
std::vector<Number> SmoothL1(const Arguments&);
std::vector<Number> Huber(const Arguments&);
std::vector<Number> Bce(const Arguments&);
std::vector<Number> BceWithLogits(const Arguments&);
std::vector<Number> SigmoidFocal(const Arguments&);
std::vector<Number> FocalSimple(const Arguments&);
std::vector<Number> KlDiv(const Arguments&);
std::vector<Number> Nll(const Arguments&);
std::vector<Number> CrossEntropy(const Arguments&);
std::vector<Number> Dice(const Arguments&);
std::vector<Number> BceDice(const Arguments&);
std::vector<Number> Iou(const Arguments&);
std::vector<Number> Giou(const Arguments&);
std::vector<Number> Diou(const Arguments&);
std::vector<Number> Ciou(const Arguments&);
std::vector<Number> Detection(const Arguments&);
std::vector<Number> TripletMargin(const Arguments&);

}  // namespace exactloss::arb
