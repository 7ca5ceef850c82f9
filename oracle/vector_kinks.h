// Kinks of several inputs: a gradient that is allowed along every axis, another than PyTorch's, is held to
// slopes along directions (reference/directions.h). The directions are the gradient of a term itself, its
// part along each input, and the opposites of these: the first is where a vector too long for a ball is
// farthest outside.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "oracle/element_judge.h"
#include "oracle/subject.h"

namespace exactloss {

/// A gradient that a subject returned, of the right dtype and shape, and what its elements are held to.
struct GotGradient {
  const OutputTruth* wanted;
  const Output* got;
  ElementRules rules;
};

/// A vector that is no subgradient, charged to its largest tied element.
struct VectorBreach {
  std::string output;
  std::int64_t index;
  std::string message;
};

std::vector<VectorBreach> JudgeVectorKinks(const Problem& problem, const std::vector<GotGradient>& gradients);

}  // namespace exactloss
