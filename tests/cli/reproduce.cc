#include "tests/cli/reproduce.h"

#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>

#include "tests/cli/program.h"

namespace exactloss {
namespace {

using Json = nlohmann::json;
using Key = std::tuple<std::string, std::string, std::string, std::int64_t, std::string>;

Key KeyOf(const Json& finding) {
  return {finding.at("line"), finding.at("subject"), finding.at("output"), finding.at("index"),
          finding.at("class")};
}

std::vector<Json> FindingsOf(const std::string& text) {
  std::vector<Json> findings;
  for (const std::string& line : LinesOf(text)) findings.push_back(Json::parse(line));
  return findings;
}

/// The lines of the code blocks of report.md.
std::vector<std::string> BlocksOf(const std::string& markdown) {
  std::vector<std::string> blocks;
  const std::vector<std::string> lines = LinesOf(markdown);
  for (std::size_t i = 0; i + 2 < lines.size(); ++i) {
    if (lines[i] != "  ```") continue;
    blocks.push_back(lines[i + 1].substr(2));
    i += 2;
  }
  return blocks;
}

}  // namespace

void ExpectReproducible(const std::vector<std::string>& subjects, const std::vector<std::string>& arguments,
                        std::size_t failures) {
  const std::string folder = NewFolder("reproduce");
  std::vector<std::string> audit = {"audit", "--report", folder},
                           run = {"run", "--batch", "-", "--json", "-"};
  audit.insert(audit.end(), arguments.begin(), arguments.end());
  for (const std::string& subject : subjects) {
    for (auto* words : {&audit, &run}) words->insert(words->end(), {"--subject", subject});
  }
  ASSERT_EQ(Exactloss(audit).status, 0);

  std::vector<Json> told = FindingsOf(ReadFile(folder + "/report.jsonl"));
  for (const Json& cause : FindingsOf(ReadFile(folder + "/causes.jsonl")))
    told.push_back(cause.at("simplest"));
  std::set<std::string> lines;
  for (const Json& finding : told) lines.insert(finding.at("line"));
  for (const std::string& line : BlocksOf(ReadFile(folder + "/report.md"))) {
    EXPECT_EQ(lines.count(line), 1U) << line;
  }
  std::string batch;
  for (const std::string& line : lines) batch += line + "\n";
  const Ran ran = Exactloss(run, {.in = batch});
  ASSERT_EQ(ran.status, 0) << ran.err;
  std::map<Key, Json> again;
  for (const Json& finding : FindingsOf(ran.out)) again[KeyOf(finding)] = finding;

  std::size_t failed = 0;
  for (const Json& finding : told) {
    ASSERT_EQ(again.count(KeyOf(finding)), 1U) << finding;
    const Json& second = again[KeyOf(finding)];
    for (const char* field :
         {"verdict", "class", "ulp", "ratio", "got", "truth", "assert_close", "message"}) {
      EXPECT_EQ(finding.at(field), second.at(field)) << field << " of " << finding;
    }
    failed += finding.at("verdict") == "divergent";
  }
  EXPECT_GE(failed, failures);
}

}  // namespace exactloss
