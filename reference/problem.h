// A problem: one loss at exact inputs. Its text form is the repro line:
//
//   bce_with_logits f32 none input=0x1.4p+4 target=0x1p+0
//   cross_entropy f32 mean label_smoothing=0.1 input=[2,3]:0x1.8p+0,-inf,0x1p-149,0x0p+0*3 target=0,1
//
//   line   = loss SP dtype SP reduction { SP name [ "@" layout ] "=" [ shape ":" ] value { "," value } }
//   shape  = "[" n { "," n } "]"        none: one dimension; "[]" a scalar
//   value  = hex float | decimal | inf | -inf | nan | integer, each with "*" count for a run of it
//   a tensor that a fill makes:  name "=" fill "#" seed "." index shape
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "reference/dtype.h"
#include "reference/loss_spec.h"
#include "reference/tensor.h"

namespace exactloss {

struct Problem {
  const LossSpec* loss = nullptr;
  Dtype dtype = Dtype::kF32;
  Reduction reduction = Reduction::kNone;
  std::vector<double> parameters;             ///< one for each of loss->parameters
  std::vector<std::optional<Tensor>> inputs;  ///< one for each of loss->inputs; empty: not given

  /// The input (parameter) of that name; a name that the loss lacks is a programming error and aborts.
  const std::optional<Tensor>& input(std::string_view name) const;
  double parameter(std::string_view name) const;
};

/// A problem of that loss with default parameters and no inputs yet.
Problem MakeProblem(const LossSpec& loss, Dtype dtype, Reduction reduction);

/// A line, file or flag that a person wrote is wrong. The message says what, where, and what would be right.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Makes the tensor that a line names by fill, seed and index. `problem` holds the parameters, the shapes of
/// all inputs, the values that the line spells out, and those already made, in the order of the loss's
/// inputs.
using TensorSource =
    std::function<std::vector<double>(const Problem& problem, std::size_t input, std::string_view source)>;

/// Strict parser of a repro line; throws UsageError. A decimal is rounded to the dtype (a parameter: to
/// binary64), and `notes` gets one line for each input or parameter where that changed a value.
Problem ParseProblem(std::string_view line, const TensorSource& source = {},
                     std::vector<std::string>* notes = nullptr);

/// A call as a line spells it out, be its arguments right or wrong: domains and shapes are not checked, a
/// size may be 0 (`input=[0]:`), and a tensor may be of another type than its loss wants
/// (`target@i64=1`). Throws UsageError for a line that says no call at all. The call begins
/// at `start`; columns in messages count from the start of the line.
Problem ParseCall(std::string_view line, std::size_t start = 0);

/// The repro line: canonical, hex, round-trips bit for bit. Parameters at their defaults are left out.
std::string FormatProblem(const Problem& problem);

/// Throws UsageError unless the inputs, shapes, domains and reduction of the problem are those of its loss.
void CheckProblem(const Problem& problem);

/// The part of CheckProblem that needs no values: which inputs are given, their shapes and sizes, none of
/// which is below `least_size`.
void CheckShapes(const Problem& problem, std::int64_t least_size = 1);

/// The part of that without which a problem is none: its inputs are there and not too large.
void CheckInputs(const Problem& problem);

/// The most elements that all inputs of a problem may have together.
inline constexpr std::int64_t kMaxElements = std::int64_t{1} << 28;

/// One output of a problem: "loss", or "grad:<input>" for each differentiable input that is given.
struct OutputSpec {
  std::string name;
  Shape shape;
  std::size_t input = kLoss;  ///< index into loss->inputs, or kLoss
  static constexpr std::size_t kLoss = static_cast<std::size_t>(-1);
};

std::vector<OutputSpec> OutputsOf(const Problem& problem);

/// A hex float as printed everywhere: "0x1.8p-149", "-inf", "nan".
std::string FormatHex(double value);

}  // namespace exactloss
