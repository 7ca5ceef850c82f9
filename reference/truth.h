// The truth of a problem: a proven enclosure for the loss and for every gradient, and its gauge.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "reference/problem.h"

namespace exactloss {

/// A real number (head + tail) * 2^scale of 106 bits and any size: |head| in [1, 2), |tail| <= ulp(head)/2;
/// or head is 0, an infinity or NaN, and the rest is 0.
struct Extended {
  double head = 0;
  double tail = 0;
  std::int64_t scale = 0;
};

/// The truth lies in [lower, upper]. NaN ends: the truth is not a number.
struct Enclosure {
  Extended lower;
  Extended upper;
};

struct ElementTruth {
  Enclosure value;    ///< at a kink the element that PyTorch documents
  Enclosure allowed;  ///< the whole subdifferential where inputs are tied, else `value`
  double gauge = 0;   ///< |y| + sum |x_i dy/dx_i| over the predictions; may be infinite
  bool kink = false;
  bool proven = true;  ///< false: undecided at the precision cap
};

/// `count` sums of `terms` numbers each, one after the other on the way to a number.
struct Sums {
  double count = 0;
  double terms = 1;
};

/// An output, and what a straightforward evaluation of one of its elements does: the scale of a stable ratio.
struct OutputTruth {
  OutputSpec spec;
  std::vector<ElementTruth> elements;  ///< row-major
  double roundings = 0;                ///< but for its sums, whose order is the subject's own
  Sums row = {};                       ///< within a term: over classes, coordinates, the elements of a sample
  Sums reduction = {};                 ///< over the terms, and over the weights that a mean divides by
  double underflows = 0;  ///< of its terms: halves of the smallest number that a reduced loss may lose
};

struct Truth {
  std::vector<OutputTruth> outputs;  ///< in the order of OutputsOf
};

struct TruthOptions {
  int first_precision = 128;  ///< bits
  int max_precision = 4096;
};

/// Ziv's loop over interval arithmetic. Throws nothing; what cannot be proven is marked so.
Truth Evaluate(const Problem& problem, const TruthOptions& options = {});

/// The gauges alone, in a fraction of the time: for each output (of Reduction::kNone) those of its elements,
/// as in its Truth where no input is tied or infinite.
std::vector<std::vector<double>> Gauges(const Problem& problem);

// --- reading an enclosure --------------------------------------------------------------------------------

bool IsNan(const Enclosure& e);
bool IsExactZero(const Enclosure& e);

/// The number of the dtype nearest to the truth. `unique` is false when the two ends round differently.
double Nearest(Dtype dtype, const Enclosure& e, bool* unique = nullptr);

/// ulp of a real number in the dtype (Handbook of Floating-Point Arithmetic): subnormals share the smallest.
/// |truth - got| in units of it, smallest over the enclosure; an infinity counts as 2^(emax + 1);
/// NaN against a number is +infinity, NaN against NaN is 0.
double UlpError(Dtype dtype, const Enclosure& truth, double got);

/// |truth - got| as a double (rounded, may be infinite).
double AbsoluteError(Dtype dtype, const Enclosure& truth, double got);

/// The middle of the enclosure as a double, and as text of `digits` significant decimal digits.
double ToDouble(const Enclosure& e);
std::string ToDecimal(const Enclosure& e, int digits = 30);
std::string ToDecimal(const Extended& x, int digits = 30);

}  // namespace exactloss
