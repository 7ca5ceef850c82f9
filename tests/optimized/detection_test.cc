// The detection loss against the proven truth: its parts meet, with weights that cancel, vanish or overflow.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <string>

#include "reference/problem.h"
#include "tests/optimized/rows.h"

namespace exactloss::testing {
namespace {

using optimized::Mode;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

class Maker {
 public:
  explicit Maker(unsigned seed) : random_(seed) {}

  /// `logits` numbers and `boxes` pairs of boxes; some of them the same, or side by side.
  Problem Make(Dtype dtype, Reduction reduction, std::size_t logits, std::size_t boxes) {
    Problem problem = MakeProblem(*FindLoss("detection"), dtype, reduction);
    problem.inputs = {Tensor(), Tensor(), Tensor(), Tensor()};
    for (auto& input : problem.inputs) input->shape = {static_cast<std::int64_t>(logits)};
    for (std::size_t i = 0; i < logits; ++i) {
      problem.inputs[0]->values.push_back(RoundTo(dtype, Uniform(-8, 8)));
      problem.inputs[1]->values.push_back(
          RoundTo(dtype, random_() % 4 == 0 ? Uniform(0, 1) : static_cast<double>(random_() % 2)));
    }
    problem.inputs[2]->shape = problem.inputs[3]->shape = {static_cast<std::int64_t>(boxes), 4};
    for (std::size_t i = 0; i < boxes; ++i) {
      const unsigned kind = random_() % 4;
      for (int k = 0; k < 4; ++k) {
        const double a = RoundTo(dtype, Uniform(0, 40) + (k < 2 ? 0 : 60));
        const double b = kind == 0 ? a : a + Uniform(-2, 2) * (kind == 1 ? 1 : 20);
        problem.inputs[2]->values.push_back(a);
        problem.inputs[3]->values.push_back(RoundTo(dtype, b));
      }
    }
    return problem;
  }
  /// One of a few parameters of each kind.
  void Draw(Problem* problem) {
    static const std::vector<double> kChoices[] = {
        {0.25, 0.25, 1, 0, -1},     // alpha
        {2, 0, 0.5, 1.5},           // gamma
        {1, 0, 0.7, 8},             // beta
        {1e-7, 0, 0.5},             // eps
        {1, 0.3, 2, -1, 0, 1e-30},  // class_weight
        {1, 0.3, 2, -1, 0, 1e30},   // box_weight
        {1, 0.3, 2, -1, 0, 1e300},  // iou_weight
    };
    for (std::size_t k = 0; k < problem->parameters.size(); ++k)
      problem->parameters[k] = kChoices[k][random_() % kChoices[k].size()];
  }
  double Uniform(double low, double high) {
    return std::uniform_real_distribution<double>(low, high)(random_);
  }

 private:
  std::mt19937 random_;
};

TEST(Detection, ExactIsCorrectlyRounded) {
  Comparison narrow, wide;
  Maker maker(1);
  for (int i = 0; i < 400; ++i) {
    const Dtype dtype = kAllDtypes[i % 4];
    Problem problem = maker.Make(dtype, i % 8 < 4 ? Reduction::kMean : Reduction::kSum,
                                 static_cast<std::size_t>(i % 37) + 1, static_cast<std::size_t>(i % 19) + 1);
    maker.Draw(&problem);
    const Truth truth = Evaluate(problem);
    for (std::size_t k = 0; k < optimized::TargetCount(); ++k) {
      optimized::UseTarget(optimized::TargetName(k));
      Compare(problem, truth, Answers(problem, Mode::kExact), dtype == Dtype::kF64 ? &wide : &narrow);
    }
  }
  optimized::UseTarget(nullptr);
  EXPECT_EQ(narrow.wrong, 0U) << "of " << narrow.elements << ": " << narrow.example;
  EXPECT_LE(wide.worst, 0.51) << wide.example;
}

TEST(Detection, FastIsFaithful) {
  Comparison fast;
  Maker maker(2);
  for (int i = 0; i < 200; ++i) {
    Problem problem = maker.Make(Dtype::kF32, i % 2 == 0 ? Reduction::kMean : Reduction::kSum,
                                 static_cast<std::size_t>(i) + 1, static_cast<std::size_t>(i) + 1);
    Compare(problem, Evaluate(problem), Answers(problem, Mode::kFast), &fast);
  }
  EXPECT_LE(fast.worst, 0.501) << fast.example;
}

TEST(Detection, SpecialInputs) {
  Comparison comparison;
  Maker maker(3);
  std::mt19937 random(4);
  constexpr double kSpecial[] = {0, -kInfinity, kInfinity, std::numeric_limits<double>::quiet_NaN()};
  for (int i = 0; i < 200; ++i) {
    Problem problem = maker.Make(i % 2 == 0 ? Dtype::kF32 : Dtype::kF64, Reduction::kSum, 5, 3);
    if (i % 3 == 0) maker.Draw(&problem);
    auto& values = problem.inputs[i % 4 == 1 ? 0 : i % 4]->values;  // targets of classes are probabilities
    values[random() % values.size()] = kSpecial[random() % 4];
    Compare(problem, Evaluate(problem), Answers(problem, Mode::kExact), &comparison);
  }
  EXPECT_LE(comparison.worst, 0.51) << comparison.example;
}

TEST(Detection, DoesNotDependOnThreadsTargetsOrOrder) {
  Maker maker(5);
  const Problem problem = maker.Make(Dtype::kF32, Reduction::kMean, 20'000, 3'000);
  const auto expected = BitsOf(Dtype::kF32, Answers(problem, Mode::kExact));
  for (std::size_t k = 0; k < optimized::TargetCount(); ++k) {
    optimized::UseTarget(optimized::TargetName(k));
    for (const int threads : {1, 2, 3, 7})
      EXPECT_EQ(BitsOf(Dtype::kF32, Answers(problem, Mode::kExact, threads)), expected) << threads;
  }
  optimized::UseTarget(nullptr);
  Problem turned = problem;  // the last first
  for (auto& input : turned.inputs)
    std::rotate(input->values.begin(), input->values.begin() + 4000, input->values.end());
  EXPECT_EQ(BitsOf(Dtype::kF32, Answers(turned, Mode::kExact)).front(), expected.front());
}

TEST(Detection, StaysInsideItsTensors) {
  Maker maker(6);
  for (const Dtype dtype : kAllDtypes) {
    for (const std::size_t size : {1, 2, 3, 5, 8, 15, 16, 17, 33}) {
      const Problem problem = maker.Make(dtype, Reduction::kMean, size, 34 - size);
      const auto expected = BitsOf(dtype, Answers(problem, Mode::kExact));
      for (const bool at_end : {false, true})
        EXPECT_EQ(BitsOf(dtype, GuardedAnswers(problem, Mode::kExact, at_end)), expected);
    }
  }
}

TEST(Detection, NothingHasTheMeanNaNAndTheSumZero) {
  Maker maker(7);
  Problem problem = maker.Make(Dtype::kF32, Reduction::kMean, 0, 1);
  EXPECT_TRUE(std::isnan(Answers(problem, Mode::kExact)[0][0]));
  problem = maker.Make(Dtype::kF32, Reduction::kSum, 0, 0);
  EXPECT_EQ(Answers(problem, Mode::kExact)[0][0], 0);
}

TEST(Detection, ArgumentsAreChecked) {
  float x[3] = {}, t[3] = {}, boxes[8] = {}, target_boxes[8] = {}, loss = -7, gradient[8] = {};
  optimized::Call call;
  optimized::Pair classes = {1, 3, {x}, {t}, &loss}, rows = {2, 4, {boxes}, {target_boxes}};
  const auto complaint = [&](const optimized::DetectionParameters& parameters = {}) {
    const optimized::Error error = optimized::Detection(call, classes, rows, parameters);
    return std::string(error ? error.argument : "");
  };
  EXPECT_EQ(complaint({.alpha = 2}), "alpha");
  EXPECT_EQ(complaint({.gamma = -1}), "gamma");
  EXPECT_EQ(complaint({.beta = std::nan("")}), "beta");
  EXPECT_EQ(complaint({.eps = -1}), "eps");
  EXPECT_EQ(complaint({.class_weight = kInfinity}), "class_weight");
  EXPECT_EQ(complaint({.box_weight = kInfinity}), "box_weight");
  EXPECT_EQ(complaint({.iou_weight = kInfinity}), "iou_weight");
  call.reduction = optimized::Reduction::kNone;
  EXPECT_EQ(complaint(), "reduction");
  call.reduction = optimized::Reduction::kSum;
  rows.input_gradient = gradient;
  classes.input_gradient = gradient + 5;
  EXPECT_EQ(complaint(), "boxes_gradient");
  classes.input_gradient = target_boxes;
  EXPECT_EQ(complaint(), "input_gradient");
  classes.input_gradient = nullptr;
  rows.target.data = nullptr;
  EXPECT_EQ(complaint(), "target_boxes");
  rows.target.data = target_boxes;
  rows.columns = 5;
  EXPECT_EQ(complaint(), "boxes");
  EXPECT_EQ(loss, -7);
  rows.columns = 4;
  rows.loss = gradient;
  EXPECT_EQ(complaint(), "boxes");
  rows.loss = nullptr;
  EXPECT_EQ(complaint(), "");
}

}  // namespace
}  // namespace exactloss::testing
