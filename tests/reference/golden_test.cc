// The truth at published examples, hand-derived limits and kinks: tests/golden/.
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include "reference/text.h"
#include "reference/truth.h"
#include "tests/reference/golden_file.h"
#include "tests/reference/range.h"

namespace exactloss {
namespace {

const std::filesystem::path kFolder = std::filesystem::path(EXACTLOSS_SOURCE_DIR) / "tests/golden";
constexpr int kDigits = 30;
constexpr int kWideBits = 256;  ///< more than 30 digits for every dtype

Point::Number NumberOf(const std::string& text) {
  Point::Number number;
  mpfr_strtofr(number.backend().data(), text.c_str(), nullptr, 10, MPFR_RNDN);
  return number;
}

/// What rounds to `text`, with a little for the ends of an enclosure; of 0, what no rounding tells from it.
Range RangeOf(const std::string& text, Dtype dtype) {
  constexpr double kHalfUnit = 0.6;
  const Point::Number number = NumberOf(text);
  Range range(number.backend().data(), number.backend().data());
  if (!isfinite(number)) return range;
  const Point::Number ten = 10, size = abs(number);
  const Point::Number unit = number == 0 ? Point::Number(MinSubnormal(dtype)) / 0x1p32
                                         : kHalfUnit * pow(ten, floor(log10(size)) + 1 - kDigits);
  range.lower = number - unit;
  range.upper = number + unit;
  return range;
}

/// Both ends are that number to 30 digits.
bool Is(const Range& truth, const std::string& text, Dtype dtype) {
  if (text == "nan") return IsNan(truth);
  return !IsNan(truth) && IsInside(truth, RangeOf(text, dtype));
}

/// An end of a kink.
bool Is(const Point::Number& end, const std::string& text, Dtype dtype) {
  return Is(Range(end.backend().data(), end.backend().data()), text, dtype);
}

std::string Check(const ElementTruth& truth, const GoldenValue& golden, Dtype dtype) {
  if (!truth.proven) return "undecided";
  const Range value(truth.value), allowed(truth.allowed);
  if (!Is(value, golden.value, dtype)) return Concat("value ", ToString(value), " is not ", golden.value);
  if (truth.kink != !golden.low.empty()) return truth.kink ? Concat("a kink ", ToString(allowed)) : "no kink";
  if (!truth.kink) return "";
  const bool ends = Is(allowed.lower, golden.low, dtype) && Is(allowed.upper, golden.high, dtype);
  return ends ? "" : Concat("allowed ", ToString(allowed));
}

/// At the usual first precision fewer digits are known, but none of them is wrong.
std::string CheckFirst(const ElementTruth& truth, const GoldenValue& golden, Dtype dtype) {
  const Range value(truth.value);
  if (golden.value == "nan") return IsNan(value) ? "" : "a number";
  const bool meets = !IsNan(value) && Intersect(value, RangeOf(golden.value, dtype));
  return meets ? "" : Concat("value ", ToString(value), " is not ", golden.value);
}

class Golden : public testing::TestWithParam<std::string> {
 protected:
  const Point::Precision precision_{kWideBits};
};

TEST_P(Golden, Holds) {
  const std::string name = GetParam() + ".in";
  for (const GoldenProblem& golden : ReadGolden(kFolder / name)) {
    EXPECT_EQ(golden.problem.loss->name, GetParam()) << name << ":" << golden.line;
    const Truth wide = Evaluate(golden.problem, {.first_precision = kWideBits});
    const Truth first = Evaluate(golden.problem);
    for (const GoldenOutput& output : golden.outputs) {
      for (std::size_t i = 0; i < output.values.size(); ++i) {
        const GoldenValue& value = output.values[i];
        const Dtype dtype = golden.problem.dtype;
        EXPECT_EQ(Check(wide.outputs[output.output].elements[i], value, dtype), "")
            << name << ":" << output.line << " [" << i << "]";
        EXPECT_EQ(CheckFirst(first.outputs[output.output].elements[i], value, dtype), "")
            << name << ":" << output.line << " [" << i << "] at the first precision";
      }
    }
  }
}

std::vector<std::string> LossNames() {
  std::vector<std::string> names;
  for (const LossSpec& loss : Catalogue()) names.emplace_back(loss.name);
  return names;
}

INSTANTIATE_TEST_SUITE_P(Catalogue, Golden, testing::ValuesIn(LossNames()),
                         [](const testing::TestParamInfo<std::string>& loss) { return loss.param; });

struct BadFile {
  std::string text, message;
};

TEST(GoldenFile, SaysWhereItIsWrong) {
  const std::string problem = "mse f64 none input=1 target=0\n";
  const BadFile files[] = {
      {"", "f.in: no problems"},
      {"  loss = 1\n", "f.in:1: an output without a problem"},
      {"# c\n" + problem, "f.in:2: no outputs below it"},
      {problem + "  loss = one\n", "f.in:2: no value: 'one'; a decimal, inf, -inf, nan or low|decimal|high"},
      {problem + "  loss = 1|2|x\n",
       "f.in:2: no value: '1|2|x'; a decimal, inf, -inf, nan or low|decimal|high"},
      {problem + "  loss = 1 2\n", "f.in:2: loss has 1 elements, not 2"},
      {problem + "  loss 1\n", "f.in:2: no output; <output> = <value> ..."},
      {problem + "  grad:weight = 1\n", "f.in:2: this problem has no output 'grad:weight'"},
  };
  for (const BadFile& file : files) {
    std::istringstream in(file.text);
    try {
      (void)ReadGolden(in, "f.in");
      ADD_FAILURE() << "no error: " << file.text;
    } catch (const UsageError& error) {
      EXPECT_EQ(error.what(), file.message);
    }
  }
  std::istringstream in(problem + "  loss = 1\nmse f64 none input=1\n");
  try {
    (void)ReadGolden(in, "f.in");
    ADD_FAILURE() << "no error at a bad repro line";
  } catch (const UsageError& error) {
    EXPECT_EQ(std::string(error.what()).rfind("f.in:3: ", 0), 0U) << error.what();
  }
}

/// A wrong digit, a wrong end of a kink, a kink that is none: each must be told.
TEST(GoldenFile, TellsAWrongValue) {
  const Point::Precision precision(kWideBits);
  const auto element = [](const char* line, std::size_t output) {
    return Evaluate(ParseProblem(line), {.first_precision = kWideBits}).outputs[output].elements[0];
  };
  const ElementTruth third = element("mse f64 mean input=1,0,0 target=0,0,0", 0);
  EXPECT_EQ(Check(third, {"0.333333333333333333333333333333", "", ""}, Dtype::kF64), "");
  EXPECT_NE(Check(third, {"0.333333333333333333333333333336", "", ""}, Dtype::kF64), "");
  EXPECT_NE(Check(third, {"0.3333333333333333", "", ""}, Dtype::kF64), "");
  EXPECT_NE(Check(third, {"nan", "", ""}, Dtype::kF64), "");
  EXPECT_NE(Check(third, {"0.333333333333333333333333333333", "0", "1"}, Dtype::kF64), "");
  const ElementTruth kink = element("l1 f64 none input=1 target=1", 1);
  EXPECT_EQ(Check(kink, {"0", "-1", "1"}, Dtype::kF64), "");
  EXPECT_NE(Check(kink, {"0", "0", "1"}, Dtype::kF64), "");
  EXPECT_NE(Check(kink, {"0", "-1", "2"}, Dtype::kF64), "");
  EXPECT_NE(Check(kink, {"0", "", ""}, Dtype::kF64), "");
}

}  // namespace
}  // namespace exactloss
