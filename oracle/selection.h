// A selection: which problems a run consists of, as a stream that can be cut into shards.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "oracle/fill.h"
#include "reference/problem.h"

namespace exactloss {

struct Selection {
  std::vector<const LossSpec*> losses;  ///< empty: all
  std::vector<Dtype> dtypes;            ///< empty: all
  std::vector<Reduction> reductions;    ///< empty: all that the loss has
  std::vector<const Fill*> fills;       ///< empty: all
  std::uint64_t seed = 1;
  std::uint64_t problems_per_cell = 1;  ///< for each loss x dtype x reduction x fill
  std::uint64_t shard = 1, shards = 1;  ///< this is shard `shard` of `shards`
};

/// A problem of a selection with its place in the whole, the same for every sharding.
struct SelectedProblem {
  std::uint64_t number;
  std::string fill;  ///< "normal#7.3"
  Problem problem;
};

/// Does the fill show of such a loss what no other fill shows? A selection leaves out those that do not.
bool IsMeaningful(const Fill& fill, const LossSpec& loss, Reduction reduction);

/// How many problems the selection has (this shard's own), and number `i` of them.
std::uint64_t Count(const Selection& selection);
SelectedProblem At(const Selection& selection, std::uint64_t i);

}  // namespace exactloss
