// Gradients against central differences with Richardson extrapolation: closed forms and dual numbers, at
// points away from kinks.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <string>
#include <vector>

#include "reference/truth.h"
#include "tests/arb/points.h"
#include "tests/reference/gradients.h"
#include "tests/reference/range.h"

namespace exactloss {
namespace {

constexpr std::size_t kProblems = 24;  ///< for each loss and dtype
constexpr double kDigits = 35;         ///< that must agree
constexpr double kAgreed = 60;         ///< digits beyond which counting stops
constexpr int kGradientBits[] = {256, 1024, 4096};
constexpr int kFirstBits = 1400, kMostBits = 12'000;  ///< of differences: 400 digits and more
constexpr int kRangeExponent = 1100;                  ///< beyond it, or within its reciprocal, no dtype sees
constexpr std::uint64_t kSeed = 41;

/// At the first precision at which all are narrow.
template <class Gradients>
std::vector<Range> Narrow(const Problem& problem, Gradients gradients) {
  std::vector<Range> narrow;
  for (const int bits : kGradientBits) {
    const EvaluationScope scope(bits);
    narrow.clear();
    bool all = true;
    for (const Interval& gradient : gradients(problem)) {
      narrow.emplace_back(gradient);
      all = all && IsNarrow(narrow.back(), 200);
    }
    if (all) break;
  }
  return narrow;
}

/// The sum of the loss around a point, and its differences.
class Differences {
 public:
  Differences(const Problem& problem, int bits)
      : precision_(bits), problem_(problem), inputs_(InputsOf<Point>(problem)) {
    (void)Loss();
    holding_.Rewind();
  }

  /// Two steps of Richardson's extrapolation; `steady` if the last two estimates agree.
  Point::Number Along(const Leaf& leaf, const Point::Number& step, bool* steady) {
    constexpr int kLevels = 3;
    Point::Number table[kLevels][kLevels];
    for (int i = 0; i < kLevels; ++i) {
      table[i][0] = Central(leaf, ldexp(step, -i));
      for (int j = 1; j <= i; ++j) {
        const int weight = 1 << (2 * j);
        table[i][j] = table[i][j - 1] + (table[i][j - 1] - table[i - 1][j - 1]) / (weight - 1);
      }
    }
    const Point::Number& best = table[kLevels - 1][kLevels - 1];
    constexpr int kSteadyBits = 150;
    const Point::Number change = abs(best - table[kLevels - 1][kLevels - 2]);
    *steady = best != 0 && change <= ldexp(abs(best), -kSteadyBits);
    return best;
  }

 private:
  Point::Number Loss() { return Sum(LossOf(problem_, inputs_)).number; }

  Point::Number Central(const Leaf& leaf, const Point::Number& step) {
    Point& x = inputs_[leaf.input][leaf.index];
    const Point base = x;
    x = base + Point(step);
    holding_.Rewind();
    const Point::Number above = Loss();
    x = base - Point(step);
    holding_.Rewind();
    const Point::Number below = Loss();
    x = base;
    return (above - below) / (2 * step);
  }

  Point::Precision precision_;
  Point::Holding holding_;
  const Problem& problem_;
  Inputs<Point> inputs_;
};

/// How to take differences of a problem: with a step so small beside every number of it that no kink is
/// crossed where the point is not on one, and with the bits that tell its effect on the loss.
struct Plan {
  explicit Plan(const Problem& problem) {
    constexpr int kStepBits = 160;
    double least = 1, greatest = 1;
    const auto see = [&](double x) {
      if (x == 0 || std::isinf(x)) return;
      least = std::min(least, std::fabs(x));
      greatest = std::max(greatest, std::fabs(x));
    };
    for (const auto& tensor : problem.inputs) {
      if (tensor) std::for_each(tensor->values.begin(), tensor->values.end(), see);
    }
    std::for_each(problem.parameters.begin(), problem.parameters.end(), see);
    step = ldexp(Point::Number(least), -kStepBits);
    bits = kFirstBits + 2 * (std::ilogb(greatest) - std::ilogb(least));
  }

  Point::Number step;
  int bits;
};

/// Angles jump where a box has no height.
bool HasFlatBox(const Problem& problem) {
  for (std::size_t input = 0; input < problem.inputs.size(); ++input) {
    const bool is_boxes =
        problem.loss->family == Family::kBoxes || problem.loss->inputs[input].name.ends_with("boxes");
    if (!is_boxes) continue;
    const std::vector<double>& v = problem.inputs[input]->values;
    for (std::size_t i = 0; i < v.size(); i += kCorners) {
      if (v[i + 1] == v[i + 3]) return true;
    }
  }
  return false;
}

/// At a bound of its domain a number has one side only.
bool IsAtBound(const Problem& problem, const Leaf& leaf) {
  const InputSpec& spec = problem.loss->inputs[leaf.input];
  const double x = problem.inputs[leaf.input]->values[leaf.index];
  return x == spec.min || x == spec.max;
}

struct Tally {
  std::size_t compared = 0, skipped = 0, unsteady = 0;
  double least_digits = kAgreed;
};

double DigitsOf(const Range& gradient, const Point::Number& difference, const Point::Number& step) {
  if (gradient.lower == difference && gradient.upper == difference) return kAgreed;
  if (abs(difference) <= step && Contains(gradient, 0) && IsNarrow(gradient, 0)) return kAgreed;
  const Point::Number low = abs(gradient.lower - difference), high = abs(gradient.upper - difference);
  const Point::Number error = (low < high ? high : low) / abs(difference);
  return std::min(kAgreed, -static_cast<double>(log10(error)));
}

void Compare(const Problem& problem, Tally* tally) {
  const std::vector<Leaf> leaves = LeavesOf(problem);
  const Truth truth = Evaluate(problem);
  const std::vector<Range> closed = Narrow(problem, TermGradients), dual = Narrow(problem, DualGradients);
  std::vector<const ElementTruth*> elements;
  for (std::size_t k = 1; k < truth.outputs.size(); ++k) {
    for (const ElementTruth& element : truth.outputs[k].elements) elements.push_back(&element);
  }
  const Point::Number huge = ldexp(Point::Number(1), kRangeExponent), tiny = 1 / huge;
  const Plan plan(problem);
  for (const ElementTruth& loss : truth.outputs[0].elements) {
    const Range value(loss.value);
    if (IsNan(value) || value.lower > huge || value.upper < -huge) return;  // beside it nothing can be told
  }
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    const bool is_zero = closed[i].lower == 0 && closed[i].upper == 0;
    const bool is_tiny = !is_zero && closed[i].lower > -tiny && closed[i].upper < tiny;
    const bool is_huge = closed[i].lower > huge || closed[i].upper < -huge;
    if (elements[i]->kink || !elements[i]->proven || IsNan(elements[i]->value) || is_huge || is_tiny ||
        IsAtBound(problem, leaves[i])) {
      ++tally->skipped;
      continue;
    }
    bool steady = false;
    Point::Number difference;
    for (int bits = plan.bits; !steady && bits < kMostBits; bits = bits * 5 / 3) {
      Differences differences(problem, bits);
      difference = differences.Along(leaves[i], plan.step, &steady);
      if (is_zero && abs(difference) <= plan.step) steady = true;
    }
    if (!steady) {
      ++tally->unsteady;
      continue;
    }
    ++tally->compared;
    for (const auto* gradients : {&closed, &dual}) {
      const double digits = DigitsOf((*gradients)[i], difference, plan.step);
      tally->least_digits = std::min(tally->least_digits, digits);
      EXPECT_GE(digits, kDigits) << FormatProblem(problem) << "\n  gradient " << i << " by "
                                 << (gradients == &dual ? "dual numbers " : "terms ")
                                 << ToString((*gradients)[i]) << ", by differences " << ToString(difference);
    }
  }
}

class DifferencesOf : public testing::TestWithParam<std::string> {};

TEST_P(DifferencesOf, AgreeWithGradients) {
  const LossSpec& loss = *FindLoss(GetParam());
  Tally tally;
  for (const Dtype dtype : kAllDtypes) {
    arb::Random random(kSeed + static_cast<std::uint64_t>(dtype));
    for (std::size_t n = 0; n < kProblems; ++n) {
      const Problem problem = arb::DrawProblem(loss, dtype, random);
      if (HasFlatBox(problem)) continue;
      Compare(problem, &tally);
      if (HasFailure()) return;
    }
  }
  std::cout << loss.name << ": " << tally.compared << " gradients, " << tally.least_digits
            << " digits agree or more; left out " << tally.skipped << " at kinks, bounds and poles, "
            << tally.unsteady << " without a steady difference" << std::endl;
  EXPECT_GT(tally.compared, kProblems);
  EXPECT_LE(50 * tally.unsteady, tally.compared);
}

std::vector<std::string> LossNames() {
  std::vector<std::string> names;
  for (const LossSpec& loss : Catalogue()) names.emplace_back(loss.name);
  return names;
}

INSTANTIATE_TEST_SUITE_P(Catalogue, DifferencesOf, testing::ValuesIn(LossNames()),
                         [](const testing::TestParamInfo<std::string>& loss) { return loss.param; });

}  // namespace
}  // namespace exactloss
