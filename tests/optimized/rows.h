// Calls of losses over rows on numbers given as doubles, and their answers against the proven truth.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "optimized/losses.h"
#include "reference/truth.h"

namespace exactloss::testing {

/// Numbers of a dtype as they lie in memory.
std::vector<std::uint8_t> Encode(Dtype dtype, const std::vector<double>& values);
std::vector<double> Decode(Dtype dtype, const std::vector<std::uint8_t>& bytes);

inline optimized::Dtype In(Dtype dtype) { return static_cast<optimized::Dtype>(dtype); }
inline optimized::Reduction In(Reduction reduction) {
  return reduction == Reduction::kNone   ? optimized::Reduction::kNone
         : reduction == Reduction::kMean ? optimized::Reduction::kMean
                                         : optimized::Reduction::kSum;
}

/// Runs the library on a problem of boxes, triplets or detection: one vector for each of OutputsOf(problem).
std::vector<std::vector<double>> Answers(const Problem& problem, optimized::Mode mode, int threads = 1);

/// The same with every tensor at the end (or the start) of a page beside one that may not be touched, and so
/// misaligned.
std::vector<std::vector<double>> GuardedAnswers(const Problem& problem, optimized::Mode mode, bool at_end);

/// Bits of every output.
std::vector<std::uint64_t> BitsOf(Dtype dtype, const std::vector<std::vector<double>>& outputs);

struct Comparison {
  std::size_t elements = 0, wrong = 0;  ///< wrong: not the correctly rounded truth
  double worst = 0;                     ///< ulp
  double excused = 0;                   ///< share of the largest slope of a row that an error may be
  std::string example;
};

/// Adds what differs from the truth; where the truth is not proven nothing is known.
void Compare(const Problem& problem, const Truth& truth, const std::vector<std::vector<double>>& got,
             Comparison* comparison);

}  // namespace exactloss::testing
