// Our kernels against the truth: the bytes are an elementwise problem, and no output may fail. libFuzzer is
// told how large an error is and where (ulp x binade), so it keeps what comes nearer to a failure.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <memory>

#include "fuzz/target.h"
#include "oracle/highway.h"
#include "oracle/judge.h"
#include "reference/truth.h"

namespace exactloss::fuzz {
namespace {

constexpr int kErrors = 64, kBinades = 32;

/// libFuzzer's: read after each run, and cleared.
[[gnu::section("__libfuzzer_extra_counters"), gnu::used]] std::array<std::uint8_t, kErrors * kBinades>
    counters;

/// Four steps to an octave of the error, 2^-12 ulp and less being the first.
void Count(Dtype dtype, const Finding& finding) {
  const double ulp = std::clamp(finding.ulp, 0x1p-12, 0x1p+3);
  const int error = static_cast<int>(4 * (std::log2(ulp) + 12));
  const FloatFormat& format = FormatOf(dtype);
  const int range = format.max_exponent - format.min_exponent + format.precision;
  const double got = finding.got ? std::fabs(FromBits(dtype, *finding.got)) : 0;
  const double size = std::isfinite(got) ? got : MaxFinite(dtype);
  const int exponent = size == 0 ? 0 : std::ilogb(size) - format.min_exponent + format.precision - 1;
  counters[static_cast<std::size_t>(error * kBinades + exponent * (kBinades - 1) / range)] = 1;
}

class Bytes {
 public:
  explicit Bytes(std::string_view bytes) : bytes_(bytes) {}
  /// The next number; zeros after the end.
  std::uint64_t Take(std::size_t size) {
    const std::string_view next = bytes_.substr(0, size);
    std::uint64_t number = 0;
    std::memcpy(&number, next.data(), next.size());
    bytes_.remove_prefix(next.size());
    return number;
  }
  bool empty() const { return bytes_.empty(); }

 private:
  std::string_view bytes_;
};

const std::vector<const LossSpec*>& Losses() {
  static const std::vector<const LossSpec*> losses = [] {
    std::vector<const LossSpec*> found;
    for (const LossSpec& loss : Catalogue()) {
      if (loss.family == Family::kElementwise) found.push_back(&loss);
    }
    return found;
  }();
  return losses;
}

/// A byte each for loss, dtype, reduction; then an input element and its target, and so on; defaults for the
/// rest.
Problem ProblemOf(Bytes bytes) {
  constexpr std::size_t kMost = 40;  // two vectors of any target and a rest
  const LossSpec& loss = *Losses()[bytes.Take(1) % Losses().size()];
  const Dtype dtype = kAllDtypes[bytes.Take(1) % std::size(kAllDtypes)];
  Problem problem = MakeProblem(loss, dtype, loss.reductions[bytes.Take(1) % loss.reductions.size()]);
  Tensor input, target;
  while (!bytes.empty() && input.values.size() < kMost) {
    const auto size = static_cast<std::size_t>(SizeInBytes(dtype));
    input.values.push_back(FromBits(dtype, bytes.Take(size)));
    target.values.push_back(FromBits(dtype, bytes.Take(size)));
  }
  input.shape = target.shape = {static_cast<std::int64_t>(input.values.size())};
  problem.inputs[0] = input;
  problem.inputs[1] = target;
  return problem;
}

}  // namespace

void Run(std::string_view bytes) {
  static const std::array subjects = {MakeHighwaySubject(HighwayKernels()[0]),
                                      MakeHighwaySubject(HighwayKernels()[1])};
  if (bytes.size() < 4) return;
  const Problem problem = ProblemOf(Bytes(bytes));
  try {
    CheckProblem(problem);
  } catch (const UsageError&) {
    return;  // an element out of its domain
  }
  const Truth truth = Evaluate(problem);
  for (const auto& subject : subjects) {
    for (const Finding& finding : JudgeWorst(problem, truth, *subject, subject->Run({&problem, 1})[0])) {
      Count(problem.dtype, finding);
      if (Fails(finding)) {
        Fail(subject->info().name + " " + finding.output + " fails: exactloss run --subject " +
             subject->info().name + " '" + FormatProblem(problem) + "'");
      }
    }
  }
}

}  // namespace exactloss::fuzz
