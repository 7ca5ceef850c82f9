// Close-ups: the truth and what a subject says of it, along the input line through the worst input of a loss.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "reports/grouping.h"

namespace exactloss {

struct CloseUp {
  std::string subject, loss;
  Dtype dtype = Dtype::kF32;
  std::string line;       ///< the problem, of reduction none: one element for each x
  double worst = 0;       ///< the x that the finding is about
  std::vector<double> x;  ///< ascending
  struct Curve {
    std::vector<double> truth, got;  ///< NaN where there is none
  };
  std::map<std::string, Curve> outputs;
};

/// One for each subject, loss and dtype with a cause: the first that is about an element of its own, of an
/// elementwise loss whose inputs all have one shape. `causes`: the worst first. Asks the subjects.
std::vector<CloseUp> LookCloser(const std::vector<Cause>& causes, const AuditOptions& options);

}  // namespace exactloss
