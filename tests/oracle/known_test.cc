#include "oracle/known.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "tests/oracle/audit_fixture.h"

namespace exactloss {
namespace {

namespace fs = std::filesystem;

const std::string kHead =
    "id: sigmoid\nsubject: naive/sigmoid_bce\nkind: bug\ncause: The sigmoid rounds to 1.\nlink: none\n";
const std::string kTail = "bce_with_logits f32 none input=20 target=1";
const std::string kExample = "line: " + kTail + "\noutput: loss\nclass: underflow\n";

/// A folder of files; each is removed with the test.
class KnownFolder : public testing::Test {
 protected:
  KnownFolder() {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  ~KnownFolder() override { fs::remove_all(folder_); }

  void Write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name) << text;
  }

  /// What reading it complains of, without the folder's name.
  std::string Complaint() const {
    try {
      ReadKnown(folder_);
    } catch (const UsageError& error) {
      std::string text = error.what();
      for (auto at = text.find(folder_.string()); at != text.npos; at = text.find(folder_.string())) {
        text.replace(at, folder_.string().size(), "known");
      }
      return text;
    }
    return "";
  }
  std::string ComplaintOf(const std::string& text) const {
    Write("a", text);
    return Complaint();
  }

  const fs::path folder_ = fs::temp_directory_path() / ("exactloss_known_" + std::to_string(getpid()));
};

TEST_F(KnownFolder, ReadsEntriesAndTheirExamples) {
  Write("b", "# why\n\n" + kHead + "versions: >=1 <3\n\n" + kExample + "\nline: " + kTail +
                 "\nversions: =2\noutput: grad:input\nclass: inaccurate\n");
  Write("a",
        "id: other\nsubject: libtorch\nkind: definition\ncause: c\nlink: l\n"
        "line: refuse(delta) huber f32 mean delta=-1 input=1 target=0\noutput: arguments\nclass: contract\n");
  Write("README.md", "no entry");
  Write(".hidden", "no entry");
  const std::vector<KnownDivergence> entries = ReadKnown(folder_);
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[0].id, "other");
  EXPECT_TRUE(entries[0].examples[0].contract.has_value());
  EXPECT_EQ(entries[1].id, "sigmoid");
  EXPECT_EQ(entries[1].cause, "The sigmoid rounds to 1.");
  ASSERT_EQ(entries[1].examples.size(), 2U);
  EXPECT_EQ(entries[1].examples[0].line, kTail);
  EXPECT_EQ(entries[1].examples[0].failure, "underflow");
  EXPECT_TRUE(entries[1].examples[0].versions.Contains("1"));
  EXPECT_FALSE(entries[1].examples[1].versions.Contains("1"));
}

TEST_F(KnownFolder, WhatIsMalformedIsToldWithFileAndLine) {
  EXPECT_EQ(
      ComplaintOf("id: a\nsubjet: b\n"),
      "known/a:2: 'subjet' is no field; write name: value, with id, subject, versions, kind, cause, link, "
      "line, output, class");
  EXPECT_EQ(ComplaintOf("id\n").substr(0, 26), "known/a:1: 'id' is no fiel");
  EXPECT_EQ(ComplaintOf("id:\n"), "known/a:1: id is empty");
  EXPECT_EQ(ComplaintOf("id: a\nid: b\n"), "known/a:2: id is given twice");
  EXPECT_EQ(ComplaintOf("subject: libtroch\n"),
            "known/a:1: no subject 'libtroch'; it begins with one of libtorch, highway, naive, exec:");
  EXPECT_EQ(ComplaintOf("kind: feature\n"),
            "known/a:1: kind 'feature' is none; there are bug, definition, convention");
  EXPECT_EQ(ComplaintOf("versions: ~2\n"),
            "known/a:1: versions: '~2' is no range of versions; write comparisons such as >=1.13 <3");
  EXPECT_EQ(ComplaintOf("line: msee f32 none input=1\n"),
            "known/a:1: line: column 1: unknown loss 'msee'; did you mean mse?");
  EXPECT_EQ(ComplaintOf("line: huber f32 none delta=-1 input=1 target=0\n").substr(0, 38),
            "known/a:1: line: huber: delta=-1 is ou");
  EXPECT_EQ(ComplaintOf("output: loss\n"), "known/a:1: output comes before its line");
  EXPECT_EQ(ComplaintOf("line: " + kTail + "\noutput: grad:weight\n"),
            "known/a:2: the line has no output 'grad:weight'; it has loss, grad:input, grad:target");
  EXPECT_EQ(ComplaintOf("line: " + kTail + "\noutput: loss\nclass: underflwo\n"),
            "known/a:3: no class 'underflwo'; did you mean underflow, overflow?");
  EXPECT_EQ(ComplaintOf("line: " + kTail + "\noutput: loss\nline: " + kTail + "\n"),
            "known/a:1: the line has no class");
  EXPECT_EQ(ComplaintOf(kExample), "known/a:3: the file ends without id");
  EXPECT_EQ(ComplaintOf(kHead), "known/a:5: the file ends without a line: nothing shows that it is true");
}

TEST_F(KnownFolder, AnIdThatComesTwiceIsTold) {
  Write("a", kHead + kExample);
  Write("b", kHead + kExample);
  EXPECT_EQ(Complaint(), "known/b: the id sigmoid is that of known/a, too");
}

TEST_F(KnownFolder, WhatCannotBeReadIsTold) {
  fs::create_directory(folder_ / "a");
  EXPECT_EQ(Complaint(), "known/a cannot be read: Is a directory");
  try {
    ReadKnown("/no/such/folder");
    ADD_FAILURE();
  } catch (const UsageError& error) {
    EXPECT_STREQ(error.what(), "--known: /no/such/folder cannot be read: No such file or directory");
  }
}

TEST(KnownSubjects, ANameStandsForItsVersionsAndSettings) {
  EXPECT_TRUE(IsOfSubject("libtorch", "libtorch"));
  EXPECT_TRUE(IsOfSubject("libtorch-1.13.1", "libtorch"));
  EXPECT_TRUE(IsOfSubject("libtorch+ATEN_CPU_CAPABILITY=avx2", "libtorch"));
  EXPECT_TRUE(IsOfSubject("highway/AVX2/fast", "highway"));
  EXPECT_FALSE(IsOfSubject("libtorchvision", "libtorch"));
  EXPECT_FALSE(IsOfSubject("libtorch", "libtorch-1.13.1"));
}

AuditOptions Ask(const std::string& subject) {
  AuditOptions options;
  options.subjects = {subject};
  return options;
}

TEST_F(KnownFolder, AReplayFindsWhatStillDiverges) {
  Write("a", kHead + kExample);
  const KnownReplay replay = ReplayKnown(ReadKnown(folder_), false, {}, {}, Ask("naive/sigmoid_bce"));
  EXPECT_EQ(replay.examples, 1U);
  EXPECT_TRUE(replay.stale.empty());
  ASSERT_EQ(replay.subjects.size(), 1U);
}

TEST_F(KnownFolder, AReplayTellsWhatNoLongerDiverges) {
  Write("a", kHead + "line: bce_with_logits f32 none input=0 target=1\noutput: loss\nclass: underflow\n");
  const KnownReplay replay = ReplayKnown(ReadKnown(folder_), false, {}, {}, Ask("naive/sigmoid_bce"));
  EXPECT_EQ(replay.examples, 1U);
  ASSERT_EQ(replay.stale.size(), 1U);
  EXPECT_NE(replay.stale[0].find("a:6: sigmoid: no underflow of loss in naive/sigmoid_bce"),
            std::string::npos)
      << replay.stale[0];
}

TEST_F(KnownFolder, AnotherClassIsNoLongerWhatItSays) {
  Write("a", kHead + "line: " + kTail + "\noutput: loss\nclass: nan\n");
  const KnownReplay replay = ReplayKnown(ReadKnown(folder_), false, {}, {}, Ask("naive/sigmoid_bce"));
  ASSERT_EQ(replay.stale.size(), 1U);
  EXPECT_TRUE(replay.stale[0].ends_with(": loss is underflow")) << replay.stale[0];
}

TEST_F(KnownFolder, WhatASubjectDoesNotAnswerIsStale) {
  Write("a",
        "id: a\nsubject: naive\nkind: bug\ncause: c\nlink: l\nline: mse f32 none input=1 target=0\n"
        "output: loss\nclass: nan\n");
  EXPECT_EQ(ReplayKnown(ReadKnown(folder_), false, {}, {}, Ask("naive/sigmoid_bce")).stale.size(), 1U);
}

TEST_F(KnownFolder, OnlyTheSubjectsVersionsLossesAndDtypesInRangeAreAsked) {
  Write("a", kHead + "versions: >=1\n" + kExample);  // a naive form has no version
  const auto entries = ReadKnown(folder_);
  EXPECT_EQ(ReplayKnown(entries, false, {}, {}, Ask("naive/sigmoid_bce")).examples, 0U);
  EXPECT_TRUE(ReplayKnown(entries, false, {}, {}, Ask("naive/wrong_reduction")).subjects.empty());
  EXPECT_TRUE(ReplayKnown(entries, false, {FindLoss("mse")}, {}, Ask("naive/sigmoid_bce")).subjects.empty());
  EXPECT_TRUE(ReplayKnown(entries, false, {}, {Dtype::kF64}, Ask("naive/sigmoid_bce")).subjects.empty());
  EXPECT_TRUE(ReplayKnown(entries, true, {}, {}, Ask("naive/sigmoid_bce")).subjects.empty());
}

TEST_F(KnownFolder, FindingsLikeAnExampleAreMarked) {
  Write("a", kHead + kExample);
  const Known known(ReadKnown(folder_), {{"naive/sigmoid_bce", "", {}}});
  Collector collector;
  KnownMarker marker(known, collector);
  const std::string other = "bce_with_logits f32 none input=0x1.9p+4 target=1";
  const std::string wide = "bce_with_logits f64 none input=50 target=1";
  std::vector<WrittenProblem> problems;
  for (const std::string& line : {other, wide}) problems.push_back({line, ParseProblem(line)});
  Audit(problems, Ask("naive/sigmoid_bce"), {&marker});
  std::set<std::string> marked;
  for (const Finding& finding : collector.findings) {
    if (!finding.known.empty()) marked.insert(Concat(finding.line, "|", finding.output, "|", finding.known));
  }
  EXPECT_EQ(marked, (std::set<std::string>{other + "|loss|sigmoid"}));  // neither the gradient nor f64
}

TEST_F(KnownFolder, AContractIsKnownByItsLine) {
  const std::string line = "refuse(delta) huber f32 mean delta=nan input=1 target=0";
  Write("a", "id: a\nsubject: libtorch\nversions: >=1\nkind: bug\ncause: c\nlink: l\nline: " + line +
                 "\noutput: arguments\nclass: contract\n");
  const Known known(ReadKnown(folder_), {{"libtorch", "2.13.0", {}}});
  Finding finding;
  finding.line = line;
  finding.subject = "libtorch";
  finding.loss = "huber";
  finding.output = kArguments;
  finding.verdict = Verdict::kDivergent;
  finding.divergence = Divergence::kContract;
  ASSERT_NE(known.Find(finding), nullptr);
  finding.line = "refuse(delta) huber f32 mean delta=0 input=1 target=0";
  EXPECT_EQ(known.Find(finding), nullptr);
}

TEST(ShippedKnown, IsWellFormedAndSaysWhy) {
  const std::vector<KnownDivergence> entries = ReadKnown(fs::path(EXACTLOSS_SOURCE_DIR) / "known");
  EXPECT_FALSE(entries.empty());
  for (const KnownDivergence& entry : entries) {
    EXPECT_TRUE(entry.cause.ends_with('.')) << entry.id;
    EXPECT_TRUE(entry.link.starts_with("https://")) << entry.id;
  }
}

}  // namespace
}  // namespace exactloss
