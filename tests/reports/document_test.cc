#include "reports/document.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/reports/awkward.h"

namespace exactloss {
namespace {

using Json = nlohmann::ordered_json;

class DocumentTest : public testing::Test {
 protected:
  ~DocumentTest() override { std::filesystem::remove(path_); }

  Document Read(const std::string& text) const {
    std::ofstream(path_, std::ios::binary) << text;
    return ReadDocument(path_);
  }
  /// What reading it says, without the path.
  std::string WhyNot(const std::string& text) const {
    try {
      Read(text);
    } catch (const UsageError& error) {
      const std::string message = error.what();
      EXPECT_EQ(message.find(path_), 0U);
      EXPECT_EQ(message.find('\n'), std::string::npos);
      return message.substr(path_.size());
    }
    return "it is read";
  }
  std::string WhyNot(const Json& json) const { return WhyNot(json.dump()); }

  const std::string path_ = testing::TempDir() + "exactloss_document_" + std::to_string(getpid()) + ".json";
  const Report report_ = AwkwardReport();
  const std::string text_ = Written(WriteDocument, report_);
  const std::string again_ = "; write it again with `exactloss audit --report DIR`";
};

TEST_F(DocumentTest, ComesBackAsItWas) {
  const Document document = Read(text_);
  EXPECT_EQ(document.run.program, report_.run.program);
  EXPECT_EQ(document.run.chosen.losses, report_.run.chosen.losses);
  EXPECT_EQ(document.run.chosen.fills, report_.run.chosen.fills);
  EXPECT_EQ(document.run.chosen.dtypes, report_.run.chosen.dtypes);
  EXPECT_EQ(document.run.pitfalls, report_.run.pitfalls);
  EXPECT_EQ(document.run.subjects[0].details, report_.run.subjects[0].details);
  ASSERT_EQ(document.rows.all().size(), report_.rows.all().size());
  Report again;  // what is written of what was read is the same text
  again.run = document.run;
  again.rows = document.rows;
  const Json before = Json::parse(text_), after = Json::parse(Written(WriteDocument, again));
  EXPECT_EQ(before["run"], after["run"]);
  for (std::size_t i = 0; i < before["rows"].size(); ++i) {
    Json was = before["rows"][i], is = after["rows"][i];
    for (Json* row : {&was, &is}) {
      for (Json& failure : (*row)["failures"]) {
        if (failure["worst"]["truth"].is_object()) failure["worst"]["truth"].erase("decimal");
      }
    }
    if (was.dump().find("\"lower\"") != std::string::npos) continue;  // a set is read as its nearest ends
    EXPECT_EQ(was, is);
  }
}

TEST_F(DocumentTest, SaysWhatIsWrong) {
  Json json = Json::parse(text_);
  EXPECT_EQ(WhyNot(text_), "it is read");
  EXPECT_EQ(WhyNot(std::string("{}")), ": it is no report.json of exactloss" + again_);
  EXPECT_EQ(WhyNot(std::string("[]")), ": it is no report.json of exactloss" + again_);
  EXPECT_NE(WhyNot(text_.substr(0, text_.size() / 2)).find(": broken or cut off at byte "),
            std::string::npos);
  EXPECT_NE(WhyNot(std::string()).find(": broken or cut off at byte "), std::string::npos);
  EXPECT_EQ(WhyNot(std::string("[1e999]")), ": a number is beyond the range of numbers" + again_);

  const auto changed = [&](const std::function<void(Json&)>& change) {
    Json other = json;
    change(other);
    return WhyNot(other);
  };
  EXPECT_EQ(changed([](Json& j) { j["version"] = 2; }),
            ": its version is 2, this program reads version 1" + again_);
  EXPECT_EQ(changed([](Json& j) { j["more"] = 2; }), ": unknown key 'more'" + again_);
  EXPECT_EQ(changed([](Json& j) { j.erase("rows"); }), ": no key 'rows'" + again_);
  EXPECT_EQ(changed([](Json& j) { j["rows"] = 1; }), ": rows: it is no list" + again_);
  EXPECT_EQ(changed([](Json& j) { j["rows"][1]["loss"] = 3; }),
            ": rows[1].loss: another kind of value is expected" + again_);
  EXPECT_EQ(changed([](Json& j) { j["rows"][1] = j["rows"][0]; }),
            ": rows[1]: a second row for the same output and fill" + again_);
  EXPECT_EQ(changed([](Json& j) { j["rows"][0]["failures"][0]["worst"]["class"] = "bad luck"; }),
            ": rows[0].failures[0].worst.class: no such name here: 'bad luck'" + again_);
  EXPECT_EQ(changed([](Json& j) { j["rows"][0]["failures"][0]["worst"]["got"]["bits"] = "7"; }),
            ": rows[0].failures[0].worst.got: there are no bits" + again_);
  EXPECT_EQ(changed([](Json& j) { j["run"]["selection"]["losses"] = {"of_the_future"}; }),
            ": run.selection.losses: no such name here: 'of_the_future'" + again_);
  EXPECT_EQ(changed([](Json& j) { j["run"]["problems"] = -1; }), ": run.problems: it is no count" + again_);
}

TEST_F(DocumentTest, AFileThatIsNotThere) { EXPECT_THROW(ReadDocument(path_ + ".no"), UsageError); }

}  // namespace
}  // namespace exactloss
