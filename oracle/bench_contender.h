// Who takes part in a bench.
#pragma once

#include <memory>
#include <string>

#include "optimized/losses.h"
#include "oracle/bench.h"

namespace exactloss {

class BenchContender {
 public:
  virtual ~BenchContender() = default;
  virtual std::string name() const = 0;
  /// Makes the inputs of a cell; says why not, or "". What fails later throws std::runtime_error.
  virtual std::string Prepare(const BenchCell& cell) = 0;
  /// Seconds, of CPU or with several threads of the wall, that `repeat` computations took.
  virtual double Time(int repeat) = 0;
};

/// A LibTorch host. Throws UsageError if there is none of that name.
std::unique_ptr<BenchContender> MakePeer(const std::string& subject, int threads);
/// Our kernels.
std::unique_ptr<BenchContender> MakeKernels(optimized::Mode mode, int threads);
/// torch.compile, with the Python that is named (UsageError where it has no torch) or the first that has
/// torch.
std::unique_ptr<BenchContender> MakeCompiled(const std::string& python, int threads);
/// Reading the inputs and writing the gradient, and nothing else; in one thread.
std::unique_ptr<BenchContender> MakeByteFloor(int threads);
/// The harness itself: our kernels called for no elements.
std::unique_ptr<BenchContender> MakeEmptyCall(int threads);

}  // namespace exactloss
