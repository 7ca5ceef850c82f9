// What each fill promises of its values.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/oracle/fill_samples.h"

namespace exactloss {
namespace {

class FillPromise : public testing::TestWithParam<Dtype> {};

TEST_P(FillPromise, UniformFillsItsInterval) {
  const std::vector<double> x = Values("uniform", "mse", "input", GetParam());
  EXPECT_TRUE(std::all_of(x.begin(), x.end(), [](double v) { return std::fabs(v) <= 16; }));
  EXPECT_GT(*std::max_element(x.begin(), x.end()), 12);
  EXPECT_LT(*std::min_element(x.begin(), x.end()), -12);
  EXPECT_NEAR(Share(x, [](double v) { return v < 0; }), 0.5, 0.1);
  const std::vector<double> t = Values("uniform", "bce", "target", GetParam());
  EXPECT_NEAR(Share(t, [](double v) { return v == 0 || v == 1; }), 0.5, 0.25);  // labels in half of them
}

TEST_P(FillPromise, LongSumsAreNormalOrOfOneSignOrAllTheSame) {
  int mixed = 0, one_sign = 0, same = 0;
  for (const Problem& problem : Problems("long_sums", "mse", GetParam())) {
    const std::vector<double>& x = problem.inputs[0]->values;
    EXPECT_GE(x.size(), 1000U);
    EXPECT_LE(x.size(), 4096U);
    if (std::count(x.begin(), x.end(), x[0]) == std::ssize(x)) {
      ++same;
      EXPECT_NE(x[0], problem.inputs[1]->values[0]);
    } else if (std::all_of(x.begin(), x.end(), [](double v) { return v >= 0; })) {
      ++one_sign;
    } else {
      ++mixed;
      double sum = 0, squares = 0;
      for (const double v : x) sum += v, squares += v * v;
      const auto n = static_cast<double>(x.size());
      EXPECT_LT(std::fabs(sum), 5 * std::sqrt(n));
      EXPECT_NEAR(squares / n, 1, 0.25);
    }
  }
  EXPECT_GT(std::min({mixed, one_sign, same}), 5);
}

TEST_P(FillPromise, BitsSpreadOverTheExponents) {
  const FloatFormat& format = FormatOf(GetParam());
  for (const char* input : {"input", "target"}) {
    const std::vector<double> x = Values("bits", "mse", input, GetParam());
    std::set<int> exponents;
    for (const double v : x) {
      EXPECT_TRUE(std::isfinite(v));
      exponents.insert(v == 0 ? 0 : std::ilogb(v));
    }
    const auto all = static_cast<double>(format.max_exponent - format.min_exponent + 1);
    const double drawn = all * (1 - std::exp(-static_cast<double>(x.size()) / all));  // expected distinct
    EXPECT_GT(static_cast<double>(exponents.size()), 0.9 * drawn);
    EXPECT_NEAR(Share(x, [](double v) { return std::fabs(v) < 1; }), 0.5, 0.1);
    EXPECT_NEAR(Share(x, [](double v) { return v < 0; }), 0.5, 0.1);
  }
}

TEST_P(FillPromise, ExtremeReachesTheEdges) {
  const Dtype dtype = GetParam();
  const std::vector<double> x = Values("extreme", "mse", "input", dtype);
  const auto reaches = [&](double edge) {
    const double rounded = RoundTo(dtype, edge);
    return std::any_of(x.begin(), x.end(), [&](double v) { return WithinSteps(dtype, v, rounded, 2); });
  };
  for (const double sign : {-1.0, 1.0}) {
    EXPECT_EQ(Share(x, [&](double v) { return v == sign * MaxFinite(dtype); }) > 0, true);
    EXPECT_TRUE(reaches(sign * MinNormal(dtype)));
    EXPECT_TRUE(reaches(sign * MinSubnormal(dtype)));
    EXPECT_TRUE(reaches(sign * std::sqrt(MaxFinite(dtype))));
    for (const double edge : {88.722839, 103.97208, 709.78271, 745.13322})
      EXPECT_TRUE(reaches(sign * edge)) << edge;
    EXPECT_TRUE(reaches(sign * std::log(MaxFinite(dtype))));
    EXPECT_TRUE(reaches(sign * std::log(MinSubnormal(dtype))));
  }
  EXPECT_TRUE(std::all_of(x.begin(), x.end(), [](double v) { return std::isfinite(v); }));
}

TEST_P(FillPromise, ExtremeTakesTheParametersToo) {
  int at_beta = 0;
  for (const Problem& problem : Problems("extreme", "smooth_l1", GetParam())) {
    const double beta = RoundTo(GetParam(), problem.parameter("beta"));
    if (beta == 0 || beta == 0.5 || beta == 1) continue;  // edges of their own
    for (const double x : problem.inputs[0]->values)
      at_beta += WithinSteps(GetParam(), std::fabs(x), beta, 2);
  }
  EXPECT_GT(at_beta, 0);
}

TEST_P(FillPromise, TiesAreTies) {
  int equal = 0, all = 0;
  for (const auto& [x, t] : Pairs("ties", "l1", GetParam())) equal += x == t, ++all;
  EXPECT_NEAR(static_cast<double>(equal) / all, 0.6, 0.15);  // half, and a fifth of the others
  int rows = 0, tied = 0;
  for (const Problem& problem : Problems("ties", "cross_entropy", GetParam())) {
    const Tensor& x = *problem.inputs[0];
    if (x.shape.size() != 2 || x.shape[1] < 4) continue;
    for (auto row = x.values.begin(); row != x.values.end(); row += x.shape[1]) {
      ++rows;
      tied += std::count(row, row + x.shape[1], *std::max_element(row, row + x.shape[1])) > 1;
    }
  }
  EXPECT_GT(rows, 20);
  EXPECT_GT(tied, rows / 5);
}

TEST_P(FillPromise, SaturatedSigmoidsAre) {
  const double u = UnitRoundoff(GetParam());
  const std::vector<double> x = Values("saturated", "bce_with_logits", "input", GetParam());
  EXPECT_TRUE(std::all_of(x.begin(), x.end(),
                          [&](double v) { return std::exp(-std::fabs(v)) < 1.1 * std::sqrt(u); }));
  EXPECT_GT(Share(x, [&](double v) { return std::exp(-std::fabs(v)) < u / 2; }), 0.3);
  const double underflow = -std::log(MinSubnormal(GetParam()));
  EXPECT_GT(Share(x, [&](double v) { return std::fabs(v) > underflow; }), 0.1);
}

TEST_P(FillPromise, NearKinkIsOnBothSidesOfEachKink) {
  const Dtype dtype = GetParam();
  std::map<std::string, int> sides;
  for (const Problem& problem : Problems("near_kink", "huber", dtype)) {
    const double delta = problem.parameter("delta");
    for (std::size_t i = 0; i < problem.inputs[0]->values.size(); ++i) {
      const double x = problem.inputs[0]->values[i], t = problem.inputs[1]->values[i];
      const double distance = std::fabs(x - t), gap = distance - delta;
      // Two ulps of t and the half one of rounding it.
      if (std::fabs(gap) > 3 * 2 * UnitRoundoff(dtype) * (std::fabs(x) + delta)) {
        EXPECT_TRUE(WithinSteps(dtype, x, t, 2)) << FormatProblem(problem);
        ++sides[x < t ? "below 0" : x > t ? "above 0" : "at 0"];
      } else {
        ++sides[gap < 0 ? "below delta" : gap > 0 ? "above delta" : "at delta"];
      }
    }
  }
  for (const char* side : {"below 0", "at 0", "above 0", "below delta", "at delta", "above delta"}) {
    EXPECT_GT(sides[side], 5) << side;
  }
}

TEST_P(FillPromise, NearKinkMeetsTheHinge) {
  int on = 0, off = 0;
  for (const Problem& problem : Problems("near_kink", "triplet_margin", GetParam())) {
    const double margin = problem.parameter("margin");
    const auto &a = problem.inputs[0]->values, &p = problem.inputs[1]->values, &n = problem.inputs[2]->values;
    const double gap = (a[0] - p[0]) - (a[0] - n[0]) + margin;
    const double size = std::fabs(a[0]) + std::fabs(n[0]) + margin;
    // Two ulps for the positive, two for the negative, and half an ulp for rounding each.
    EXPECT_LE(std::fabs(gap), 5 * (2 * UnitRoundoff(GetParam()) * size + MinSubnormal(GetParam())))
        << FormatProblem(problem);
    ++(gap == 0 ? on : off);
  }
  EXPECT_GT(on, 3);
  EXPECT_GT(off, 3);
}

TEST_P(FillPromise, CancellingInputsNearlyAgree) {
  const Dtype dtype = GetParam();
  int neighbours = 0;
  for (const auto& [x, t] : Pairs("cancelling", "mse", dtype)) {
    EXPECT_LE(std::fabs(x - t), 0.5 * std::fabs(x) + 3 * MinSubnormal(dtype));
    neighbours += x != t && WithinSteps(dtype, x, t, 3);
  }
  EXPECT_GT(neighbours, 50);
  int close = 0, all = 0;
  for (const auto& [x, t] : Pairs("cancelling", "bce_with_logits", dtype)) {
    close += std::fabs(t - 1 / (1 + std::exp(-x))) <= 8 * UnitRoundoff(dtype) * t;
    ++all;
  }
  EXPECT_GT(close, all / 3);
}

TEST_P(FillPromise, IllConditionedInputsAreFarFromZeroAndNearEachOther) {
  const double u = UnitRoundoff(GetParam());
  for (const Problem& problem : Problems("ill_conditioned", "mse", GetParam())) {
    const double x = problem.inputs[0]->values[0], t = problem.inputs[1]->values[0];
    EXPECT_LT(std::fabs(x - t), 10 + 4 * u * std::fabs(x));
  }
  const std::vector<double> x = Values("ill_conditioned", "mse", "input", GetParam());
  EXPECT_GT(Share(x, [&](double v) { return std::fabs(v) > 0.4 * std::pow(u, -0.3); }), 0.5);
}

TEST_P(FillPromise, SubnormalNumbersAre) {
  const double normal = MinNormal(GetParam());
  const auto is_subnormal = [&](double v) { return v != 0 && std::fabs(v) < normal; };
  EXPECT_GT(Share(Values("subnormal", "mse", "input", GetParam()), is_subnormal), 0.5);
  EXPECT_GT(Share(Values("subnormal", "bce", "input", GetParam()), is_subnormal), 0.5);
  EXPECT_GT(Share(Values("subnormal", "nll", "input", GetParam()), is_subnormal), 0.5);
  EXPECT_GT(Share(Values("subnormal", "iou", "input", GetParam()), is_subnormal), 0.4);
}

TEST_P(FillPromise, SpecialHasWhatIsSpecial) {
  for (const char* loss : {"mse", "bce_with_logits", "cross_entropy", "iou"}) {
    const std::vector<double> x = Values("special", loss, "input", GetParam());
    EXPECT_GT(Share(x, [](double v) { return std::isnan(v); }), 0) << loss;
    EXPECT_GT(Share(x, [](double v) { return v == HUGE_VAL; }), 0) << loss;
    EXPECT_GT(Share(x, [](double v) { return v == -HUGE_VAL; }), 0) << loss;
    EXPECT_GT(Share(x, [](double v) { return v == 0 && std::signbit(v); }), 0) << loss;
    EXPECT_GT(Share(x, [](double v) { return std::isfinite(v) && v != 0; }), 0.3) << loss;
  }
  int masked = 0;  // a logit of -infinity with probability 0
  for (const Problem& problem : Problems("special", "cross_entropy", GetParam())) {
    const auto& p = problem.input("target_probabilities");
    for (std::size_t i = 0; p && i < p->values.size(); ++i) {
      masked += problem.inputs[0]->values[i] == -HUGE_VAL && p->values[i] == 0;
    }
  }
  EXPECT_GT(masked, 1);
  int without_nan = 0;
  for (const Problem& problem : Problems("special", "mse", GetParam())) {
    const auto& x = problem.inputs[0]->values;
    without_nan += std::none_of(x.begin(), x.end(), [](double v) { return std::isnan(v); });
  }
  EXPECT_GT(without_nan, static_cast<int>(kCount) / 2);
}

INSTANTIATE_TEST_SUITE_P(Dtypes, FillPromise, testing::ValuesIn(kAllDtypes),
                         [](const auto& dtype) { return std::string(Name(dtype.param)); });

}  // namespace
}  // namespace exactloss
