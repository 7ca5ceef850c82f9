// Every machine-readable report of an awkward audit is what its format demands.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <pugixml.hpp>
#include <set>

#include "reports/annotations.h"
#include "reports/document.h"
#include "reports/json_lines.h"
#include "reports/junit.h"
#include "reports/markdown.h"
#include "reports/sarif.h"
#include "tests/reports/awkward.h"

namespace exactloss {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

const std::string kRoot = EXACTLOSS_SOURCE_DIR;

class Formats : public testing::Test {
 protected:
  void SetUp() override { fs::create_directories(folder_); }
  void TearDown() override { fs::remove_all(folder_); }

  std::string Save(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name, std::ios::binary) << text;
    return folder_ / name;
  }
  /// The exit status of the validator.
  int Validate(const std::string& schema, const std::string& name, const std::string& text) const {
    const std::string command =
        "python3 " + kRoot + "/tests/reports/validate.py " + kRoot + "/" + schema + " " + Save(name, text);
    return WEXITSTATUS(std::system(command.c_str()));
  }

  const fs::path folder_ = fs::path(testing::TempDir()) / ("exactloss_formats_" + std::to_string(getpid()));
  const Report report_ = AwkwardReport();
};

TEST_F(Formats, TheDocumentIsOfItsSchema) {
  const std::string schema = "reports/schema/report.schema.json", text = Written(WriteDocument, report_);
  EXPECT_EQ(Validate(schema, "report.json", text), 0);
  EXPECT_EQ(Validate(schema, "empty.json", Written(WriteDocument, Report())), 0);
  Json wrong = Json::parse(text);
  wrong["rows"][0]["surplus"] = 1;
  EXPECT_EQ(Validate(schema, "surplus.json", wrong.dump()), 1);
  wrong = Json::parse(text);
  wrong["causes"][0]["worst"]["got"] = 1.5;  // a number of a dtype is never a JSON number
  EXPECT_EQ(Validate(schema, "number.json", wrong.dump()), 1);
}

TEST_F(Formats, FindingsAreOfTheirSchema) {
  std::ostringstream lines;
  JsonLines sink(lines);
  for (const Cause& cause : report_.grouping.Causes()) sink.Write(cause.worst);
  EXPECT_EQ(Validate("reports/schema/report.schema.json#finding", "report.jsonl", lines.str()), 0);
}

TEST_F(Formats, SarifIsOfItsSchema) {
  const std::string schema = "tests/reports/sarif.schema.json", text = Written(WriteSarif, report_);
  EXPECT_EQ(Validate(schema, "report.sarif", text), 0);
  EXPECT_EQ(Validate(schema, "empty.sarif", Written(WriteSarif, Report())), 0);
  Json wrong = Json::parse(text);
  wrong["runs"][0]["results"][0].erase("message");
  EXPECT_EQ(Validate(schema, "wrong.sarif", wrong.dump()), 1);
}

TEST_F(Formats, SarifHasAResultForEachCauseThatCounts) {
  const Json run = Json::parse(Written(WriteSarif, report_))["runs"][0];
  EXPECT_EQ(run["results"].size(), report_.WorstFirst().size());
  std::set<std::string> rules, fingerprints;
  for (const Json& rule : run["tool"]["driver"]["rules"]) rules.insert(rule["id"]);
  for (const Json& result : run["results"]) {
    EXPECT_EQ(rules.count(result["ruleId"]), 1U) << result["ruleId"];
    EXPECT_TRUE(fingerprints.insert(result["partialFingerprints"].dump()).second);
    EXPECT_EQ(result.dump().find("naive/x"), std::string::npos);
  }
}

TEST_F(Formats, JunitHasACaseForEachOutput) {
  const std::string text = Written(WriteJunit, report_);
  for (const char c : text) ASSERT_TRUE(static_cast<unsigned char>(c) >= 0x20 || c == '\n' || c == '\t');
  pugi::xml_document document;
  ASSERT_TRUE(document.load_string(text.c_str(), pugi::parse_full));
  const pugi::xml_node root = document.child("testsuites");
  std::set<std::string> names;
  int cases = 0, failures = 0, skipped = 0, suites = 0;
  for (const pugi::xml_node suite : root.children("testsuite")) {
    ++suites;
    for (const pugi::xml_node test : suite.children("testcase")) {
      ++cases;
      failures += !test.child("failure").empty();
      skipped += !test.child("skipped").empty();
      EXPECT_TRUE(
          names
              .insert(test.attribute("classname").value() + std::string(" ") + test.attribute("name").value())
              .second);
    }
  }
  EXPECT_EQ(suites, 2);  // a pitfall is none
  EXPECT_EQ(cases, 2 * 8);
  EXPECT_EQ(failures, 2 * 7);
  EXPECT_EQ(skipped, 2);
  EXPECT_EQ(root.attribute("tests").as_int(), cases);
  EXPECT_EQ(root.attribute("failures").as_int(), failures);
  EXPECT_EQ(root.attribute("skipped").as_int(), skipped);
  const std::string body = root.find_child_by_attribute("testsuite", "name", "libtorch")
                               .find_child_by_attribute("testcase", "classname", "libtorch.l1.f32")
                               .child("failure")
                               .text()
                               .get();
  EXPECT_NE(body.find("wrong subgradient, reports wrong, fill -: 1 element\n  got  f64 0x1.cp+2 (7)\n"
                      "  want [-0x1p+0 (-1), 0x1p+0 (1)]\n  ulp  3.00; assert_close does not see it\n"
                      "  exactloss run 'l1 f32 none input=0x1p+0 target=0x0p+0'\n"),
            std::string::npos)
      << body;
}

TEST_F(Formats, WhatIsKnownRaisesNoAlarm) {
  Report report;
  report.run.subjects = {{"libtorch", "2.13.0", {}}};
  Collector collector(report, {});
  Finding known = Diverged(Divergence::kNan, 7), unknown = Diverged(Divergence::kNan, 7, "libtorch", "l1");
  known.output = "grad:input", known.known = "nan-of-mse";
  collector.Write(known);
  collector.Write(unknown);
  const Json results = Json::parse(Written(WriteSarif, report))["runs"][0]["results"];
  ASSERT_EQ(results.size(), 2U);
  for (const Json& result : results) {
    const bool is_known = result["properties"]["known"] == "nan-of-mse";
    EXPECT_EQ(result.contains("suppressions"), is_known);
    EXPECT_EQ(result["properties"]["impact"], is_known ? "trains wrong" : "reports wrong");
    EXPECT_EQ(result["properties"]["simplest"].get<std::string>().find(is_known ? "mse " : "l1 "), 0U);
  }
  EXPECT_EQ(Validate("tests/reports/sarif.schema.json", "known.sarif", Written(WriteSarif, report)), 0);
  pugi::xml_document document;
  ASSERT_TRUE(document.load_string(Written(WriteJunit, report).c_str()));
  const pugi::xml_node root = document.child("testsuites");
  EXPECT_EQ(root.attribute("failures").as_int(), 1);
  EXPECT_EQ(root.attribute("skipped").as_int(), 1);
  const std::string body = root.child("testsuite").child("testcase").child("skipped").text().get();
  EXPECT_EQ(body.find("nan, trains wrong, known: nan-of-mse, fill -"), 0U) << body;
}

TEST_F(Formats, AnnotationsAreTenCommandsOfOneLine) {
  const std::string text = [&] {
    std::ostringstream out;
    WriteAnnotations(report_, out);
    return out.str();
  }();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 10);
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) EXPECT_EQ(line.find("::error title="), 0U) << line;
  std::ostringstream none;
  WriteAnnotations(Report(), none);
  EXPECT_EQ(none.str(), "");
}

TEST_F(Formats, MarkdownFitsAJobSummary) {
  Report large;
  Collector collector(large, {});
  for (const LossSpec& loss : Catalogue()) {
    Finding finding = Diverged(Divergence::kNan, 7, "libtorch", std::string(loss.name));
    finding.line += std::string(100'000, '1');
    collector.Write(finding);
  }
  const std::string text = Written(WriteMarkdown, large);
  EXPECT_LT(text.size(), kMostMarkdownBytes);
  EXPECT_NE(text.find("10 causes left out for want of room"), std::string::npos)
      << text.substr(text.size() - 200);
}

}  // namespace
}  // namespace exactloss
