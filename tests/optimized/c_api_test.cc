// The C functions give the bits and the errors of the C++ functions.
#include "tests/optimized/c_api.h"

#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "optimized/kernels.h"
#include "optimized/losses.h"

namespace exactloss::optimized {
namespace {

Pair PairOf(const c_tensors& t) {
  return {C_ROWS, C_COLUMNS, {t.inputs[0], C_STRIDE}, {t.inputs[1]}, t.loss, t.gradients[0], t.gradients[1]};
}

ClassRows ClassRowsOf(const c_tensors& t) {
  ClassRows rows;
  rows.rows = C_ROWS;
  rows.classes = C_COLUMNS;
  rows.input = {t.inputs[0], C_STRIDE};
  rows.target = t.classes;
  rows.weight = t.inputs[3];
  rows.loss = t.loss;
  rows.input_gradient = t.gradients[0];
  return rows;
}

using Run = Error (*)(const Call& call, const c_tensors& tensors);

/// The calls of c_api.c.
const std::map<std::string, Run>& Losses() {
  using T = c_tensors;
  static const std::map<std::string, Run> losses = {
      {"mse", [](const Call& call, const T& t) { return Mse(call, PairOf(t)); }},
      {"l1", [](const Call& call, const T& t) { return L1(call, PairOf(t)); }},
      {"smooth_l1", [](const Call& call, const T& t) { return SmoothL1(call, PairOf(t), {.beta = 0.25}); }},
      {"huber", [](const Call& call, const T& t) { return Huber(call, PairOf(t), {.delta = 0.25}); }},
      {"bce",
       [](const Call& call, const T& t) {
         return Bce(call, PairOf(t), {.weight = {t.inputs[2], 0}, .log_clamp = -0.5});
       }},
      {"bce_with_logits",
       [](const Call& call, const T& t) {
         return BceWithLogits(call, PairOf(t), {.weight = {t.inputs[2], 0}, .pos_weight = {t.inputs[3]}});
       }},
      {"sigmoid_focal",
       [](const Call& call, const T& t) {
         return SigmoidFocal(call, PairOf(t), {.alpha = 0.75, .gamma = 1.5});
       }},
      {"focal_simple",
       [](const Call& call, const T& t) {
         return FocalSimple(call, PairOf(t), {.alpha = 0.75, .gamma = 1.5});
       }},
      {"kl_div", [](const Call& call, const T& t) { return KlDiv(call, PairOf(t), {.log_target = true}); }},
      {"iou", [](const Call& call, const T& t) { return Iou(call, PairOf(t), {.eps = 0.125}); }},
      {"giou", [](const Call& call, const T& t) { return Giou(call, PairOf(t), {.eps = 0.125}); }},
      {"diou", [](const Call& call, const T& t) { return Diou(call, PairOf(t), {.eps = 0.125}); }},
      {"ciou", [](const Call& call, const T& t) { return Ciou(call, PairOf(t), {.eps = 0.125}); }},
      {"detection",
       [](const Call& call, const T& t) {
         Pair boxes;
         boxes.rows = C_ROWS;
         boxes.columns = C_COLUMNS;
         boxes.input = {t.inputs[2]};
         boxes.target = {t.inputs[3]};
         boxes.input_gradient = t.gradients[2];
         return Detection(call, PairOf(t), boxes,
                          {.alpha = 0.75,
                           .gamma = 1.5,
                           .beta = 0.25,
                           .eps = 0.125,
                           .class_weight = 2,
                           .box_weight = 0.5,
                           .iou_weight = 3});
       }},
      {"dice", [](const Call& call,
                  const T& t) { return Dice(call, PairOf(t), {.smooth = 0.5, .per_sample = true}); }},
      {"bce_dice",
       [](const Call& call, const T& t) {
         return BceDice(call, PairOf(t), {.bce_weight = 0.25, .dice_weight = 0.75, .smooth = 0.5});
       }},
      {"nll", [](const Call& call, const T& t) { return Nll(call, ClassRowsOf(t), {.ignore_index = 2}); }},
      {"cross_entropy",
       [](const Call& call, const T& t) {
         return CrossEntropy(call, ClassRowsOf(t), {.ignore_index = 2, .label_smoothing = 0.125});
       }},
      {"cross_entropy_of_probabilities",
       [](const Call& call, const T& t) {
         ClassRows rows = ClassRowsOf(t);
         rows.target = nullptr;
         rows.target_probabilities = {t.inputs[1]};
         rows.target_gradient = t.gradients[1];
         return CrossEntropy(call, rows);
       }},
      {"triplet_margin",
       [](const Call& call, const T& t) {
         const Triplet triplet = {C_ROWS,         C_COLUMNS,        {t.inputs[0], C_STRIDE},
                                  {t.inputs[1]},  {t.inputs[2], 0}, t.loss,
                                  t.gradients[0], t.gradients[1],   t.gradients[2]};
         return TripletMargin(call, triplet, {.margin = 0.5, .p = 3, .eps = 0.25, .swap = true});
       }},
  };
  return losses;
}

using Memory = std::vector<std::uint64_t>;
constexpr std::size_t kElements = std::size_t{C_ROWS} * C_STRIDE;  ///< no tensor has more; of 8 bytes at most

/// Numbers of the dtype in [1/8, 1): a range of bits.
Memory Numbers(Dtype dtype, std::mt19937_64* random) {
  constexpr std::uint64_t kBegin[] = {0x3fc0000000000000, 0x3e000000, 0x3e00, 0x3000};
  constexpr std::uint64_t kEnd[] = {0x3ff0000000000000, 0x3f800000, 0x3f80, 0x3c00};
  constexpr std::size_t kBytes[] = {8, 4, 2, 2};
  const auto i = static_cast<std::size_t>(dtype);
  Memory memory(kElements);
  for (std::size_t k = 0; k < kElements; ++k) {
    const std::uint64_t bits = kBegin[i] + (*random)() % (kEnd[i] - kBegin[i]);
    std::memcpy(reinterpret_cast<char*>(memory.data()) + k * kBytes[i], &bits, kBytes[i]);  // little endian
  }
  return memory;
}

struct Outputs {
  c_tensors Of(c_tensors tensors) {
    tensors.loss = memory[0].data();
    for (std::size_t i = 0; i < 3; ++i) tensors.gradients[i] = memory[i + 1].data();
    return tensors;
  }
  std::vector<Memory> memory = std::vector<Memory>(4, Memory(kElements, 0xabababababababab));
};

std::string Text(const char* text) { return text == nullptr ? "" : text; }

TEST(CApi, GivesTheBitsOfCpp) {
  std::mt19937_64 random(1);
  const std::int64_t classes[C_ROWS] = {3, 2, 0, 1, 3};
  for (const Dtype dtype : {Dtype::kF64, Dtype::kF32, Dtype::kBF16, Dtype::kF16}) {
    c_tensors tensors = {};
    std::vector<Memory> inputs;
    for (const void*& input : tensors.inputs) {
      inputs.push_back(Numbers(dtype, &random));
      input = inputs.back().data();
    }
    tensors.classes = classes;
    for (const Mode mode : {Mode::kFast, Mode::kExact}) {
      for (const Reduction reduction :
           {Reduction::kNone, Reduction::kMean, Reduction::kSum, Reduction::kBatchMean}) {
        for (const c_loss* loss = c_losses; loss->name != nullptr; ++loss) {
          const exactloss_call c_call = {static_cast<std::uint8_t>(dtype), static_cast<std::uint8_t>(mode),
                                         static_cast<std::uint8_t>(reduction), 2};
          Outputs c, cpp;
          const c_tensors c_outputs = c.Of(tensors);
          const exactloss_error c_error = loss->run(&c_call, &c_outputs);
          const Error cpp_error = Losses().at(loss->name)({dtype, mode, reduction, 2}, cpp.Of(tensors));
          SCOPED_TRACE(std::string(loss->name) + ", dtype " + std::to_string(c_call.dtype) + ", mode " +
                       std::to_string(c_call.mode) + ", reduction " + std::to_string(c_call.reduction));
          EXPECT_EQ(Text(c_error.argument), Text(cpp_error.argument));
          EXPECT_EQ(Text(c_error.reason), Text(cpp_error.reason));
          EXPECT_EQ(c.memory, cpp.memory);
          const bool computed = cpp.memory != Outputs().memory;
          EXPECT_NE(computed, static_cast<bool>(cpp_error));
          EXPECT_TRUE(computed || reduction != Reduction::kMean);
        }
      }
    }
  }
}

TEST(CApi, HasEveryLoss) {
  for (const Contract* contract : kContracts) {
    bool there = false;
    for (const c_loss* loss = c_losses; loss->name != nullptr; ++loss)
      there |= Text(loss->name) == contract->loss;
    EXPECT_TRUE(there) << contract->loss
                       << ": no C function: write it in optimized/losses_c.h and losses_c.cc, "
                       << "and call it in tests/optimized/c_api.c";
  }
}

TEST(CApi, NullsAreDefaults) {
  const exactloss_call call = exactloss_default_call();
  EXPECT_EQ(call.dtype, EXACTLOSS_F32);
  EXPECT_EQ(call.mode, EXACTLOSS_FAST);
  EXPECT_EQ(call.reduction, EXACTLOSS_MEAN);
  EXPECT_EQ(call.threads, 1);

  const float input[] = {4, 1}, target[] = {1, 1};
  float with_defaults = 0, with_nulls = 0;
  exactloss_pair pair = exactloss_default_pair();
  pair.columns = 2;
  pair.input.data = input;
  pair.target.data = target;
  pair.loss = &with_defaults;
  const exactloss_huber_parameters parameters = exactloss_default_huber_parameters();
  EXPECT_EQ(exactloss_huber(&call, &pair, &parameters).argument, nullptr);
  pair.loss = &with_nulls;
  EXPECT_EQ(exactloss_huber(nullptr, &pair, nullptr).argument, nullptr);
  EXPECT_EQ(with_defaults, 1.25F);
  EXPECT_EQ(with_nulls, 1.25F);
}

TEST(CApi, SaysWhatIsWrong) {
  const auto says = [](const exactloss_error& error) {
    return Text(error.argument) + " " + Text(error.reason);
  };
  EXPECT_EQ(says(exactloss_mse(nullptr, nullptr)), "tensors are null");

  exactloss_pair pair = exactloss_default_pair();
  pair.columns = 1;
  EXPECT_EQ(says(exactloss_mse(nullptr, &pair)), "input is null");
  const exactloss_huber_parameters parameters = {-1};
  EXPECT_EQ(says(exactloss_huber(nullptr, &pair, &parameters)), "delta must be positive");

  const std::pair<exactloss_call, std::string> calls[] = {
      {{4, 0, 0, 1}, "dtype is none of f64, f32, bf16, f16"},
      {{0, 2, 0, 1}, "mode is neither fast nor exact"},
      {{0, 0, 4, 1}, "reduction is none of none, mean, sum, batchmean"},
      {{0, 0, 0, -1}, "threads must not be negative"},
  };
  for (const auto& [call, message] : calls) EXPECT_EQ(says(exactloss_mse(&call, &pair)), message);
}

TEST(CApi, ChoosesTargets) {
  ASSERT_EQ(exactloss_target_count(), TargetCount());
  for (std::size_t i = 0; i <= TargetCount(); ++i) EXPECT_EQ(exactloss_target_name(i), TargetName(i));
  EXPECT_TRUE(exactloss_use_target(exactloss_target_name(TargetCount() - 1)));
  EXPECT_FALSE(exactloss_use_target("no such target"));
  EXPECT_TRUE(exactloss_use_target(nullptr));
}

}  // namespace
}  // namespace exactloss::optimized
