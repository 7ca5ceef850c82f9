// What a loss is, as data: its inputs, parameters and reductions. No arithmetic; that is in losses/.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <vector>

namespace exactloss {

enum class Reduction : std::uint8_t { kNone, kMean, kSum, kBatchMean };

std::string_view Name(Reduction reduction);
std::optional<Reduction> ParseReduction(std::string_view name);

/// How the terms of a loss lie in its tensors. It decides the shapes (see CheckProblem).
enum class Family : std::uint8_t {
  kElementwise,  ///< one term an element; all inputs have one shape, weights broadcast to it
  kBoxes,        ///< one term a row of (N, 4) boxes x1, y1, x2, y2
  kClassRows,    ///< one term a row of classes: (N, C, d...) or (C)
  kTriplet,      ///< one term a row of (N, D) vectors, or one (D) vector
  kOverlap,      ///< one term for all elements, or one a sample (dimension 0)
  kComposite,    ///< a weighted sum of other losses
};

/// What an input is to the network. Only predictions count in a gauge: the rest is exact.
enum class Role : std::uint8_t { kPrediction, kTarget, kClassIndex, kWeight };

struct InputSpec {
  std::string_view name;
  Role role;
  bool differentiable = false;
  bool optional = false;
  double min = -std::numeric_limits<double>::infinity();  ///< smallest admissible value; NaN always is
  double max = std::numeric_limits<double>::infinity();
  std::string_view unbounded_if = {};  ///< the boolean parameter that lifts these bounds
};

enum class ParameterKind : std::uint8_t { kReal, kInteger, kBoolean };

struct ParameterSpec {
  std::string_view name;
  double default_value;
  ParameterKind kind = ParameterKind::kReal;
  double min = -std::numeric_limits<double>::infinity();
  double max = std::numeric_limits<double>::infinity();
  bool min_is_open = false;  ///< the domain is (min, max] instead of [min, max]
};

struct LossSpec {
  std::string_view name;
  std::string_view formula;   ///< one line for people
  std::string_view libtorch;  ///< the ATen operator, or the published source of the composite
  Family family;
  std::vector<InputSpec> inputs;
  std::vector<ParameterSpec> parameters;
  std::vector<Reduction> reductions;
  bool non_negative = false;  ///< the loss is >= 0 in real arithmetic on its whole domain
};

/// Every loss, in the order of the catalogue.
const std::vector<LossSpec>& Catalogue();

/// The loss of that name, or null.
const LossSpec* FindLoss(std::string_view name);

}  // namespace exactloss
