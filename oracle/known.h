// Known divergences of other people's code: a file each, written by a person, replayed by every audit, so
// that what it says stays true.
//
//   # comments, and blank lines
//   id: libtorch-bce-with-logits-tail
//   subject: libtorch
//   versions: >=1.13 <3
//   kind: bug
//   cause: The gradient is sigmoid(x) - t, which cancels at t = 1.
//   link: https://github.com/pytorch/pytorch/issues/195677
//
//   line: bce_with_logits f32 none input=0x1.4p+4 target=0x1p+0
//   output: grad:input
//   class: underflow
//
// `line`, `output` and `class` make an example; there may be several. `versions` after a `line` are that
// example's own. The line of an example may be a contract; its output is "arguments" then.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "oracle/audit.h"
#include "oracle/contracts.h"
#include "oracle/version.h"

namespace exactloss {

struct KnownExample {
  std::string place;                 ///< "known/x:9", for messages
  std::string line;                  ///< as written
  Problem problem;                   ///< of the line
  std::optional<Contract> contract;  ///< if the line is one
  std::string output;                ///< "loss", "grad:input", "arguments"
  std::string failure;               ///< a class of divergence, or "inaccurate"
  VersionRange versions;
};

struct KnownDivergence {
  std::string id, subject, kind, cause, link;
  std::vector<KnownExample> examples;
};

/// Reads the files of a folder, but README.md and those that begin with a dot, in the order of their names.
/// Throws UsageError, with file and line, for one that is malformed, and for an id that comes twice.
std::vector<KnownDivergence> ReadKnown(const std::filesystem::path& folder);

/// The nearest folder `known` beside or above the program, if there is one.
std::optional<std::filesystem::path> ShippedKnown();

/// Does an entry of `subject` speak of the subject `name`? libtorch is libtorch-2.13.0, too, and
/// libtorch+OMP_NUM_THREADS=2; highway is highway/AVX2/fast.
bool IsOfSubject(std::string_view name, std::string_view subject);

/// Which of the known divergences count, in a run of certain subjects.
class Known {
 public:
  Known(std::vector<KnownDivergence> entries, const std::vector<SubjectInfo>& subjects);

  /// The entry of a finding that fails; null when there is none. An example in whose versions the subject
  /// lies must share loss, dtype, output and class with it, and of a contract the line.
  const KnownDivergence* Find(const Finding& finding) const;

 private:
  std::vector<KnownDivergence> entries_;
  std::map<std::string, std::string> versions_;  ///< of the subjects, by name
};

/// Marks the findings that are known, and passes them on.
class KnownMarker : public Sink {
 public:
  /// Both outlive it.
  KnownMarker(const Known& known, Sink& next) : known_(known), next_(next) {}
  void Write(const Finding& finding) override;

 private:
  const Known& known_;
  Sink& next_;
};

/// What a replay found.
struct KnownReplay {
  std::vector<SubjectInfo> subjects;  ///< of those that some entry speaks of
  std::uint64_t examples = 0;         ///< that were held against a subject in their versions
  std::vector<std::string> stale;     ///< one line for each that no longer diverges as it says
};

/// Asks the subjects of the options for the examples whose loss and dtype are among those given (empty: all),
/// contracts or problems.
KnownReplay ReplayKnown(const std::vector<KnownDivergence>& entries, bool contracts,
                        const std::vector<const LossSpec*>& losses, const std::vector<Dtype>& dtypes,
                        const AuditOptions& options);

}  // namespace exactloss
