// MPFI as a second interval engine under the same formula texts: its enclosures must meet those of the truth.
#include <gtest/gtest.h>

#include <iostream>
#include <string>
#include <vector>

#include "reference/replay.h"
#include "reference/truth.h"
#include "tests/arb/points.h"
#include "tests/reference/mpfi_scalar.h"
#include "tests/reference/range.h"

namespace exactloss {
namespace {

constexpr std::size_t kPoints = 2'000;  ///< terms, at least, for each loss over all dtypes
constexpr int kBits[] = {256, 1024, 4096};
constexpr int kNarrowBits = 100;
constexpr std::uint64_t kSeed = 31;

/// Loss and gradients, output by output in the order of OutputsOf, in one reading.
struct Answer {
  std::vector<std::vector<Range>> outputs;
  bool tie = false;
};

Answer Ask(const Problem& problem, int bits, Reading reading) {
  const EvaluationScope scope(bits, reading);
  const Mpfi::Precision precision(bits);
  const std::vector<Dual<Mpfi>> loss = LossOf(problem, VariablesOf<Mpfi>(problem));
  Answer answer;
  const Dual<Mpfi> sum = Sum(loss);
  auto& values = answer.outputs.emplace_back();
  for (const Dual<Mpfi>& element : loss) values.emplace_back(element.value.lower(), element.value.upper());
  const Mpfi zero = 0.0;
  std::size_t input = OutputSpec::kLoss;
  std::uint32_t variable = 0;
  for (const Leaf& leaf : LeavesOf(problem)) {
    if (leaf.input != input) answer.outputs.emplace_back();
    input = leaf.input;
    const Mpfi* slope = sum.SlopeAlong(variable++);
    answer.outputs.back().emplace_back((slope == nullptr ? zero : *slope).lower(),
                                       (slope == nullptr ? zero : *slope).upper());
  }
  answer.tie = Evaluation::Current().tie;
  return answer;
}

bool IsNarrow(const Answer& answer) {
  for (const auto& output : answer.outputs) {
    for (const Range& element : output) {
      if (!IsNarrow(element, kNarrowBits) && !IsNan(element)) return false;
    }
  }
  return true;
}

Answer Solve(const Problem& problem, Reading reading) {
  for (const int bits : kBits) {
    Answer answer = Ask(problem, bits, reading);
    if (IsNarrow(answer) || bits == std::end(kBits)[-1]) return answer;
  }
  return {};
}

struct Tally {
  std::size_t points = 0, outputs = 0, wide = 0, kinks = 0, unproven = 0;
};

/// What is wrong with one element, in words; empty if nothing is.
std::string Judge(const ElementTruth& truth, const Range& torch, const Range& left, const Range& right,
                  Tally* tally) {
  ++tally->outputs;
  if (!truth.proven) {
    ++tally->unproven;
    const bool decides = !IsNan(truth.value) && IsNarrow(torch, kNarrowBits) && IsNarrow(left, kNarrowBits) &&
                         IsNarrow(right, kNarrowBits);
    return decides ? "undecided where MPFI decides" : "";
  }
  if (IsNan(truth.value)) return IsNan(torch) ? "" : "not a number where MPFI finds one";
  if (IsNan(torch) || !IsNarrow(torch, kNarrowBits)) {
    ++tally->wide;
    return "";
  }
  if (!Intersect(torch, Range(truth.value))) return "the value lies elsewhere";
  const Range allowed(truth.allowed);
  if (!Intersect(left, allowed)) return "the derivative from the left is not allowed";
  if (!Intersect(right, allowed)) return "the derivative from the right is not allowed";
  if (!truth.kink) return "";
  ++tally->kinks;
  return Intersect(left, right) && IsNarrow(left, kNarrowBits) && IsNarrow(right, kNarrowBits)
             ? "a kink where both derivatives agree"
             : "";
}

void Compare(const Problem& problem, Tally* tally) {
  const Truth truth = Evaluate(problem);
  const Answer torch = Solve(problem, Reading::kTorch);
  const Answer left = torch.tie ? Solve(problem, Reading::kLeft) : torch;
  const Answer right = torch.tie ? Solve(problem, Reading::kRight) : torch;
  ASSERT_EQ(truth.outputs.size(), torch.outputs.size());
  for (std::size_t k = 0; k < truth.outputs.size(); ++k) {
    const OutputTruth& output = truth.outputs[k];
    ASSERT_EQ(output.elements.size(), torch.outputs[k].size());
    for (std::size_t i = 0; i < output.elements.size(); ++i) {
      const std::string wrong =
          Judge(output.elements[i], torch.outputs[k][i], left.outputs[k][i], right.outputs[k][i], tally);
      EXPECT_EQ(wrong, "") << FormatProblem(problem) << "\n  " << output.spec.name << "[" << i << "]: MPFI "
                           << ToString(torch.outputs[k][i]) << ", truth "
                           << ToString(Range(output.elements[i].value)) << ", allowed "
                           << ToString(Range(output.elements[i].allowed));
    }
  }
}

class Engines : public testing::TestWithParam<std::string> {};

TEST_P(Engines, MpfiMeetsTheTruth) {
  const LossSpec& loss = *FindLoss(GetParam());
  Tally tally;
  for (const Dtype dtype : kAllDtypes) {
    arb::Random random(kSeed + static_cast<std::uint64_t>(dtype));
    for (std::size_t points = 0; points < kPoints / std::size(kAllDtypes);) {
      const Problem problem = arb::DrawProblem(loss, dtype, random);
      points += arb::TermsOf(problem);
      Compare(problem, &tally);
      if (HasFailure()) return;
      tally.points += arb::TermsOf(problem);
    }
  }
  std::cout << loss.name << ": " << tally.points << " points, " << tally.outputs << " outputs, "
            << tally.kinks << " at kinks; undecided by the reference " << tally.unproven << ", by MPFI "
            << tally.wide << std::endl;
  EXPECT_LE(100 * tally.wide, tally.outputs);
}

std::vector<std::string> LossNames() {
  std::vector<std::string> names;
  for (const LossSpec& loss : Catalogue()) names.emplace_back(loss.name);
  return names;
}

INSTANTIATE_TEST_SUITE_P(Catalogue, Engines, testing::ValuesIn(LossNames()),
                         [](const testing::TestParamInfo<std::string>& loss) { return loss.param; });

}  // namespace
}  // namespace exactloss
