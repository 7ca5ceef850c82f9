// Gradients checked: the legs of their truth against each other, every subject's gradients against the truth
// and by the classical check, and the Taylor remainder test for losses without a reference.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "oracle/audit.h"
#include "oracle/finite_differences.h"
#include "oracle/taylor.h"
#include "reference/gradient_legs.h"

namespace exactloss {

/// The problems of a run, made when their turn comes: of a selection, or as a person wrote them.
struct GradcheckProblems {
  std::uint64_t count = 0;
  std::function<WrittenProblem(std::uint64_t)> at;

  static GradcheckProblems Of(const Selection& selection);
  /// They outlive the run.
  static GradcheckProblems Of(const std::vector<WrittenProblem>& problems);
};

/// The worst of `finding.count` elements of a gradient that share verdict, class and the classical verdict.
struct GradientFinding {
  Finding finding;
  ClassicalCheck classical;  ///< of that element
};

/// What became of a subject's gradients of one problem.
struct CheckedGradients {
  std::vector<GradientFinding> findings;
  bool wrong = false;   ///< an element that the classical check looked at is wrong
  bool passes = false;  ///< the check passes every element that it looked at, and there is one
};

struct GradcheckResult {
  std::string line;
  const LossSpec* loss = nullptr;
  std::vector<std::string> outputs;  ///< names, in the order of Truth::outputs
  std::vector<LegAgreement> legs;
  std::vector<CheckedGradients> subjects;  ///< in the order of the options
};

struct TaylorProblem {
  std::string line;
  std::vector<std::vector<TaylorResult>> subjects;  ///< in the order of the options
  std::string left_out;                             ///< why nothing was tested
};

struct GradcheckSummary {
  std::vector<SubjectInfo> subjects;
  std::uint64_t problems = 0;
  bool interrupted = false;
};

/// Of so many elements of each gradient, evenly spread, the legs are compared.
inline constexpr std::size_t kMostLegs = 4;
/// So many get a classical check: it asks for two problems each.
inline constexpr std::size_t kMostClassical = 32;
/// And so many a direction of their own in a Taylor test: it asks for two problems a bit each.
inline constexpr std::size_t kMostTaylor = 4;

/// `take` gets the results in the order of the problems. Throws UsageError for a subject that cannot be made.
GradcheckSummary Gradcheck(const GradcheckProblems& problems, const AuditOptions& options,
                           const std::function<void(const GradcheckResult&)>& take);

/// The subject's gradients of one problem, judged and checked.
CheckedGradients CheckGradients(Subject& subject, const Problem& problem, const Truth& truth);

/// Asks the subjects for the loss `name`, if that is not empty, with the tensors and parameters of the
/// problem's own loss.
GradcheckSummary TaylorTests(const GradcheckProblems& problems, const std::string& name,
                             const AuditOptions& options,
                             const std::function<void(const TaylorProblem&)>& take);

}  // namespace exactloss
