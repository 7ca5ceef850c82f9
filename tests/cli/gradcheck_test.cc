// exactloss gradcheck as a user has it: tables, JSON, statuses, a loss of one's own.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <regex>
#include <set>

#include "tests/cli/program.h"

namespace exactloss {
namespace {

using Json = nlohmann::json;

std::vector<std::string> Gradcheck(std::vector<std::string> more) {
  more.insert(more.begin(), "gradcheck");
  return more;
}

/// naive/sigmoid_bce: sigmoid, then bce.
const std::vector<std::string> kBce = {
    "--loss",           "bce_with_logits", "--dtype",           "f64",    "--fill",
    "normal,saturated", "--subject",       "naive/sigmoid_bce", "--jobs", "2"};

TEST(Gradcheck, SaysDigitsErrorsAndWhatTheCheckMisses) {
  const Ran ran = Exactloss(Gradcheck(kBce));
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(ran.err, "");
  for (const char* pattern :
       {"bce_with_logits +grad:input +\\d+ +>= 60 +(>= 60|[45]\\d\\.\\d)",
        "bce_with_logits +grad:input +f64 +[0-9.e+]+ ",
        "wrong gradients that gradcheck passes; of \\d+ problems with one, \\d+ pass as a whole",
        "bce_with_logits grad:input f64: underflow, \\d+ elements"}) {
    EXPECT_TRUE(std::regex_search(ran.out, std::regex(pattern))) << pattern << "\n" << ran.out;
  }
  EXPECT_TRUE(std::regex_match(
      LinesOf(ran.out).back(),
      std::regex("legs: \\d+ agree, 0 apart; naive/sigmoid_bce: \\d+ wrong, \\d+ of them pass "
                 "gradcheck; \\d+ right in f64, \\d+ of them fail it")))
      << LinesOf(ran.out).back();
}

TEST(Gradcheck, JsonSaysWhatTheTablesSay) {
  std::vector<std::string> arguments = Gradcheck(kBce);
  arguments.insert(arguments.end(), {"--json", "-"});
  const Ran ran = Exactloss(arguments);
  std::size_t legs = 0, missed = 0;
  for (const std::string& line : LinesOf(ran.out)) {
    const Json json = Json::parse(line);
    if (json.contains("apart")) {
      legs += json.at("left_out") == "";
      EXPECT_FALSE(json.at("apart").get<bool>());
      continue;
    }
    if (json.at("got").is_null()) continue;  // a problem without an answer
    EXPECT_TRUE(json.at("output").get<std::string>().starts_with("grad:"));
    const bool is_wrong = json.at("verdict") == "inaccurate" || json.at("verdict") == "divergent";
    if (is_wrong && json.at("classical").at("verdict") == "passes")
      missed += json.at("count").get<std::size_t>();
  }
  EXPECT_GT(missed, 0U);
  const std::string last = LinesOf(ran.err).back();
  EXPECT_NE(last.find("legs: " + std::to_string(legs) + " agree"), std::string::npos) << last;
  EXPECT_NE(last.find(std::to_string(missed) + " of them pass gradcheck"), std::string::npos) << last;
}

TEST(Gradcheck, TakesALine) {
  const Ran ran =
      Exactloss(Gradcheck({"--subject", "naive/sigmoid_bce", "bce_with_logits f32 none input=20 target=1"}));
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_NE(ran.out.find("element 0: got 0x0p+0 (0), truth -2.06115"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("\n    bce_with_logits f32 none input=20 target=1\n"), std::string::npos) << ran.out;
}

TEST(Gradcheck, TaylorNeedsNoReference) {
  const std::string line = "mse f64 mean input=2.5,0,1e-3 target=3,-0.5,0";
  const Ran ran = Exactloss(Gradcheck({"--taylor", "--as", "log_cosh", "--subject", kPythonHost, line}));
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_TRUE(std::regex_match(LinesOf(ran.out).back(), std::regex("taylor: \\d+ consistent"))) << ran.out;
  EXPECT_TRUE(std::regex_search(ran.out, std::regex("grad:input\\[0\\] +consistent +order 2 at h = ")))
      << ran.out;
}

TEST(Gradcheck, TaylorFindsAWrongGradient) {
  const std::string folder = NewFolder("gradcheck");
  std::string host = ReadFile(std::string(EXACTLOSS_SOURCE_DIR) + "/examples/python_host.py");
  const std::string right = "{\"input\": math.tanh(e)", wrong = "{\"input\": 1.0001 * math.tanh(e)";
  host.replace(host.find(right), right.size(), wrong);
  WriteFile(folder + "/host.py", host);
  const Ran ran =
      Exactloss(Gradcheck({"--taylor", "--as", "log_cosh", "--json", "-", "--subject",
                           "exec:python3 " + folder + "/host.py", "mse f64 sum input=2.5 target=3"}));
  EXPECT_EQ(ran.status, 0) << ran.err;
  std::vector<std::string> verdicts;
  for (const std::string& line : LinesOf(ran.out)) verdicts.push_back(Json::parse(line).at("taylor"));
  EXPECT_EQ(verdicts, (std::vector<std::string>{"inconsistent", "consistent"}));
}

}  // namespace
}  // namespace exactloss
