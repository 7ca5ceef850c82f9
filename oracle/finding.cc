#include "oracle/finding.h"

namespace exactloss {

std::string_view Name(Verdict verdict) {
  switch (verdict) {
    case Verdict::kExact:
      return "exact";
    case Verdict::kFaithful:
      return "faithful";
    case Verdict::kAccurate:
      return "accurate";
    case Verdict::kStable:
      return "stable";
    case Verdict::kConvention:
      return "convention";
    case Verdict::kInaccurate:
      return "inaccurate";
    case Verdict::kDivergent:
      return "divergent";
    case Verdict::kUndecided:
      return "undecided";
    case Verdict::kUnsupported:
      return "unsupported";
  }
  return {};
}

std::string_view Name(Divergence divergence) {
  switch (divergence) {
    case Divergence::kNone:
      return "";
    case Divergence::kOverflow:
      return "overflow";
    case Divergence::kUnderflow:
      return "underflow";
    case Divergence::kCancellation:
      return "cancellation";
    case Divergence::kNan:
      return "nan";
    case Divergence::kInfinity:
      return "infinity";
    case Divergence::kSignedZero:
      return "signed zero";
    case Divergence::kWrongSign:
      return "wrong sign";
    case Divergence::kWrongSubgradient:
      return "wrong subgradient";
    case Divergence::kAccumulation:
      return "accumulation";
    case Divergence::kInconsistent:
      return "inconsistent";
    case Divergence::kLayout:
      return "layout";
    case Divergence::kNondeterministic:
      return "nondeterministic";
    case Divergence::kSemantics:
      return "semantics";
    case Divergence::kContract:
      return "contract";
    case Divergence::kCrash:
      return "crash";
    case Divergence::kTimeout:
      return "timeout";
  }
  return {};
}

bool Passes(Verdict verdict) {
  switch (verdict) {
    case Verdict::kExact:
    case Verdict::kFaithful:
    case Verdict::kAccurate:
    case Verdict::kStable:
    case Verdict::kConvention:
      return true;
    case Verdict::kInaccurate:
    case Verdict::kDivergent:
    case Verdict::kUndecided:
    case Verdict::kUnsupported:
      return false;
  }
  return false;
}

}  // namespace exactloss
