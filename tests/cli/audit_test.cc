#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <thread>

#include "tests/cli/program.h"

namespace exactloss {
namespace {

using Json = nlohmann::json;
namespace fs = std::filesystem;

/// An audit of mse alone, which examples/python_host.py computes for three dtypes of the four; of fills with
/// small tensors, since Python is slow.
std::vector<std::string> Mse(std::vector<std::string> more) {
  more.insert(more.begin(), {"audit", "--profile", "smoke", "--loss", "mse", "--subject", kPythonHost});
  if (std::find(more.begin(), more.end(), "--fill") == more.end()) {
    more.insert(more.end(), {"--fill", "special,ties"});
  }
  return more;
}

std::vector<std::string> Sorted(std::vector<std::string> lines) {
  std::sort(lines.begin(), lines.end());
  return lines;
}

std::size_t Files(const std::string& folder) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

TEST(Audit, EndsWithItsCountsAndStatusZero) {
  const Ran ran = Exactloss(Mse({}));
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(ran.err, "");
  EXPECT_TRUE(std::regex_match(LinesOf(ran.out).back(),
                               std::regex("(\\d+ mistrusted, )?\\d+ unsupported, \\d+ passed, \\d+ failed")))
      << LinesOf(ran.out).back();
}

TEST(Audit, TheCountsAreThoseOfTheFindings) {
  const std::string folder = NewFolder("audit");
  const Ran ran = Exactloss(Mse({"--report", folder}));
  EXPECT_EQ(Files(folder), 7U);
  std::map<std::string, std::int64_t> counts;
  for (const std::string& line : LinesOf(ReadFile(folder + "/report.jsonl"))) {
    const Json finding = Json::parse(line);
    counts[finding.at("verdict")] += finding.at("count").get<std::int64_t>();
  }
  const std::int64_t failed = counts["divergent"] + counts["inaccurate"];
  std::int64_t passed = 0;
  for (const char* verdict : {"exact", "faithful", "accurate", "stable", "convention"})
    passed += counts[verdict];
  EXPECT_GT(passed, 0);
  const std::string last = std::to_string(passed) + " passed, " + std::to_string(failed) + " failed";
  EXPECT_TRUE(LinesOf(ran.out).back().ends_with(last)) << LinesOf(ran.out).back() << "\n" << last;
  const std::string markdown = ReadFile(folder + "/report.md");
  EXPECT_NE(markdown.find("# Exactloss report"), std::string::npos);
  EXPECT_NE(markdown.find("--profile smoke --loss mse --subject 'exec:python3"), std::string::npos);
}

TEST(Audit, JobsMakeNoDifference) {
  const Ran one = Exactloss(Mse({"--jobs", "1", "--json", "-"}));
  const Ran three = Exactloss(Mse({"--jobs", "3", "--json", "-"}));
  EXPECT_GT(LinesOf(one.out).size(), 10U);
  EXPECT_EQ(one.out, three.out);
}

TEST(Audit, ShardsMakeUpTheWhole) {
  const std::vector<std::string> whole = LinesOf(Exactloss(Mse({"--json", "-"})).out);
  std::vector<std::string> parts;
  for (const char* shard : {"1/3", "2/3", "3/3"}) {
    const std::vector<std::string> part = LinesOf(Exactloss(Mse({"--json", "-", "--shard", shard})).out);
    EXPECT_LT(part.size(), whole.size());
    parts.insert(parts.end(), part.begin(), part.end());
  }
  EXPECT_EQ(Sorted(parts), Sorted(whole));
}

TEST(Audit, TheSeedDecides) {
  const auto findings = [](const char* seed) { return Exactloss(Mse({"--seed", seed, "--json", "-"})).out; };
  EXPECT_EQ(findings("7"), findings("7"));
  EXPECT_NE(findings("7"), findings("8"));
}

TEST(Audit, NamedPartsOnly) {
  const Ran ran =
      Exactloss(Mse({"--dtype", "f16,f64", "--reduction", "sum", "--fill", "normal", "--json", "-"}));
  std::set<std::string> dtypes;
  for (const std::string& line : LinesOf(ran.out)) {
    const Json finding = Json::parse(line);
    dtypes.insert(finding.at("dtype"));
    EXPECT_EQ(finding.at("reduction"), "sum");
    EXPECT_TRUE(finding.at("fill").get<std::string>().starts_with("normal#")) << finding.at("fill");
  }
  EXPECT_EQ(dtypes, (std::set<std::string>{"f16", "f64"}));
}

TEST(Audit, ColourOnATerminalUnlessNoColour) {
  const std::vector<std::string> audit = {"audit", "--profile", "smoke",     "--loss", "mse",    "--dtype",
                                          "f64",   "--subject", kPythonHost, "--fill", "special"};
  const auto output = [&](const char* no_colour, const char* terminal) {
    return Exactloss(audit, {.set = {{"NO_COLOR", no_colour}, {"TERM", terminal}}, .terminal = true}).out;
  };
  EXPECT_NE(output("", "xterm").find("\x1b["), std::string::npos);
  EXPECT_EQ(output("1", "xterm").find('\x1b'), std::string::npos);
  EXPECT_EQ(output("", "dumb").find('\x1b'), std::string::npos);
  EXPECT_EQ(Exactloss(audit).out.find('\x1b'), std::string::npos);
}

TEST(Audit, ProgressOnATerminalOnly) {
  const How terminal{.set = {{"TERM", "xterm"}}, .terminal = true};
  EXPECT_NE(Exactloss(Mse({}), terminal).out.find(" problems, "), std::string::npos);
  EXPECT_EQ(Exactloss(Mse({})).err, "");
}

class Interrupt : public testing::TestWithParam<int> {};

TEST_P(Interrupt, LeavesACompleteReport) {
  using namespace std::chrono_literals;
  const std::string folder = NewFolder("interrupt");
  Running running({"audit", "--profile", "exhaustive", "--loss", "mse", "--jobs", "2", "--subject",
                   kPythonHost, "--report", folder});
  const auto begun = [&] {
    for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
      if (entry.path().string().ends_with(".part") && entry.file_size() > 0) return true;
    }
    return false;
  };
  for (int i = 0; i < 3000 && !begun(); ++i) std::this_thread::sleep_for(10ms);
  ASSERT_TRUE(begun());
  kill(running.pid(), GetParam());
  const Ran ran = running.Wait();
  EXPECT_EQ(ran.status, 2) << ran.err;
  EXPECT_EQ(LinesOf(ran.out).back().find("interrupted, "), 0U) << LinesOf(ran.out).back();
  EXPECT_EQ(Files(folder), 7U);
  EXPECT_NE(ReadFile(folder + "/report.md").find("**Interrupted**"), std::string::npos);
  const std::vector<std::string> lines = LinesOf(ReadFile(folder + "/report.jsonl"));
  EXPECT_GT(lines.size(), 0U);
  for (const std::string& line : lines) EXPECT_TRUE(Json::accept(line)) << line;
}

INSTANTIATE_TEST_SUITE_P(Signals, Interrupt, testing::Values(SIGINT, SIGTERM),
                         [](const auto& test) { return test.param == SIGINT ? "Int" : "Term"; });

}  // namespace
}  // namespace exactloss
