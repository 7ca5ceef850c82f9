// exactloss fuzz and search, and worst cases in an audit.
#include <gtest/gtest.h>

#include "oracle/highway.h"
#include "tests/cli/program.h"

namespace exactloss {
namespace {

const std::string kForm = "naive/sigmoid_bce";

std::vector<std::string> Hunt(const std::string& command, std::vector<std::string> more = {}) {
  const std::vector<std::string> first = {command,  "--subject",       kForm,
                                          "--loss", "bce_with_logits", "--cases",
                                          "100",    "--known",         NewFolder("known")};
  more.insert(more.begin(), first.begin(), first.end());
  return more;
}

TEST(Hunt, SaysTheSameForAnyJobs) {
  for (const std::string command : {"fuzz", "search"}) {
    const Ran one = Exactloss(Hunt(command, {"--jobs", "1"})),
              three = Exactloss(Hunt(command, {"--jobs", "3"}));
    EXPECT_EQ(one.status, 0) << one.err;
    EXPECT_EQ(one.out, three.out);
    EXPECT_NE(one.out.find("100 cases"), std::string::npos) << one.out;
    EXPECT_NE(one.out.find("\n    bce_with_logits "), std::string::npos) << one.out;
  }
}

TEST(Hunt, GatesWhenAskedTo) {
  EXPECT_EQ(Exactloss(Hunt("fuzz", {"--gate"})).status, 1);
  EXPECT_EQ(Exactloss(Hunt("search", {"--gate"})).status, 1);
}

TEST(Hunt, IsolatedOrNotIsTheSame) {
  EXPECT_EQ(Exactloss(Hunt("fuzz")).out, Exactloss(Hunt("fuzz", {"--in-process"})).out);
}

TEST(Record, KeepsWhatIsThereAndAddsNothingTwice) {
  const std::string file = NewFolder("record") + "/x.wc";
  WriteFile(file, "# mine\n");
  const Ran first = Exactloss(Hunt("fuzz", {"--record", file}));
  EXPECT_EQ(first.status, 0) << first.err;
  const std::string recorded = ReadFile(file);
  EXPECT_TRUE(recorded.starts_with("# mine\nbce_with_logits ")) << recorded;
  const Ran second = Exactloss(Hunt("fuzz", {"--record", file}));
  EXPECT_NE(second.out.find(": 0 cases more\n"), std::string::npos) << second.out;
  EXPECT_EQ(ReadFile(file), recorded);
  // What was recorded fails again, case by case.
  const Ran audit = Exactloss({"audit", "--subject", kForm, "--loss", "bce_with_logits", "--dtype", "f32",
                               "--fill", "uniform", "--worst", file, "--known", NewFolder("known")});
  EXPECT_EQ(audit.status, 0) << audit.err;
  EXPECT_NE(audit.out.find(" worst case"), std::string::npos) << audit.out;
}

TEST(Record, NeverLosesWhatIsThere) {
  const std::string file = NewFolder("record") + "/x.wc";
  const std::string broken = "# mine\nmse f32 none input=1\n";
  WriteFile(file, broken);
  const Ran ran = Exactloss(Hunt("fuzz", {"--record", file}));
  EXPECT_EQ(ran.status, 4);
  EXPECT_EQ(ran.err, "exactloss fuzz: " + file +
                         ":2: a case has 6 columns with a tab between them (line, subject, output, class, "
                         "ulp, provenance); this has 1\n");
  EXPECT_EQ(ReadFile(file), broken);
}

TEST(Record, OfAFullDiskIsTold) {
  const Ran ran = Exactloss(Hunt("fuzz", {"--record", "/dev/full"}));
  EXPECT_EQ(ran.status, 3) << ran.out;
  EXPECT_NE(ran.err.find("/dev/full cannot be written: "), std::string::npos) << ran.err;
}

TEST(Search, ComparesTwoSubjects) {
  const Ran ran = Exactloss({"search", "--loss", "bce_with_logits", "--dtype", "f32", "--cases", "200",
                             "--subject", kForm, "--against", "highway/" + HighwayKernels()[0]});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_NE(ran.out.find("numbers apart\n    truth "), std::string::npos) << ran.out;
}

}  // namespace
}  // namespace exactloss
