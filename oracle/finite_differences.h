// The classical check of a gradient: central differences of the subject's own loss in f64 against the
// gradient that it returns, as torch.autograd.gradcheck does with its defaults (torch/autograd/gradcheck.py,
// compute_numerical_gradient and _slow_gradcheck).
//
// Where no reduction is asked for, gradcheck looks at every element of the Jacobian; an element of a
// differentiable input moves one element of the loss only, so that the difference of the sum is that element.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "oracle/subject.h"
#include "reference/problem.h"

namespace exactloss {

/// The defaults of torch.autograd.gradcheck.
inline constexpr double kClassicalStep = 1e-6, kClassicalAbsolute = 1e-5, kClassicalRelative = 1e-3;

enum class ClassicalVerdict : std::uint8_t {
  kNotAsked,  ///< this element was not among those that were asked for
  kPasses,
  kFails,
  kInfinite,    ///< an input of the problem is infinite or NaN
  kBound,       ///< a step would leave the domain of the input
  kUnanswered,  ///< the subject does not compute it in f64
};
std::string_view Name(ClassicalVerdict verdict);

/// What the check says of one element.
struct ClassicalCheck {
  ClassicalVerdict verdict = ClassicalVerdict::kNotAsked;
  double analytic = 0;  ///< the subject's gradient in f64
  double numeric = 0;   ///< the central difference of its loss
};

/// An element of a differentiable input.
struct InputElement {
  std::size_t input;
  std::int64_t index;
};

/// The numbers of one output; none if the subject did not return it.
std::optional<std::vector<double>> ValuesOf(const Answer& answer, std::string_view output);

double& ValueAt(Problem& problem, const InputElement& element);

/// The same numbers as a problem of that dtype whose tensors are row-major, so that each element is its own.
Problem RowMajor(Problem problem, Dtype dtype);

/// No more than `most` elements of each gradient that the problem has, evenly spread.
std::vector<InputElement> ElementsToCheck(const Problem& problem, std::size_t most);

/// What to ask of the subject: the problem in f64, and with each element one step down and one step up.
std::vector<Problem> ClassicalProblems(const Problem& problem, const std::vector<InputElement>& elements);

/// One check an element. `answers` are those to ClassicalProblems.
std::vector<ClassicalCheck> CheckClassically(const Problem& problem,
                                             const std::vector<InputElement>& elements,
                                             std::span<const Answer> answers);

}  // namespace exactloss
