// The Taylor remainder test: is the gradient that a subject returns that of the loss that it returns? From
// its outputs alone, so that a loss without a reference can be tested.
//
//   R(h) = L(x + h d) - L(x) - h g.d
//
// is of order 2 in h where g is the gradient of L, and of order 1 where it is not. Steps are halved from half
// of x down to its last bit, and the order is read at the smallest step that tells it: where two halvings,
// whatever the roundings within the floor, leave log2(R(h) / R(h/2)) nearest to the same integer, and where
// an order below 2 is borne out by all larger steps.
//
// The floor is derived: each of L(x + h d), L(x) and g_i d_i is a rounded number, at best within its unit
// roundoff. What a loss rounds beyond that shows at steps of a sixteenth and less, where little is left of a
// remainder, and is added. In f64 an error of the gradient of 1e-6 is seen, and mostly less.
//
// At a kink no gradient has a remainder of order 2. It shows in L(x + h d) + L(x - h d) - 2 L(x), which is
// without the gradient: of order 1 at a kink alone. There g.d must lie between the one-sided slopes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "oracle/subject.h"

namespace exactloss {

enum class TaylorVerdict : std::uint8_t {
  kConsistent,    ///< order 2 or more
  kNoRemainder,   ///< nothing above the floor: as good as that, if the loss moves at all
  kKink,          ///< order 1 at a kink, the gradient within the one-sided slopes
  kInconsistent,  ///< order 1: not the gradient of this loss
  kUndecided,     ///< no step tells the order
  kUnanswered,    ///< no answer, or one that is not finite
};
std::string_view Name(TaylorVerdict verdict);

/// The test along one direction.
struct TaylorResult {
  std::string output;                 ///< "grad:<input>"
  std::optional<std::int64_t> index;  ///< the element that moves; none: all of that input do
  TaylorVerdict verdict = TaylorVerdict::kUnanswered;
  std::optional<int> order;  ///< as read: 1, or 2 for that and more
  double step = 0;           ///< h where it was read
  double remainder = 0;      ///< R(h) there
  double floor = 0;          ///< what of it may be rounding
  double slope = 0;          ///< g.d
  std::string message;       ///< why unanswered
};

/// No more elements than that, of all inputs of a problem: each step is a problem of its own.
inline constexpr std::int64_t kMostTaylorElements = 1 << 16;

/// Tests each gradient along no more than `most` of its elements, evenly spread, and along all of them at
/// once. The problem has finite inputs.
std::vector<TaylorResult> TaylorTest(Subject& subject, const Problem& problem, std::size_t most);

}  // namespace exactloss
