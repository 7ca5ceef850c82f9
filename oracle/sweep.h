// The sweep: every number of one input of an elementwise loss, the rest fixed, or every pair of two; each
// answer of each subject judged, by the fast tier where that decides, and counted.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "oracle/certificate.h"
#include "oracle/subject.h"

namespace exactloss {

/// What the sweep is fixed at in one of its cases.
struct SweepCase {
  std::vector<double> parameters;             ///< one for each of the loss
  std::vector<std::optional<double>> inputs;  ///< one for each of the loss; none: varied, or not given
};

struct SweepPlan {
  const LossSpec* loss = nullptr;
  Dtype dtype = Dtype::kF32;
  std::vector<std::size_t> varied;  ///< one or two inputs
  std::vector<SweepCase> cases;
  std::uint64_t stride = 1;  ///< every how many points
};

/// Throws UsageError where there is nothing to sweep: a loss whose inputs are no single numbers, f64, a value
/// out of its domain, more points than can be counted.
void CheckPlan(const SweepPlan& plan);

/// "target=0x1p+0 gamma=0x1p+1"
std::string CaseText(const SweepPlan& plan, const SweepCase& of);

struct SweepOptions {
  std::vector<std::string> subjects;  ///< names for MakeSubject
  SubjectOptions subject;
  int jobs = 1;
  std::uint64_t shard = 1, shards = 1;
  std::function<void(std::uint64_t done, std::uint64_t total)> progress;  ///< points of this run
  /// Gets what is done so far, every now and then and at the end.
  std::function<void(const Certificate&)> save;
  const std::atomic<bool>* interrupted = nullptr;
};

/// A subject cannot answer: it died twice at the same points, or refused them. What was done is saved.
class SweepError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// An empty certificate of the sweep; starts the subjects to ask who they are. The caller adds program,
/// command and CPU.
Certificate NewCertificate(const SweepPlan& plan, const std::vector<std::string>& subjects,
                           const SubjectOptions& options);

/// Sweeps what `certificate` lacks of the shard, and adds it. Returns whether it was interrupted.
bool Sweep(const SweepPlan& plan, const SweepOptions& options, Certificate* certificate);

}  // namespace exactloss
