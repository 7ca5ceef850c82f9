// What fills promise of shapes, layouts, boxes, distributions and classes.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "reference/truth.h"
#include "tests/oracle/fill_samples.h"

namespace exactloss {
namespace {

class FillStructure : public testing::TestWithParam<Dtype> {};

TEST_P(FillStructure, BoxesTouchCoincideAndDegenerate) {
  int identical = 0, touching = 0, apart = 0, degenerate = 0, nested = 0;
  const std::vector<double> a = Values("ties", "iou", "input", GetParam());
  const std::vector<double> b = Values("ties", "iou", "target", GetParam());
  for (std::size_t i = 0; i < a.size(); i += 4) {
    const double *p = &a[i], *q = &b[i];
    const double w = std::min(p[2], q[2]) - std::max(p[0], q[0]);
    const double h = std::min(p[3], q[3]) - std::max(p[1], q[1]);
    identical += std::equal(p, p + 4, q);
    touching += std::min(w, h) == 0 && p[0] < p[2] && p[1] < p[3];
    apart += std::min(w, h) < 0;
    degenerate += q[0] == q[2];
    nested += p[0] < q[0] && q[2] < p[2] && p[1] < q[1] && q[3] < p[3];
  }
  EXPECT_GT(std::min({identical, touching, apart, degenerate, nested}), 3);
}

TEST_P(FillStructure, BoxesOfOrdinaryFillsHaveAnInside) {
  int thin = 0;
  for (const char* fill : {"uniform", "normal", "saturated", "cancelling", "ill_conditioned", "lengths"}) {
    for (const char* input : {"input", "target"}) {
      const std::vector<double> box = Values(fill, "ciou", input, GetParam());
      for (std::size_t i = 0; i < box.size(); i += 4) {
        EXPECT_LT(box[i], box[i + 2]) << fill << " " << input;
        EXPECT_LT(box[i + 1], box[i + 3]) << fill << " " << input;
        thin += box[i + 2] == NextUp(GetParam(), box[i]);
      }
    }
  }
  // There are boxes that are one number wide: rounding alone would have closed some of them.
  if (GetParam() == Dtype::kBF16) {
    EXPECT_GT(thin, 5);
  }
}

TEST_P(FillStructure, LengthsGoRoundVectorsInEveryLayout) {
  const std::int64_t lanes = 64 / SizeInBytes(GetParam());
  std::int64_t shortest = lanes, longest = 0;
  std::set<Layout> layouts;
  for (const Problem& problem : Problems("lengths", "mse", GetParam())) {
    const Shape& shape = problem.inputs[0]->shape;
    shortest = std::min(shortest, shape.back());
    longest = std::max(longest, shape.back());
    for (const auto& tensor : problem.inputs) layouts.insert(tensor->layout);
  }
  EXPECT_LE(shortest, 2);
  EXPECT_GT(longest, lanes * 3 / 2);
  EXPECT_LE(longest, 2 * lanes + 1);
  EXPECT_EQ(layouts.size(), std::size(kAllLayouts));
}

TEST_P(FillStructure, ManyClassesAreInOneRow) {
  std::int64_t most = 0;
  for (const Problem& problem : Problems("many_classes", "cross_entropy", GetParam())) {
    const Shape& shape = problem.inputs[0]->shape;
    const std::int64_t classes = shape[shape.size() > 1];
    EXPECT_GE(classes, 100);
    EXPECT_LE(classes, 1000);
    most = std::max(most, classes);
  }
  EXPECT_GT(most, 800);
}

/// The greatest |sum - 1| over the rows of classes of problems whose inputs are numbers.
double WorstRow(const char* fill, const char* loss, const char* input, Dtype dtype, double (*f)(double)) {
  double worst = 0;
  for (const Problem& problem : Problems(fill, loss, dtype)) {
    const auto& tensor = problem.input(input);
    if (!tensor || tensor->shape.size() > 2) continue;
    const auto size = static_cast<std::size_t>(tensor->shape.back());
    for (std::size_t first = 0; first < tensor->values.size(); first += size) {
      double sum = 0;
      for (std::size_t j = 0; j < size; ++j) sum += f(tensor->values[first + j]);
      if (!std::isnan(sum)) worst = std::max(worst, std::fabs(sum - 1));
    }
  }
  return worst;
}

TEST_P(FillStructure, DistributionsSumToOne) {
  const auto same = [](double p) { return p; };
  for (const Fill& fill : Fills()) {
    const std::string name(fill.name);
    EXPECT_LT(WorstRow(name.c_str(), "cross_entropy", "target_probabilities", GetParam(), same), 0.15)
        << name;
  }
  const auto exp = [](double x) { return std::exp(x); };
  EXPECT_LT(WorstRow("normal", "nll", "input", GetParam(), exp), 40 * UnitRoundoff(GetParam()));
  EXPECT_LT(WorstRow("many_classes", "nll", "input", GetParam(), exp), 40 * UnitRoundoff(GetParam()));
}

TEST_P(FillStructure, SomeClassCountsInEveryMean) {
  for (const Fill& fill : Fills()) {
    const std::string name(fill.name);
    int ignored = 0;
    for (const Problem& problem : Problems(name.c_str(), "nll", GetParam())) {
      const auto& weight = problem.input("weight");
      double sum = 0;
      for (const double t : problem.input("target")->values) {
        if (t == problem.parameter("ignore_index")) {
          ++ignored;
        } else {
          sum += weight ? weight->values[static_cast<std::size_t>(t)] : 1;
        }
      }
      EXPECT_GT(sum, 0) << FormatProblem(problem);
    }
    EXPECT_GT(ignored, 0) << name;
  }
}

// A formula that is 0 / 0 at its inputs says nothing of those who compute it.
TEST_P(FillStructure, FiniteInputsHaveATruth) {
  const std::set<std::string_view> others = {"special", "many_classes", "long_sums"};
  for (const Fill& fill : Fills()) {
    if (others.contains(fill.name)) continue;
    for (const LossSpec& loss : Catalogue()) {
      const Problem problem = FillProblem(fill, loss, GetParam(), Reduction::kMean, 11, 0);
      for (const OutputTruth& output : Evaluate(problem).outputs) {
        for (const ElementTruth& element : output.elements) {
          ASSERT_FALSE(IsNan(element.value)) << output.spec.name << " of " << FormatProblem(problem);
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Dtypes, FillStructure, testing::ValuesIn(kAllDtypes),
                         [](const auto& dtype) { return std::string(Name(dtype.param)); });

}  // namespace
}  // namespace exactloss
