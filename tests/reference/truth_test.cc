// What the truth is: kinks, what is undecided, sums that cancel, the ends of a range.
#include "reference/truth.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "tests/reference/range.h"

namespace exactloss {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// One output of a line, element by element; the truth of `output` 0 is the loss.
std::vector<ElementTruth> TruthsOf(const std::string& line, std::size_t output = 0,
                                   const TruthOptions& options = {}) {
  return Evaluate(ParseProblem(line), options).outputs.at(output).elements;
}

ElementTruth TruthOf(const std::string& line, std::size_t output = 0, const TruthOptions& options = {}) {
  return TruthsOf(line, output, options).at(0);
}

void ExpectExactly(const ElementTruth& truth, double value, const std::string& line) {
  EXPECT_TRUE(truth.proven) << line;
  EXPECT_FALSE(truth.kink) << line;
  const Range range(truth.value);
  EXPECT_TRUE(range.lower == value && range.upper == value) << line << ": " << ToString(range);
}

// --- kinks

struct Kink {
  std::string line;
  std::size_t output, index;
  double low, torch, high;
};

// Each derived by hand from the two one-sided derivatives; torch is PyTorch's element.
const std::vector<Kink>& Kinks() {
  static const std::vector<Kink> kinks = {
      {"l1 f32 none input=2 target=2", 1, 0, -1, 0, 1},
      {"l1 f32 mean input=2,0 target=2,4", 2, 0, -0.5, 0, 0.5},
      {"smooth_l1 f16 sum beta=0 input=2 target=2", 2, 0, -1, 0, 1},
      // The hinge: loss |a - p| - |a - n| of one dimension at 1 - 1.
      {"triplet_margin f64 none margin=0 eps=0 anchor=1 positive=0 negative=0", 2, 0, -1, -1, 0},
      {"triplet_margin f64 none margin=0 eps=0 anchor=1 positive=0 negative=0", 3, 0, 0, 1, 1},
      // The norm at the zero vector: |h| along every axis, at every p; beside it -d(a, n) = -8.
      {"triplet_margin f64 none margin=9 eps=0 p=1 anchor=0 positive=0 negative=8", 2, 0, -1, 0, 1},
      {"triplet_margin f64 none margin=9 eps=0 p=2 anchor=0 positive=0 negative=8", 2, 0, -1, 0, 1},
      {"triplet_margin f64 none margin=9 eps=0 p=3 anchor=0 positive=0 negative=8", 2, 0, -1, 0, 1},
      {"triplet_margin f64 none margin=9 eps=0 p=inf anchor=0 positive=0 negative=8", 2, 0, -1, 0, 1},
      {"triplet_margin f64 none margin=9 eps=0 p=2 anchor=0 positive=0 negative=8", 1, 0, 0, 1, 2},
      // Of two largest differences the mean of the slopes.
      {"triplet_margin f64 none margin=9 eps=0 p=inf anchor=2,-2 positive=0,0 negative=9,0", 2, 0, -1, -0.5,
       0},
      {"triplet_margin f64 none margin=9 eps=0 p=inf anchor=2,-2 positive=0,0 negative=9,0", 2, 1, 0, 0.5, 1},
      // swap: d(a, n) = d(p, n) = 1; along n to the right both grow, along p the nearer of 1 and 1 - h.
      {"triplet_margin f64 none margin=9 eps=0 swap=true anchor=2 positive=0 negative=1", 2, 0, -1, -0.5, 0},
      // Boxes with a corner in common (golden/iou.in has the derivation), and boxes that touch.
      {"iou f64 none eps=0 input=[1,4]:0,0,2,2 target=[1,4]:0,0,1,1", 1, 0, -0.125, 0.03125, 0.1875},
      {"iou f64 none eps=0 input=[1,4]:0,0,2,2 target=[1,4]:0,0,1,1", 2, 1, -0.0625, 0.09375, 0.25},
      {"iou f64 sum eps=0 input=[1,4]:0,0,1,1 target=[1,4]:1,-1,2,2", 1, 2, -0.25, 0, 0},
      {"iou f64 sum eps=0 input=[1,4]:0,0,1,1 target=[1,4]:1,-1,2,2", 2, 0, 0, 0, 0.25},
  };
  return kinks;
}

TEST(Truth, KinksGiveTheWholeSubdifferentialAndTorchsElement) {
  for (const Kink& kink : Kinks()) {
    const ElementTruth truth = TruthsOf(kink.line, kink.output).at(kink.index);
    EXPECT_TRUE(truth.proven) << kink.line;
    EXPECT_TRUE(truth.kink) << kink.line;
    const Range value(truth.value), allowed(truth.allowed);
    const auto is = [](const Point::Number& x, double want) { return abs(x - want) <= 0x1p-80; };
    EXPECT_TRUE(is(value.lower, kink.torch) && is(value.upper, kink.torch)) << kink.line << ToString(value);
    EXPECT_TRUE(is(allowed.lower, kink.low) && is(allowed.upper, kink.high))
        << kink.line << ToString(allowed);
  }
}

TEST(Truth, NextToAKinkThereIsNone) {
  ExpectExactly(TruthOf("l1 f64 none input=0x1.0000000000001p+0 target=1", 1), 1, "above");
  ExpectExactly(TruthOf("l1 f64 none input=0x1.fffffffffffffp-1 target=1", 1), -1, "below");
  ExpectExactly(TruthOf("l1 f64 none input=0x1p-1074 target=0", 1), 1, "the smallest number");
}

TEST(Truth, SidesOfATieThatNoWidthTellsApartAreAllowedAllTheSame) {
  // To the left the overlap grows at 7e-77, of which f32 knows nothing.
  const std::string line =
      "iou f32 mean input=[2,4]:-0x1p-1,0x1.62e432p+5,0x1.9fe366p+6,-0x1.6232bep+9,-0x1.154248p+4,0x1p-126,"
      "0x1.62e43p+9,0x1.154246p+4 target=[2,4]:-0x1.fffffep-2,-0x1.74911p+9,0x1.62e43p+9,0x1.fffffep+127,"
      "0x1.62e43p+9,-0x1.fffffep+127,0x1.fffffep+127,0x1.62e43p+5";
  const ElementTruth truth = TruthsOf(line, 2).at(4);
  EXPECT_TRUE(truth.proven);
  EXPECT_FALSE(truth.kink);
  const Range allowed(truth.allowed);
  EXPECT_TRUE(Contains(allowed, Point::Number("7.482670974472526020474397089673800247546e-77")))
      << ToString(allowed);
  EXPECT_TRUE(Contains(allowed, Point::Number(0))) << ToString(allowed);
}

// --- limits

TEST(Truth, SizesBeyondTheDtypeThatDifferAreNoLimit) {
  // |inf - inf| is 0 where both grow alike, else infinite. Beside 131007 both round to an infinity in f16.
  const ElementTruth apart = TruthOf("smooth_l1 f16 sum beta=0 input=0,inf target=65504,inf");
  EXPECT_TRUE(apart.proven && IsNan(apart.value)) << ToString(Range(apart.value));
  const ElementTruth boxes = TruthOf(
      "detection f16 sum gamma=0x1p+0 beta=0x0p+0 class_weight=0x1.4p+1 input=[2,1]:-0x1.26cp+0,0x1.be8p-2 "
      "target=[2,1]:0x1.f68p-1,0x1.26cp-7 boxes=[1,4]:0x0p+0,0x1.178p+0,0x1.17cp-1,inf "
      "target_boxes=[1,4]:-0x1.dep-6,0x1.ffcp+15,0x1.ffcp+15,inf");
  EXPECT_TRUE(boxes.proven && IsNan(boxes.value)) << ToString(Range(boxes.value));
}

TEST(Truth, GrowthThatIsSlowAtFirstIsALimit) {
  // A slope of about 2 x1 / x2^2: at the least of the numbers that stand for x1 = inf it is below 2^1024.
  for (const std::string dtype : {"f32", "f64"}) {
    const ElementTruth slope =
        TruthOf("diou " + dtype +
                    " sum eps=0x1.0624dd2f1a9fcp-10 input=[1,4]:inf,0x1p+0,0x1.f2a1f8p-2,0x1.1828d8p+1 "
                    "target=[1,4]:-0x0p+0,0x0p+0,0x1.fffffep+127,0x1p+0",
                1);
    EXPECT_TRUE(slope.proven && ToDouble(slope.value) == kInfinity) << ToString(Range(slope.value));
  }
}

// --- what is undecided

TEST(Truth, SaysWhatIsUndecided) {
  // 1 (log 1 - x) summed: 2^1000 - 2^-1000 - 2^1000 needs 2001 bits.
  const std::string cancelling = "kl_div f64 sum input=0x1p+1000,0x1p-1000,-0x1p+1000 target=1,1,1";
  const ElementTruth cut = TruthOf(cancelling, 0, {.first_precision = 128, .max_precision = 256});
  EXPECT_FALSE(cut.proven);
  ExpectExactly(TruthOf(cancelling), -0x1p-1000, cancelling);
  // What is not proven is enclosed all the same.
  const Range range(cut.value);
  EXPECT_TRUE(Contains(range, Point::Number(-0x1p-1000))) << ToString(range);
  // Gradients do not depend on the sum.
  EXPECT_TRUE(TruthOf(cancelling, 1, {.first_precision = 128, .max_precision = 256}).proven);
}

TEST(Truth, AnUndecidedPoleIsNeverAPass) {
  // p / p at p = exp(-2^100), whose exponent no number of MPFR has.
  const ElementTruth slope = TruthOf("dice f64 none smooth=0 input=-0x1p+100 target=0", 2);
  EXPECT_FALSE(slope.proven);
}

// --- sums, zeros, ends of the range

TEST(Truth, SumsThatCancelAreExact) {
  const std::string line = "nll f64 sum input=[3,1]:-1e30,-1,1e30 target=0,0,0";
  ExpectExactly(TruthOf(line), 1, line);
  const std::string ends =
      "nll f64 sum input=[4,1]:-0x1.fffffffffffffp+1023,-0x1p-1074,0x1.fffffffffffffp+1023,0 target=0,0,0,0";
  ExpectExactly(TruthOf(ends), 0x1p-1074, ends);
}

TEST(Truth, ExactZeros) {
  const std::string lines[] = {
      "mse f64 mean input=0.1,0.2 target=0.1,0.2",
      "l1 f32 sum input=5 target=5",
      "nll f64 sum input=[2,1]:1e30,-1e30 target=0,0",
      "giou f64 none eps=0 input=[1,4]:0.1,0.2,0.3,0.4 target=[1,4]:0.1,0.2,0.3,0.4",
      "ciou f64 none eps=0 input=[1,4]:0.1,0.2,0.3,0.4 target=[1,4]:0.1,0.2,0.3,0.4",
      "kl_div f64 none input=3 target=0",
      "cross_entropy f64 none input=0.1 target=[]:0",
  };
  for (const std::string& line : lines) {
    const ElementTruth truth = TruthOf(line);
    EXPECT_TRUE(truth.proven && IsExactZero(truth.value)) << line << ": " << ToString(Range(truth.value));
  }
}

TEST(Truth, BelowTheSmallestNumbers) {
  // (2^-100)^2 rounds to 0 in f32, and is 2^-200 all the same.
  const std::string square = "mse f32 none input=0x1p-100 target=0";
  ExpectExactly(TruthOf(square), 0x1p-200, square);
  EXPECT_EQ(Nearest(Dtype::kF32, TruthOf(square).value), 0);
  // exp(-740) lies between two subnormal numbers of f64, 2^-1074 apart.
  const ElementTruth tail = TruthOf("bce_with_logits f64 none input=-740 target=0");
  bool unique = false;
  EXPECT_EQ(Nearest(Dtype::kF64, tail.value, &unique),
            0x1.0p-1074 * std::round(std::exp(-740.0) / 0x1p-1074));
  EXPECT_TRUE(unique);
}

TEST(Truth, BeyondTheLargestNumbers) {
  const std::string square = "mse f16 none input=512 target=0";
  ExpectExactly(TruthOf(square), 262144, square);
  EXPECT_EQ(Nearest(Dtype::kF16, TruthOf(square).value), kInfinity);
  const std::string huge = "mse f64 none input=0x1p+1000 target=0";
  const Range range(TruthOf(huge).value);
  EXPECT_TRUE(range.lower == ldexp(Point::Number(1), 2000)) << ToString(range);
  // The mean of two such halves it, where a sum in the dtype is lost.
  const std::string mean = "l1 f16 mean input=65504,65504 target=0,0";
  ExpectExactly(TruthOf(mean), 65504, mean);
}

// --- what the evaluator adds

TEST(Truth, RoundingsAreThoseOfAStraightforwardEvaluation) {
  // (x - t)^2: a difference and a product.
  const Truth one = Evaluate(ParseProblem("mse f32 none input=1 target=0"));
  const Truth many = Evaluate(ParseProblem("mse f32 sum input=1*100 target=0*100"));
  const auto counted = [](const Truth& truth, std::size_t output) {
    const OutputTruth& o = truth.outputs[output];
    return std::vector<double>{o.roundings,       o.row.count,       o.row.terms,
                               o.reduction.count, o.reduction.terms, o.underflows};
  };
  EXPECT_EQ(counted(one, 0), (std::vector<double>{1 + 2, 0, 1, 0, 1, 0}));
  EXPECT_EQ(counted(one, 1), (std::vector<double>{1 + 4 * 2, 0, 1, 0, 1, 0}));
  EXPECT_EQ(counted(many, 0), (std::vector<double>{1 + 2, 0, 1, 1, 100, 100}));
  EXPECT_EQ(counted(many, 1), (std::vector<double>{1 + 4 * 2, 0, 1, 0, 100, 0}));
  // A mean divides: by the sum of the weights, where there are any.
  const Truth mean = Evaluate(ParseProblem("nll f32 mean input=[3,2]:-1*6 target=0,1,1 weight=1,3"));
  EXPECT_EQ(counted(mean, 0), (std::vector<double>{1 + 1 + 1, 0, 1, 2, 3, 3.0 / 7}));
  EXPECT_EQ(counted(mean, 1), (std::vector<double>{1 + 4 + 1, 0, 1, 1, 3, 0}));
  const Truth light =
      Evaluate(ParseProblem("nll f32 mean input=[1,2]:-0x1p-100,0 target=0 weight=0x1p-100,1"));
  EXPECT_EQ(light.outputs[0].underflows, 1);
  // Over classes there are the sum of the exponentials, and that of the classes with a coefficient.
  const Truth row = Evaluate(ParseProblem("cross_entropy f32 none input=[1,5]:0*5 target=0"));
  EXPECT_EQ(counted(row, 0), (std::vector<double>{1 + 8, 1, 5, 0, 1, 0}));
  const Truth smooth =
      Evaluate(ParseProblem("cross_entropy f32 none label_smoothing=0.5 input=[1,5]:0*5 target=0"));
  EXPECT_EQ(counted(smooth, 0), (std::vector<double>{1 + 12, 2, 5, 0, 1, 0}));
}

TEST(Truth, TheLongestWayOfAllTermsIsCounted) {
  // Huber is a square within delta, and takes more operations beyond.
  const auto roundings = [](const std::string& line) {
    return Evaluate(ParseProblem(line)).outputs[0].roundings;
  };
  const double inside = roundings("huber f32 none input=0.5 target=0");
  const double beyond = roundings("huber f32 none input=5 target=0");
  EXPECT_GT(beyond, inside);
  EXPECT_EQ(roundings("huber f32 none input=0.5,5 target=0,0"), beyond);
  EXPECT_EQ(roundings("huber f32 none input=5,0.5 target=0,0"), beyond);
}

TEST(Truth, ATermThatVanishesAddsNothingToTheGauge) {
  const ElementTruth one = TruthOf("sigmoid_focal f64 sum gamma=0.5 input=1 target=0");
  const ElementTruth with = TruthOf("sigmoid_focal f64 sum gamma=0.5 input=1,-0x1p+22 target=0,0");
  EXPECT_GT(one.gauge, 1.1 * std::fabs(ToDouble(one.value)));
  EXPECT_EQ(with.gauge, one.gauge);
}

TEST(Truth, OutputsStandInTheirOrder) {
  const Truth truth = Evaluate(ParseProblem("triplet_margin f64 none anchor=1,2 positive=0,0 negative=3,3"));
  ASSERT_EQ(truth.outputs.size(), 4u);
  const char* const names[] = {"loss", "grad:anchor", "grad:positive", "grad:negative"};
  for (std::size_t k = 0; k < 4; ++k) EXPECT_EQ(truth.outputs[k].spec.name, names[k]);
}

}  // namespace
}  // namespace exactloss
