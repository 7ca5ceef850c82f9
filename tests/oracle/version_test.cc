#include "oracle/version.h"

#include <gtest/gtest.h>

#include "reference/problem.h"

namespace exactloss {
namespace {

TEST(Versions, CompareNumberByNumber) {
  EXPECT_LT(CompareVersions("1.9", "1.13"), 0);
  EXPECT_LT(CompareVersions("1.13.1", "2"), 0);
  EXPECT_GT(CompareVersions("2.13.0", "2.12.9"), 0);
  EXPECT_EQ(CompareVersions("1.13", "1.13.0"), 0);
  EXPECT_EQ(CompareVersions("2.13.0+cpu", "2.13.0"), 0);
}

TEST(Versions, ARangeIsWhatAllComparisonsLeave) {
  const VersionRange range = VersionRange::Parse(">=1.13 <3");
  EXPECT_FALSE(range.Contains("1.12.1"));
  EXPECT_TRUE(range.Contains("1.13"));
  EXPECT_TRUE(range.Contains("2.13.0"));
  EXPECT_FALSE(range.Contains("3.0"));
  EXPECT_TRUE(VersionRange::Parse("=2.13").Contains("2.13.0"));
  EXPECT_FALSE(VersionRange::Parse(">2.13").Contains("2.13.0"));
  EXPECT_TRUE(VersionRange::Parse("<=2.13").Contains("2.13.0"));
}

TEST(Versions, AnUnknownOneLiesInNoRangeButAll) {
  EXPECT_TRUE(VersionRange().Contains(""));
  EXPECT_TRUE(VersionRange().Contains("1"));
  EXPECT_FALSE(VersionRange::Parse(">=0").Contains(""));
}

TEST(Versions, WhatIsNoRangeIsToldSo) {
  for (const char* wrong : {"~2", "2.13", ">=", ">=2.x", ">=1.13  <3", ">= 1.13", "<2..1", "<.1"}) {
    EXPECT_THROW(VersionRange::Parse(wrong), UsageError) << wrong;
  }
}

}  // namespace
}  // namespace exactloss
