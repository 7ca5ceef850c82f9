#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/cli/program.h"

namespace exactloss {
namespace {

using Json = nlohmann::json;

const std::string kBadHost = "exec:python3 " EXACTLOSS_SOURCE_DIR "/tests/oracle/hosts/bad_host.py";

std::vector<Json> FindingsOf(const std::string& text) {
  std::vector<Json> findings;
  for (const std::string& line : LinesOf(text)) findings.push_back(Json::parse(line));
  return findings;
}

void Has(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << part << "\nis not in\n" << text;
}

TEST(Run, ExplainsElementByElement) {
  const Ran ran = Exactloss({"run", "--subject", kPythonHost, "mse f64 mean input=2.5,0 target=3,-0.5"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(ran.err, "");
  const std::string indent(37, ' ');
  Has(ran.out, "mse f64 mean input=2.5,0 target=3,-0.5\nmse: (x - t)^2\n");
  Has(ran.out,
      "\nloss\n  truth" + indent + "0.25\n  nearest" + indent.substr(2) + "0x1p-2 (0.25)\n  gauge" + indent);
  Has(ran.out, "\ngrad:input[1] at input 0x0p+0 (0), target -0x1p-1 (-0.5)\n  truth" + indent + "0.5\n");
  Has(ran.out, kPythonHost + "  0x1p-2 (0.25)");
  EXPECT_EQ(LinesOf(ran.out).back(), "5 passed, 0 failed");
}

TEST(Run, FindingsAsJsonHaveStandardOutputForThemselves) {
  const std::string line = "mse f32 none input=1,2 target=0,0";
  const Ran ran = Exactloss({"run", "--subject", kPythonHost, "--json", "-", line});
  EXPECT_EQ(ran.status, 0);
  EXPECT_EQ(ran.err, "6 passed, 0 failed\n");
  const std::vector<Json> findings = FindingsOf(ran.out);
  ASSERT_EQ(findings.size(), 6U);
  EXPECT_EQ(findings[1].at("line"), line);
  EXPECT_EQ(findings[1].at("subject"), kPythonHost);
  EXPECT_EQ(findings[1].at("output"), "loss");
  EXPECT_EQ(findings[1].at("index"), 1);
  EXPECT_EQ(findings[1].at("verdict"), "exact");
  EXPECT_EQ(findings[1].at("class"), "");
  EXPECT_EQ(findings[1].at("got").at("bits"), "0x40800000");
  EXPECT_EQ(findings[1].at("truth").at("hex"), "0x1p+2");
}

TEST(Run, WritesJsonToAFileToo) {
  const std::string file = NewFolder("json") + "/findings.jsonl";
  const Ran ran =
      Exactloss({"run", "--subject", kPythonHost, "--json", file, "mse f32 sum input=1 target=0"});
  EXPECT_EQ(ran.status, 0);
  Has(ran.out, "  nearest  ");
  EXPECT_EQ(FindingsOf(ReadFile(file)).size(), 3U);
}

TEST(Run, SaysWhatItRounded) {
  const Ran ran = Exactloss({"run", "--subject", kPythonHost, "mse f32 none input=0.1 target=0"});
  EXPECT_EQ(ran.err,
            "note: repro line: input: decimals are rounded to f32, the first, '0.1', to 0x1.99999ap-4\n");
}

TEST(Run, ABatchGoesInOrderAndKeepsLinesAsGiven) {
  const std::string batch =
      "# two of one, and another\nmse f32 none input=1 target=0 # why\nmse f32 none input=1 target=0\n"
      "mse f64 none  input=1 target=0\n";
  const Ran wrong = Exactloss({"run", "--subject", kPythonHost, "--batch", "-"}, {.in = batch});
  EXPECT_EQ(wrong.status, 4);
  Has(wrong.err, "exactloss run: <stdin>:4:14: a word is missing");
  const std::string good =
      "mse f32 none input=1 target=0 # why\nmse f32 none input=1 target=0\n"
      "mse f64 none input=0x1p+0 target=0\n";
  const Ran ran = Exactloss({"run", "--subject", kPythonHost, "--batch", "-"}, {.in = good});
  EXPECT_EQ(ran.status, 0);
  std::vector<std::string> heads;
  for (const std::string& line : LinesOf(ran.out)) {
    if (line.starts_with("mse f")) heads.push_back(line);
  }
  EXPECT_EQ(heads, (std::vector<std::string>{"mse f32 none input=1 target=0", "mse f32 none input=1 target=0",
                                             "mse f64 none input=0x1p+0 target=0"}));
  EXPECT_EQ(LinesOf(ran.out).back(), "9 passed, 0 failed");
}

TEST(Run, ShowsTheWorstOfManyElementsOrAll) {
  const std::vector<std::string> run = {"run", "--subject", kPythonHost,
                                        "mse f64 none input=1*100 target=0*100"};
  const Ran ran = Exactloss(run);
  Has(ran.out, "\nloss: these are the worst 32 of 100; --all shows them all\n");
  EXPECT_EQ(ran.out.find("loss[40]"), std::string::npos);
  std::vector<std::string> all = run;
  all.emplace_back("--all");
  Has(Exactloss(all).out, "\nloss[99] at ");
}

TEST(Run, AnUnsupportedProblemIsNoFailure) {
  const Ran ran = Exactloss({"run", "--subject", kPythonHost, "mse bf16 none input=1 target=0"});
  EXPECT_EQ(ran.status, 0);
  Has(ran.out, "no mse for bf16 here");
  Has(LinesOf(ran.out).back(), "unsupported, 0 passed, 0 failed");
}

TEST(Run, ShowsTheTruthThoughNobodyAnswers) {
  const std::vector<std::string> run = {"run", "--subject", kPythonHost,
                                        "mse bf16 none input=3*100 target=1*100"};
  const Ran ran = Exactloss(run);
  Has(ran.out, "\nloss[0] at input 0x1.8p+1 (3), target 0x1p+0 (1)\n  truth");
  Has(ran.out, "  nearest" + std::string(35, ' ') + "0x1p+2 (4)\n");
  Has(ran.out, "\ngrad:target[31] at ");
  EXPECT_EQ(ran.out.find("[32]"), std::string::npos);
  Has(ran.out, "\nloss: these are the first 32 of 100; --all shows them all\n");
  std::vector<std::string> all = run;
  all.emplace_back("--all");
  Has(Exactloss(all).out, "\ngrad:target[99] at ");
}

struct Misbehaviour {
  int sign;  ///< the input that tells bad_host.py what to do
  const char* divergence;
};

// A host that dies, hangs or prints garbage costs its problem, and the rest stays as it is.
TEST(Run, AHostThatMisbehavesCostsItsProblemOnly) {
  for (const auto& [sign, divergence] :
       {Misbehaviour{1001, "crash"}, {1003, "timeout"}, {1004, "contract"}, {1005, "crash"}}) {
    const std::string bad = "mse f64 none input=" + std::to_string(sign) + ",0 target=3,-0.5";
    const std::string good = "mse f64 none input=1,0 target=3,-0.5";
    const Ran ran =
        Exactloss({"run", "--subject", kBadHost, "--timeout", "2", "--json", "-", good, bad, good});
    EXPECT_EQ(ran.status, 0) << ran.err;
    int passed = 0, failed = 0;
    for (const Json& finding : FindingsOf(ran.out)) {
      if (finding.at("line") == good) {
        passed += finding.at("verdict") == "exact";
      } else {
        EXPECT_EQ(finding.at("verdict"), "divergent");
        EXPECT_EQ(finding.at("class"), divergence) << finding;
        EXPECT_NE(finding.at("message"), "");
        EXPECT_TRUE(finding.at("got").is_null());
        ++failed;
      }
    }
    EXPECT_EQ(passed, 12);
    EXPECT_GE(failed, 1);
    EXPECT_EQ(LinesOf(ran.err).back().find("12 passed"), 0U) << ran.err;
    Has(Exactloss({"run", "--subject", kBadHost, "--timeout", "2", bad}).out,
        std::string("divergent: ") + divergence);
  }
}

TEST(Run, NanIsToldAsNan) {
  const Ran ran =
      Exactloss({"run", "--subject", kBadHost, "--json", "-", "mse f64 none input=1020,0 target=3,-0.5"});
  const Json finding = FindingsOf(ran.out).at(0);
  EXPECT_EQ(finding.at("class"), "nan");
  EXPECT_EQ(finding.at("ulp"), "inf");
  EXPECT_EQ(finding.at("got").at("hex"), "nan");
  EXPECT_EQ(finding.at("got").at("bits"), "0xfff8000000abcdef");
}

TEST(Help, IsThereForEachCommand) {
  for (const char* command : {"list", "run", "audit"}) {
    const Ran ran = Exactloss({command, "--help"});
    EXPECT_EQ(ran.status, 0);
    EXPECT_GT(LinesOf(ran.out).size(), 5U);
    EXPECT_EQ(ran.err, "");
  }
  EXPECT_EQ(Exactloss({"--help"}).status, 0);
  EXPECT_EQ(Exactloss({"--version"}).out, "exactloss " EXACTLOSS_VERSION "\n");
}

}  // namespace
}  // namespace exactloss
