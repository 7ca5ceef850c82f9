// Problems to compare at: ordinary, extreme, tied and saturated, for any loss of the catalogue.
//
// A generator of its own (SplitMix64), so that a fault of the fills cannot hide here.
#pragma once

#include <cstddef>
#include <cstdint>

#include "reference/problem.h"

namespace exactloss::arb {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t Bits();
  double Uniform();  ///< in [0, 1)
  double Uniform(double low, double high) { return low + (high - low) * Uniform(); }
  std::size_t Below(std::size_t n) { return static_cast<std::size_t>(Bits() % n); }
  bool OneIn(std::size_t n) { return Below(n) == 0; }

  template <class Range>
  auto Pick(const Range& values) {
    return *(std::begin(values) + static_cast<std::ptrdiff_t>(Below(std::size(values))));
  }

 private:
  std::uint64_t state_;
};

/// A problem of that loss and dtype that CheckProblem accepts; every call draws another.
Problem DrawProblem(const LossSpec& loss, Dtype dtype, Random& random);

/// How many terms the loss of a problem has: elements, rows, samples.
std::size_t TermsOf(const Problem& problem);

}  // namespace exactloss::arb
