// A subject: anything that turns a problem into outputs.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "oracle/bound.h"
#include "reference/problem.h"

namespace exactloss {

/// One output tensor of a subject, as the bits that it returned.
struct Output {
  std::string name;  ///< as in OutputSpec
  Dtype dtype = Dtype::kF32;
  Shape shape;
  std::vector<std::uint64_t> bits;  ///< row-major
};

enum class AnswerStatus : std::uint8_t {
  kOk,
  kUnsupported,  ///< the subject says that it has no such loss, dtype or option
  kError,        ///< the subject refused the problem
  kCrash,        ///< the host died
  kTimeout,      ///< the host did not answer in time and was killed
  kProtocol,     ///< the host answered something that is not the protocol
};

struct Answer {
  AnswerStatus status = AnswerStatus::kOk;
  std::string message;  ///< why, when not kOk
  /// When kOk: the loss and the gradients that the subject has, in the order of OutputsOf, names and shapes
  /// checked. One that is left out is unsupported; find them by name.
  std::vector<Output> outputs;
};

struct SubjectInfo {
  std::string name;                            ///< as typed: "libtorch+ATEN_CPU_CAPABILITY=avx2"
  std::string version;                         ///< "2.13.0"
  std::map<std::string, std::string> details;  ///< capability, threads, compiler, ...
  Summation summation = {};                    ///< how it adds, as far as it says so
};

/// The tensors of a problem as memory: dense, row-major, of its dtype.
struct RawTensors {
  std::vector<const std::byte*> inputs;  ///< one for each of loss->inputs; null: not given
  std::vector<std::byte*> outputs;       ///< in the order of OutputsOf; null: not wanted
};

class Subject {
 public:
  virtual ~Subject() = default;
  virtual const SubjectInfo& info() const = 0;
  /// One answer a problem, in order. A subject that dies or hangs costs its problem only.
  virtual std::vector<Answer> Run(std::span<const Problem> problems) = 0;
  /// One problem of Reduction::kNone whose tensors have shapes and no values: those are in `raw`, and so are
  /// the outputs of the answer, which has names and no bits. For elements by the billion.
  virtual Answer RunRaw(const Problem& form, const RawTensors& raw);

  /// The bound, in ulp, that the subject declares for an output; none for most.
  virtual std::optional<double> DeclaredUlp(const Problem&, const OutputSpec&) const { return {}; }
  /// Does it check its arguments? It is asked calls with wrong ones (ParseCall) only then.
  virtual bool ChecksArguments() const { return false; }
  /// How it adds the numbers of an output up.
  virtual Summation SummationOf(const Problem&, const OutputSpec&) const { return info().summation; }
  /// Not empty: the subject computes another function on purpose, and this says which ("softmax twice").
  virtual std::string OtherSemantics() const { return {}; }
};

struct SubjectOptions {
  std::chrono::milliseconds timeout{10'000};  ///< for one problem
  /// Each in a process of its own, whose floating-point environment is checked after every problem, with a
  /// guard page on either side of every tensor. A program of `exec:` is told by EXACTLOSS_GUARD=1 to do so.
  bool isolate = false;
};

/// Makes the subject of that name; throws UsageError for a name that is none, with the names there are.
/// `libtorch`, `libtorch-1.13.1`, either with `+NAME=VALUE` environment settings,
/// `highway/<target>/<mode>`, `naive/<form>`, `exec:<command>`.
std::unique_ptr<Subject> MakeSubject(const std::string& name, const SubjectOptions& options = {});

using Subjects = std::vector<std::unique_ptr<Subject>>;
/// All of them, or UsageError.
Subjects MakeSubjects(const std::vector<std::string>& names, const SubjectOptions& options);

/// The names of the subjects that exist on this machine: what `list` prints.
std::vector<std::string> SubjectNames();

}  // namespace exactloss
