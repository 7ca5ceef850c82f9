#include "oracle/selection.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

namespace exactloss {
namespace {

Selection Small() {
  Selection selection;
  selection.losses = {FindLoss("bce"), FindLoss("kl_div"), FindLoss("nll")};
  selection.dtypes = {Dtype::kF32, Dtype::kF16};
  selection.fills = {FindFill("normal"), FindFill("ties"), FindFill("many_classes"), FindFill("long_sums")};
  selection.problems_per_cell = 3;
  selection.seed = 5;
  return selection;
}

std::string TextOf(const SelectedProblem& p) {
  return std::to_string(p.number) + " " + p.fill + " " + FormatProblem(p.problem);
}

std::vector<std::string> All(const Selection& selection) {
  std::vector<std::string> all;
  for (std::uint64_t i = 0; i < Count(selection); ++i) all.push_back(TextOf(At(selection, i)));
  return all;
}

TEST(Selection, CountsItsCells) {
  // bce: none has normal and ties, mean and sum long_sums as well; kl_div has batchmean too; nll has no ties
  // but many classes.
  const std::uint64_t bce = 2 + 3 + 3, kl_div = bce + 3, nll = 2 + 3 + 3;
  EXPECT_EQ(Count(Small()), (bce + kl_div + nll) * 2 * 3);
}

TEST(Selection, IsNumberedLossByLoss) {
  const Selection selection = Small();
  std::vector<std::string_view> losses;
  for (std::uint64_t i = 0; i < Count(selection); ++i) {
    const SelectedProblem p = At(selection, i);
    EXPECT_EQ(p.number, i);
    if (losses.empty() || losses.back() != p.problem.loss->name) losses.push_back(p.problem.loss->name);
  }
  EXPECT_EQ(losses, (std::vector<std::string_view>{"bce", "kl_div", "nll"}));
  EXPECT_EQ(At(selection, 0).fill, "normal#5.0");
  EXPECT_EQ(At(selection, 1).fill, "normal#5.1");
  EXPECT_EQ(At(selection, 3).fill, "ties#5.0");
}

TEST(Selection, ItsProblemsAreThoseOfTheFills) {
  const Selection selection = Small();
  for (std::uint64_t i = 0; i < Count(selection); ++i) {
    const SelectedProblem p = At(selection, i);
    const std::size_t hash = p.fill.find('#'), dot = p.fill.find('.');
    const Problem want =
        FillProblem(*FindFill(p.fill.substr(0, hash)), *p.problem.loss, p.problem.dtype, p.problem.reduction,
                    std::stoull(p.fill.substr(hash + 1)), std::stoull(p.fill.substr(dot + 1)));
    EXPECT_EQ(FormatProblem(p.problem), FormatProblem(want));
  }
}

TEST(Selection, ShardsMakeUpTheWhole) {
  const std::vector<std::string> whole = All(Small());
  for (const std::uint64_t shards : {1, 2, 3, 7, 1000}) {
    std::vector<std::string> joined;
    std::uint64_t least = whole.size(), most = 0;
    for (std::uint64_t shard = 1; shard <= shards; ++shard) {
      Selection part = Small();
      part.shard = shard;
      part.shards = shards;
      for (std::uint64_t i = 0; i < Count(part); ++i) EXPECT_EQ(At(part, i).number % shards, shard - 1);
      const std::vector<std::string> problems = All(part);
      joined.insert(joined.end(), problems.begin(), problems.end());
      least = std::min<std::uint64_t>(least, problems.size());
      most = std::max<std::uint64_t>(most, problems.size());
    }
    EXPECT_LE(most - least, 1U);
    EXPECT_EQ(std::multiset<std::string>(joined.begin(), joined.end()),
              std::multiset<std::string>(whole.begin(), whole.end()))
        << shards;
  }
}

TEST(Selection, EmptyListsMeanAll) {
  const Selection all;
  std::set<std::string> losses, dtypes, reductions, fills;
  for (std::uint64_t i = 0; i < Count(all); ++i) {
    const SelectedProblem p = At(all, i);
    losses.emplace(p.problem.loss->name);
    dtypes.emplace(Name(p.problem.dtype));
    reductions.emplace(Name(p.problem.reduction));
    fills.insert(p.fill.substr(0, p.fill.find('#')));
  }
  EXPECT_EQ(losses.size(), Catalogue().size());
  EXPECT_EQ(dtypes.size(), std::size(kAllDtypes));
  EXPECT_EQ(reductions.size(), 4U);
  EXPECT_EQ(fills.size(), Fills().size());
}

TEST(Selection, AReductionThatALossLacksSelectsNothing) {
  Selection selection = Small();
  selection.reductions = {Reduction::kBatchMean};
  for (std::uint64_t i = 0; i < Count(selection); ++i) {
    EXPECT_EQ(At(selection, i).problem.loss->name, "kl_div");
  }
  EXPECT_GT(Count(selection), 0U);
  selection.losses = {FindLoss("mse")};
  EXPECT_EQ(Count(selection), 0U);
}

TEST(Selection, LeavesOutFillsThatShowNothing) {
  const auto meaningful = [](const char* fill, const char* loss, Reduction reduction) {
    return IsMeaningful(*FindFill(fill), *FindLoss(loss), reduction);
  };
  EXPECT_TRUE(meaningful("many_classes", "nll", Reduction::kNone));
  EXPECT_FALSE(meaningful("many_classes", "ciou", Reduction::kNone));
  EXPECT_FALSE(meaningful("long_sums", "mse", Reduction::kNone));
  EXPECT_TRUE(meaningful("long_sums", "mse", Reduction::kSum));
  EXPECT_TRUE(meaningful("long_sums", "dice", Reduction::kNone));
  EXPECT_FALSE(meaningful("near_kink", "nll", Reduction::kMean));
  EXPECT_TRUE(meaningful("near_kink", "cross_entropy", Reduction::kMean));
  for (const LossSpec& loss : Catalogue()) {
    for (const Reduction reduction : loss.reductions) {
      const auto left = std::count_if(Fills().begin(), Fills().end(),
                                      [&](const Fill& fill) { return IsMeaningful(fill, loss, reduction); });
      EXPECT_GE(left, 8) << loss.name;
    }
  }
}

}  // namespace
}  // namespace exactloss
