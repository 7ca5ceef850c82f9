// Dice and its sum with cross entropy: memory, arguments, threads, targets, and values by hand. How right
// they are is for the audit to say (tests/oracle/highway_test.cc).
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "optimized/losses.h"
#include "tests/optimized/guarded.h"

namespace exactloss::optimized {
namespace {

using Loss = Error (*)(const Call&, const Pair&);
const std::pair<const char*, Loss> kLosses[] = {
    {"dice", [](const Call& call, const Pair& pair) { return Dice(call, pair); }},
    {"dice per sample",
     [](const Call& call, const Pair& pair) {
       return Dice(call, pair, {1e-3, true});
     }},
    {"bce_dice",
     [](const Call& call, const Pair& pair) {
       return BceDice(call, pair, {0.3, 2.5, 1e-5});
     }},
};

struct Work {
  Work(std::size_t rows_, std::size_t columns, unsigned seed = 1)
      : rows(rows_),
        input(rows_ * columns),
        target(rows_ * columns),
        loss(rows_, -7),
        input_gradient(rows_ * columns, -7),
        target_gradient(rows_ * columns, -7) {
    std::mt19937 random(seed);
    for (std::size_t i = 0; i < input.size(); ++i) {
      input[i] = static_cast<float>(random() % 20001) / 1000.0F - 10.0F;
      target[i] = random() % 4 == 0 ? static_cast<float>(random() % 1001) / 1000.0F
                                    : static_cast<float>(random() % 2);
    }
  }
  Pair pair() {
    Pair pair;
    pair.rows = rows;
    pair.columns = input.size() / rows;
    pair.input.data = input.data();
    pair.target.data = target.data();
    pair.loss = loss.data();
    pair.input_gradient = input_gradient.data();
    pair.target_gradient = target_gradient.data();
    return pair;
  }
  bool SameOutputs(const Work& other) const {
    return loss == other.loss && input_gradient == other.input_gradient &&
           target_gradient == other.target_gradient;
  }

  std::size_t rows;
  std::vector<float> input, target, loss, input_gradient, target_gradient;
};

std::string Said(const Error& error) {
  return error ? std::string(error.argument) + " " + error.reason : std::string();
}

TEST(Overlap, BadArgumentsAreNamedAndNothingIsWritten) {
  Work work(2, 3);
  Work untouched(2, 3);
  const double nan = std::nan("");
  EXPECT_EQ(Said(Dice({}, work.pair(), {-1})), "smooth must be finite and not negative");
  EXPECT_EQ(Said(Dice({}, work.pair(), {nan})), "smooth must be finite and not negative");
  EXPECT_EQ(Said(BceDice({}, work.pair(), {nan})), "bce_weight must be finite");
  EXPECT_EQ(Said(BceDice({}, work.pair(), {1, nan})), "dice_weight must be finite");
  EXPECT_EQ(Said(BceDice({}, work.pair(), {1, 1, -0.5})), "smooth must be finite and not negative");

  Call none;
  none.reduction = Reduction::kNone;
  const auto with = [&](auto change) {
    Pair pair = work.pair();
    change(&pair);
    return Said(Dice(none, pair, {1, true}));
  };
  EXPECT_EQ(with([](Pair* p) { p->input.data = nullptr; }), "input is null");
  EXPECT_EQ(with([](Pair* p) { p->target.data = nullptr; }), "target is null");
  EXPECT_EQ(with([&](Pair* p) { p->loss = &work.input[5]; }), "loss overlaps an input");
  EXPECT_EQ(with([&](Pair* p) { p->loss = &work.target_gradient[5]; }),
            "target_gradient overlaps another output");
  EXPECT_EQ(with([&](Pair* p) { p->loss = &work.target_gradient[0] - 1; }), "loss overlaps another output");
  EXPECT_EQ(with([&](Pair* p) { p->loss = &work.input[0] - 1; }), "loss overlaps an input");
  EXPECT_EQ(with([](Pair* p) { p->target_gradient = p->input_gradient; }),
            "target_gradient overlaps another output");
  EXPECT_EQ(with([](Pair* p) { p->input.row_stride = 2; }), "input has a row_stride below its columns");
  EXPECT_TRUE(work.SameOutputs(untouched));
}

TEST(Overlap, ThreadsDoNotChangeABit) {
  for (const auto& [name, loss] : kLosses) {
    for (const Mode mode : {Mode::kFast, Mode::kExact}) {
      for (const std::size_t rows : {1, 19}) {
        Call call;
        call.mode = mode;
        Work first(rows, 19'019 / rows);
        ASSERT_FALSE(loss(call, first.pair()));
        for (const int threads : {2, 3, 7}) {
          call.threads = threads;
          Work work(rows, 19'019 / rows);
          ASSERT_FALSE(loss(call, work.pair()));
          EXPECT_TRUE(work.SameOutputs(first)) << name << " " << rows << " rows, " << threads << " threads";
        }
      }
    }
  }
}

TEST(Overlap, TargetsAgreeWhenExact) {
  for (const auto& [name, loss] : kLosses) {
    Call call;
    call.mode = Mode::kExact;
    Work first(3, 2'111);
    ASSERT_FALSE(loss(call, first.pair()));
    for (std::size_t i = 0; i < TargetCount(); ++i) {
      ASSERT_TRUE(UseTarget(TargetName(i)));
      Work work(3, 2'111);
      ASSERT_FALSE(loss(call, work.pair()));
      EXPECT_TRUE(work.SameOutputs(first)) << name << " " << TargetName(i);
    }
    UseTarget(nullptr);
  }
}

TEST(Overlap, NothingOutsideTheTensorsIsTouched) {
  for (std::size_t i = 0; i < TargetCount(); ++i) {
    ASSERT_TRUE(UseTarget(TargetName(i)));
    for (const auto& [name, loss] : kLosses) {
      for (const Dtype dtype : {Dtype::kF64, Dtype::kF32, Dtype::kBF16, Dtype::kF16}) {
        const std::size_t element = dtype == Dtype::kF64 ? 8 : dtype == Dtype::kF32 ? 4 : 2;
        for (const std::size_t columns : {0, 1, 3, 8, 15, 16, 17, 33}) {
          for (const auto side : {Guarded::Side::kFront, Guarded::Side::kBack}) {
            const std::size_t rows = columns % 2 + 1, bytes = rows * columns * element;
            const Guarded input(bytes, side), target(bytes, side), value(rows * element, side),
                first(bytes, side), second(bytes, side);
            Call call;
            call.dtype = dtype;
            call.mode = columns % 3 == 0 ? Mode::kExact : Mode::kFast;
            call.reduction = Reduction::kNone;
            Pair pair;
            pair.rows = rows;
            pair.columns = columns;
            pair.input.data = input.as<void>();
            pair.target.data = target.as<void>();
            pair.loss = value.as<void>();
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

TEST(Overlap, AnyAlignmentAndStrideGivesTheSame) {
  for (const auto& [name, loss] : kLosses) {
    Work whole(2, 40);
    ASSERT_FALSE(loss({}, whole.pair()));
    for (std::size_t shift = 1; shift < 17; ++shift) {
      std::vector<float> input(140), target(140), gradient(100);
      for (std::size_t i = 0; i < 80; ++i) {
        input[shift + i / 40 * 43 + i % 40] = whole.input[i];
        target[shift + i] = whole.target[i];
      }
      float value = 0;
      Pair pair = whole.pair();
      pair.input = {input.data() + shift, 43};
      pair.target.data = target.data() + shift;
      pair.loss = &value;
      pair.input_gradient = gradient.data() + shift;
      pair.target_gradient = nullptr;
      ASSERT_FALSE(loss({}, pair));
      EXPECT_EQ(value, whole.loss[0]) << name;
      for (std::size_t i = 0; i < 80; ++i) ASSERT_EQ(gradient[shift + i], whole.input_gradient[i]) << name;
    }
  }
}

struct One {
  double loss = 0, input = 0, target = 0;
};
One At(Mode mode, double x, double t, double bce_weight, double smooth) {
  One one;
  Call call;
  call.dtype = Dtype::kF64;
  call.mode = mode;
  Pair pair;
  pair.columns = 1;
  pair.input.data = &x;
  pair.target.data = &t;
  pair.loss = &one.loss;
  pair.input_gradient = &one.input;
  pair.target_gradient = &one.target;
  EXPECT_FALSE(BceDice(call, pair, {bce_weight, 1, smooth}));
  return one;
}

TEST(Overlap, ValuesByHand) {
  for (const Mode mode : {Mode::kFast, Mode::kExact}) {
    const One one = At(mode, 0, 1, 0, 0);  // E = 1 / 2, D = 3 / 2, N = 1
    EXPECT_EQ(one.loss, 1.0 / 3);
    EXPECT_EQ(one.input, -2.0 / 9);
    EXPECT_EQ(one.target, -2.0 / 9);
    const One both = At(mode, 0, 1, 1, 0);
    EXPECT_EQ(both.loss, 0x1.06c76d4d2724dp+0);  // 1 / 3 + log 2
    EXPECT_EQ(both.input, -13.0 / 18);
    EXPECT_EQ(both.target, -2.0 / 9);
    const One empty = At(mode, 0, 0, 0, 0);  // N = 0
    EXPECT_EQ(empty.loss, 1);
    EXPECT_EQ(empty.input, 0);
    EXPECT_EQ(empty.target, -2);
    const double infinity = std::numeric_limits<double>::infinity();
    EXPECT_EQ(At(mode, infinity, 1, 1, 0).loss, 0);
    EXPECT_EQ(At(mode, infinity, 0, 1, 0).loss, infinity);
    EXPECT_TRUE(std::isnan(At(mode, std::nan(""), 0, 1, 1).target));
  }
}

/// All logits 0 and D a power of two: along x the slope is 257 2^-20 where t = 0, the midpoint of two bf16
/// numbers, and -767 2^-20 where t = 1.
TEST(Overlap, ExactMidpointsGoToEven) {
  constexpr std::size_t kSize = 510, kOnes = 257;
  const auto bits = [](float x) { return static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(x) >> 16); };
  std::vector<std::uint16_t> input(kSize, bits(0)), target(kSize, bits(0)), gradient(kSize);
  for (std::size_t i = 0; i < kOnes; ++i) target[i] = bits(1);
  Call call;
  call.dtype = Dtype::kBF16;
  call.mode = Mode::kExact;
  Pair pair;
  pair.columns = kSize;
  pair.input.data = input.data();
  pair.target.data = target.data();
  pair.input_gradient = gradient.data();
  ASSERT_FALSE(Dice(call, pair, {0}));
  for (std::size_t i = 0; i < kSize; ++i)
    ASSERT_EQ(gradient[i], bits(i < kOnes ? -768 * 0x1p-20F : 256 * 0x1p-20F)) << i;
}

TEST(Overlap, ANanStaysInItsSample) {
  Work work(3, 100);
  work.input[150] = std::nanf("");
  Call call;
  call.reduction = Reduction::kNone;
  ASSERT_FALSE(Dice(call, work.pair(), {1, true}));
  EXPECT_TRUE(std::isnan(work.loss[1]));
  for (std::size_t i = 0; i < 300; ++i) {
    EXPECT_EQ(std::isnan(work.input_gradient[i]), i / 100 == 1);
    EXPECT_EQ(std::isnan(work.target_gradient[i]), i / 100 == 1);
  }
  EXPECT_FALSE(std::isnan(work.loss[0] + work.loss[2]));
}

}  // namespace
}  // namespace exactloss::optimized
