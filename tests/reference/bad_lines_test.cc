// What is wrong with a line, in words: what, where, and what would be right.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "reference/problem.h"

namespace exactloss {
namespace {

struct BadLine {
  const char *line, *message;
};

std::string MessageOf(const std::string& line, const TensorSource& source = {}) {
  try {
    return "none: it is read as " + FormatProblem(ParseProblem(line, source));
  } catch (const UsageError& error) {
    return error.what();
  }
}

void ExpectMessages(const std::vector<BadLine>& table) {
  for (const BadLine& bad : table) EXPECT_EQ(MessageOf(bad.line), bad.message) << bad.line;
}

TEST(BadLines, Words) {
  ExpectMessages({
      {"", "column 1: a word is missing; a line is: loss dtype reduction name=value ..., one space apart"},
      {"mse", "column 4: the line ends; a line is: loss dtype reduction name=value ..."},
      {"mse f32", "column 8: the line ends; a line is: loss dtype reduction name=value ..."},
      {"mse  f32 none input=1 target=1",
       "column 5: a word is missing; a line is: loss dtype reduction name=value ..., one space apart"},
      {"mse f32 none input=1 target=1 ",
       "column 31: a word is missing; a line is: loss dtype reduction name=value ..., one space apart"},
      {"msee f32 none input=1 target=1", "column 1: unknown loss 'msee'; did you mean mse?"},
      {"mes f32 none input=1 target=1", "column 1: unknown loss 'mes'; did you mean mse?"},
      {"smothl1 f32 none input=1 target=1", "column 1: unknown loss 'smothl1'; did you mean smooth_l1?"},
      {"cross-entropy f32 mean input=1,2 target=[]:0",
       "column 1: unknown loss 'cross-entropy'; did you mean cross_entropy?"},
      {"mse f8 none input=1 target=1", "column 5: unknown dtype 'f8'; there are f64, f32, bf16, f16"},
      {"mse f32 avg input=1 target=1", "column 9: mse has no reduction 'avg'; it has none, mean, sum"},
      {"mse f32 batchmean input=1 target=1",
       "column 9: mse has no reduction 'batchmean'; it has none, mean, sum"},
      {"detection f32 none input=1 target=1",
       "column 15: detection has no reduction 'none'; it has mean, sum"},
      {"mse f32 none input=1", "mse needs target; write target=..."},
      {"mse f32 none input=1 target", "column 22: 'target' is no name=value"},
      {"mse f32 none input=1 goal=1",
       "column 22: mse has no input or parameter 'goal'; inputs: input, target; parameters: none"},
      {"mse f32 none input=1 target=1 beta=1",
       "column 31: mse has no input or parameter 'beta'; inputs: input, target; parameters: none"},
      {"mse f32 none input=1 target=1 input=2", "column 31: input is given twice"},
      {"smooth_l1 f32 none beta=1 beta=2 input=1 target=1", "column 27: beta is given twice"},
      {"mse f32 none input=normal#7.3[2] target=1,2",
       "column 20: fills are not known here; write the values of input"},
      {"mse f32 none input=normal#7[2] target=1,2",
       "column 20: fills are not known here; write the values of input"},
  });
}

TEST(BadLines, Numbers) {
  ExpectMessages({
      {"mse f32 none input=one target=1",
       "column 20: input: 'one' is no number; write a hex float (0x1.8p-3), a decimal, inf, -inf or nan"},
      {"mse f32 none input= target=1",
       "column 20: input: '' is no number; write a hex float (0x1.8p-3), a decimal, inf, -inf or nan"},
      {"mse f32 none input=1,,2 target=1,1,1",
       "column 22: input: '' is no number; write a hex float (0x1.8p-3), a decimal, inf, -inf or nan"},
      {"mse f32 none input=0x1.000001p+0 target=1",
       "column 20: input: '0x1.000001p+0' is no number of f32; its neighbours there are 0x1p+0 and "
       "0x1.000002p+0"},
      {"mse f16 none input=0x1p+16 target=1",
       "column 20: input: '0x1p+16' is no number of f16; its neighbours there are 0x1.ffcp+15 and inf"},
      {"mse f16 none input=1e5 target=1",
       "column 20: input: '1e5' overflows f16, whose largest number is 0x1.ffcp+15; write that or inf"},
      {"mse f32 none input=[2,2]:1,2,3 target=[2,2]:1,2,3,4",
       "column 20: 3 values for shape [2,2], which has 4"},
      {"mse f32 none input=[0]: target=[0]:", "column 21: '0' is no count; a size is an integer, 1 or more"},
      {"mse f32 none input=[-1]:1 target=1", "column 21: '-1' is no count; a size is an integer, 1 or more"},
      {"mse f32 none input=1*0 target=1",
       "column 22: '0' is no count; the count of a run is an integer, 1 or more"},
      {"mse f32 none input=1*268435457 target=1",
       "column 22: 268435457 is too many; a problem has at most 268435456 elements"},
      {"mse f32 none input=[65536,65536]:1 target=1",
       "column 27: 65536 is too many; a problem has at most 268435456 elements"},
      {"nll f32 none input=[2,3]:0*6 target=0,1.5", "column 39: target: '1.5' is no integer of at most 2^53"},
      {"nll f32 none ignore_index=1.5 input=[1,2]:0,0 target=1",
       "column 27: ignore_index: '1.5' is no integer of at most 2^53"},
  });
}

TEST(BadLines, Shapes) {
  ExpectMessages({
      {"mse f32 none input=1,2 target=1", "mse: target has shape [1]; it must be [2]"},
      {"mse f32 none input=[2:1,2 target=1,2", "column 21: the shape has no end; a shape is [2,3]"},
      {"bce_with_logits f32 none input=1,2,3 target=1,2,3 weight=1,2",
       "bce_with_logits: weight has shape [2]; it must broadcast to [3]"},
      {"nll f32 none input=[2,3]:0*6 target=0", "nll: target has shape [1]; it must be [2]"},
      {"nll f32 none input=[2,3]:0*6 target=0,1 weight=1,1", "nll: weight has shape [2]; it must be [3]"},
      {"nll f32 none input=[]:1 target=[]:0",
       "nll: input has shape []; rows of classes are [N,C,...] or [C]"},
      {"cross_entropy f32 none input=[1,2]:0,0",
       "cross_entropy needs exactly one of target, target_probabilities; 0 are given"},
      {"cross_entropy f32 none input=[1,2]:0,0 target=0 target_probabilities=[1,2]:0,1",
       "cross_entropy needs exactly one of target, target_probabilities; 2 are given"},
      {"kl_div f32 batchmean input=[]:0 target=[]:1",
       "kl_div: batchmean divides by the size of dimension 0, and input is a scalar"},
      {"triplet_margin f32 none anchor=[1,1,1]:1 positive=[1,1,1]:1 negative=[1,1,1]:1",
       "triplet_margin: anchor has shape [1,1,1]; vectors are [N,D] or [D]"},
      {"ciou f32 none input=1,2,3,4 target=1,2,3,4",
       "ciou: input has shape [4]; boxes are [N,4]: x1, y1, x2, y2"},
      {"ciou f32 none input=[1,4]:1,2,3,4 target=[2,4]:1*8",
       "ciou: target has shape [2,4]; it must be [1,4]"},
      {"dice f32 none input=[]:1 target=[]:1",
       "dice: input has shape []; it must have one dimension at least"},
      {"mse f32 none input@sideways=1 target=1",
       "column 20: unknown layout 'sideways'; there are contiguous, strided, transposed, expanded, "
       "misaligned"},
      {"mse f32 none input@expanded=1,2 target=1,2",
       "mse: input[1] is 2; an expanded tensor has equal slices along dimension 0, and input[0] is 1"},
      {"mse f32 none input@expanded=[]:1 target=[]:1",
       "mse: input is a scalar; an expanded tensor has a dimension 0 of equal slices"},
  });
}

TEST(BadLines, Domains) {
  ExpectMessages({
      {"nll f32 none input=[2,3]:0*6 target=0,3",
       "nll: target[1] is 3; a class index is 0 to 2, or ignore_index, -100"},
      {"nll f32 none input=[2,3]:0*6 target=0,-1",
       "nll: target[1] is -1; a class index is 0 to 2, or ignore_index, -100"},
      {"cross_entropy f32 none label_smoothing=1.5 input=[1,2]:0,0 target=0",
       "cross_entropy: label_smoothing=1.5 is outside its domain; it must be in [0, 1]"},
      {"smooth_l1 f32 none beta=-1 input=1 target=1",
       "smooth_l1: beta=-1 is outside its domain; it must be finite and >= 0"},
      {"huber f32 none delta=0 input=1 target=1",
       "huber: delta=0 is outside its domain; it must be finite and > 0"},
      {"huber f32 none delta=nan input=1 target=1",
       "huber: delta=nan is outside its domain; it must be finite and > 0"},
      {"bce f32 none input=1.5 target=1", "bce: input[0] is 1.5; it must be in [0, 1]"},
      {"bce f32 none input=-0.5 target=1", "bce: input[0] is -0.5; it must be in [0, 1]"},
      {"kl_div f32 none input=0 target=-1", "kl_div: target[0] is -1; it must be >= 0"},
      {"kl_div f32 none log_target=maybe input=0 target=-1",
       "column 28: log_target is true or false, not 'maybe'"},
      {"triplet_margin f32 none p=0 anchor=1 positive=1 negative=1",
       "triplet_margin: p=0 is outside its domain; it must be > 0"},
      {"sigmoid_focal f32 none alpha=2 input=1 target=1",
       "sigmoid_focal: alpha=2 is outside its domain; it must be finite and <= 1"},
      {"triplet_margin f32 none margin=inf anchor=1 positive=1 negative=1",
       "triplet_margin: margin=inf is outside its domain; it must be finite"},
      {"bce f32 none log_clamp=1 input=1 target=1",
       "bce: log_clamp=1 is outside its domain; it must be <= 0"},
      {"triplet_margin f32 none p=-1 anchor=1 positive=1 negative=1",
       "triplet_margin: p=-1 is outside its domain; it must be > 0"},
  });
}

TEST(BadLines, TensorsOfFills) {
  const auto source = [](const Problem& problem, std::size_t input, std::string_view) {
    return std::vector<double>(static_cast<std::size_t>(ElementCount(problem.inputs[input]->shape)), 0.5);
  };
  for (const char* name :
       {"normal#7[2]", "normal#7.3", "#7.3[2]", "normal#-7.3[2]", "Normal#7.3[2]", "normal#7.3[2]:1"}) {
    EXPECT_EQ(MessageOf("mse f32 none input=" + std::string(name) + " target=1,2", source),
              "column 20: '" + std::string(name) +
                  "' is no tensor of a fill; write fill#seed.index[shape], such as normal#7.3[1000]");
  }
  EXPECT_EQ(MessageOf("nll f32 none input=[1,2]:0,0 target=ties#1.2[1]", source),
            "nll: target[0] is 0.5; a class index is 0 to 1, or ignore_index, -100");
}

TEST(BadLines, WhatTheyQuoteStaysOneLine) {
  EXPECT_EQ(
      MessageOf("mse f32 none input=1\n target=1"),
      "column 20: input: '1\\x0a' is no number; write a hex float (0x1.8p-3), a decimal, inf, -inf or nan");
  EXPECT_EQ(MessageOf(std::string(100, 'x') + " f32 none").substr(0, 70),
            "column 1: unknown loss '" + std::string(40, 'x') + "...'; ");
}

TEST(BadLines, ProblemsThatNoLineMade) {
  const auto message_of = [](const Problem& problem) -> std::string {
    try {
      CheckProblem(problem);
    } catch (const UsageError& error) {
      return error.what();
    }
    return {};
  };
  Problem problem = ParseProblem("mse f16 none input=1,2 target=1,2");
  EXPECT_EQ(message_of(problem), "");
  problem.inputs[0]->values[1] = 0.1;
  EXPECT_EQ(message_of(problem), "mse: input[1] is 0.1; that is no number of f16");
  problem.inputs[0]->values.pop_back();
  EXPECT_EQ(message_of(problem), "mse: input has 1 values for shape [2]");
  problem.inputs[0].reset();
  EXPECT_EQ(message_of(problem), "mse needs input; write input=...");
  problem.reduction = Reduction::kBatchMean;
  EXPECT_EQ(message_of(problem), "mse has no reduction 'batchmean'; it has none, mean, sum");
}

}  // namespace
}  // namespace exactloss
