#include "reports/json_lines.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>

#include "reference/number_text.h"
#include "reports/numbers.h"
#include "tests/reports/hand_made.h"

namespace exactloss {
namespace {

using Json = nlohmann::json;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

std::vector<double> AwkwardNumbers(Dtype dtype) {
  return {kNan,
          kInfinity,
          -kInfinity,
          0.0,
          -0.0,
          MinSubnormal(dtype),
          -MinSubnormal(dtype),
          NextDown(dtype, MinNormal(dtype)),
          MinNormal(dtype),
          MaxFinite(dtype),
          -MaxFinite(dtype),
          1,
          RoundTo(dtype, 0.1),
          NextUp(dtype, 1)};
}

/// Each of the three forms is read on its own, and is that number.
void ExpectNumber(const Json& json, Dtype dtype, double value) {
  const std::string hex = json.at("hex"), bits = json.at("bits"), decimal = json.at("decimal");
  EXPECT_EQ(bits.size(), 2U + static_cast<unsigned>(FormatOf(dtype).bits) / 4);
  EXPECT_TRUE(SameNumber(FromBits(dtype, std::stoull(bits, nullptr, 16)), value)) << bits;
  const auto from_hex = ReadHex(dtype, hex);
  EXPECT_TRUE(SameNumber(from_hex ? from_hex->below : ReadSpecial(hex).value(), value)) << hex;
  const auto from_decimal = ReadDecimal(dtype, decimal);
  EXPECT_TRUE(SameNumber(from_decimal ? from_decimal->value : ReadSpecial(decimal).value(), value))
      << decimal;
}

class JsonOfDtype : public testing::TestWithParam<Dtype> {};

TEST_P(JsonOfDtype, AwkwardNumbersSurvive) {
  const Dtype dtype = GetParam();
  for (const double value : AwkwardNumbers(dtype)) {
    Finding finding = HandMade("libtorch", "mse", dtype, value);
    finding.truth = TruthOf(value);
    const Json json = Json::parse(ToJsonLine(finding));
    EXPECT_EQ(std::stoull(json.at("got").at("bits").get<std::string>(), nullptr, 16), finding.got);
    ExpectNumber(json.at("got"), dtype, value);
    const Json& truth = json.at("truth");
    EXPECT_EQ(truth.at("hex"), FormatHex(value));
    EXPECT_EQ(truth.count("lower"), 0U);
  }
}

RC_GTEST_PROP(JsonLines, AnyBitsSurvive, (std::uint64_t pattern)) {
  for (const Dtype dtype : kAllDtypes) {
    Finding finding = HandMade("libtorch", "mse", dtype);
    finding.got = FormatOf(dtype).bits == 64 ? pattern : pattern >> (64 - FormatOf(dtype).bits);
    const Json got = Json::parse(ToJsonLine(finding)).at("got");
    RC_ASSERT(std::stoull(got.at("bits").get<std::string>(), nullptr, 16) == *finding.got);
    ExpectNumber(got, dtype, FromBits(dtype, *finding.got));
  }
}

INSTANTIATE_TEST_SUITE_P(AllDtypes, JsonOfDtype, testing::ValuesIn(kAllDtypes),
                         [](const auto& test) { return std::string(Name(test.param)); });

TEST(JsonLines, EveryFieldIsThere) {
  Finding finding = Diverged(Divergence::kSignedZero, 0);
  finding.line = "mse f32 none input=1 target=0";
  finding.fill = "normal#7.3";
  finding.output = "grad:input";
  finding.index = 5;
  finding.ratio = 0.25;
  finding.allowed_ratio = 4;
  finding.count = 12;
  finding.message = "why";
  finding.mistrusted = true;
  finding.seen_by_assert_close = true;
  const Json json = Json::parse(ToJsonLine(finding));
  EXPECT_EQ(json.at("line"), "mse f32 none input=1 target=0");
  EXPECT_EQ(json.at("subject"), "libtorch");
  EXPECT_EQ(json.at("loss"), "mse");
  EXPECT_EQ(json.at("dtype"), "f32");
  EXPECT_EQ(json.at("reduction"), "none");
  EXPECT_EQ(json.at("fill"), "normal#7.3");
  EXPECT_EQ(json.at("output"), "grad:input");
  EXPECT_EQ(json.at("index"), 5);
  EXPECT_EQ(json.at("verdict"), "divergent");
  EXPECT_EQ(json.at("class"), "signed zero");
  EXPECT_EQ(json.at("ulp"), 0.0);
  EXPECT_EQ(json.at("ratio"), 0.25);
  EXPECT_EQ(json.at("assert_close"), "fails");
  EXPECT_EQ(json.at("mistrusted"), true);
  EXPECT_EQ(json.at("message"), "why");
  EXPECT_EQ(json.at("count"), 12);
  EXPECT_EQ(json.at("allowed_ratio"), 4.0);
  EXPECT_EQ(json.at("impact"), "trains wrong");
  EXPECT_EQ(json.at("known"), "");
  EXPECT_EQ(json.size(), 21U);
}

TEST(JsonLines, ACauseHasItsTwoFindings) {
  Cause cause{Diverged(Divergence::kUnderflow, 9), Diverged(Divergence::kUnderflow, 3), 12, 5};
  cause.simplest.line = "simple";
  const Json json = Json::parse(ToJsonLine(cause, kInfinity));
  EXPECT_EQ(json.at("class"), "underflow");
  EXPECT_EQ(json.at("truth"), "ordinary");
  EXPECT_EQ(json.at("impact"), "reports wrong");
  EXPECT_EQ(json.at("ordinary_ones"), "inf");
  EXPECT_EQ(json.at("elements"), 12);
  EXPECT_EQ(json.at("problems"), 5);
  EXPECT_EQ(json.at("worst").at("ulp"), 9.0);
  EXPECT_EQ(json.at("simplest").at("line"), "simple");
}

TEST(JsonLines, ErrorsThatAreNoNumbersAreStrings) {
  Finding finding = HandMade();
  finding.ulp = kInfinity;
  finding.ratio = kNan;
  const std::string line = ToJsonLine(finding);
  EXPECT_EQ(Json::parse(line).at("ulp"), "inf");
  EXPECT_EQ(Json::parse(line).at("ratio"), "nan");
  EXPECT_EQ(line.find("null"), std::string::npos) << line;
}

TEST(JsonLines, ASetHasItsEnds) {
  Finding finding = HandMade("libtorch", "l1", Dtype::kF16, 0);
  finding.truth = KinkOf(0, -1, 1);
  const Json truth = Json::parse(ToJsonLine(finding)).at("truth");
  ExpectNumber(truth, Dtype::kF16, 0);
  ExpectNumber(truth.at("lower"), Dtype::kF16, -1);
  ExpectNumber(truth.at("upper"), Dtype::kF16, 1);
}

TEST(JsonLines, TruthHasThirtyDigits) {
  Finding finding = HandMade("libtorch", "mse", Dtype::kF16);
  finding.truth = TruthOf(0.1);
  const Json truth = Json::parse(ToJsonLine(finding)).at("truth");
  EXPECT_EQ(truth.at("hex"), FormatHex(RoundTo(Dtype::kF16, 0.1)));
  EXPECT_EQ(truth.at("decimal"), "0.100000000000000005551115123126");
}

TEST(JsonLines, WithoutAnAnswerThereIsNoNumber) {
  Finding finding = Diverged(Divergence::kCrash, kNan);
  finding.got.reset();
  finding.truth.reset();
  const Json json = Json::parse(ToJsonLine(finding));
  EXPECT_TRUE(json.at("got").is_null());
  EXPECT_TRUE(json.at("truth").is_null());
}

TEST(JsonLines, AnotherDtypeIsSaid) {
  Finding finding = HandMade("libtorch", "mse", Dtype::kBF16);
  finding.got_dtype = Dtype::kF32;
  finding.got = 0x3f800001;
  const Json got = Json::parse(ToJsonLine(finding)).at("got");
  EXPECT_EQ(got.at("dtype"), "f32");
  EXPECT_EQ(got.at("bits"), "0x3f800001");
}

TEST(JsonLines, AnyMessageStaysOneLine) {
  Finding finding = HandMade("exec:printf '\"\n'");
  finding.message = "two\nlines, and no UTF-8: \xff";
  std::ostringstream out;
  JsonLines(out).Write(finding);
  EXPECT_EQ(out.str().find('\n'), out.str().size() - 1);
  EXPECT_EQ(Json::parse(out.str()).at("subject"), finding.subject);
}

TEST(Numbers, DecimalsAreShort) {
  EXPECT_EQ(Decimal(Dtype::kF32, RoundTo(Dtype::kF32, 0.1)), "0.1");
  EXPECT_EQ(Decimal(Dtype::kBF16, RoundTo(Dtype::kBF16, 0.1)), "0.1");
  EXPECT_EQ(Decimal(Dtype::kF16, 65504), "6.55e+04");
  EXPECT_EQ(Decimal(Dtype::kF64, -0.0), "-0");
  EXPECT_EQ(NumberText(Dtype::kF32, -kInfinity), "-inf");
}

}  // namespace
}  // namespace exactloss
