// What properties are put together from: changed problems, and claims about their outputs.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/properties/property.h"

namespace exactloss {

// --- reading a problem ----------------------------------------------------------------------------------

bool IsFinite(const Problem& problem);
/// The place of that name among the specs of inputs, parameters or outputs; their number where it is none.
template <class Specs>
std::size_t IndexOf(const Specs& specs, std::string_view name) {
  const auto found = std::find_if(specs.begin(), specs.end(), [&](const auto& s) { return s.name == name; });
  return static_cast<std::size_t>(found - specs.begin());
}
/// The index of an input (parameter) of that name; one that the loss lacks is a programming error and aborts.
std::size_t InputIndex(const Problem& problem, std::string_view name);
bool HasParameter(const LossSpec& loss, std::string_view name);
Tensor& InputOf(Problem& problem, std::string_view name);
void SetParameter(Problem& problem, std::string_view name, double value);
/// How many slices dimension 0 has that stand alone: samples, rows, elements. 1 where there is no batch.
std::int64_t BatchOf(const Problem& problem);
/// Boxes of positive width and height.
bool HasProperBoxes(const Problem& problem);

/// The rows of classes of (N, C, d...): where their elements lie.
std::vector<std::vector<std::size_t>> ClassRowsOf(const Problem& problem);

// --- changing a problem; nothing where that would round -------------------------------------------------

/// That loss at the inputs and parameters that both have by name.
Problem WithLoss(const Problem& problem, std::string_view loss);
Problem WithReduction(Problem problem, Reduction reduction);
/// Every input contiguous, no optional weights.
Problem Plain(Problem problem);
/// x + by, a number of the dtype.
std::optional<double> ExactSum(Dtype dtype, double x, double by);
std::optional<Tensor> Shifted(Dtype dtype, Tensor tensor, double by);
std::optional<Tensor> ScaledByTwo(Dtype dtype, Tensor tensor, int exponent);
/// The first of some numbers, taken from the tensors, by which all of them can be shifted exactly.
std::optional<double> ShiftOf(Dtype dtype, const std::vector<const Tensor*>& tensors);
/// These slices of the batch, in that order.
std::optional<Problem> TakeBatch(const Problem& problem, const std::vector<std::int64_t>& slices);

// --- claims ---------------------------------------------------------------------------------------------

/// An output of a problem of an instance: "loss", "grad:input".
struct OutputOfProblem {
  std::size_t problem;
  std::string output;
};

class InstanceBuilder {
 public:
  /// Problem 0.
  explicit InstanceBuilder(Problem first) { Add(std::move(first)); }
  std::size_t Add(Problem problem);

  std::size_t Size(const OutputOfProblem& output) const;  ///< 0 where the problem has no such output
  Addend Element(double factor, const OutputOfProblem& output, std::size_t element) const;
  void Claim(std::vector<Addend> sum, double constant = 0, Relation relation = Relation::kZero);

  using Map = std::function<std::size_t(std::size_t)>;
  /// a[i] = factor * b[map(i)] for every element of a, if both problems have the output.
  void Equal(const OutputOfProblem& a, const OutputOfProblem& b, double factor = 1, const Map& map = {});
  /// The same of the loss and of the gradients of every input by its name.
  void AllEqual(double loss_factor = 1, double gradient_factor = 1, const Map& map = {});
  /// low <= loss <= high, element by element.
  void Bounded(double low, std::optional<double> high = {});

  /// None if a problem is no problem, or nothing is claimed.
  std::optional<Instance> Done();

 private:
  Instance instance_;
  bool is_valid_ = true;
};

}  // namespace exactloss
