// What a problem is given and what it gives: the outputs of every family, with their shapes.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "reference/problem.h"
#include "reference/text.h"

namespace exactloss {
namespace {

/// "loss[2] grad:input[2]"
std::string OutputsText(const Problem& problem) {
  std::string text;
  for (const OutputSpec& output : OutputsOf(problem)) {
    text += Concat(text.empty() ? "" : " ", output.name, ShapeText(output.shape));
  }
  return text;
}

struct Case {
  const char *line, *outputs;
};

void ExpectOutputs(const std::vector<Case>& table) {
  for (const Case& row : table) EXPECT_EQ(OutputsText(ParseProblem(row.line)), row.outputs) << row.line;
}

TEST(ProblemShapes, Elementwise) {
  ExpectOutputs({
      {"mse f32 none input=1,2 target=1,2", "loss[2] grad:input[2] grad:target[2]"},
      {"mse f32 mean input=1,2 target=1,2", "loss[] grad:input[2] grad:target[2]"},
      {"mse f32 none input=[]:1 target=[]:2", "loss[] grad:input[] grad:target[]"},
      {"mse f32 none input=[2,1,3]:0*6 target=[2,1,3]:0*6",
       "loss[2,1,3] grad:input[2,1,3] grad:target[2,1,3]"},
      {"kl_div f32 batchmean input=[2,2]:0*4 target=[2,2]:0*4", "loss[] grad:input[2,2] grad:target[2,2]"},
  });
}

TEST(ProblemShapes, WeightsBroadcastAndHaveNoGradient) {
  for (const char* shape : {"[2,3]:1*6", "[1,3]:1*3", "[2,1]:1*2", "[3]:1*3", "[1]:1", "[]:1"}) {
    for (const char* weight : {"weight", "pos_weight"}) {
      const std::string line =
          Concat("bce_with_logits f32 none input=[2,3]:0*6 target=[2,3]:0*6 ", weight, "=", shape);
      EXPECT_EQ(OutputsText(ParseProblem(line)), "loss[2,3] grad:input[2,3] grad:target[2,3]") << line;
    }
  }
  for (const char* shape : {"[2]:1*2", "[3,2]:1*6", "[1,2,3]:1*6", "[2,3,1]:1*6"}) {
    const std::string line =
        Concat("bce_with_logits f32 none input=[2,3]:0*6 target=[2,3]:0*6 weight=", shape);
    EXPECT_THROW(ParseProblem(line), UsageError) << line;
  }
}

TEST(ProblemShapes, ClassRows) {
  ExpectOutputs({
      {"nll f32 none input=0,0,0 target=[]:2", "loss[] grad:input[3]"},
      {"nll f32 none input=[2,3]:0*6 target=2,0", "loss[2] grad:input[2,3]"},
      {"nll f32 none input=[2,3,2,1]:0*12 target=[2,2,1]:0*4", "loss[2,2,1] grad:input[2,3,2,1]"},
      {"cross_entropy f32 mean input=[2,3]:0*6 target=0*2 weight=1*3", "loss[] grad:input[2,3]"},
      {"cross_entropy f32 none input=[2,3,2]:0*12 target_probabilities=[2,3,2]:0*12",
       "loss[2,2] grad:input[2,3,2] grad:target_probabilities[2,3,2]"},
      {"cross_entropy f32 none input=0*3 target_probabilities=0*3",
       "loss[] grad:input[3] grad:target_probabilities[3]"},
  });
}

TEST(ProblemShapes, BoxesAndVectors) {
  ExpectOutputs({
      {"iou f32 none input=[2,4]:0*8 target=[2,4]:0*8", "loss[2] grad:input[2,4] grad:target[2,4]"},
      {"ciou f32 sum input=[1,4]:0*4 target=[1,4]:0*4", "loss[] grad:input[1,4] grad:target[1,4]"},
      {"triplet_margin f32 none anchor=[2,3]:0*6 positive=[2,3]:0*6 negative=[2,3]:0*6",
       "loss[2] grad:anchor[2,3] grad:positive[2,3] grad:negative[2,3]"},
      {"triplet_margin f32 none anchor=0*3 positive=0*3 negative=0*3",
       "loss[] grad:anchor[3] grad:positive[3] grad:negative[3]"},
  });
}

TEST(ProblemShapes, SumsOverAllElements) {
  ExpectOutputs({
      {"dice f32 none input=[2,3]:0*6 target=[2,3]:0*6", "loss[] grad:input[2,3] grad:target[2,3]"},
      {"dice f32 none per_sample=true input=[2,3]:0*6 target=[2,3]:0*6",
       "loss[2] grad:input[2,3] grad:target[2,3]"},
      {"dice f32 mean per_sample=true input=[2,3]:0*6 target=[2,3]:0*6",
       "loss[] grad:input[2,3] grad:target[2,3]"},
      {"bce_dice f32 mean input=0*3 target=0*3", "loss[] grad:input[3] grad:target[3]"},
      {"detection f32 mean input=[5,2]:0*10 target=[5,2]:0*10 boxes=[3,4]:0*12 target_boxes=[3,4]:0*12",
       "loss[] grad:input[5,2] grad:target[5,2] grad:boxes[3,4] grad:target_boxes[3,4]"},
  });
}

TEST(ProblemShapes, OutputsKnowTheirInput) {
  const Problem problem = ParseProblem("cross_entropy f32 none input=0*3 target_probabilities=0*3");
  const std::vector<OutputSpec> outputs = OutputsOf(problem);
  ASSERT_EQ(outputs.size(), 3u);
  EXPECT_EQ(outputs[0].input, OutputSpec::kLoss);
  EXPECT_EQ(outputs[1].input, 0u);
  EXPECT_EQ(problem.loss->inputs[outputs[2].input].name, "target_probabilities");
}

TEST(ProblemShapes, AScalarHasOneElement) {
  EXPECT_EQ(ElementCount({}), 1);
  EXPECT_EQ(ElementCount({2, 3, 4}), 24);
  EXPECT_EQ(ParseProblem("mse f32 none input=[]:1 target=[]:2").inputs[0]->values.size(), 1u);
}

TEST(ProblemShapes, SizesHaveALimit) {
  const auto with_shape = [](const Shape& shape) {
    Problem problem = ParseProblem("mse f32 none input=1 target=1");
    for (auto& tensor : problem.inputs) tensor->shape = shape;
    return problem;
  };
  EXPECT_NO_THROW(CheckShapes(with_shape({kMaxElements / 2})));
  EXPECT_THROW(CheckShapes(with_shape({kMaxElements / 2 + 1})), UsageError);
  EXPECT_THROW(CheckShapes(with_shape({0})), UsageError);
  EXPECT_THROW(CheckShapes(with_shape({2, -1})), UsageError);
  EXPECT_THROW(CheckShapes(with_shape({std::int64_t{1} << 62, 4})), UsageError);
  EXPECT_NO_THROW(CheckShapes(with_shape(Shape(64, 1))));
  EXPECT_THROW(CheckShapes(with_shape(Shape(65, 1))), UsageError);
}

}  // namespace
}  // namespace exactloss
