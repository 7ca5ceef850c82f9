// The IoU family against the proven truth.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "reference/problem.h"
#include "tests/optimized/rows.h"

namespace exactloss::testing {
namespace {

using optimized::Mode;

constexpr const char* kLosses[] = {"iou", "giou", "diou", "ciou"};
constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Rows of two boxes that lie to each other in every way.
class BoxMaker {
 public:
  BoxMaker(Dtype dtype, unsigned seed) : dtype_(dtype), random_(seed) {}

  void Add(std::vector<double>* input, std::vector<double>* target) {
    double a[4], b[4];
    Box(a);
    Box(b);
    const int kind = static_cast<int>(random_() % 16);
    const double scale = kind == 0 ? Uniform(-60, 60) : 0;
    switch (kind) {
      case 1:  // the same
        std::copy(a, a + 4, b);
        break;
      case 2:  // all but the same
        for (int i = 0; i < 4; ++i) b[i] = a[i] * (1 + (i == 1) * 0x1p-6 + (i == 2) * 0x1p-10);
        break;
      case 3:  // nested
        for (int i = 0; i < 4; ++i) b[i] = a[i] + (i < 2 ? 1 : -1) * 0.25 * (a[2 + i % 2] - a[i % 2]);
        break;
      case 4:  // touching
        b[0] = a[2];
        break;
      case 5:  // equal corners
        b[random_() % 4] = a[random_() % 4];
        b[random_() % 4] = a[random_() % 4];
        break;
      case 6:  // no width, no height
        a[2] = a[0];
        if (random_() % 2) b[3] = b[1];
        break;
      case 7:  // turned
        std::swap(a[0], a[2]);
        if (random_() % 2) std::swap(b[1], b[3]);
        break;
      case 8:  // whole numbers
        for (int i = 0; i < 4; ++i) a[i] = std::floor(a[i] / 16), b[i] = std::floor(b[i] / 16);
        break;
      case 9:  // one axis shared
        b[1] = a[1], b[3] = a[3];
        break;
      case 10:  // one centre, apart or not
        b[0] = a[0] - 16, b[2] = a[2] + 16;
        break;
      default:
        break;
    }
    for (int i = 0; i < 4; ++i) {
      input->push_back(RoundTo(dtype_, std::ldexp(a[i], static_cast<int>(scale))));
      target->push_back(RoundTo(dtype_, std::ldexp(b[i], static_cast<int>(scale))));
    }
  }

 private:
  double Uniform(double low, double high) {
    return std::uniform_real_distribution<double>(low, high)(random_);
  }
  void Box(double* box) {
    for (int i = 0; i < 2; ++i) box[i] = Uniform(-100, 400), box[i + 2] = box[i] + Uniform(0, 300);
  }

  Dtype dtype_;
  std::mt19937 random_;
};

Problem MakeBoxes(const char* loss, Dtype dtype, Reduction reduction, double eps, std::size_t rows,
                  unsigned seed) {
  Problem problem = MakeProblem(*FindLoss(loss), dtype, reduction);
  problem.parameters = {eps};
  Tensor input, target;
  BoxMaker maker(dtype, seed);
  for (std::size_t i = 0; i < rows; ++i) maker.Add(&input.values, &target.values);
  input.shape = target.shape = {static_cast<std::int64_t>(rows), 4};
  problem.inputs = {input, target};
  return problem;
}

class BoxesTest : public ::testing::TestWithParam<const char*> {
 protected:
  void TearDown() override { optimized::UseTarget(nullptr); }
};

TEST_P(BoxesTest, ExactIsCorrectlyRounded) {
  Comparison narrow, wide, fast;
  fast.excused = 0x1p-44;  // where the terms of a slope cancel
  unsigned seed = 0;
  for (const Dtype dtype : kAllDtypes) {
    for (const double eps : {1e-7, 0.0, 0.5}) {
      for (const Reduction reduction : {Reduction::kNone, Reduction::kMean, Reduction::kSum}) {
        const std::size_t rows = reduction == Reduction::kNone ? 1501 : 5;
        const Problem problem = MakeBoxes(GetParam(), dtype, reduction, eps, rows, ++seed);
        const Truth truth = Evaluate(problem);
        for (std::size_t i = 0; i < optimized::TargetCount(); ++i) {
          optimized::UseTarget(optimized::TargetName(i));
          Compare(problem, truth, Answers(problem, Mode::kExact), dtype == Dtype::kF64 ? &wide : &narrow);
          if (dtype == Dtype::kF32) Compare(problem, truth, Answers(problem, Mode::kFast), &fast);
        }
      }
    }
  }
  EXPECT_EQ(narrow.wrong, 0U) << "of " << narrow.elements << ": " << narrow.example;
  EXPECT_LE(wide.worst, 0.51) << wide.example;
  EXPECT_LE(fast.worst, 1) << fast.example;
  RecordProperty("fast_ulp", std::to_string(fast.worst));
}

TEST_P(BoxesTest, SpecialCorners) {
  Comparison comparison;
  std::mt19937 random(5);
  constexpr double kCorners[] = {0, 1, 2, 3, -kInfinity, kInfinity, std::numeric_limits<double>::quiet_NaN()};
  for (const Dtype dtype : {Dtype::kF32, Dtype::kF64, Dtype::kBF16}) {
    for (const double eps : {1e-7, 0.0}) {
      Problem problem = MakeBoxes(GetParam(), dtype, Reduction::kNone, eps, 67, 1);
      for (int i = 0; i < 100; ++i) {
        auto& values = problem.inputs[random() % 2]->values;
        values[random() % values.size()] = kCorners[random() % (i < 50 ? 7 : 4)];
      }
      const Truth truth = Evaluate(problem);
      Compare(problem, truth, Answers(problem, Mode::kExact), &comparison);
      if (dtype != Dtype::kF32) continue;
      Comparison fast;
      fast.excused = 0x1p-44;
      Compare(problem, truth, Answers(problem, Mode::kFast), &fast);
      EXPECT_LE(fast.worst, 1) << fast.example;
    }
  }
  EXPECT_LE(comparison.worst, 0.51) << comparison.example;
}

TEST_P(BoxesTest, ExtremeSizes) {
  Comparison comparison;
  std::mt19937 random(6);
  for (const Dtype dtype : {Dtype::kF32, Dtype::kF64, Dtype::kBF16, Dtype::kF16}) {
    const double largest = std::log2(MaxFinite(dtype)) - 1, smallest = std::log2(MinSubnormal(dtype));
    for (const double eps : {1e-7, 0.0, 1e-300, 1e300}) {
      Problem problem = MakeBoxes(GetParam(), dtype, Reduction::kNone, eps, 19, 1);
      for (auto& input : problem.inputs) {
        for (double& x : input->values) {
          const double exponent = std::uniform_real_distribution<double>(smallest, largest)(random);
          if (random() % 2) x = RoundTo(dtype, std::copysign(std::exp2(exponent), x));
        }
      }
      Compare(problem, Evaluate(problem), Answers(problem, Mode::kExact), &comparison);
    }
  }
  EXPECT_LE(comparison.worst, 0.51) << comparison.example;
}

TEST_P(BoxesTest, SumsAreTheSameInAnyOrderAndThreads) {
  for (const Reduction reduction : {Reduction::kSum, Reduction::kMean}) {
    const Problem problem = MakeBoxes(GetParam(), Dtype::kF32, reduction, 1e-7, 2500, 3);
    const auto expected = BitsOf(Dtype::kF32, Answers(problem, Mode::kExact));
    for (const int threads : {2, 3, 7})
      EXPECT_EQ(BitsOf(Dtype::kF32, Answers(problem, Mode::kExact, threads)), expected) << threads;
    Problem turned = problem;  // the last rows first
    for (auto& input : turned.inputs)
      std::rotate(input->values.begin(), input->values.begin() + 4000, input->values.end());
    EXPECT_EQ(BitsOf(Dtype::kF32, Answers(turned, Mode::kExact)).front(), expected.front());
    for (std::size_t i = 0; i < optimized::TargetCount(); ++i) {
      optimized::UseTarget(optimized::TargetName(i));
      EXPECT_EQ(BitsOf(Dtype::kF32, Answers(problem, Mode::kExact)), expected) << optimized::TargetName(i);
    }
    optimized::UseTarget(nullptr);
  }
}

TEST_P(BoxesTest, StaysInsideItsTensors) {
  for (const Dtype dtype : kAllDtypes) {
    for (std::size_t i = 0; i < optimized::TargetCount(); ++i) {
      optimized::UseTarget(optimized::TargetName(i));
      for (const std::size_t rows : {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 33}) {
        const Problem problem = MakeBoxes(GetParam(), dtype, Reduction::kNone, 1e-7, rows, 8);
        const auto expected = BitsOf(dtype, Answers(problem, Mode::kExact));
        for (const bool at_end : {false, true})
          EXPECT_EQ(BitsOf(dtype, GuardedAnswers(problem, Mode::kExact, at_end)), expected);
      }
    }
  }
}

TEST(BoxArgumentsTest, AreChecked) {
  float input[8] = {}, target[8] = {}, loss[2] = {}, gradient[8] = {};
  const optimized::Call call = {optimized::Dtype::kF32, Mode::kExact, optimized::Reduction::kNone, 1};
  const optimized::Pair good = {2, 4, {input}, {target}, loss, gradient, nullptr};
  const auto complaint = [&](const optimized::Pair& pair, double eps = 1e-7) {
    const optimized::Error error = optimized::Ciou(call, pair, {eps});
    return std::string(error ? error.argument : "");
  };
  EXPECT_EQ(complaint(good), "");
  optimized::Pair bad = good;
  bad.columns = 5;
  EXPECT_EQ(complaint(bad), "columns");
  bad = good;
  bad.target.data = nullptr;
  EXPECT_EQ(complaint(bad), "target");
  bad = good;
  bad.input_gradient = input + 7;
  EXPECT_EQ(complaint(bad), "input_gradient");
  bad = good;
  bad.loss = gradient;
  EXPECT_EQ(complaint(bad), "input_gradient");
  bad = good;
  bad.target.row_stride = 3;
  EXPECT_EQ(complaint(bad), "target");
  EXPECT_EQ(complaint(good, -1), "eps");
  EXPECT_EQ(complaint(good, std::nan("")), "eps");
  EXPECT_EQ(complaint(good, kInfinity), "eps");
}

TEST(BoxArgumentsTest, RowsMayBeApart) {
  const float input[] = {0, 0, 2, 2, 9, 9, 9, 1, 1, 4, 5}, target[] = {1, 0, 3, 3};
  float loss[2] = {}, apart[2] = {};
  const float dense[] = {0, 0, 2, 2, 1, 1, 4, 5}, repeated[] = {1, 0, 3, 3, 1, 0, 3, 3};
  const optimized::Call call = {optimized::Dtype::kF32, Mode::kExact, optimized::Reduction::kNone, 1};
  ASSERT_FALSE(optimized::Giou(call, {2, 4, {dense}, {repeated}, loss}));
  ASSERT_FALSE(optimized::Giou(call, {2, 4, {input, 7}, {target, 0}, apart}));
  EXPECT_EQ(loss[0], apart[0]);
  EXPECT_EQ(loss[1], apart[1]);
}

INSTANTIATE_TEST_SUITE_P(Family, BoxesTest, ::testing::ValuesIn(kLosses),
                         [](const auto& loss) { return std::string(loss.param); });

}  // namespace
}  // namespace exactloss::testing
