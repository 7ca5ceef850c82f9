// exactloss audit --contracts, and contracts as lines of exactloss run.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/cli/program.h"

namespace exactloss {
namespace {

using Json = nlohmann::json;

const std::string kNothingKnown = NewFolder("known");

Ran Contracts(std::vector<std::string> more) {
  more.insert(more.begin(), {"audit", "--contracts", "--subject", kPythonHost, "--known", kNothingKnown});
  return Exactloss(more);
}

void Has(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << part << "\nis not in\n" << text;
}

// The host of the examples zips its tensors together, whatever their sizes.
TEST(Contracts, TellsWhoBreaksOne) {
  const Ran ran = Contracts({"--loss", "mse"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  Has(ran.out, "refuse(shape) mse f32 mean input=0.5,0.25,0.125 target=0.25,0.5\n  documented");
  Has(ran.out, "  broken    accepted: ");
  EXPECT_EQ(ran.out.find("accept mse f32 mean input=0.5,0.25 target=0.25,0.5"), std::string::npos);
  EXPECT_EQ(Contracts({"--loss", "mse", "--gate"}).status, 1);
}

TEST(Contracts, WritesATableAndFindings) {
  const std::string folder = NewFolder("contracts");
  const Ran ran = Contracts({"--loss", "mse", "--report", folder, "--json", "-"});
  Has(ReadFile(folder + "/contracts.md"), "| `accept mse f32 mean input=0.5,0.25 target=0.25,0.5` |");
  Has(ReadFile(folder + "/contracts.md"), " **accepted: ");
  bool is_broken = false;
  for (const std::string& line : LinesOf(ran.out)) {
    const Json finding = Json::parse(line);
    EXPECT_EQ(finding.at("output"), "arguments");
    is_broken = is_broken || finding.at("class") == "contract";
  }
  EXPECT_TRUE(is_broken);
}

TEST(Contracts, AFindingsLineReproducesIt) {
  for (const std::string& line : LinesOf(Contracts({"--loss", "mse", "--json", "-"}).out)) {
    const Json finding = Json::parse(line);
    const Ran ran = Exactloss({"run", "--subject", kPythonHost, "--json", "-", finding.at("line")});
    EXPECT_EQ(ran.status, 0) << ran.err;
    EXPECT_EQ(Json::parse(LinesOf(ran.out).at(0)), finding);
  }
}

TEST(Contracts, StandBesideProblemsInARun) {
  const Ran ran = Exactloss({"run", "--subject", kPythonHost, "mse f64 none input=1 target=0",
                             "refuse(shape) mse f64 none input=1,2 target=0"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  Has(ran.out, "\ngrad:target[0] at ");
  Has(ran.out, "refuse(shape) mse f64 none input=1,2 target=0\n");
  Has(ran.out, "broken");
}

TEST(Contracts, HaveNothingOfProblems) {
  for (const auto& [flag, value] : {std::pair("--dtype", "f64"), {"--fill", "normal"}, {"--shard", "1/2"}}) {
    const Ran ran = Contracts({flag, value});
    EXPECT_EQ(ran.status, 4);
    EXPECT_EQ(ran.err, std::string("exactloss: ") + flag + " excludes --contracts\n");
  }
}

TEST(Contracts, ABadLineIsOneLine) {
  const Ran ran = Exactloss({"run", "refuse() mse f32 none input=1 target=0"});
  EXPECT_EQ(ran.status, 4);
  EXPECT_EQ(ran.err,
            "exactloss run: repro line, column 1: 'refuse()' promises nothing; write accept, refuse(beta) or "
            "give(nan)\n");
}

}  // namespace
}  // namespace exactloss
