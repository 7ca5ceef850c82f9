// One answer judged by an enclosure of the fast tier: the verdict, class and ulp error that JudgeElement
// gives for the truth itself, wherever the enclosure tells them.
#pragma once

#include <optional>

#include "oracle/element_judge.h"

namespace exactloss {

/// |truth - head - tail| <= radius, and the dtype's number nearest to it (fast_oracle.h).
struct FastTruth {
  double nearest, head, tail, radius;
};

struct SweptAnswer {
  Verdict verdict = Verdict::kExact;
  Divergence divergence = Divergence::kNone;
  double ulp = 0;   ///< right to 2^-20 of itself
  double edge = 0;  ///< HistogramEdge of the exact ulp error
};

enum class Missing : std::uint8_t {
  kNothing,
  kGauge,  ///< ask again with it
  kTruth,  ///< only the interval tier can tell
};

/// Of an answer that is not the nearest number, or is a zero of the wrong sign. `gauge`: that of the truth.
Missing JudgeFast(const ElementRules& rules, const FastTruth& truth, std::optional<double> gauge, double got,
                  SweptAnswer* answer);

/// By the interval tier.
SweptAnswer JudgeProven(const ElementRules& rules, const ElementTruth& truth, double got);

}  // namespace exactloss
