// Slopes along directions, for gradients at kinks of several inputs: each coordinate of one may lie between
// the slopes along its axis and the whole still be no subgradient. (The 2-norm at 0 has the unit ball, and
// (1, 1) is outside of it.)
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "reference/problem.h"

namespace exactloss {

/// A differentiable element: problem.inputs[input]->values[index].
struct Place {
  std::size_t input;
  std::int64_t index;
};

class Directions {
 public:
  /// The problem outlives it.
  explicit Directions(const Problem& problem);
  ~Directions();

  /// The differentiable elements of each term of the loss, in an order of its own.
  const std::vector<std::vector<Place>>& terms() const { return terms_; }

  /// max(f'(x; d), -f'(x; -d)) of a term's part f of the reduced loss, `d` having a number for each of its
  /// places: no element g of Clarke's generalized gradient has <g, d> above it, since f°(x; d) is above
  /// neither. Difference quotients at a step of 2^-1500 in 8192 bits, so that what bends is not seen.
  double SteepestAlong(std::size_t term, const std::vector<double>& d) const;

 private:
  struct Groups;
  const Problem& problem_;
  std::unique_ptr<Groups> groups_;
  std::vector<std::vector<Place>> terms_;
};

}  // namespace exactloss
