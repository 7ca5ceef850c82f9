#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "oracle/highway.h"
#include "tests/cli/program.h"

namespace exactloss {
namespace {

using Json = nlohmann::ordered_json;

const std::string kGood = "highway/" + HighwayKernels()[0], kBad = "naive/sigmoid_bce";

/// Of the loss that both compute, in small.
std::vector<std::string> Bce(const std::string& command, std::vector<std::string> more) {
  const std::vector<std::string> small = {"--loss", "bce_with_logits", "--profile", "smoke",
                                          "--fill", "extreme",         "--dtype",   "f32"};
  more.insert(more.begin(), command);
  more.insert(more.end(), small.begin(), small.end());
  return more;
}

/// The report.json of an audit of one subject.
std::string Report(const std::string& subject, std::vector<std::string> more = {}) {
  const std::string folder = NewFolder("compare");
  more.insert(more.end(), {"--subject", subject, "--report", folder});
  EXPECT_EQ(Exactloss(Bce("audit", more)).status, 0);
  return folder + "/report.json";
}

std::string WithoutFirstLine(const std::string& text) { return text.substr(text.find('\n')); }

TEST(Compare, ARegressionIsStatusOne) {
  const Ran ran = Exactloss(Bce("compare", {kGood, kBad}));
  EXPECT_EQ(ran.status, 1) << ran.err;
  EXPECT_EQ(ran.err, "");
  EXPECT_LE(LinesOf(ran.out).size(), 10U) << ran.out;
  EXPECT_EQ(LinesOf(ran.out)[0].find(kGood), 0U) << ran.out;
  EXPECT_NE(ran.out.find("\nregressed: bce_with_logits f32 "), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("\n    bce_with_logits f32 "), std::string::npos) << ran.out;
}

TEST(Compare, AnImprovementAndNoChangeAreStatusZero) {
  const Ran better = Exactloss(Bce("compare", {kBad, kGood}));
  EXPECT_EQ(better.status, 0);
  EXPECT_NE(better.out.find("\nnothing regressed\n"), std::string::npos) << better.out;
  const Ran same = Exactloss(Bce("compare", {kBad, kBad}));
  EXPECT_EQ(same.status, 0);
  EXPECT_NE(
      same.out.find(
          "rows: 0 regressed, 0 worse, 0 contract changed, 0 gone, 0 fixed, 0 better, 0 new, 0 changed"),
      std::string::npos)
      << same.out;
}

TEST(Compare, ReportsSayWhatTheirSubjectsSay) {
  const std::string before = Report(kGood), after = Report(kBad);
  const Ran subjects = Exactloss(Bce("compare", {kGood, kBad}));
  const Ran reports = Exactloss({"compare", before, after});
  EXPECT_EQ(reports.status, 1) << reports.err;
  EXPECT_EQ(WithoutFirstLine(reports.out), WithoutFirstLine(subjects.out));
  const Ran mixed = Exactloss({"compare", before, kBad});
  EXPECT_EQ(mixed.status, 1) << mixed.err;
  EXPECT_EQ(WithoutFirstLine(mixed.out), WithoutFirstLine(subjects.out));
  const std::string folder = before.substr(0, before.rfind('/'));
  EXPECT_EQ(Exactloss({"compare", folder, folder}).status, 0);
}

TEST(Compare, WritesATable) {
  const std::string path = NewFolder("compare") + "/diff.md";
  EXPECT_EQ(Exactloss(Bce("compare", {kGood, kBad, "--md", path})).status, 1);
  const std::string text = ReadFile(path);
  EXPECT_EQ(text.find("# " + kGood), 0U) << text;
  EXPECT_NE(text.find("\n## regressed: fails, and did not\n"), std::string::npos) << text;
}

TEST(Compare, TwoDtypes) {
  const Ran ran = Exactloss({"compare", kGood + "@f32", kGood + "@f64", "--loss", "bce_with_logits", "--fill",
                             "extreme", "--profile", "smoke"});
  EXPECT_EQ(ran.status, 0) << ran.out << ran.err;
  EXPECT_NE(LinesOf(ran.out)[0].find(" in f32 -> "), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find(" 0 gone, 0 fixed, 0 better, 0 new, "), std::string::npos) << ran.out;
}

void IsRefused(const std::vector<std::string>& arguments, const std::string& why) {
  const Ran ran = Exactloss(arguments);
  EXPECT_EQ(ran.status, 4);
  EXPECT_EQ(ran.out, "");
  ASSERT_EQ(LinesOf(ran.err).size(), 1U) << ran.err;
  EXPECT_NE(ran.err.find(why), std::string::npos) << ran.err;
}

TEST(Compare, WhatCannotBeComparedIsOneLine) {
  const std::string report = Report(kGood), other = Report(kGood, {"--seed", "2"}), text = ReadFile(report);
  IsRefused({"compare", report, other}, "the reports are of other problems: ");
  IsRefused({"compare", report, report, "--seed", "3"}, "; leave out the flags that select others");
  IsRefused({"compare", report + "@f32", report}, "a dtype on one side alone");
  IsRefused({"compare", report, "no/such.json"}, "no/such.json cannot be read: No such file or directory");
  IsRefused({"compare", report, "libtorhc"}, "libtorhc");
  WriteFile(other, text.substr(0, text.size() - 20));
  IsRefused({"compare", report, other}, "broken or cut off at byte");
  Json changed = Json::parse(text);
  changed["version"] = 99;
  WriteFile(other, changed.dump());
  IsRefused({"compare", report, other}, "its version is 99, this program reads version 1");
  changed = Json::parse(text);
  changed["run"]["surprise"] = true;
  WriteFile(other, changed.dump());
  IsRefused({"compare", report, other}, "run: unknown key 'surprise'");
  changed = Json::parse(text);
  changed["run"]["interrupted"] = true;
  WriteFile(other, changed.dump());
  IsRefused({"compare", report, other}, "its audit was interrupted");
}

TEST(Compare, AnOutputThatCannotBeWrittenIsStatusThree) {
  EXPECT_EQ(Exactloss(Bce("compare", {kBad, kBad, "--md", "/no/such/folder/x.md"})).status, 3);
}

}  // namespace
}  // namespace exactloss
