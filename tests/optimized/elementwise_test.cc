// What all element-wise kernels have in common: memory, arguments, threads, targets. How right they are is
// for the audit to say (tests/oracle/highway_test.cc).
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "optimized/losses.h"
#include "tests/optimized/guarded.h"

namespace exactloss::optimized {
namespace {

using Loss = Error (*)(const Call&, const Pair&);
const std::pair<const char*, Loss> kLosses[] = {
    {"mse", Mse},
    {"l1", L1},
    {"smooth_l1", [](const Call& call, const Pair& pair) { return SmoothL1(call, pair, {0.7}); }},
    {"huber", [](const Call& call, const Pair& pair) { return Huber(call, pair, {0.3}); }},
    {"bce", [](const Call& call, const Pair& pair) { return Bce(call, pair); }},
    {"bce_with_logits", [](const Call& call, const Pair& pair) { return BceWithLogits(call, pair); }},
    {"sigmoid_focal", [](const Call& call, const Pair& pair) { return SigmoidFocal(call, pair); }},
    {"focal_simple",
     [](const Call& call, const Pair& pair) {
       return FocalSimple(call, pair, {0.25, 1.5});
     }},
    {"kl_div", [](const Call& call, const Pair& pair) { return KlDiv(call, pair); }},
};

std::vector<std::string> Targets() {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < TargetCount(); ++i) names.emplace_back(TargetName(i));
  return names;
}

/// Inputs that every loss takes: probabilities, and targets among them that make exact ties and saturations.
struct Inputs {
  explicit Inputs(std::size_t size, unsigned seed = 1) : input(size), target(size) {
    std::mt19937 random(seed);
    for (std::size_t i = 0; i < size; ++i) {
      input[i] = static_cast<float>(random() % 1000 + 1) / 1002.0F;
      target[i] = random() % 2 == 0 ? static_cast<float>(random() % 2) : input[i];
    }
  }
  std::vector<float> input, target;
};

struct Outputs {
  explicit Outputs(std::size_t size) : loss(size, -7), input(size, -7), target(size, -7) {}
  bool operator==(const Outputs&) const = default;
  std::vector<float> loss, input, target;
};

Outputs Computed(Loss loss, const Call& call, const Inputs& inputs) {
  Outputs outputs(inputs.input.size());
  Pair pair;
  pair.columns = inputs.input.size();
  pair.input.data = inputs.input.data();
  pair.target.data = inputs.target.data();
  pair.loss = outputs.loss.data();
  pair.input_gradient = outputs.input.data();
  pair.target_gradient = outputs.target.data();
  EXPECT_FALSE(loss(call, pair));
  return outputs;
}

TEST(Elementwise, NothingOutsideTheTensorsIsTouched) {
  for (const std::string& target : Targets()) {
    ASSERT_TRUE(UseTarget(target.c_str()));
    for (const auto& [name, loss] : kLosses) {
      for (const Dtype dtype : {Dtype::kF64, Dtype::kF32, Dtype::kBF16, Dtype::kF16}) {
        const std::size_t element = dtype == Dtype::kF64 ? 8 : dtype == Dtype::kF32 ? 4 : 2;
        for (const std::size_t size : {0, 1, 2, 3, 5, 7, 8, 15, 16, 17, 31, 33, 64, 65}) {
          for (const auto side : {Guarded::Side::kFront, Guarded::Side::kBack}) {
            const Guarded input(size * element, side), labels(size * element, side),
                value(size * element, side), first(size * element, side), second(size * element, side);
            Call call;
            call.dtype = dtype;
            call.mode = size % 2 == 0 ? Mode::kExact : Mode::kFast;
            call.reduction = size % 3 == 0 ? Reduction::kSum : Reduction::kNone;
            const Guarded sum(element, side);
            Pair pair;
            pair.columns = size;
            pair.input.data = input.as<void>();
            pair.target.data = labels.as<void>();
            pair.loss = call.reduction == Reduction::kNone ? value.as<void>() : sum.as<void>();
            pair.input_gradient = first.as<void>();
            pair.target_gradient = second.as<void>();
            EXPECT_FALSE(loss(call, pair)) << name;
          }
        }
      }
    }
  }
  UseTarget(nullptr);
}

TEST(Elementwise, AnyAlignmentGivesTheSame) {
  const Inputs inputs(300);
  for (const auto& [name, loss] : kLosses) {
    Call call;
    call.reduction = Reduction::kNone;
    const Outputs whole = Computed(loss, call, inputs);
    for (std::size_t skipped = 1; skipped < 17; ++skipped) {
      Outputs outputs(300);
      Pair pair;
      pair.columns = 300 - skipped;
      pair.input.data = inputs.input.data() + skipped;
      pair.target.data = inputs.target.data() + skipped;
      pair.loss = outputs.loss.data() + 1;  // other than the inputs
      pair.input_gradient = outputs.input.data();
      ASSERT_FALSE(loss(call, pair));
      for (std::size_t i = 0; i + skipped < 300; ++i) {
        ASSERT_EQ(outputs.loss[i + 1], whole.loss[i + skipped]) << name << " " << skipped << " " << i;
        ASSERT_EQ(outputs.input[i], whole.input[i + skipped]) << name << " " << skipped << " " << i;
      }
    }
  }
}

TEST(Elementwise, ExactSumsDoNotDependOnThreadsOrTargets) {
  const Inputs inputs(40'000);
  for (const auto& [name, loss] : kLosses) {
    Call call;
    call.mode = Mode::kExact;
    call.reduction = Reduction::kSum;
    const float sum = Computed(loss, call, inputs).loss[0];
    for (const std::string& target : Targets()) {
      ASSERT_TRUE(UseTarget(target.c_str()));
      for (const int threads : {1, 2, 3, 7}) {
        call.threads = threads;
        EXPECT_EQ(Computed(loss, call, inputs).loss[0], sum) << name << " " << target << " " << threads;
      }
    }
    UseTarget(nullptr);
  }
}

TEST(Elementwise, ExactReductionsDoNotDependOnOrderOrPlace) {
  constexpr std::size_t kSize = 40'000, kRows[] = {1, 2, 5, 8, 40, 125, 1'000, 20'000};
  const Inputs inputs(kSize);
  const std::vector<std::string> targets = Targets();
  std::mt19937 random(7);
  std::vector<std::size_t> order(kSize);
  std::iota(order.begin(), order.end(), 0U);
  for (const auto& [name, loss] : kLosses) {
    Call call;
    call.mode = Mode::kExact;
    float expected[2];
    for (const Reduction reduction : {Reduction::kMean, Reduction::kSum}) {
      call.reduction = reduction;
      expected[reduction == Reduction::kSum] = Computed(loss, call, inputs).loss[0];
    }
    for (int run = 0; run < 64; ++run) {
      std::shuffle(order.begin(), order.end(), random);
      Pair pair;
      pair.rows = kRows[random() % std::size(kRows)];
      pair.columns = kSize / pair.rows;
      const std::size_t stride = pair.columns + random() % 5;
      std::vector<float> input(pair.rows * stride), target(input);
      for (std::size_t i = 0; i < kSize; ++i) {
        const std::size_t at = i / pair.columns * stride + i % pair.columns;
        input[at] = inputs.input[order[i]];
        target[at] = inputs.target[order[i]];
      }
      float got = -7;
      pair.input = {input.data(), static_cast<std::ptrdiff_t>(stride)};
      pair.target = {target.data(), static_cast<std::ptrdiff_t>(stride)};
      pair.loss = &got;
      call.reduction = run % 2 == 0 ? Reduction::kMean : Reduction::kSum;
      call.threads = 1 + static_cast<int>(random() % 7);
      ASSERT_TRUE(UseTarget(targets[random() % targets.size()].c_str()));
      ASSERT_FALSE(loss(call, pair));
      EXPECT_EQ(got, expected[run % 2]) << name << " " << run;
    }
    UseTarget(nullptr);
  }
}

TEST(Elementwise, FastSumsDoNotDependOnThreads) {
  const Inputs inputs(100'000);
  for (const auto& [name, loss] : kLosses) {
    Call call;
    const Outputs one = Computed(loss, call, inputs);
    for (const int threads : {2, 3, 7}) {
      call.threads = threads;
      EXPECT_TRUE(Computed(loss, call, inputs) == one) << name << " " << threads;
    }
  }
}

TEST(Elementwise, ModesAgreeToAnUlp) {
  const Inputs inputs(5'000);
  for (const auto& [name, loss] : kLosses) {
    Call call;
    call.reduction = Reduction::kNone;
    const Outputs fast = Computed(loss, call, inputs);
    call.mode = Mode::kExact;
    const Outputs exact = Computed(loss, call, inputs);
    for (std::size_t i = 0; i < inputs.input.size(); ++i) {
      EXPECT_LE(std::fabs(fast.loss[i] - exact.loss[i]), std::fabs(exact.loss[i]) * 0x1p-23F)
          << name << " " << i;
    }
  }
}

TEST(Elementwise, StreamedOutputsAreTheSame) {
  const Inputs inputs((std::size_t{3} << 20) + 5);
  Call call;
  call.reduction = Reduction::kNone;
  const Outputs outputs = Computed(Mse, call, inputs);
  for (std::size_t i = 0; i < inputs.input.size(); ++i) {
    const double difference = static_cast<double>(inputs.input[i]) - static_cast<double>(inputs.target[i]);
    ASSERT_EQ(outputs.loss[i], static_cast<float>(difference * difference)) << i;
    ASSERT_EQ(outputs.input[i], static_cast<float>(2 * difference)) << i;
    ASSERT_EQ(outputs.target[i], static_cast<float>(-2 * difference)) << i;
  }
}

TEST(Elementwise, RowsMayBeApartOrStandForAll) {
  const std::vector<float> input = {1, 2, 3, -1, 4, 5, 6, -1}, target = {1, 0, 2};
  float loss[6];
  Call call;
  call.reduction = Reduction::kNone;
  Pair pair;
  pair.rows = 2;
  pair.columns = 3;
  pair.input = {input.data(), 4};
  pair.target = {target.data(), 0};
  pair.loss = loss;
  ASSERT_FALSE(Mse(call, pair));
  EXPECT_EQ(std::vector<float>(loss, loss + 6), (std::vector<float>{0, 4, 1, 9, 25, 16}));
}

TEST(Elementwise, WrongArgumentsAreNamedAndNothingIsWritten) {
  std::vector<float> input(8, 0.5F), target(8, 1), loss(8, -7), gradient(8, -7);
  Call call;
  Pair pair;
  pair.columns = 8;
  pair.input.data = input.data();
  pair.target.data = target.data();
  pair.loss = loss.data();
  pair.input_gradient = gradient.data();
  const auto expect = [&](const Error& error, const std::string& argument) {
    ASSERT_TRUE(error) << argument;
    EXPECT_EQ(argument, error.argument);
    EXPECT_NE(error.reason, nullptr);
    EXPECT_EQ(loss, std::vector<float>(8, -7));
    EXPECT_EQ(gradient, std::vector<float>(8, -7));
  };
  expect(SmoothL1(call, pair, {-1}), "beta");
  expect(SmoothL1(call, pair, {NAN}), "beta");
  expect(Huber(call, pair, {0}), "delta");
  expect(Bce(call, pair, {{}, 1}), "log_clamp");
  expect(SigmoidFocal(call, pair, {2, 1}), "alpha");
  expect(FocalSimple(call, pair, {0.25, -1}), "gamma");
  Pair wrong = pair;
  wrong.input.data = nullptr;
  expect(Mse(call, wrong), "input");
  wrong = pair;
  wrong.target.data = nullptr;
  expect(Mse(call, wrong), "target");
  wrong = pair;
  wrong.input_gradient = input.data() + 7;
  expect(Mse(call, wrong), "input_gradient");
  wrong = pair;
  wrong.target_gradient = gradient.data() + 1;
  expect(Mse(call, wrong), "target_gradient");
  wrong = pair;
  wrong.rows = 2;
  wrong.columns = 4;
  wrong.input.row_stride = 3;
  expect(Mse(call, wrong), "input");
  Call odd = call;
  odd.threads = -1;
  expect(Mse(odd, pair), "threads");
  odd = call;
  odd.dtype = static_cast<Dtype>(9);
  expect(Mse(odd, pair), "dtype");
}

TEST(Elementwise, NoElementsHaveTheMeanNaN) {
  float loss = -7;
  Call call;
  Pair pair;
  pair.loss = &loss;
  ASSERT_FALSE(Mse(call, pair));
  EXPECT_TRUE(std::isnan(loss));
  call.reduction = Reduction::kSum;
  ASSERT_FALSE(Mse(call, pair));
  EXPECT_EQ(loss, 0);
}

TEST(Targets, AreNamedAndChosen) {
  ASSERT_GE(TargetCount(), 1U);
  EXPECT_EQ(TargetName(TargetCount()), nullptr);
  EXPECT_FALSE(UseTarget("AVX9"));
  EXPECT_TRUE(UseTarget(TargetName(TargetCount() - 1)));
  EXPECT_TRUE(UseTarget(nullptr));
}

}  // namespace
}  // namespace exactloss::optimized
