// One number judged: truth and answer in, verdict and errors out. No text and no tensors.
//
// An answer may be off by `roundings` unit roundoffs of the gauge, and where the truth is subnormal by half
// of the smallest number: that is the last rounding. The terms of a reduced loss are numbers of the dtype
// too and may have lost as much each. What any other intermediate subnormal loses is not excused.
#pragma once

#include <optional>

#include "oracle/finding.h"
#include "reference/truth.h"

namespace exactloss {

/// What an element is held to.
struct ElementRules {
  Dtype dtype = Dtype::kF32;
  double roundings = 0;                     ///< Bound::Roundings
  double underflows = 0;                    ///< Bound::underflows
  std::optional<double> declared_ulp = {};  ///< the subject's own bound
  bool is_non_negative = false;             ///< it is >= 0 in real arithmetic, so that -0 is wrong
  bool is_another_function = false;         ///< the subject computes another function on purpose
};

struct Judgement {
  Verdict verdict = Verdict::kExact;
  Divergence divergence = Divergence::kNone;
  double ulp = 0;  ///< at a kink from what is allowed, unless the answer is PyTorch's element
  double ratio = 0;
  double allowed_ratio = 0;
  bool seen_by_assert_close = false;
  bool mistrusted = false;  ///< stable by a bound that would excuse any number
};

/// `got` is a number of the dtype.
Judgement JudgeElement(const ElementRules& rules, const ElementTruth& truth, double got);

/// Is this a value that says little: 0, an infinity or NaN? Not if it is not proven.
std::optional<double> TrivialValue(Dtype dtype, const ElementTruth& truth);

}  // namespace exactloss
