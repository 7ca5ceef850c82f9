// The legs that the truth of a gradient stands on, compared with each other: automatic differentiation,
// closed form, and central differences with Richardson's extrapolation at hundreds of digits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "reference/truth.h"

namespace exactloss {

/// Why nothing is compared at an element.
enum class LeftOut : std::uint8_t {
  kNot,
  kKink,       ///< the one-sided derivatives differ
  kInfinite,   ///< an input of the problem is infinite or NaN
  kUndefined,  ///< the gradient or the loss is NaN, infinite, or not proven
  kJump,       ///< a box without height, where its angle jumps and is read from above
  kBound,      ///< at a bound of its domain, beyond which the loss is not defined
  kRange,      ///< so large, or so small, that no dtype sees it
  kUnsteady,   ///< differences do not converge at this step
  kLarge,      ///< of a tensor that is too large for differences
};
std::string_view Name(LeftOut why);

/// What the legs say of one element of a gradient.
struct LegAgreement {
  std::size_t output = 0;  ///< index into Truth::outputs
  std::int64_t index = 0;
  LeftOut left_out = LeftOut::kNot;
  std::optional<double> closed;  ///< decimal digits in which AD and the closed form agree, if there is one
  std::optional<double> differences;  ///< and AD and the differences
  bool apart = false;                 ///< enclosures do not meet: a leg is wrong
};

inline constexpr double kMostDigits = 60;              ///< beyond it digits are not counted
inline constexpr double kLeastDigits = 35;             ///< what an extrapolation that has settled guarantees
inline constexpr std::int64_t kMostLegElements = 256;  ///< of all inputs: differences cost its square

/// Compares the legs at no more than `most` elements of each gradient, evenly spread. `truth` is that of the
/// problem.
std::vector<LegAgreement> CompareLegs(const Problem& problem, const Truth& truth, std::size_t most);

}  // namespace exactloss
