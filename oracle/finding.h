// A finding: what the judge says of one output element of one subject.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "oracle/bound.h"
#include "reference/truth.h"

namespace exactloss {

enum class Verdict : std::uint8_t {
  kExact,        ///< the correctly rounded truth
  kFaithful,     ///< below 1 ulp
  kAccurate,     ///< within the subject's declared bound
  kStable,       ///< beyond it, but explained by the inputs' own conditioning
  kConvention,   ///< at a kink: in the subdifferential, another element than PyTorch documents
  kInaccurate,   ///< not explained
  kDivergent,    ///< a class below
  kUndecided,    ///< the truth is not proven
  kUnsupported,  ///< the subject does not do this problem
};

enum class Divergence : std::uint8_t {
  kNone,
  kOverflow,          ///< an infinity for a finite, representable truth
  kUnderflow,         ///< 0 for a truth that rounds to another number, a subnormal for a normal one
  kCancellation,      ///< finite and not explained, with at least half of the significand lost
  kNan,               ///< NaN for a number
  kInfinity,          ///< a number for an infinite or NaN truth
  kSignedZero,        ///< a zero of the wrong sign
  kWrongSign,         ///< the opposite sign, not explained
  kWrongSubgradient,  ///< at a kink, outside the subdifferential
  kAccumulation,      ///< a reduced loss that is not explained, where each of its terms is
  kInconsistent,      ///< the gradient is that of another loss than the one returned
  kLayout,            ///< wrong in one memory layout of the tensors, right in another
  kNondeterministic,  ///< other bits when asked again, or wrong under one setting and right under another
  kSemantics,         ///< another function: double softmax, another reduction
  kContract,          ///< a good problem refused, a bad argument accepted, another shape or dtype returned
  kCrash,
  kTimeout,
};

std::string_view Name(Verdict verdict);
std::string_view Name(Divergence divergence);  ///< "overflow", "signed zero", ...; "" for kNone

struct Finding {
  std::string line;     ///< the repro line as given
  std::string subject;  ///< name
  std::string loss;
  Dtype dtype = Dtype::kF32;
  Reduction reduction = Reduction::kNone;
  std::string fill;    ///< where the problem came from; "" for a line
  std::string output;  ///< "loss" or "grad:<input>"; of a contract, "arguments"
  std::int64_t index = 0;
  Verdict verdict = Verdict::kExact;
  Divergence divergence = Divergence::kNone;
  double ulp = 0;    ///< NaN: not applicable
  double ratio = 0;  ///< |got - truth| / (u * gauge)
  double allowed_ratio = 0;
  Bound bound = {};                  ///< what allowed_ratio is made of
  std::optional<std::uint64_t> got;  ///< bits in got_dtype; none when there was no answer
  Dtype got_dtype = Dtype::kF32;
  std::optional<ElementTruth> truth;
  bool seen_by_assert_close = false;  ///< torch.testing.assert_close with its defaults fails here
  bool mistrusted = false;            ///< a pass that proves little
  std::string message;                ///< of an error, a crash, another semantics
  std::string known;                  ///< the known divergence that this is, by its id; "" for none
  std::int64_t count = 1;             ///< elements of this output that share verdict and class
};

/// The class of a divergence, else the verdict.
inline std::string_view ClassText(Verdict verdict, Divergence divergence) {
  return divergence == Divergence::kNone ? Name(verdict) : Name(divergence);
}
inline std::string_view ClassText(const Finding& finding) {
  return ClassText(finding.verdict, finding.divergence);
}

/// Does it pass? exact, faithful, accurate, stable and convention do.
bool Passes(Verdict verdict);
inline bool Passes(const Finding& finding) { return Passes(finding.verdict); }

/// Does it fail? inaccurate and divergent do; what is undecided or unsupported neither passes nor fails.
inline bool Fails(Verdict verdict) {
  return verdict == Verdict::kInaccurate || verdict == Verdict::kDivergent;
}
inline bool Fails(const Finding& finding) { return Fails(finding.verdict); }

}  // namespace exactloss
