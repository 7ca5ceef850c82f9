// exactloss audit --known and --gate.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/cli/program.h"

namespace exactloss {
namespace {

using Json = nlohmann::json;

const std::string kForm = "naive/sigmoid_bce";
const std::string kHead =
    "id: sigmoid\nsubject: naive/sigmoid_bce\nkind: bug\ncause: It rounds.\nlink: none\n";
const std::string kTail = "line: bce_with_logits f32 none input=20 target=1\n";
const std::string kTrue = kTail + "output: loss\nclass: underflow\n";
const std::string kStale = kTail + "output: loss\nclass: nan\n";

std::string KnownFolder(const std::string& text) {
  const std::string folder = NewFolder("known");
  if (!text.empty()) WriteFile(folder + "/entry", text);
  return folder;
}

Ran Audit(const std::string& known, std::vector<std::string> more = {}) {
  more.insert(more.begin(), {"audit", "--subject", kForm, "--loss", "bce_with_logits", "--dtype", "f32",
                             "--fill", "saturated", "--known", known});
  return Exactloss(more);
}

void Has(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << part << "\nis not in\n" << text;
}

/// The number before the word in the last line; 0 where the word is not there.
int Counted(const Ran& ran, const std::string& word) {
  const std::string line = LinesOf(ran.out).back();
  const std::size_t at = line.find(" " + word);
  if (at == std::string::npos) return 0;
  return std::stoi(line.substr(line.find_last_of(' ', at - 1) + 1));
}

TEST(Known, DoesNotCountAsFailed) {
  const Ran without = Audit(KnownFolder("")), with = Audit(KnownFolder(kHead + kTrue));
  EXPECT_EQ(with.status, 0) << with.err;
  EXPECT_GT(Counted(with, "known"), 0);
  EXPECT_EQ(Counted(without, "known"), 0);
  EXPECT_EQ(Counted(with, "known") + Counted(with, "failed"), Counted(without, "failed"));
  EXPECT_EQ(Counted(with, "passed"), Counted(without, "passed"));
  Has(with.out, "known divergences: 1 example replayed, 0 stale\n");
  Has(with.out, "naive/sigmoid_bce: of these are known\n  sigmoid ");
}

TEST(Known, IsNamedInEveryReport) {
  const std::string folder = NewFolder("report");
  Audit(KnownFolder(kHead + kTrue), {"--report", folder});
  Has(ReadFile(folder + "/report.md"), " Known: `sigmoid`.");
  int known = 0;
  for (const std::string& line : LinesOf(ReadFile(folder + "/report.jsonl"))) {
    const Json finding = Json::parse(line);
    const bool is_like = finding.at("output") == "loss" && finding.at("class") == "underflow";
    EXPECT_EQ(finding.at("known"), is_like ? "sigmoid" : "");
    known += is_like;
  }
  EXPECT_GT(known, 0);
}

TEST(Known, WhatNoLongerDivergesIsSaid) {
  const std::string folder = NewFolder("report"), known = KnownFolder(kHead + kStale);
  const Ran ran = Audit(known, {"--report", folder});
  EXPECT_EQ(ran.status, 0);
  EXPECT_EQ(Counted(ran, "stale"), 1);
  Has(ran.out, known + "/entry:6: sigmoid: no nan of loss in naive/sigmoid_bce: loss is underflow\n");
  Has(ReadFile(folder + "/report.md"), "## Known divergences that no longer are");
}

TEST(Gate, FailsWhereSomethingUnknownFails) {
  EXPECT_EQ(Audit(KnownFolder("")).status, 0);
  EXPECT_EQ(Audit(KnownFolder(""), {"--gate"}).status, 1);
}

/// On ties the Python host fails nothing; the entry speaks of another subject, which is not asked.
TEST(Gate, PassesWhereNothingFails) {
  const std::vector<std::string> audit = {"audit",     "--gate",    "--loss",  "mse",
                                          "--dtype",   "f64",       "--fill",  "ties",
                                          "--subject", kPythonHost, "--known", KnownFolder(kHead + kTrue)};
  const Ran ran = Exactloss(audit);
  EXPECT_EQ(Counted(ran, "failed"), 0) << ran.out;
  EXPECT_EQ(ran.status, 0);
}

TEST(Gate, FailsWhereSomethingKnownFailsNoMore) {
  const std::string known = KnownFolder(
      "id: a\nsubject: " + kPythonHost +
      "\nkind: bug\ncause: c\nlink: l\nline: mse f64 none input=1 target=0\noutput: loss\nclass: nan\n");
  const Ran ran = Exactloss({"audit", "--gate", "--loss", "mse", "--dtype", "f64", "--fill", "ties",
                             "--subject", kPythonHost, "--known", known});
  EXPECT_EQ(ran.status, 1);
  EXPECT_EQ(Counted(ran, "stale"), 1);
  EXPECT_EQ(Counted(ran, "failed"), 0);
}

struct BadEntry {
  const char* text;
  const char* message;  ///< after the folder's name
};

TEST(Known, ABadListIsOneLineAndAskNobody) {
  for (const auto& [text, message] :
       {BadEntry{"id: a\nsubjet: b\n", "/entry:2: 'subjet' is no field;"},
        {"versions: about 2\n",
         "/entry:1: versions: 'about 2' is no range of versions; write comparisons such as"},
        {"line: msee\n", "/entry:1: line: "}}) {
    const std::string folder = KnownFolder(text);
    const Ran ran = Exactloss({"audit", "--subject", "exec:kill -KILL $PPID", "--known", folder});
    EXPECT_EQ(ran.status, 4);
    EXPECT_EQ(ran.out, "");
    ASSERT_EQ(LinesOf(ran.err).size(), 1U) << ran.err;
    EXPECT_TRUE(LinesOf(ran.err)[0].starts_with("exactloss audit: " + folder + message)) << ran.err;
  }
  const std::string twice = KnownFolder(kHead + kTrue);
  WriteFile(twice + "/other", kHead + kTrue);
  const Ran ran = Audit(twice);
  EXPECT_EQ(ran.status, 4);
  EXPECT_EQ(ran.err,
            "exactloss audit: " + twice + "/other: the id sigmoid is that of " + twice + "/entry, too\n");
  EXPECT_EQ(Audit("/no/folder").status, 4);
  EXPECT_EQ(Audit("/no/folder").err,
            "exactloss audit: --known: /no/folder cannot be read: No such file or directory\n");
}

}  // namespace
}  // namespace exactloss
