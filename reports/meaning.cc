#include "reports/meaning.h"

#include <utility>

namespace exactloss {

std::string_view Meaning(Verdict verdict, Divergence divergence) {
  constexpr std::pair<Divergence, std::string_view> kClasses[] = {
      {Divergence::kOverflow, "returns an infinity for a finite number that the dtype has"},
      {Divergence::kUnderflow, "returns 0 for a number that is not, or a subnormal for a normal one"},
      {Divergence::kCancellation, "loses half of the digits or more"},
      {Divergence::kNan, "returns NaN for a number"},
      {Divergence::kInfinity, "returns a number where the truth is infinite or not a number"},
      {Divergence::kSignedZero, "returns -0 for a loss that is never negative"},
      {Divergence::kWrongSign, "returns the opposite sign"},
      {Divergence::kWrongSubgradient, "at a kink, is outside what the one-sided derivatives allow"},
      {Divergence::kAccumulation, "adds up worse than the order of its sum explains"},
      {Divergence::kInconsistent, "returns the gradient of another loss than it returns"},
      {Divergence::kLayout, "returns another number where the same tensors lie otherwise in memory"},
      {Divergence::kNondeterministic, "returns another number when it is asked again"},
      {Divergence::kSemantics, "computes another function"},
      {Divergence::kContract, "refuses a good problem, or answers in another shape or dtype"},
      {Divergence::kCrash, "dies"},
      {Divergence::kTimeout, "does not answer in time"}};
  for (const auto& [of, meaning] : kClasses) {
    if (of == divergence) return meaning;
  }
  constexpr std::pair<Verdict, std::string_view> kVerdicts[] = {
      {Verdict::kExact, "returns the correctly rounded truth"},
      {Verdict::kFaithful, "is less than 1 ulp off"},
      {Verdict::kAccurate, "is within the bound that it declares"},
      {Verdict::kStable, "is no further off than the conditioning of the inputs explains"},
      {Verdict::kConvention, "at a kink, returns a right element, another one than PyTorch documents"},
      {Verdict::kInaccurate, "is further off than the conditioning of the inputs explains"},
      {Verdict::kDivergent, "diverges"},
      {Verdict::kUndecided, "cannot be judged: the truth is not proven"},
      {Verdict::kUnsupported, "does not compute this"}};
  for (const auto& [of, meaning] : kVerdicts) {
    if (of == verdict) return meaning;
  }
  return {};
}

}  // namespace exactloss
