#include "oracle/host_frames.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "oracle/memory_image.h"

namespace exactloss {
namespace {

using Json = nlohmann::json;

const Problem& Huber() {
  static const Problem problem = ParseProblem("huber f32 mean delta=0.5 input@strided=1,2,3 target=4,5,6");
  return problem;
}

TEST(HostFrames, RunInThePayload) {
  const BatchPlan plan = PlanBatch({&Huber(), 1}, false);
  const std::string header = RunHeader({&Huber(), 1}, plan, 7, false);
  EXPECT_EQ(header.find('\n'), header.size() - 1);
  EXPECT_EQ(Json::parse(header), Json::parse(R"({"type":"run","id":7,"bytes":128,"problems":[{
    "loss":"huber","dtype":"f32","reduction":"mean","parameters":{"delta":"0x1p-1"},
    "inputs":[{"name":"input","dtype":"f32","shape":[3],"strides":[2],"offset":0},
              {"name":"target","dtype":"f32","shape":[3],"strides":[1],"offset":64}],
    "outputs":[{"name":"loss","shape":[]},{"name":"grad:input","shape":[3]},
               {"name":"grad:target","shape":[3]}]}]})"));
}

TEST(HostFrames, RunInSharedMemory) {
  const BatchPlan plan = PlanBatch({&Huber(), 1}, true);
  const Json header = Json::parse(RunHeader({&Huber(), 1}, plan, 7, true));
  EXPECT_EQ(header["bytes"], 0);
  EXPECT_EQ(header["problems"][0]["outputs"][2],
            Json::parse(R"({"name":"grad:target","shape":[3],"offset":256})"));
  EXPECT_EQ(plan.size, 5 * kAlignment);
}

TEST(HostFrames, OnlyElementsAreWritten) {
  const BatchPlan plan = PlanBatch({&Huber(), 1}, true);
  std::vector<std::byte> memory(plan.size);
  StoreInputs({&Huber(), 1}, plan, memory);
  const auto float_at = [&memory](std::size_t at) {
    return FromBits(Dtype::kF32, LoadBits(Dtype::kF32, std::span(memory).subspan(at, 4))[0]);
  };
  EXPECT_EQ(float_at(0), 1);
  EXPECT_EQ(float_at(16), 3);
  EXPECT_EQ(float_at(kAlignment + 4), 5);
  for (const std::size_t gap : {std::size_t{4}, std::size_t{20}, 2 * kAlignment, plan.size - 4}) {
    EXPECT_TRUE(std::isnan(float_at(gap))) << gap;
  }
}

TEST(HostFrames, ClassIndicesAreIntegers) {
  const Problem problem = ParseProblem("nll f64 mean input=[1,2]:-1,-2 target=1");
  const BatchPlan plan = PlanBatch({&problem, 1}, false);
  const Json inputs = Json::parse(RunHeader({&problem, 1}, plan, 0, false))["problems"][0]["inputs"];
  EXPECT_EQ(inputs[1]["dtype"], "i64");
}

TEST(HostFrames, Hello) {
  EXPECT_EQ(HelloFrame(), "{\"exactloss\":1,\"type\":\"hello\"}\n");
  const Hello hello = ParseHello(
      R"({"exactloss":1,"type":"hello","name":"n","version":"v","details":{"threads":"1"},"shared_memory":true})");
  EXPECT_EQ(hello.info.name, "n");
  EXPECT_EQ(hello.info.version, "v");
  EXPECT_EQ(hello.info.details.at("threads"), "1");
  EXPECT_TRUE(hello.shared_memory);
  EXPECT_FALSE(ParseHello(R"({"exactloss":1,"type":"hello","name":"n"})").shared_memory);
  EXPECT_EQ(hello.info.summation.order, SummationOrder::kUnknown);
}

TEST(HostFrames, AHostSaysHowItAdds) {
  const auto summation = [](const std::string& text) {
    return ParseHello(R"({"exactloss":1,"type":"hello","name":"n","summation":)" + text + "}").info.summation;
  };
  const Summation all = summation(R"({"order":"pairwise","width":16,"accumulator":"f64"})");
  EXPECT_EQ(all.order, SummationOrder::kPairwise);
  EXPECT_EQ(all.width, 16);
  EXPECT_EQ(all.accumulator, Dtype::kF64);
  const Summation order = summation(R"({"order":"sequential"})");
  EXPECT_EQ(order.order, SummationOrder::kSequential);
  EXPECT_EQ(order.width, 1);
  EXPECT_FALSE(order.accumulator);
}

/// The message of the exception that `call` must throw.
template <class Call>
std::string WhatIsWrong(Call call) {
  try {
    call();
  } catch (const ProtocolError& error) {
    return error.what();
  }
  return "nothing";
}

TEST(HostFrames, WrongHellos) {
  const auto wrong = [](const char* line) { return WhatIsWrong([line] { ParseHello(line); }); };
  EXPECT_EQ(wrong("Hello, world"), R"(a frame is a line of JSON, and it sent "Hello, world")");
  EXPECT_EQ(wrong("[1]"), R"(a frame is a line of JSON, and it sent "[1]")");
  EXPECT_EQ(wrong(R"({"type":"hello"})"), R"(its frame has no "exactloss")");
  EXPECT_EQ(wrong(R"({"exactloss":"1","type":"hello"})"), R"(its frame has a wrong "exactloss")");
  EXPECT_EQ(wrong(R"({"exactloss":2,"type":"hello","name":"n"})"),
            R"(its first frame is not {"exactloss":1,"type":"hello",...})");
  EXPECT_EQ(wrong(R"({"exactloss":1,"type":"hello"})"), R"(its frame has no "name")");
  EXPECT_EQ(wrong(R"({"exactloss":1,"type":"hello","name":"n","details":{"threads":1}})"),
            R"(its frame has a wrong "details")");
  const auto summation = [&](const std::string& text) {
    return wrong((R"({"exactloss":1,"type":"hello","name":"n","summation":)" + text + "}").c_str());
  };
  EXPECT_EQ(summation("1"), R"(its frame has no "order")");
  EXPECT_EQ(summation(R"({"order":"kahan"})"),
            R"(its "order" is none of unknown, sequential, pairwise, blocked)");
  EXPECT_EQ(summation(R"({"order":"blocked","width":0})"), R"(its "width" is no number from 1 to 2^30)");
  EXPECT_EQ(summation(R"({"order":"blocked","width":-1})"), R"(its frame has a wrong "width")");
  EXPECT_EQ(summation(R"({"order":"blocked","accumulator":"f8"})"),
            R"(its "accumulator" is none of f64, f32, bf16, f16)");
}

AnswerHeader Parse(const std::string& members) {
  return ParseAnswer(R"({"type":"answer","id":7,"problem":3,)" + members + "}", Huber(), 7, 3);
}

TEST(HostFrames, Answers) {
  const AnswerHeader ok = Parse(
      R"("status":"ok","bytes":20,"outputs":[{"name":"loss","dtype":"f64","shape":[]},{"name":"grad:target","dtype":"f32","shape":[3]}])");
  EXPECT_EQ(ok.answer.status, AnswerStatus::kOk);
  EXPECT_EQ(ok.bytes, 20U);
  EXPECT_EQ(ok.wanted, (std::vector<std::size_t>{0, 2}));
  EXPECT_EQ(ok.answer.outputs[0].dtype, Dtype::kF64);
  EXPECT_EQ(Parse(R"("status":"unsupported","message":"no")").answer.status, AnswerStatus::kUnsupported);
  const AnswerHeader refusal = Parse(R"("status":"error","message":"bad")");
  EXPECT_EQ(refusal.answer.status, AnswerStatus::kError);
  EXPECT_EQ(refusal.answer.message, "bad");
}

TEST(HostFrames, WrongOutputsKeepTheHost) {
  const auto message = [](const std::string& outputs) {
    const AnswerHeader header = Parse(R"("status":"ok","outputs":)" + outputs);
    EXPECT_EQ(header.answer.status, AnswerStatus::kProtocol);
    EXPECT_TRUE(header.answer.outputs.empty());
    return header.answer.message;
  };
  EXPECT_EQ(message("[]"), R"(its answer lacks the output "loss")");
  EXPECT_EQ(message(R"([{"name":"grad:input","dtype":"f32","shape":[3]}])"),
            R"(its answer lacks the output "loss")");
  EXPECT_EQ(message(R"([{"name":"lo\nss"}])"), R"(it answers an output "lo\x0ass" that nobody asked for)");
  EXPECT_EQ(message(R"([{"name":"loss","dtype":"f32","shape":[1]}])"),
            R"(its output "loss" has shape [1] instead of [])");
  EXPECT_EQ(message(R"([{"name":"loss","dtype":"i64","shape":[]}])"),
            R"(its output "loss" has a dtype that is none of f64, f32, bf16, f16)");
  EXPECT_EQ(message(R"([{"name":"loss","dtype":"f32","shape":[]},{"name":"loss","dtype":"f32","shape":[]}])"),
            R"(its output "loss" comes twice, or out of order)");
}

TEST(HostFrames, WrongAnswersLoseTheHost) {
  const auto wrong = [](const std::string& members) { return WhatIsWrong([&] { Parse(members); }); };
  EXPECT_EQ(wrong(R"("status":"fine")"), R"(its status "fine" is none of "ok", "unsupported", "error")");
  EXPECT_EQ(wrong(R"("outputs":[])"), R"(its frame has no "status")");
  EXPECT_EQ(wrong(R"("status":"ok")"), R"(its frame has no "outputs")");
  EXPECT_EQ(wrong(R"("status":"ok","outputs":[3])"), R"(its frame has no "name")");
  EXPECT_EQ(wrong(R"("status":"error","bytes":-1)"), R"(its frame has a wrong "bytes")");
  EXPECT_EQ(WhatIsWrong(
                [] { ParseAnswer(R"({"type":"answer","id":7,"problem":2,"status":"ok"})", Huber(), 7, 3); }),
            "it answers problem 2 of run 7 instead of problem 3 of run 7");
  EXPECT_EQ(WhatIsWrong([] { ParseAnswer(R"({"type":"hello","id":7})", Huber(), 7, 3); }),
            R"(it sent a frame of type "hello" instead of "answer")");
}

TEST(HostFrames, QuotesAreShortAndPrintable) {
  EXPECT_EQ(Quote(std::string("a\0\"\xff", 4)), R"("a\x00\x22\xff")");
  EXPECT_EQ(Quote(std::string(100, 'x')), '"' + std::string(60, 'x') + "...\"");
}

}  // namespace
}  // namespace exactloss
