// Reductions by their definition, weights and rows by hand, layouts.
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "reference/interval.h"
#include "reference/text.h"
#include "reference/truth.h"
#include "tests/arb/points.h"
#include "tests/reference/range.h"

namespace exactloss {
namespace {

constexpr std::uint64_t kSeed = 83;

std::vector<ElementTruth> TruthsOf(const std::string& line, std::size_t output = 0) {
  return Evaluate(ParseProblem(line)).outputs.at(output).elements;
}

ElementTruth TruthOf(const std::string& line) { return TruthsOf(line).at(0); }

/// The same number, as far as either is known.
bool IsSame(const ElementTruth& x, const ElementTruth& y) {
  if (IsNan(x.value) || IsNan(y.value)) return IsNan(x.value) == IsNan(y.value);
  return Intersect(Range(x.value), Range(y.value)) && Intersect(Range(x.allowed), Range(y.allowed));
}

class Reductions : public testing::TestWithParam<std::string> {};

Interval Enclosing(const Enclosure& e) {
  if (IsNan(e)) return Interval::Nan();
  const auto end = [](const Extended& x) {
    const Interval number = Interval(x.head) + Interval(x.tail);
    return std::isfinite(x.head) ? number * Interval::PowerOfTwo(x.scale - 1) * 2 : number;
  };
  return Hull(end(e.lower), end(e.upper));
}

/// What PyTorch divides by, by the tests' own reckoning.
Interval DivisorOf(const Problem& problem, std::size_t elements) {
  if (problem.reduction == Reduction::kSum) return 1.0;
  if (problem.reduction == Reduction::kBatchMean) return static_cast<double>(problem.inputs[0]->shape[0]);
  const bool has_indices = problem.loss->family == Family::kClassRows && problem.inputs[1];
  if (!has_indices) return static_cast<double>(elements);
  Interval mass = 0.0;
  const auto& weight = problem.input("weight");
  for (const double t : problem.inputs[1]->values) {
    if (t == problem.parameter("ignore_index")) continue;
    mass = mass + (weight ? weight->values[static_cast<std::size_t>(t)] : 1.0);
  }
  return mass;
}

void ExpectIs(const ElementTruth& got, const Interval& want, const std::string& what) {
  if (!got.proven) return;
  if (want.IsNan() || IsNan(got.value)) {
    EXPECT_EQ(want.IsNan(), IsNan(got.value)) << what;
    return;
  }
  EXPECT_TRUE(Intersect(Range(got.value), Range(want)))
      << what << ": " << ToString(Range(got.value)) << ", not " << ToString(Range(want));
}

/// The sum is that of the elements, a mean is it over the divisor, and the gradients go along.
void ExpectDefinition(const Problem& problem, const Truth& elements) {
  const Truth reduced = Evaluate(problem);
  const EvaluationScope scope(512);
  const Interval divisor = DivisorOf(problem, elements.outputs[0].elements.size());
  Interval sum = 0.0;
  for (const ElementTruth& element : elements.outputs[0].elements) sum = sum + Enclosing(element.value);
  ExpectIs(reduced.outputs[0].elements[0], sum / divisor, Concat(FormatProblem(problem), "\n  loss"));
  if (divisor.IsZero()) return;  // 0 / 0, but for what takes no part
  for (std::size_t k = 1; k < reduced.outputs.size(); ++k) {
    for (std::size_t i = 0; i < reduced.outputs[k].elements.size(); ++i) {
      const ElementTruth& one = elements.outputs[k].elements[i];
      if (!one.proven) continue;
      ExpectIs(reduced.outputs[k].elements[i], Enclosing(one.value) / divisor,
               Concat(FormatProblem(problem), "\n  ", reduced.outputs[k].spec.name));
    }
  }
}

TEST_P(Reductions, AreTheirDefinition) {
  const LossSpec& loss = *FindLoss(GetParam());
  if (loss.family == Family::kComposite)
    GTEST_SKIP() << "its parts are reduced each on its own: golden values";
  arb::Random random(kSeed);
  for (int n = 0; n < 100 && !HasFailure(); ++n) {
    Problem problem = arb::DrawProblem(loss, kAllDtypes[n % 4], random);
    problem.reduction = Reduction::kNone;
    const Truth elements = Evaluate(problem);
    for (const Reduction reduction : loss.reductions) {
      problem.reduction = reduction;
      const bool has_rows = reduction != Reduction::kBatchMean || !problem.inputs[0]->shape.empty();
      if (reduction != Reduction::kNone && has_rows) ExpectDefinition(problem, elements);
    }
  }
}

/// All but the composites, whose parts are reduced each on its own: tests/golden/ has those.
std::vector<std::string> LossNames() {
  std::vector<std::string> names;
  for (const LossSpec& loss : Catalogue()) {
    if (loss.family != Family::kComposite) names.emplace_back(loss.name);
  }
  return names;
}

INSTANTIATE_TEST_SUITE_P(Catalogue, Reductions, testing::ValuesIn(LossNames()),
                         [](const testing::TestParamInfo<std::string>& loss) { return loss.param; });

TEST(ReductionsOf, PosWeightBroadcastsToTheLastDimension) {
  const auto whole =
      TruthsOf("bce_with_logits f64 none input=[2,2]:1,2,3,4 target=[2,2]:1,1,1,1 pos_weight=3,5");
  const char* const alone[] = {"input=1 target=1 pos_weight=3", "input=2 target=1 pos_weight=5",
                               "input=3 target=1 pos_weight=3", "input=4 target=1 pos_weight=5"};
  for (std::size_t i = 0; i < whole.size(); ++i) {
    EXPECT_TRUE(IsSame(whole[i], TruthOf(Concat("bce_with_logits f64 none ", alone[i])))) << alone[i];
  }
}

TEST(ReductionsOf, WeightsBroadcastAlongADimensionOfOne) {
  const auto whole =
      TruthsOf("bce_with_logits f64 none input=[2,2]:1,2,3,4 target=[2,2]:0,0,0,0 weight=[2,1]:3,5");
  const char* const alone[] = {"input=1 target=0 weight=3", "input=2 target=0 weight=3",
                               "input=3 target=0 weight=5", "input=4 target=0 weight=5"};
  for (std::size_t i = 0; i < whole.size(); ++i) {
    EXPECT_TRUE(IsSame(whole[i], TruthOf(Concat("bce_with_logits f64 none ", alone[i])))) << alone[i];
  }
}

TEST(ReductionsOf, AllRowsIgnoredIsNoMean) {
  const std::string line = "cross_entropy f32 mean ignore_index=1 input=[2,2]:1,2,3,4 target=1,1";
  const ElementTruth loss = TruthOf(line);
  EXPECT_TRUE(loss.proven);
  EXPECT_TRUE(IsNan(loss.value));
  for (const ElementTruth& slope : TruthsOf(line, 1)) EXPECT_TRUE(slope.proven && IsExactZero(slope.value));
}

TEST(ReductionsOf, CrossEntropyOfManyDimensionsIsThatOfItsRows) {
  // (2, 3, 2): the row of sample n at place d holds the classes at [n][c][d].
  const double x[2][3][2] = {{{1, -2}, {0.5, 3}, {-1, 0.25}}, {{2, 2}, {-4, 1}, {0, -0.5}}};
  const int t[2][2] = {{0, 2}, {1, 1}};
  const std::string line =
      "cross_entropy f64 none label_smoothing=0.125 input=[2,3,2]:1,-2,0.5,3,-1,0.25,2,2,-4,1,0,-0.5 "
      "target=[2,2]:0,2,1,1 weight=1,2,0.5";
  const auto loss = TruthsOf(line), slopes = TruthsOf(line, 1);
  for (std::size_t n = 0; n < 2; ++n) {
    for (std::size_t d = 0; d < 2; ++d) {
      std::string row = "cross_entropy f64 none label_smoothing=0.125 input=";
      for (std::size_t c = 0; c < 3; ++c) row += Concat(c == 0 ? "" : ",", FormatHex(x[n][c][d]));
      row += Concat(" target=[]:", t[n][d], " weight=1,2,0.5");
      EXPECT_TRUE(IsSame(loss[2 * n + d], TruthOf(row))) << row;
      const auto own = TruthsOf(row, 1);
      for (std::size_t c = 0; c < 3; ++c) EXPECT_TRUE(IsSame(slopes[(n * 3 + c) * 2 + d], own[c])) << row;
    }
  }
}

TEST(ReductionsOf, LayoutsDoNotMatter) {
  for (const LossSpec& loss : Catalogue()) {
    arb::Random random(kSeed);
    Problem problem = arb::DrawProblem(loss, Dtype::kF32, random);
    const Truth contiguous = Evaluate(problem);
    for (const Layout layout : {Layout::kStrided, Layout::kTransposed, Layout::kMisaligned}) {
      for (auto& tensor : problem.inputs) {
        if (tensor) tensor->layout = layout;
      }
      const Truth other = Evaluate(problem);
      for (std::size_t k = 0; k < other.outputs.size(); ++k) {
        for (std::size_t i = 0; i < other.outputs[k].elements.size(); ++i) {
          EXPECT_TRUE(IsSame(contiguous.outputs[k].elements[i], other.outputs[k].elements[i]))
              << FormatProblem(problem);
        }
      }
    }
  }
}

}  // namespace
}  // namespace exactloss
