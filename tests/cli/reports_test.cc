// The reports of real audits: valid, all there or none, and readable in a browser.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <set>

#include "tests/cli/program.h"

namespace exactloss {
namespace {

namespace fs = std::filesystem;

const std::string kTests = EXACTLOSS_SOURCE_DIR "/tests/reports/";

/// With failures, NaN and infinities among them, from the forms that practice warns against.
std::vector<std::string> Audit(std::vector<std::string> more) {
  more.insert(more.begin(),
              {"audit", "--profile", "smoke", "--fill", "special,extreme", "--loss", "bce_with_logits",
               "--subject", "naive/sigmoid_bce", "--subject", "naive/softplus_unshifted"});
  return more;
}

int Status(const std::string& command) { return WEXITSTATUS(std::system(command.c_str())); }

std::set<std::string> NamesIn(const std::string& folder) {
  std::set<std::string> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder))
    names.insert(entry.path().filename());
  return names;
}

TEST(Reports, OfARealAuditAreValid) {
  const std::string folder = NewFolder("reports");
  ASSERT_EQ(Exactloss(Audit({"--report", folder})).status, 0);
  EXPECT_EQ(NamesIn(folder), (std::set<std::string>{"causes.jsonl", "report.html", "report.md", "junit.xml",
                                                    "report.sarif", "report.json", "report.jsonl"}));
  EXPECT_NE(ReadFile(folder + "/report.jsonl").find("\"ulp\":\"inf\""), std::string::npos);
  const std::string validate = "python3 " + kTests + "validate.py ",
                    schema = EXACTLOSS_SOURCE_DIR "/reports/schema/report.schema.json";
  EXPECT_EQ(Status(validate + schema + " " + folder + "/report.json"), 0);
  EXPECT_EQ(Status(validate + schema + "#finding " + folder + "/report.jsonl"), 0);
  EXPECT_EQ(Status(validate + kTests + "sarif.schema.json " + folder + "/report.sarif"), 0);
  EXPECT_LT(fs::file_size(folder + "/report.html"), 3'000'000U);
}

TEST(Reports, ThePageWorksInABrowser) {
  const std::string page = NewFolder("reports") + "/page.html";
  ASSERT_EQ(Exactloss(Audit({"--html", page})).status, 0);
  const int status = Status("python3 " + kTests + "browser_test.py " + page);
  if (status == 77) GTEST_SKIP() << "there is no Chromium; install the package chromium";
  EXPECT_EQ(status, 0);
}

TEST(Reports, JobsMakeNoDifference) {
  const auto written = [](const char* jobs) {
    const std::string path = NewFolder("reports") + "/page.html";
    EXPECT_EQ(Exactloss(Audit({"--html", path, "--jobs", jobs})).status, 0);
    std::string text = ReadFile(path);
    const std::size_t command = text.find("\"command\":");
    return text.erase(command, text.find("\",", command) - command);
  };
  EXPECT_EQ(written("1"), written("3"));
}

TEST(Reports, AnnotationsOnGithubAlone) {
  const How github{.set = {{"GITHUB_ACTIONS", "true"}}};
  EXPECT_NE(Exactloss(Audit({}), github).out.find("\n::error title="), std::string::npos);
  EXPECT_EQ(Exactloss(Audit({}), {.set = {{"GITHUB_ACTIONS", ""}}}).out.find("\n::"), std::string::npos);
}

TEST(Reports, NoneWhereOneCannotBeWritten) {
  const std::string folder = NewFolder("reports");
  const Ran ran = Exactloss(Audit({"--html", folder + "/page.html", "--junit", folder + "/no/junit.xml"}));
  EXPECT_EQ(ran.status, 3);
  EXPECT_EQ(LinesOf(ran.err).size(), 1U) << ran.err;
  EXPECT_TRUE(NamesIn(folder).empty());
  EXPECT_EQ(Exactloss(Audit({"--md", "/dev/full"})).status, 3);
}

TEST(Reports, NoneWhereTheDiskIsFullAtTheLast) {
  const std::string folder = NewFolder("reports");
  fs::create_symlink("/dev/full", folder + "/report.jsonl");  // of all files the last one
  Ran ran = Exactloss(Audit({"--report", folder}));
  EXPECT_EQ(ran.status, 3);
  EXPECT_EQ(ran.err, "exactloss audit: " + folder +
                         "/report.jsonl cannot be written: something is lost; is the disk full?\n");
  EXPECT_EQ(NamesIn(folder), (std::set<std::string>{"report.jsonl"}));
  ran = Exactloss(Audit({"--html", folder + "/page.html", "--json", "/dev/full"}));
  EXPECT_EQ(ran.status, 3);
  EXPECT_EQ(LinesOf(ran.err).size(), 1U) << ran.err;
  EXPECT_EQ(NamesIn(folder), (std::set<std::string>{"report.jsonl"}));
}

TEST(Reports, NoFolderWhereThereCanBeNone) {
  const std::string file = NewFolder("reports") + "/file";
  WriteFile(file, "");
  for (const std::string& folder : {file, file + "/below"}) {
    const Ran ran =
        Exactloss(Audit({"--report", folder, "--subject", "exec:kill -KILL $PPID"}));  // asks nobody
    EXPECT_EQ(ran.status, 3);
    EXPECT_EQ(ran.out, "");
    EXPECT_TRUE(ran.err.ends_with(" cannot be written: Not a directory\n")) << ran.err;
  }
}

}  // namespace
}  // namespace exactloss
