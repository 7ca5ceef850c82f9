// The fuzzer's problems: an endless sequence, in which each number names one problem, whoever asks for it.
#pragma once

#include "oracle/audit.h"
#include "oracle/selection.h"

namespace exactloss {

/// Problems drawn among the losses, dtypes and reductions of the selection, half of them of the fill
/// `mixture` and the others of all fills, or all of those that the selection names.
class FuzzProblems {
 public:
  explicit FuzzProblems(Selection selection);
  AskedProblem operator()(std::uint64_t number) const;

 private:
  struct OfLoss {
    const LossSpec* loss;
    std::vector<Reduction> reductions;  ///< those wanted that it has
  };

  Selection selection_;
  std::vector<OfLoss> losses_;
};

}  // namespace exactloss
