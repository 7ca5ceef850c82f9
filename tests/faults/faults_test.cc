// The catalogue of faults, a sample of the kill matrix, and the same through the program.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>

#include "reference/text.h"
#include "tests/cli/program.h"
#include "tests/faults/layers.h"

namespace exactloss {
namespace {

using Json = nlohmann::json;

TEST(Catalogue, IsWhole) {
  const std::regex thread("https://github\\.com/[\\w.-]+/[\\w.-]+/(issues|pull)/\\d+");
  std::set<std::string_view> ids;
  int faults = 0, shipped = 0;
  for (const Fault& fault : Faults()) {
    EXPECT_TRUE(ids.insert(fault.id).second) << fault.id;
    EXPECT_FALSE(fault.what.empty()) << fault.id;
    for (const std::string_view loss : fault.losses) EXPECT_NE(FindLoss(loss), nullptr) << fault.id;
    if (IsControl(fault)) continue;
    ++faults;
    if (fault.source.empty()) continue;
    ++shipped;
    EXPECT_TRUE(std::regex_match(std::string(fault.source), thread)) << fault.source;
  }
  EXPECT_GE(faults, 80);
  EXPECT_GE(shipped, 15);
  for (const LossSpec& loss : Catalogue()) {
    EXPECT_TRUE(
        std::any_of(Faults().begin(), Faults().end(),
                    [&](const Fault& fault) { return !IsControl(fault) && HasLoss(fault, loss.name); }))
        << loss.name << ": no fault is planted in it";
  }
}

TEST(Catalogue, AnUnknownFaultIsNamed) {
  try {
    (void)MakeFaultSubject("mse.hlaf");
    ADD_FAILURE() << "no error";
  } catch (const UsageError& error) {
    EXPECT_STREQ(error.what(), "no fault 'mse.hlaf'; did you mean mse.half, mse.root?");
  }
}

/// The layers that take seconds, of losses that are quick.
class Sample : public testing::TestWithParam<const char*> {};

TEST_P(Sample, EveryFaultIsKilledAndNoControl) {
  const LossSpec& loss = *FindLoss(GetParam());
  std::vector<const Fault*> faults;
  for (const Fault& fault : Faults()) {
    if (HasLoss(fault, loss.name)) faults.push_back(&fault);
  }
  std::vector<bool> killed(faults.size());
  for (const Layer layer : {Layer::kGolden, Layer::kSmoke, Layer::kProperty}) {
    const std::vector<Kills> kills = Ask(layer, loss, faults);
    for (std::size_t i = 0; i < faults.size(); ++i) {
      EXPECT_GT(kills[i].asked, 0U) << Name(layer);
      if (kills[i].killed > 0) killed[i] = true;
      if (IsControl(*faults[i])) {
        EXPECT_EQ(kills[i].first, "") << faults[i]->id << " by " << Name(layer);
      }
    }
  }
  for (std::size_t i = 0; i < faults.size(); ++i) {
    EXPECT_EQ(killed[i], !IsControl(*faults[i]) && faults[i]->survives.empty()) << faults[i]->id;
  }
}

INSTANTIATE_TEST_SUITE_P(Losses, Sample, testing::Values("l1", "huber", "nll"),
                         [](const testing::TestParamInfo<const char*>& loss) { return loss.param; });

/// How many problems of the smoke profile fail, as the program reports it.
std::size_t FailedProblems(const std::string& loss, const std::string& fault, Ran& ran) {
  ran = Exactloss({"audit", "--profile", "smoke", "--loss", loss, "--subject",
                   Concat("exec:", EXACTLOSS_FAULT_HOST, " ", fault), "--json", "-"});
  std::set<std::string> failed;
  for (const std::string& line : LinesOf(ran.out)) {
    const Json finding = Json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!finding.is_object()) continue;
    const std::string verdict = finding.at("verdict");
    if (verdict == "inaccurate" || verdict == "divergent") failed.insert(finding.at("line"));
  }
  return failed.size();
}

/// In process and behind the protocol a fault fails the same problems; the program asks in other layouts,
/// too.
TEST(Program, SeesWhatTheMatrixSees) {
  struct {
    const char *loss, *id;
  } const samples[] = {
      {"mse", "control.reduced"},   {"mse", "any.input_strides_ignored"}, {"mse", "any.shape_lost"},
      {"l1", "any.dtype_promoted"}, {"nll", "nll.ignored_count"},
  };
  for (const auto& sample : samples) {
    const auto fault =
        std::find_if(Faults().begin(), Faults().end(), [&](const Fault& f) { return f.id == sample.id; });
    const std::vector<Kills> kills = Ask(Layer::kSmoke, *FindLoss(sample.loss), {&*fault});
    Ran ran;
    const std::size_t failed = FailedProblems(sample.loss, sample.id, ran);
    EXPECT_GE(failed, kills[0].killed) << sample.id << '\n' << ran.err;
    EXPECT_EQ(failed == 0, kills[0].killed == 0) << sample.id << '\n' << ran.err;
    EXPECT_EQ(ran.status, 0) << ran.err;
  }
}

}  // namespace
}  // namespace exactloss
