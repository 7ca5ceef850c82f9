// What fills are made of; the files fill*.cc alone look in here.
//
// A recipe says how an element of each kind is drawn. `real` and `probability` are the two that a fill
// brings; weights, log-probabilities and distributions follow from them, boxes have a table of their own.
#pragma once

#include <cstdint>
#include <vector>

#include "oracle/fill.h"
#include "oracle/fill_draw.h"
#include "reference/problem.h"

namespace exactloss {

/// What the numbers of an input mean.
enum class Kind : std::uint8_t {
  kReal,            ///< logits, values, vectors
  kProbability,     ///< in [0, 1]
  kDistribution,    ///< probabilities whose rows sum to about 1
  kLogProbability,  ///< rows are mostly a log-softmax
  kClassIndex,
  kWeight,
  kBox,
};

/// kMixed: one of the others for each problem.
enum class Sizes : std::uint8_t { kTiny, kSmall, kLengths, kManyClasses, kLongSums, kMixed };

/// Rows of the elements of a tensor: the classes of one place, a vector, a box, the last dimension.
struct Rows {
  std::size_t size = 1;    ///< elements in a row
  std::size_t stride = 1;  ///< from one of them to the next

  std::size_t Column(std::size_t i) const { return i / stride % size; }
  std::size_t Row(std::size_t i) const { return i / (stride * size) * stride + i % stride; }
  std::size_t First(std::size_t row) const { return row / stride * (stride * size) + row % stride; }
};
Rows RowsOf(Family family, const Shape& shape);

struct Recipe;

/// One tensor while it is made. The values may depend on what a repro line says before it: parameters, shapes
/// and the inputs to its left.
struct TensorPlan {
  const Recipe& recipe;
  const Problem& problem;
  std::size_t input;
  DrawKey key;
  Kind kind;
  Rows rows;
  std::uint64_t style;  ///< random bits that all inputs of the problem share
  /// For recipes that relate inputs: at each element, the value that agrees with an earlier input (equal to
  /// it, or its sigmoid, ...). Empty where nothing earlier is of a kind to agree with.
  std::vector<double> agreeing = {};

  Dtype dtype() const { return problem.dtype; }
  const InputSpec& spec() const { return problem.loss->inputs[input]; }
  bool IsTarget() const { return spec().role == Role::kTarget; }
  Draw RowDraw(std::size_t row) const { return {key, Purpose::kRow, input, row}; }

  /// Rounded to the dtype; the largest finite number where that overflows.
  double Round(double x) const;
  /// `steps` numbers of the dtype up (down), staying finite.
  double Step(double x, std::int64_t steps) const;
};

/// One element while it is made.
struct Element {
  const TensorPlan& plan;
  std::size_t at;
  Draw draw;

  bool HasAgreeing() const { return !plan.agreeing.empty(); }
  double Agreeing() const { return plan.agreeing[at]; }
};

using Generator = double (*)(Element&);

/// How the corners x1, y1, x2, y2 of a box come about, `at` being its row.
using BoxGenerator = void (*)(Element& e, const double* earlier, double* corners);

struct Recipe {
  Fill fill;
  Sizes sizes;
  Generator real;
  Generator probability;
  BoxGenerator box;  ///< `earlier` is the box to compare with, or null for the first
  /// Log-probabilities are negated magnitudes of `real`, not the log-softmax of them.
  bool raw = false;
  /// Finite values and boxes with an inside: an eps or smooth of 0 makes no 0 / 0.
  bool regular = false;
  bool relates = false;  ///< wants `agreeing`
};

const std::vector<Recipe>& Recipes();
/// That of the fuzzer, which no profile of an audit has.
const Recipe& MixtureRecipe();

/// The kinds of the inputs of a problem with these parameters.
Kind KindOf(const Problem& problem, std::size_t input);

/// Parameters, optional inputs, shapes and layouts of a problem: everything but the values.
Problem FillShapes(const Recipe& recipe, const LossSpec& loss, Dtype dtype, Reduction reduction,
                   const DrawKey& key);

/// The values of an input whose shape is known.
std::vector<double> FillValues(const Recipe& recipe, const Problem& problem, std::size_t input,
                               const DrawKey& key);

// Generators, fill by fill.

double UniformReal(Element& e);
double NormalReal(Element& e);
double BitsReal(Element& e);
double ExtremeReal(Element& e);
double TiesReal(Element& e);
double SaturatedReal(Element& e);
double NearKinkReal(Element& e);
double CancellingReal(Element& e);
double IllConditionedReal(Element& e);
double SubnormalReal(Element& e);
double SpecialReal(Element& e);
double LongSumsReal(Element& e);
double MixtureReal(Element& e);

double UniformProbability(Element& e);
double NormalProbability(Element& e);
double BitsProbability(Element& e);
double ExtremeProbability(Element& e);
double TiesProbability(Element& e);
double SaturatedProbability(Element& e);
double NearKinkProbability(Element& e);
double CancellingProbability(Element& e);
double IllConditionedProbability(Element& e);
double SubnormalProbability(Element& e);
double SpecialProbability(Element& e);
double MixtureProbability(Element& e);

void UniformBox(Element& e, const double* earlier, double* corners);
void NearbyBox(Element& e, const double* earlier, double* corners);
void RawBox(Element& e, const double* earlier, double* corners);
void TiedBox(Element& e, const double* earlier, double* corners);
void NearlyTiedBox(Element& e, const double* earlier, double* corners);
void FarBox(Element& e, const double* earlier, double* corners);
void CancellingBox(Element& e, const double* earlier, double* corners);
void OffsetBox(Element& e, const double* earlier, double* corners);
void MixtureBox(Element& e, const double* earlier, double* corners);

}  // namespace exactloss
