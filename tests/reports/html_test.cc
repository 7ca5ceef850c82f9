#include "reports/html.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "oracle/fill.h"
#include "tests/reports/awkward.h"

namespace exactloss {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kDataBegins = "<script type=\"application/json\" id=\"data\">";

Json DataOf(const std::string& page) {
  const std::size_t begin = page.find(kDataBegins) + kDataBegins.size();
  return Json::parse(page.substr(begin, page.find("</script>", begin) - begin));
}

TEST(Html, IsOneFileWithItsData) {
  const Report report = AwkwardReport();
  const std::string page = Written(WriteHtml, report);
  EXPECT_EQ(page.find("<!doctype html>"), 0U);
  EXPECT_EQ(page.find("{{"), std::string::npos);
  for (const char* network : {"http://", "https://", "src=", "@import"}) {
    std::size_t at = page.find(network);
    if (std::string_view(network) == "http://") at = page.find(network, page.find("www.w3.org") + 1);
    EXPECT_EQ(at, std::string::npos) << network;
  }
  EXPECT_EQ(page.find("<script>\"&"), std::string::npos) << "a subject's name is no element";
  const Json data = DataOf(page);
  EXPECT_EQ(data["causes"].size(), report.WorstFirst().size());
  EXPECT_EQ(data["subjects"].size(), 3U);
  EXPECT_EQ(data["subjects"][0]["failed"], report.tally.counts("libtorch").failed());
}

TEST(Html, AnEmptyReportIsAPage) { EXPECT_TRUE(DataOf(Written(WriteHtml, Report()))["cells"].empty()); }

TEST(Html, ACellIsTheWorstOfItsRows) {
  const Json data = DataOf(Written(WriteHtml, AwkwardReport()));
  const Json& cell = data["cells"][0];
  EXPECT_EQ(data["kinds"][cell["k"].get<std::size_t>()]["name"], "nan");
  EXPECT_EQ(cell["failed"], 6);
  EXPECT_EQ(cell["judged"], 7);
  std::uint64_t findings = 0;
  for (const Json& bin : cell["bins"]) findings += bin.get<std::uint64_t>();
  EXPECT_EQ(findings, 7U);
}

TEST(Scatter, ColumnsAreAQuarterOfAnOctave) {
  EXPECT_EQ(ColumnOf(0), 0);
  EXPECT_EQ(ColumnOf(std::ldexp(0.99, kLinear)), 0);
  EXPECT_EQ(ColumnOf(std::ldexp(1, kLinear)), 1);
  EXPECT_EQ(ColumnOf(-std::ldexp(1, kLinear + 1)), -1 - kColumnsPerOctave);
  EXPECT_EQ(ColumnOf(1), 1 - kLinear * kColumnsPerOctave);
  EXPECT_EQ(ColumnOf(-HUGE_VAL), -kInfiniteColumn);
  EXPECT_EQ(ColumnOf(std::nan("")), std::nullopt);
}

TEST(Scatter, ThePredictionOfAnElement) {
  const auto at = [](const char* line, const char* output, std::int64_t index) {
    return PredictionAt(ParseProblem(line, FillTensor), output, index);
  };
  EXPECT_EQ(at("mse f32 none input=1,2,-3 target=9,9,9", "loss", 1), 2);
  EXPECT_EQ(at("mse f32 mean input=1,2,-3 target=9,9,9", "loss", 0), -3);
  EXPECT_EQ(at("mse f32 mean input=1,2,-3 target=9,9,9", "grad:input", 0), 1);
  EXPECT_EQ(at("cross_entropy f32 none input=[2,2]:1,2,-7,4 target=0,1", "loss", 1), -7);
  EXPECT_EQ(at("cross_entropy f32 none input=[2,2]:1,2,-7,4 target=0,1", "grad:input", 3), 4);
  EXPECT_EQ(at("mse f32 none input=1 target=9", "", 0), std::nullopt);
}

TEST(Scatter, KeepsTheLargestErrorOfAColumn) {
  Scatter scatter;
  for (const double ulp : {3.0, 70.0, 5.0}) scatter.Write(Diverged(Divergence::kUnderflow, ulp));
  const auto& [key, panel] = *scatter.panels().begin();
  ASSERT_EQ(panel.columns.size(), 1U);
  EXPECT_EQ(panel.columns.begin()->second.ulp, 70);
  EXPECT_EQ(panel.bins[3], 2U);
  EXPECT_EQ(panel.bins[4], 1U);
}

}  // namespace
}  // namespace exactloss
