// Gauges against their definition, |y| + sum |x_i dy/dx_i| over the predictions, with derivatives from
// differences of gradients.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include "reference/replay.h"
#include "reference/terms.h"
#include "reference/truth.h"
#include "tests/arb/points.h"
#include "tests/reference/point.h"

namespace exactloss {
namespace {

constexpr std::size_t kProblems = 30;
constexpr std::uint64_t kSeed = 61;
constexpr int kBits = 400;
constexpr int kStepExponent = -120;
constexpr double kClose = 1e-9;  ///< gauges are long doubles; a few digits are what they are for

double ToDouble(const Point& x) { return static_cast<double>(x.number); }

bool IsPrediction(const Problem& problem, const Leaf& leaf) {
  return problem.loss->inputs[leaf.input].role == Role::kPrediction;
}
double ValueOf(const Problem& problem, const Leaf& leaf) {
  return problem.inputs[leaf.input]->values[leaf.index];
}

/// The slopes of the summed loss with one leaf moved. What a gradient holds constant stays where it was.
std::vector<Point> SlopesAt(const Problem& problem, std::size_t leaf, const Point& shift) {
  Holding<Point> holding;
  (void)LossOf(problem, VariablesOf<Point>(problem));
  holding.Rewind();
  const std::vector<Leaf> leaves = LeavesOf(problem);
  Inputs<Dual<Point>> variables = VariablesOf<Point>(problem);
  Dual<Point>& moved = variables[leaves[leaf].input][leaves[leaf].index];
  moved.value = moved.value + shift;
  const Dual<Point> sum = Sum(LossOf(problem, variables));
  std::vector<Point> slopes(leaves.size());
  for (const auto& slope : sum.slopes) slopes[slope.variable] = slope.value;
  return slopes;
}

/// What the gauges of all gradients are by definition, in the order of LeavesOf.
std::vector<double> GradientGauges(const Problem& problem) {
  const std::vector<Leaf> leaves = LeavesOf(problem);
  std::vector<Point> gauges;
  for (const Point& slope : SlopesAt(problem, 0, 0.0)) gauges.push_back(Magnitude(slope));
  const Point step = std::ldexp(1.0, kStepExponent);
  for (std::size_t j = 0; j < leaves.size(); ++j) {
    const double x = ValueOf(problem, leaves[j]);
    if (!IsPrediction(problem, leaves[j]) || x == 0) continue;
    const std::vector<Point> above = SlopesAt(problem, j, step), below = SlopesAt(problem, j, -step);
    for (std::size_t i = 0; i < leaves.size(); ++i) {
      gauges[i] = gauges[i] + Magnitude(Point(x) * (above[i] - below[i]) / (step + step));
    }
  }
  std::vector<double> rounded;
  for (const Point& gauge : gauges) rounded.push_back(ToDouble(gauge));
  return rounded;
}

/// Those of the loss's elements.
std::vector<double> LossGauges(const Problem& problem) {
  const std::vector<Leaf> leaves = LeavesOf(problem);
  std::vector<double> gauges;
  for (const Dual<Point>& element : LossOf(problem, VariablesOf<Point>(problem))) {
    Point gauge = Magnitude(element.value);
    for (const auto& slope : element.slopes) {
      const Leaf& leaf = leaves[slope.variable];
      const double x = ValueOf(problem, leaf);
      if (IsPrediction(problem, leaf) && x != 0) gauge = gauge + Magnitude(Point(x) * slope.value);
    }
    gauges.push_back(ToDouble(gauge));
  }
  return gauges;
}

/// Of a reduced loss: the sum of its terms' gauges times its factor.
double ReducedGauge(Problem problem) {
  const double factor = [&] {
    const EvaluationScope scope(Real::kInlineBits);
    return static_cast<double>(TermsOf(problem)[0]->Factor().Middle());
  }();
  problem.reduction = Reduction::kNone;
  double sum = 0;
  for (const double gauge : LossGauges(problem)) sum += gauge;
  return std::fabs(factor) * sum;
}

/// Where derivatives are of ordinary size and no tie is near.
bool IsOrdinary(const Problem& problem) {
  for (const auto& tensor : problem.inputs) {
    if (!tensor) continue;
    for (const double x : tensor->values) {
      if (x != 0 && (std::fabs(x) > 100 || std::fabs(x) < 1e-3)) return false;
    }
  }
  const EvaluationScope scope(Real::kInlineBits);
  (void)LossOf(problem, VariablesOf<Interval>(problem));
  return !Evaluation::Current().tie;
}

/// Ordinary problems of that loss, with one reduction or any.
std::vector<Problem> Draw(std::string_view name, std::optional<Reduction> reduction = {}) {
  std::vector<Problem> problems;
  arb::Random random(kSeed);
  while (problems.size() < kProblems) {
    Problem problem = arb::DrawProblem(*FindLoss(name), Dtype::kF64, random);
    if (reduction && problem.reduction != *reduction) continue;
    if (IsOrdinary(problem)) problems.push_back(std::move(problem));
  }
  return problems;
}

std::vector<double> TrueGauges(const Truth& truth) {
  std::vector<double> gauges;
  for (std::size_t k = 1; k < truth.outputs.size(); ++k) {
    for (const ElementTruth& element : truth.outputs[k].elements) gauges.push_back(element.gauge);
  }
  return gauges;
}

// At a pole there is none, and the truth takes |y|.
void ExpectClose(double got, double want, const Problem& problem, const std::string& what) {
  if (!std::isfinite(want) || want == 0) return;
  EXPECT_NEAR(got / want, 1, kClose) << FormatProblem(problem) << "\n  " << what << ": gauge " << got
                                     << ", by definition " << want;
}

const std::vector<std::string_view>& Bounded() {
  static const std::vector<std::string_view> names = {"triplet_margin", "bce_dice"};
  return names;
}

class Gauges : public testing::TestWithParam<std::string> {};

TEST_P(Gauges, AreWhatTheyAreDefinedAs) {
  const Point::Precision precision(kBits);
  const bool bounds = std::count(Bounded().begin(), Bounded().end(), GetParam()) > 0;
  std::size_t compared = 0;
  for (const Problem& problem : Draw(GetParam())) {
    const Truth truth = Evaluate(problem);
    const std::vector<double> got = TrueGauges(truth), want = GradientGauges(problem);
    for (std::size_t i = 0; i < want.size(); ++i) {
      ++compared;
      if (bounds) {
        EXPECT_GE(got[i], want[i] * (1 - kClose)) << FormatProblem(problem) << "\n  gradient " << i;
      } else {
        ExpectClose(got[i], want[i], problem, "gradient " + std::to_string(i));
      }
    }
    const std::vector<ElementTruth>& loss = truth.outputs[0].elements;
    if (problem.loss->family == Family::kComposite) {
      EXPECT_GE(loss[0].gauge, LossGauges(problem)[0] * (1 - kClose)) << FormatProblem(problem);
    } else if (problem.reduction != Reduction::kNone) {
      ExpectClose(loss[0].gauge, ReducedGauge(problem), problem, "loss");
    } else {
      const std::vector<double> elements = LossGauges(problem);
      for (std::size_t i = 0; i < elements.size(); ++i) {
        ExpectClose(loss[i].gauge, elements[i], problem, "loss " + std::to_string(i));
      }
    }
  }
  EXPECT_GE(compared, kProblems);
}

std::vector<std::string> LossNames() {
  std::vector<std::string> names;
  for (const LossSpec& loss : Catalogue()) names.emplace_back(loss.name);
  return names;
}

INSTANTIATE_TEST_SUITE_P(Catalogue, Gauges, testing::ValuesIn(LossNames()),
                         [](const testing::TestParamInfo<std::string>& loss) { return loss.param; });

/// The curvatures of a norm of differences in its vector.
std::vector<std::vector<double>> CurvaturesOf(const std::vector<double>& u, Parameter p) {
  const Point step = std::ldexp(1.0, kStepExponent);
  const auto slopes = [&](std::size_t moved, const Point& shift) {
    std::vector<Dual<Point>> v;
    for (std::uint32_t i = 0; i < u.size(); ++i) {
      v.push_back(Dual<Point>::Variable(i == moved ? Point(u[i]) + shift : Point(u[i]), i));
    }
    return Norm(v, p);
  };
  std::vector<std::vector<double>> curvatures;
  for (std::size_t j = 0; j < u.size(); ++j) {
    const Dual<Point> above = slopes(j, step), below = slopes(j, -step);
    auto& row = curvatures.emplace_back(u.size(), 0.0);
    for (std::uint32_t i = 0; i < u.size(); ++i) {
      const Point *a = above.SlopeAlong(i), *b = below.SlopeAlong(i);
      if (a != nullptr && b != nullptr) row[i] = ToDouble((*a - *b) / (step + step));
    }
  }
  return curvatures;
}

// A difference of two norms: their curvatures count by magnitude, so the gauge is a bound that is known.
TEST(GaugesOf, TripletsAddTheCurvaturesOfBothNorms) {
  const Point::Precision precision(kBits);
  for (const double p : {1.5, 2.0, 3.0}) {
    Problem problem = ParseProblem(
        "triplet_margin f64 none margin=9 eps=0 anchor=1,-2,0.5 positive=0.25,1,2 negative=3,0.75,-1");
    problem.parameters[1] = p;
    const std::vector<double>&a = problem.inputs[0]->values, &b = problem.inputs[1]->values,
          &n = problem.inputs[2]->values;
    std::vector<double> want;
    for (const Point& slope : SlopesAt(problem, 0, 0.0)) want.push_back(ToDouble(Magnitude(slope)));
    for (const std::size_t other : {std::size_t{1}, std::size_t{2}}) {
      const std::vector<double>& y = other == 1 ? b : n;
      std::vector<double> u;
      for (std::size_t i = 0; i < a.size(); ++i) u.push_back(a[i] - y[i]);
      const auto curvatures = CurvaturesOf(u, Parameter(p));
      for (std::size_t i = 0; i < a.size(); ++i) {
        double sum = 0;
        for (std::size_t j = 0; j < a.size(); ++j) {
          sum += std::fabs(curvatures[j][i]) * (std::fabs(a[j]) + std::fabs(y[j]));
        }
        want[i] += sum;
        want[other * a.size() + i] += sum;
      }
    }
    const std::vector<double> got = TrueGauges(Evaluate(problem));
    for (std::size_t i = 0; i < want.size(); ++i) {
      ExpectClose(got[i], want[i], problem, "gradient " + std::to_string(i));
    }
  }
}

TEST(GaugesOf, BceDiceAddsThoseOfItsParts) {
  Problem sum =
      ParseProblem("bce_dice f64 mean bce_weight=0.5 dice_weight=2 input=0.8,-0.5,2 target=1,0,0.5");
  const Truth bce = Evaluate(ParseProblem("bce_with_logits f64 mean input=0.8,-0.5,2 target=1,0,0.5"));
  const Truth dice = Evaluate(ParseProblem("dice f64 mean input=0.8,-0.5,2 target=1,0,0.5"));
  const Truth truth = Evaluate(sum);
  for (std::size_t k = 0; k < truth.outputs.size(); ++k) {
    for (std::size_t i = 0; i < truth.outputs[k].elements.size(); ++i) {
      ExpectClose(truth.outputs[k].elements[i].gauge,
                  0.5 * bce.outputs[k].elements[i].gauge + 2 * dice.outputs[k].elements[i].gauge, sum,
                  truth.outputs[k].spec.name);
    }
  }
}

// Whatever the inputs, a gauge is a magnitude: not negative, not NaN unless the truth is.
TEST(GaugesOf, EveryProblemAreMagnitudes) {
  for (const LossSpec& loss : Catalogue()) {
    arb::Random random(kSeed);
    for (int n = 0; n < 200; ++n) {
      const Problem problem = arb::DrawProblem(loss, kAllDtypes[n % 4], random);
      for (const OutputTruth& output : Evaluate(problem).outputs) {
        for (const ElementTruth& element : output.elements) {
          ASSERT_GE(element.gauge, 0) << FormatProblem(problem) << "\n  " << output.spec.name;
          if (!element.proven || IsNan(element.value)) continue;
          const double size = std::fabs(exactloss::ToDouble(element.value));
          ASSERT_GE(element.gauge, size * (1 - kClose))
              << FormatProblem(problem) << "\n  " << output.spec.name;
        }
      }
    }
  }
}

}  // namespace
}  // namespace exactloss
