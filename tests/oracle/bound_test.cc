// Bounds: what each summation order adds, and how a bound is told.
#include "oracle/bound.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <vector>

#include "reference/dtype.h"

namespace exactloss {
namespace {

constexpr Summation kSequential{SummationOrder::kSequential};

Summation Pairwise(std::int64_t width) { return {SummationOrder::kPairwise, width}; }
Summation Blocked(std::int64_t width) { return {SummationOrder::kBlocked, width}; }

/// How often each of the numbers is rounded when they are added in that order; a number is a place.
class Depths {
 public:
  static double Most(const Summation& summation, std::size_t terms) {
    std::vector<int> depths(terms, 0);
    std::vector<std::size_t> all(terms);
    std::iota(all.begin(), all.end(), std::size_t{0});
    if (summation.order == SummationOrder::kPairwise) {
      Halves(all, static_cast<std::size_t>(summation.width), depths);
    } else if (summation.order == SummationOrder::kBlocked) {
      const auto width = static_cast<std::size_t>(summation.width);
      std::vector<std::vector<std::size_t>> sums(std::min(width, terms));
      for (const std::size_t i : all) sums[i % sums.size()].push_back(i);
      std::vector<std::size_t> sum;
      for (const auto& of : sums) Sequential(of, depths);
      for (const auto& of : sums) Join(sum, of, depths);
    } else {
      Sequential(all, depths);
    }
    return *std::max_element(depths.begin(), depths.end());
  }

 private:
  /// Adds two sums: all that is in them is rounded once more.
  static void Join(std::vector<std::size_t>& sum, const std::vector<std::size_t>& other,
                   std::vector<int>& depths) {
    const bool is_first = sum.empty();
    sum.insert(sum.end(), other.begin(), other.end());
    if (!is_first) {
      for (const std::size_t i : sum) ++depths[i];
    }
  }
  static void Sequential(const std::vector<std::size_t>& numbers, std::vector<int>& depths) {
    std::vector<std::size_t> sum;
    for (const std::size_t i : numbers) Join(sum, {i}, depths);
  }
  static void Halves(const std::vector<std::size_t>& numbers, std::size_t block, std::vector<int>& depths) {
    if (numbers.size() <= block) return Sequential(numbers, depths);
    const std::size_t blocks = (numbers.size() + block - 1) / block;
    const auto middle = numbers.begin() + static_cast<std::ptrdiff_t>((blocks + 1) / 2 * block);
    std::vector<std::size_t> low(numbers.begin(), middle), high(middle, numbers.end());
    Halves(low, block, depths);
    Halves(high, block, depths);
    Join(low, high, depths);
  }
};

TEST(Bound, NoNumberIsRoundedMoreOftenThanItSays) {
  for (const Summation& summation : {kSequential, Pairwise(1), Pairwise(3), Pairwise(8), Blocked(1),
                                     Blocked(4), Blocked(7), Blocked(100), Summation{}}) {
    for (std::size_t terms = 1; terms <= 70; ++terms) {
      EXPECT_GE(RoundingsOfSum(summation, static_cast<double>(terms)), Depths::Most(summation, terms))
          << Name(summation.order) << ' ' << summation.width << ' ' << terms;
    }
  }
}

TEST(Bound, TheOrdersDiffer) {
  EXPECT_EQ(RoundingsOfSum(kSequential, 1024), 1023);
  EXPECT_EQ(RoundingsOfSum(Summation{}, 1024), 1023) << "the worst of all";
  EXPECT_EQ(RoundingsOfSum(Pairwise(1), 1024), 10);
  EXPECT_EQ(RoundingsOfSum(Pairwise(128), 1024), 127 + 3);
  EXPECT_EQ(RoundingsOfSum(Blocked(16), 1024), 63 + 15);
  for (const double terms : {0.0, 1.0}) {
    for (const Summation& summation : {kSequential, Pairwise(1), Blocked(8), Summation{}}) {
      EXPECT_EQ(RoundingsOfSum(summation, terms), 0) << "one number is its own sum";
    }
  }
}

/// A float sum of that order is within the bound of the exact one, and one of its orders comes near to it.
TEST(Bound, SumsOfFloatsStayWithinIt) {
  const double u = UnitRoundoff(Dtype::kF32);
  std::vector<float> numbers(1 << 12);
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    numbers[i] = 1 + static_cast<float>(i * 2654435761U % 8388608U) * 0x1p-23F;
  }
  const double exact = std::accumulate(numbers.begin(), numbers.end(), 0.0);  // 12 + 24 bits fit
  const auto sequential = std::accumulate(numbers.begin(), numbers.end(), 0.0F);
  const std::function<float(std::size_t, std::size_t)> pairwise = [&](std::size_t begin, std::size_t end) {
    if (end - begin == 1) return numbers[begin];
    const std::size_t middle = (begin + end) / 2;
    return pairwise(begin, middle) + pairwise(middle, end);
  };
  const auto n = static_cast<double>(numbers.size());
  EXPECT_LE(std::fabs(sequential - exact), RoundingsOfSum(kSequential, n) * u * exact);
  EXPECT_LE(std::fabs(pairwise(0, numbers.size()) - exact), RoundingsOfSum(Pairwise(1), n) * u * exact);
}

TEST(Bound, AWiderAccumulatorRoundsFiner) {
  Bound bound{.formula = 3, .reduction = {1, 1025}, .summation = kSequential};
  EXPECT_EQ(bound.Roundings(Dtype::kF16), 3 + 1024);
  bound.summation.accumulator = Dtype::kF32;
  EXPECT_EQ(bound.Roundings(Dtype::kF16), 3 + 1024 * 0x1p-13);
  EXPECT_EQ(bound.Roundings(Dtype::kF32), 3 + 1024);
  EXPECT_EQ(bound.Roundings(Dtype::kF64), 3 + 1024 * 0x1p29) << "a narrower one coarser";
}

TEST(Bound, IsToldWithItsDerivation) {
  Bound bound{.formula = 14};
  EXPECT_EQ(BoundText(Dtype::kF32, bound), "14 roundings of the formula");
  bound.reduction = {1, 10};
  EXPECT_EQ(BoundText(Dtype::kF32, bound),
            "14 roundings of the formula + 9 (sum of 10 terms, order unknown, at worst sequential) = 23");
  bound.row = {2, 5};
  bound.summation = Pairwise(1);
  EXPECT_EQ(BoundText(Dtype::kF32, bound),
            "14 roundings of the formula + 6 (2 sums of 5 numbers of a term, pairwise from blocks of 1) + 4 "
            "(sum of 10 terms, pairwise from blocks of 1) = 24");
  bound.row = {};
  bound.summation = {SummationOrder::kBlocked, 4, Dtype::kF64};
  EXPECT_EQ(BoundText(Dtype::kF32, bound),
            "14 roundings of the formula + 9.313e-09 (sum of 10 terms, blocked in 4 sums, in f64) = 14");
}

TEST(Bound, OrdersAreReadByName) {
  for (const SummationOrder order : {SummationOrder::kUnknown, SummationOrder::kSequential,
                                     SummationOrder::kPairwise, SummationOrder::kBlocked}) {
    EXPECT_EQ(ParseSummationOrder(Name(order)), order);
  }
  EXPECT_FALSE(ParseSummationOrder("kahan"));
}

}  // namespace
}  // namespace exactloss
