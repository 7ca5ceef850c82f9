#include "tests/arb/oracle.h"

#include <utility>

#include "tests/arb/formula.h"

namespace exactloss::arb {
namespace {

constexpr slong kFirstBits = 128;
constexpr slong kLastBits = 8192;  // a sum of squares of binary64 numbers is exact in 4300
constexpr slong kNarrowBits = 96;  // binary64 and 43 bits behind it
constexpr slong kNegligible = 40;  // so many bits below the smallest subnormal

/// The outputs of one evaluation: the loss, then a gradient of the sum of its elements for each leaf.
using Outputs = std::vector<std::vector<Ball>>;

Outputs Evaluate(const Problem& problem, Reading reading, bool* tie) {
  const ReadingScope scope(reading);
  const Arguments arguments(problem);
  const std::vector<Number> loss = FindFormula(problem.loss->name)(arguments);
  const Number sum = Sum(loss);
  Outputs outputs;
  for (const OutputSpec& spec : OutputsOf(problem)) {
    std::vector<Ball>& output = outputs.emplace_back();
    if (spec.input == OutputSpec::kLoss) {
      for (const Number& element : loss) output.push_back(element.value);
      continue;
    }
    for (std::size_t i = 0; i < problem.inputs[spec.input]->values.size(); ++i) {
      Ball slope = SlopeOf(sum, arguments.FirstLeaf(spec.input) + i);
      output.push_back(reading == Reading::kLeft ? -slope : std::move(slope));
    }
  }
  *tie = ReadingScope::tie();
  return outputs;
}

bool IsNarrow(const Ball& ball, Dtype dtype) {
  if (arf_is_inf(arb_midref(ball.get()))) return arb_is_exact(ball.get());
  if (!arb_is_finite(ball.get())) return false;
  if (arb_rel_accuracy_bits(ball.get()) >= kNarrowBits) return true;
  const FloatFormat& format = FormatOf(dtype);
  return mag_cmp_2exp_si(arb_radref(ball.get()), format.min_exponent - format.precision - kNegligible) < 0;
}

std::vector<std::vector<Element>> Merge(const Outputs& right, const Outputs& left, const Outputs& torch,
                                        bool tie) {
  std::vector<std::vector<Element>> merged;
  for (std::size_t k = 0; k < right.size(); ++k) {
    std::vector<Element>& elements = merged.emplace_back();
    for (std::size_t i = 0; i < right[k].size(); ++i) {
      elements.push_back({torch[k][i], left[k][i], right[k][i], tie});
    }
  }
  return merged;
}

bool AllNarrow(const Answer& answer, Dtype dtype) {
  for (const auto& output : answer.outputs) {
    for (const Element& e : output) {
      if (!IsNarrow(e.value, dtype) || !IsNarrow(e.left, dtype) || !IsNarrow(e.right, dtype)) return false;
    }
  }
  return true;
}

Answer SolveAt(const Problem& problem, slong bits) {
  const Precision precision(bits);
  bool tie = false;
  const Outputs right = Evaluate(problem, Reading::kRight, &tie);
  Answer answer{{}, bits, true, false};
  if (tie) {
    bool again;
    const Outputs left = Evaluate(problem, Reading::kLeft, &again);
    answer.outputs = Merge(right, left, Evaluate(problem, Reading::kTorch, &again), true);
  } else {
    answer.outputs = Merge(right, right, right, false);
  }
  answer.narrow = AllNarrow(answer, problem.dtype);
  return answer;
}

}  // namespace

Answer Solve(const Problem& problem) {
  Answer answer;
  for (slong bits = kFirstBits; bits <= kLastBits && !answer.narrow; bits *= 2) {
    try {
      answer = SolveAt(problem, bits);
    } catch (const Undecided&) {
    }
  }
  return answer;
}

}  // namespace exactloss::arb
