// triplet_margin against the proven truth.
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

constexpr double kInfinity = std::numeric_limits<double>::infinity();

Problem MakeTriplets(Dtype dtype, Reduction reduction, const std::vector<double>& parameters,
                     std::size_t rows, std::size_t columns, unsigned seed) {
  Problem problem = MakeProblem(*FindLoss("triplet_margin"), dtype, reduction);
  problem.parameters = parameters;
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  Tensor tensors[3];
  for (Tensor& tensor : tensors)
    tensor.shape = {static_cast<std::int64_t>(rows), static_cast<std::int64_t>(columns)};
  for (std::size_t row = 0; row < rows; ++row) {
    const unsigned kind = random() % 10;
    const double scale = kind == 9 ? std::ldexp(1, static_cast<int>(random() % 80) - 40) : 1;
    for (std::size_t i = 0; i < columns; ++i) {
      double x[3] = {normal(random), normal(random), normal(random)};
      if (kind == 0) x[2] = x[1];                                  // as far away
      if (kind == 1) x[1] = x[0];                                  // no distance
      if (kind == 2) x[1] = x[0] + 0x1p-10 * x[1];                 // near
      if (kind == 3) x[0] = i == 0, x[1] = i == 1, x[2] = i == 2;  // of one hot
      if (kind == 4) x[0] = std::round(x[0]), x[1] = std::round(x[1]), x[2] = std::round(x[2]);
      if (kind == 5 && random() % 2) x[0] = x[1] = x[2] = 0;  // sparse
      if (kind == 6) x[2] = x[0] + 30 * x[2];                 // far: no loss
      for (int k = 0; k < 3; ++k) tensors[k].values.push_back(RoundTo(dtype, x[k] * scale));
    }
  }
  problem.inputs = {tensors[0], tensors[1], tensors[2]};
  return problem;
}

class TripletTest : public ::testing::Test {
 protected:
  void TearDown() override { optimized::UseTarget(nullptr); }
};

TEST_F(TripletTest, ExactIsCorrectlyRounded) {
  Comparison narrow, wide, fast;
  fast.excused = 0x1p-44;  // where the terms of a slope cancel
  unsigned seed = 0;
  for (const Dtype dtype : kAllDtypes) {
    for (const double p : {2.0, 1.0, kInfinity, 3.0, 0.5}) {
      for (const auto& [margin, eps] : {std::pair{1.0, 1e-6}, {0.0, 0.0}, {3.5, 0.25}}) {
        for (const double swap : {0.0, 1.0}) {
          for (const std::size_t columns : {1, 3, 21}) {
            if (columns > 3 && (p == 3 || p == 0.5)) continue;  // slow, in the truth as well
            const Reduction reduction = ++seed % 3 == 0 ? Reduction::kMean : Reduction::kNone;
            const std::size_t rows = p == 2 ? 20 : 3;
            const Problem problem =
                MakeTriplets(dtype, reduction, {margin, p, eps, swap}, rows, columns, seed);
            const Truth truth = Evaluate(problem);
            for (std::size_t i = 0; i < optimized::TargetCount(); ++i) {
              optimized::UseTarget(optimized::TargetName(i));
              Compare(problem, truth, Answers(problem, Mode::kExact), dtype == Dtype::kF64 ? &wide : &narrow);
              if (dtype == Dtype::kF32) Compare(problem, truth, Answers(problem, Mode::kFast), &fast);
            }
          }
        }
      }
    }
  }
  EXPECT_EQ(narrow.wrong, 0U) << "of " << narrow.elements << ": " << narrow.example;
  EXPECT_LE(wide.worst, 0.51) << wide.example;
  EXPECT_LE(fast.worst, 1) << fast.example;
}

TEST_F(TripletTest, SpecialValues) {
  Comparison comparison;
  std::mt19937 random(5);
  constexpr double kValues[] = {0, 1, -1, kInfinity, -kInfinity, std::numeric_limits<double>::quiet_NaN()};
  for (const Dtype dtype : {Dtype::kF32, Dtype::kF64}) {
    for (const double p : {2.0, 1.0}) {
      Problem problem = MakeTriplets(dtype, Reduction::kNone, {1, p, 1e-6, 0}, 40, 5, 2);
      for (int i = 0; i < 60; ++i) {
        auto& values = problem.inputs[random() % 3]->values;
        values[random() % values.size()] = kValues[random() % 6];
      }
      const Truth truth = Evaluate(problem);
      Compare(problem, truth, Answers(problem, Mode::kExact), &comparison);
      Comparison fast;
      fast.excused = 0x1p-44;
      if (dtype == Dtype::kF32) Compare(problem, truth, Answers(problem, Mode::kFast), &fast);
      EXPECT_LE(fast.worst, 1) << fast.example;
    }
  }
  EXPECT_LE(comparison.worst, 0.51) << comparison.example;
}

TEST_F(TripletTest, SumsAreTheSameInAnyOrderAndThreads) {
  const std::size_t rows = 700, columns = 12;
  const Problem problem = MakeTriplets(Dtype::kF32, Reduction::kMean, {1, 2, 1e-6, 1}, rows, columns, 3);
  const auto expected = Answers(problem, Mode::kExact);
  for (const int threads : {2, 3, 7}) EXPECT_EQ(Answers(problem, Mode::kExact, threads), expected) << threads;
  Problem turned = problem;  // the last rows first
  for (auto& input : turned.inputs)
    std::rotate(input->values.begin(), input->values.begin() + 300 * columns, input->values.end());
  EXPECT_EQ(Answers(turned, Mode::kExact).front(), expected.front());
  for (std::size_t i = 0; i < optimized::TargetCount(); ++i) {
    optimized::UseTarget(optimized::TargetName(i));
    EXPECT_EQ(Answers(problem, Mode::kExact), expected) << optimized::TargetName(i);
  }
}

TEST_F(TripletTest, StaysInsideItsTensors) {
  for (const Dtype dtype : kAllDtypes) {
    for (std::size_t i = 0; i < optimized::TargetCount(); ++i) {
      optimized::UseTarget(optimized::TargetName(i));
      for (const std::size_t columns : {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 33}) {
        const Problem problem = MakeTriplets(dtype, Reduction::kNone, {1, 2, 1e-6, 1}, 2, columns, 8);
        const auto expected = BitsOf(dtype, Answers(problem, Mode::kExact));
        for (const bool at_end : {false, true})
          EXPECT_EQ(BitsOf(dtype, GuardedAnswers(problem, Mode::kExact, at_end)), expected);
      }
    }
  }
}

TEST_F(TripletTest, ArgumentsAreChecked) {
  float a[6] = {}, p[6] = {}, n[6] = {}, loss[2] = {}, gradient[6] = {};
  const optimized::Call call = {optimized::Dtype::kF32, Mode::kExact, optimized::Reduction::kNone, 1};
  const optimized::Triplet good = {2, 3, {a}, {p}, {n}, loss, gradient, nullptr, nullptr};
  const auto complaint = [&](const optimized::Triplet& triplet,
                             const optimized::TripletMarginParameters& of) {
    const optimized::Error error = optimized::TripletMargin(call, triplet, of);
    return std::string(error ? error.argument : "");
  };
  EXPECT_EQ(complaint(good, {}), "");
  EXPECT_EQ(complaint(good, {1, 0}), "p");
  EXPECT_EQ(complaint(good, {1, std::nan("")}), "p");
  EXPECT_EQ(complaint(good, {1, kInfinity}), "");
  EXPECT_EQ(complaint(good, {std::nan("")}), "margin");
  EXPECT_EQ(complaint(good, {1, 2, kInfinity}), "eps");
  optimized::Triplet bad = good;
  bad.negative.data = nullptr;
  EXPECT_EQ(complaint(bad, {}), "negative");
  bad = good;
  bad.negative_gradient = gradient + 5;
  EXPECT_EQ(complaint(bad, {}), "negative_gradient");
  bad = good;
  bad.anchor_gradient = p;
  EXPECT_EQ(complaint(bad, {}), "anchor_gradient");
}

}  // namespace
}  // namespace exactloss::testing
