#include "reports/comparison.h"

#include <gtest/gtest.h>

#include <limits>
#include <sstream>

#include "tests/reports/hand_made.h"

namespace exactloss {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

class ComparisonTest : public testing::Test {
 protected:
  static Finding Passed(double ulp = 0.25) {
    Finding finding = HandMade();
    finding.ulp = ulp;
    finding.fill = "special#1.0";
    return finding;
  }
  static Finding Failed(Divergence divergence = Divergence::kUnderflow, double ulp = 8,
                        std::int64_t count = 1) {
    Finding finding = Diverged(divergence, ulp);
    finding.fill = "special#1.1";
    finding.count = count;
    return finding;
  }
  static Finding Unsupported() {
    Finding finding = HandMade();
    finding.verdict = Verdict::kUnsupported;
    finding.fill = "special#1.0";
    return finding;
  }

  static Comparison CompareThem(const std::vector<Finding>& before, const std::vector<Finding>& after,
                                std::vector<Dtype> dtype_before = {}, std::vector<Dtype> dtype_after = {}) {
    Rows rows_before, rows_after;
    for (const Finding& finding : before) rows_before.Write(finding);
    for (const Finding& finding : after) rows_after.Write(finding);
    return Compare({{}, "libtorch", std::move(dtype_before), "old"}, rows_before,
                   {{}, "libtorch", std::move(dtype_after), "new"}, rows_after);
  }
  static ChangeKind KindOf(const std::vector<Finding>& before, const std::vector<Finding>& after) {
    const Comparison comparison = CompareThem(before, after);
    EXPECT_EQ(comparison.rows.size(), 1U);
    return comparison.rows.begin()->first;
  }
};

TEST_F(ComparisonTest, NamesWhatHasChanged) {
  EXPECT_EQ(KindOf({Passed()}, {Passed()}), ChangeKind::kSame);
  EXPECT_EQ(KindOf({Passed()}, {Passed(0.5)}), ChangeKind::kWithin);
  EXPECT_EQ(KindOf({Passed(), Passed()}, {Passed(), Failed()}), ChangeKind::kRegressed);
  EXPECT_EQ(KindOf({Passed(), Failed()}, {Passed(), Passed()}), ChangeKind::kFixed);
  EXPECT_EQ(KindOf({Failed()}, {Failed()}), ChangeKind::kSame);
  EXPECT_EQ(KindOf({Failed()}, {Failed(Divergence::kUnderflow, 15)}), ChangeKind::kWithin);
  EXPECT_EQ(KindOf({Failed()}, {Failed(Divergence::kUnderflow, 17)}), ChangeKind::kWorse);
  EXPECT_EQ(KindOf({Failed(), Passed()}, {Failed(Divergence::kUnderflow, 8, 2)}), ChangeKind::kWorse);
  EXPECT_EQ(KindOf({Failed(Divergence::kUnderflow, 8, 2)}, {Failed(), Passed()}), ChangeKind::kBetter);
  EXPECT_EQ(KindOf({Failed(Divergence::kUnderflow, 80)}, {Failed()}), ChangeKind::kBetter);
  EXPECT_EQ(KindOf({Unsupported()}, {Passed()}), ChangeKind::kNew);
  EXPECT_EQ(KindOf({Unsupported()}, {Failed()}), ChangeKind::kNew);
  EXPECT_EQ(KindOf({}, {Passed()}), ChangeKind::kNew);
  EXPECT_EQ(KindOf({Passed(), Unsupported()}, {Passed(), Failed()}), ChangeKind::kNew);
  EXPECT_EQ(KindOf({Passed(), Passed()}, {Passed(), Unsupported()}), ChangeKind::kGone);
  EXPECT_EQ(KindOf({Passed()}, {Unsupported()}), ChangeKind::kGone);
  EXPECT_EQ(KindOf({Passed()}, {}), ChangeKind::kGone);
  EXPECT_EQ(KindOf({Unsupported()}, {Unsupported()}), ChangeKind::kSame);
  EXPECT_EQ(KindOf({Failed(Divergence::kContract, kNan)}, {Passed()}), ChangeKind::kContract);
  EXPECT_EQ(KindOf({Passed(), Passed()}, {Failed(Divergence::kCrash, kNan)}), ChangeKind::kRegressed);
}

TEST_F(ComparisonTest, OnlyWhatGotWorseIsARegression) {
  EXPECT_TRUE(CompareThem({Passed()}, {Failed()}).HasRegressed());
  EXPECT_TRUE(CompareThem({Failed(), Passed()}, {Failed(Divergence::kUnderflow, 8, 2)}).HasRegressed());
  EXPECT_TRUE(CompareThem({Passed()}, {Passed(), Failed(Divergence::kContract, kNan)}).HasRegressed());
  EXPECT_FALSE(CompareThem({Failed(Divergence::kContract, kNan)}, {Passed()}).HasRegressed());
  EXPECT_FALSE(CompareThem({Failed()}, {Passed()}).HasRegressed());
  EXPECT_FALSE(CompareThem({Passed()}, {Passed(900)}).HasRegressed());
  EXPECT_FALSE(CompareThem({Passed()}, {Unsupported()}).HasRegressed());
}

TEST_F(ComparisonTest, TheNewWayToFailIsShownNotTheOldOne) {
  Finding worse_but_old = Failed(Divergence::kNan, 1e30);
  Finding is_new = Failed(Divergence::kUnderflow, 5);
  is_new.line = "the new one";
  const Comparison comparison = CompareThem({worse_but_old, Passed()}, {worse_but_old, is_new});
  ASSERT_EQ(comparison.changes.size(), 1U);
  EXPECT_EQ(comparison.changes[0].kind, ChangeKind::kWorse);
  EXPECT_EQ(comparison.changes[0].what, "underflow");
  EXPECT_EQ(comparison.changes[0].line, "the new one");
}

TEST_F(ComparisonTest, RowsThatChangedInOneWayStandTogetherWithTheWorst) {
  Finding small = Failed(), large = Failed(Divergence::kUnderflow, 1000);
  large.fill = "normal#1.7";
  large.line = "the worst";
  Finding passed = Passed();
  passed.fill = "normal#1.3";
  const Comparison comparison = CompareThem({Passed(), passed}, {small, large});
  ASSERT_EQ(comparison.changes.size(), 1U);
  const Change& change = comparison.changes[0];
  EXPECT_EQ(change.rows, 2U);
  EXPECT_EQ(change.before.failed, 0U);
  EXPECT_EQ(change.after.failed, 2U);
  EXPECT_EQ(change.after.ulp, 1000);
  EXPECT_EQ(change.line, "the worst");
  EXPECT_TRUE(change.ordinary);
}

TEST_F(ComparisonTest, TwoDtypes) {
  Finding half = HandMade("libtorch", "mse", Dtype::kF16);
  half.fill = "special#1.0";
  half.ulp = 0.5;
  EXPECT_EQ(CompareThem({Passed()}, {half}, {Dtype::kF32}, {Dtype::kF16}).rows.begin()->first,
            ChangeKind::kWithin);
  EXPECT_EQ(CompareThem({Passed()}, {half}).rows.size(), 2U);  // gone and new
}

TEST_F(ComparisonTest, PageOneIsTenLinesWorstFirst) {
  std::vector<Finding> before, after;
  for (const LossSpec& loss : Catalogue()) {
    Finding was = HandMade("libtorch", std::string(loss.name));
    Finding is =
        Diverged(Divergence::kCancellation, static_cast<double>(before.size()), "libtorch", was.loss);
    before.push_back(was);
    after.push_back(is);
  }
  std::ostringstream out;
  WriteComparison(CompareThem(before, after), out);
  const std::string text = out.str();
  EXPECT_LE(std::count(text.begin(), text.end(), '\n'), 10);
  EXPECT_EQ(text.find("old -> new\n"), 0U);
  const std::string last(Catalogue().back().name);
  EXPECT_NE(text.find("regressed: " + last + " f32 loss, cancellation: 0 of 1 fail, 0 ulp -> 1 of 1 fail, "),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("\n    " + last + " f32 none input=0x1p+0 target=0x0p+0\n"), std::string::npos) << text;
  EXPECT_NE(text.find("and " + std::to_string(before.size() - 3) + " more; --md FILE"), std::string::npos);
}

TEST_F(ComparisonTest, MarkdownFitsAComment) {
  std::vector<Finding> before, after;
  for (const LossSpec& loss : Catalogue()) {
    for (const Dtype dtype : kAllDtypes) {
      for (int i = 0; i < 10; ++i) {
        Finding was = HandMade("libtorch", std::string(loss.name), dtype),
                is = Diverged(Divergence::kNan, 4, "libtorch", was.loss, dtype);
        was.output = is.output = "grad:" + std::to_string(i);
        is.line += std::string(5000, '1') + "|";
        before.push_back(was);
        after.push_back(is);
      }
    }
  }
  std::ostringstream out;
  WriteComparisonMarkdown(CompareThem(before, after), "exactloss compare a b", out);
  EXPECT_LT(out.str().size(), 65'000U);
  EXPECT_NE(out.str().find(" rows left out: a comment has no room for more."), std::string::npos);
  EXPECT_NE(out.str().find("| regressed | 760 |"), std::string::npos) << out.str().substr(0, 800);
}

}  // namespace
}  // namespace exactloss
