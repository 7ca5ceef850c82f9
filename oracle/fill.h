// Fills: named generators of inputs, each aimed at a way in which losses go wrong. Counter-based (Philox):
// a value depends on fill, loss, dtype, reduction, seed, problem index, input and element alone, and on what
// the fill relates it to (its row, the inputs before it), so shards join bit for bit.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "reference/problem.h"

namespace exactloss {

struct Fill {
  std::string_view name;
  std::string_view why;      ///< one sentence
  bool is_ordinary = false;  ///< its numbers are such as a network in training has
};

/// Those of an audit.
const std::vector<Fill>& Fills();
/// That of the fuzzer: in each problem what the others have, and their relations, mixed; parameters beside
/// their thresholds.
const Fill& MixtureFill();
/// Of all these.
const Fill* FindFill(std::string_view name);

/// Problem number `index` of a fill: shapes, layouts, optional inputs and parameters included.
Problem FillProblem(const Fill& fill, const LossSpec& loss, Dtype dtype, Reduction reduction,
                    std::uint64_t seed, std::uint64_t index);

/// The TensorSource of repro lines that name a tensor by its fill: "normal#7.3" with the shape given.
std::vector<double> FillTensor(const Problem& problem, std::size_t input, std::string_view source);

}  // namespace exactloss
