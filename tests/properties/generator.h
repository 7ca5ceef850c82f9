// Problems for properties: the mixture of all fills, with their relations, drawn by number; and how one that
// fails is made shorter.
#pragma once

#include <cstdint>
#include <vector>

#include "reference/problem.h"

namespace exactloss {

struct CaseNumber {
  std::uint64_t seed = 1, number = 0;
};

/// The same problem for the same numbers, on every machine.
Problem GenerateProblem(const LossSpec& loss, const CaseNumber& at);

/// Problems that are simpler by one step: fewer slices, plain layouts, default parameters, no weights, and
/// numbers of a shorter hex float. Each way down ends.
std::vector<Problem> SimplerProblems(const Problem& problem);

/// So many cases of each property and loss are in the kill matrix.
inline constexpr std::uint64_t kCasesOfMatrix = 60;

}  // namespace exactloss
