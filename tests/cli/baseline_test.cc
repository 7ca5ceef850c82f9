// A baseline, from an audit to the gate: worse fails, better asks to tighten, what is new is said, an edit by
// hand is refused.
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/cli/program.h"

namespace exactloss {
namespace {

namespace fs = std::filesystem;

const How kByHand{.set = {{"CI", ""}}};

void Has(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << part << "\nis not in\n" << text;
}

std::string Replaced(std::string text, const std::string& what, const std::string& with) {
  const std::size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return at == std::string::npos ? text : text.replace(at, what.size(), with);
}

/// A host of our own whose mse may be changed between two audits, as a kernel is between two commits.
class Baselines : public testing::Test {
 protected:
  Baselines() { Plant("(x - t) ** 2"); }

  void Plant(const std::string& mse) {
    WriteFile(folder_ + "/host.py", Replaced(ReadFile(EXACTLOSS_SOURCE_DIR "/examples/python_host.py"),
                                             "(x - t) ** 2,", mse + ","));
  }
  Ran Audit(std::vector<std::string> more) const {
    more.insert(more.begin(), {"audit", "--gate", "--loss", "mse", "--dtype", "f64", "--fill", "ties,normal",
                               "--reduction", "none", "--subject", "exec:python3 " + folder_ + "/host.py"});
    return Exactloss(more);
  }
  Ran Move(const std::vector<std::string>& flags, const How& how = kByHand) const {
    std::vector<std::string> words = {"baseline", file_, folder_ + "/report"};
    words.insert(words.end(), flags.begin(), flags.end());
    return Exactloss(words, how);
  }
  /// Audits what is there and takes it as the baseline.
  void Take() const {
    EXPECT_EQ(Audit({"--report", folder_ + "/report"}).status, 0);
    EXPECT_EQ(Move({"--add"}).status, 0);
  }
  Ran Gate() const { return Audit({"--baseline", file_, "--report", folder_ + "/report"}); }
  Ran Refused() const {
    Ran ran = Gate();
    EXPECT_EQ(ran.status, 4);
    EXPECT_EQ(ran.out, "");
    EXPECT_EQ(LinesOf(ran.err).size(), 1U) << ran.err;
    return ran;
  }

  const std::string folder_ = NewFolder("baseline"), file_ = folder_ + "/baseline.json";
};

constexpr char kOneUlpOff[] = "math.nextafter((x - t) ** 2, math.inf) if x != t else 0.0";

TEST_F(Baselines, HoldWhatDidNotChange) {
  Take();
  const Ran ran = Gate();
  EXPECT_EQ(ran.status, 0) << ran.out;
  Has(ran.out, "\nbaseline " + file_ + ": 6 as they were\n");
  EXPECT_EQ(ran.out.find("the baseline"), std::string::npos);
}

TEST_F(Baselines, OneUlpMoreFailsTheGate) {
  Take();
  Plant(kOneUlpOff);
  EXPECT_EQ(Audit({}).status, 0);  // conditioning explains an ulp: only the baseline knows that it was better
  const Ran ran = Gate();
  EXPECT_EQ(ran.status, 1);
  Has(ran.out,
      "2 rows worse, 4 as they were\n  worse  exec:python3 " + folder_ + "/host.py mse f64 loss, 2 rows: ");
  Has(ran.out, " ulp\n         exactloss run 'mse f64 none ");
  Has(LinesOf(ran.out).back(), "2 worse than the baseline, ");
  Has(ReadFile(folder_ + "/report/report.md"), "| **worse** | ");
  Has(ReadFile(folder_ + "/report/junit.xml"), "2 rows worse than the baseline");
}

TEST_F(Baselines, WhatIsBetterAsksToTighten) {
  Plant(kOneUlpOff);
  Take();
  Plant("(x - t) ** 2");
  const Ran ran = Gate();
  EXPECT_EQ(ran.status, 0) << ran.out;
  Has(ran.out, "better: keep it so with --tighten");
  Has(LinesOf(ran.out).back(), "2 better than the baseline, ");
  const std::string before = ReadFile(file_);
  Has(Move({}).out, "2 rows better");
  EXPECT_EQ(ReadFile(file_), before);  // shown, not written
  Has(Move({"--tighten"}).out, "2 of 6 rows moved\n");
  Plant(kOneUlpOff);
  EXPECT_EQ(Gate().status, 1);
}

TEST_F(Baselines, AreLoosenedWithAReasonThatStays) {
  Take();
  Plant(kOneUlpOff);
  Gate();
  Has(Move({"--tighten", "--add"}).out, "0 of 6 rows moved\n");
  EXPECT_EQ(Gate().status, 1);
  Has(Move({"--reason", "the new compiler fuses"}).out, "2 of 6 rows moved\n");
  EXPECT_EQ(Gate().status, 0);
  Has(ReadFile(file_), " ulp: the new compiler fuses\"]}");
  EXPECT_EQ(Move({"--reason", " "}).err, "exactloss: --reason: a reason has words\n");
}

TEST_F(Baselines, MoveByHandOnly) {
  Take();
  fs::remove(file_);
  const Ran ran = Move({"--add"}, {.set = {{"CI", "true"}}});
  EXPECT_EQ(ran.status, 4);
  EXPECT_TRUE(ran.err.starts_with("exactloss baseline: CI is set: a baseline is moved by a person"))
      << ran.err;
  EXPECT_FALSE(fs::exists(file_));
  EXPECT_EQ(Move({}, {.set = {{"CI", "true"}}}).status, 0);
}

TEST_F(Baselines, SayWhatIsNewAndFailWhereTheyHoldNothing) {
  Take();
  Ran ran = Audit({"--baseline", file_, "--dtype", "f32"});  // f64 and f32
  EXPECT_EQ(ran.status, 0) << ran.out;
  Has(LinesOf(ran.out).back(), "6 without a baseline, ");
  Has(ran.out, "new: not held to anything; take it with --add");
  ran = Exactloss({"audit", "--gate", "--baseline", file_, "--loss", "mse", "--dtype", "f64", "--fill",
                   "ties", "--subject", kPythonHost});
  EXPECT_EQ(ran.status, 1);
  Has(ran.out, " rows new, 0 as they were\n");
}

TEST_F(Baselines, NoticeWhatIsNoLongerComputed) {
  Take();
  WriteFile(folder_ + "/host.py",
            Replaced(ReadFile(folder_ + "/host.py"), "outputs[\"grad:\" + name] =", "_ ="));
  const Ran ran = Gate();
  EXPECT_EQ(ran.status, 1);
  Has(ran.out, "4 rows gone, 2 as they were\n");
}

TEST_F(Baselines, RefuseAnEditByHand) {
  Take();
  const std::string text = Replaced(ReadFile(file_), "\"passing\":0", "\"passing\":2");
  WriteFile(file_, text);
  const Ran ran = Refused();
  EXPECT_TRUE(ran.err.starts_with("exactloss audit: " + file_ + ": it was edited by hand: ")) << ran.err;
  EXPECT_EQ(Move({"--add"}).status, 4);
  EXPECT_EQ(ReadFile(file_), text);
}

TEST_F(Baselines, RefuseWhatIsNone) {
  Take();
  const std::string text = ReadFile(file_);
  const auto refused = [&](const std::string& what, const std::string& with, const std::string& message) {
    WriteFile(file_, what.empty() ? with : Replaced(text, what, with));
    Has(Refused().err, file_ + ": " + message);
  };
  refused("", text.substr(0, text.size() / 2), "broken or cut off at byte ");
  refused("", "", "broken or cut off at byte 1; ");
  refused("", "{}", "it is no baseline of exactloss; ");
  refused("", "[1]", "it is no baseline of exactloss; ");
  refused("\"version\": 1", "\"version\": 2", "its version is 2, this program reads version 1; ");
  refused("\"seed\"", "\"sed\"", "unknown key 'sed'; ");
  WriteFile(file_, text);
  const Ran other = Audit({"--baseline", file_, "--seed", "2"});
  EXPECT_EQ(other.status, 4);
  Has(other.err, "a baseline of other problems: seed 1 and 4 for each cell, here seed 2 and 4; ");
  EXPECT_EQ(Audit({"--baseline", file_, "--shard", "1/2"}).status, 4);
  EXPECT_EQ(Audit({"--baseline", folder_}).err,
            "exactloss audit: " + folder_ + " cannot be read: Is a directory\n");
  EXPECT_EQ(Exactloss({"audit", "--contracts", "--baseline", file_}).status, 4);
}

TEST_F(Baselines, AreWholeOrAsTheyWere) {
  Take();
  EXPECT_EQ(Exactloss({"baseline", "/no/such/folder/b.json", folder_ + "/report", "--add"}, kByHand).status,
            3);
}

}  // namespace
}  // namespace exactloss
