// Pieces of loss specs that several losses share.
#pragma once

#include <limits>

#include "reference/loss_spec.h"

namespace exactloss {

inline constexpr double kLargest = std::numeric_limits<double>::max();  ///< parameters are finite

inline constexpr InputSpec kInput = {.name = "input", .role = Role::kPrediction, .differentiable = true};
inline constexpr InputSpec kTarget = {.name = "target", .role = Role::kTarget, .differentiable = true};
inline constexpr InputSpec kProbability = {
    .name = "input", .role = Role::kPrediction, .differentiable = true, .min = 0, .max = 1};
inline constexpr InputSpec kProbabilityTarget = {
    .name = "target", .role = Role::kTarget, .differentiable = true, .min = 0, .max = 1};
inline constexpr InputSpec kWeight = {.name = "weight", .role = Role::kWeight, .optional = true};

inline constexpr ParameterSpec kAlpha = {"alpha", 0.25, ParameterKind::kReal, -kLargest, 1};
inline constexpr ParameterSpec kGamma = {"gamma", 2, ParameterKind::kReal, 0, kLargest};
inline constexpr ParameterSpec kBeta = {"beta", 1, ParameterKind::kReal, 0, kLargest};
inline constexpr ParameterSpec kSmooth = {"smooth", 1e-5, ParameterKind::kReal, 0, kLargest};
inline constexpr ParameterSpec kBoxEps = {"eps", 1e-7, ParameterKind::kReal, 0, kLargest};
inline constexpr ParameterSpec kIgnoreIndex = {"ignore_index", -100, ParameterKind::kInteger};

/// A factor of a part of a sum of losses.
constexpr ParameterSpec PartWeight(std::string_view name) {
  return {name, 1, ParameterKind::kReal, -kLargest, kLargest};
}

inline const std::vector<Reduction> kReductions = {Reduction::kNone, Reduction::kMean, Reduction::kSum};

}  // namespace exactloss
