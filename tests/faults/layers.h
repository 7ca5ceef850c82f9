// The layers of the suite, and what each says of a subject with a fault.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/faults/fault.h"

namespace exactloss {

enum class Layer : std::uint8_t {
  kGolden,     ///< the problems of tests/golden/
  kProperty,   ///< the identities of tests/properties/
  kGradcheck,  ///< the gradients that exactloss gradcheck calls wrong, at the fills of profile smoke
  kSmoke,      ///< exactloss audit --profile smoke
  kGate,       ///< exactloss audit --profile gate
};
inline constexpr Layer kAllLayers[] = {Layer::kGolden, Layer::kProperty, Layer::kGradcheck, Layer::kSmoke,
                                       Layer::kGate};

std::string_view Name(Layer layer);

/// Of the cases that a layer has for a loss, how many a fault fails.
struct Kills {
  std::uint64_t asked = 0, killed = 0;
  std::string first;  ///< the case that killed first: a repro line
};

/// For each of the faults, which all have that loss, what the layer says.
std::vector<Kills> Ask(Layer layer, const LossSpec& loss, const std::vector<const Fault*>& faults);

}  // namespace exactloss
