#include "reports/junit.h"

#include <fmt/format.h>

#include <algorithm>
#include <pugixml.hpp>
#include <string>
#include <utility>

#include "oracle/impact.h"
#include "reference/text.h"
#include "reports/numbers.h"

namespace exactloss {
namespace {

constexpr std::size_t kLongestLine = 4096;  ///< of a file that may have 30 MB

/// XML 1.0 has no control characters, not even escaped ones.
std::string Printable(std::string text) {
  for (char& c : text) {
    const auto code = static_cast<unsigned char>(c);
    if ((code < 0x20 && c != '\t' && c != '\n') || code >= 0x7f) c = '?';
  }
  return text;
}

void Set(pugi::xml_node node, const char* name, const std::string& value) {
  node.append_attribute(name).set_value(Printable(value).c_str());
}

/// The rows of all fills of one output.
struct Case {
  RowKey key;  ///< its fill is that of the first row
  std::vector<const Row*> rows;
};

/// ", trains wrong"
std::string ImpactText(const Finding& finding) {
  const std::string_view name = Name(ImpactOf(finding));
  return name.empty() ? "" : fmt::format(", {}", name);
}

std::vector<Case> CasesOf(const Report& report, const std::string& subject) {
  std::vector<Case> cases;
  std::map<RowKey, std::size_t> places;
  for (const Row& row : report.rows.all()) {
    if (row.key.subject != subject) continue;
    RowKey key = row.key;
    key.fill.clear();
    const auto [place, is_new] = places.try_emplace(key, cases.size());
    if (is_new) cases.push_back({key, {}});
    cases[place->second].rows.push_back(&row);
  }
  return cases;
}

/// What is worse than the baseline, by row.
using Worse = std::map<RowKey, const Drifted*>;

Worse WorseOf(const Report& report) {
  Worse worse;
  if (!report.baseline) return worse;
  for (const Drifted& drifted : report.baseline->drifted) {
    RowKey key = drifted.key.row;
    key.subject = drifted.key.subject;
    if (drifted.drift == Drift::kWorse) worse.emplace(key, &drifted);
  }
  return worse;
}

std::string FailureText(const std::vector<const Row*>& rows, const Worse& worse) {
  std::string text;
  for (const Row* row : rows) {
    if (const auto found = worse.find(row->key); found != worse.end()) {
      const Drifted& drifted = *found->second;
      text += fmt::format("worse than the baseline, fill {}: {}, was {}\n  exactloss run '{}'\n",
                          row->key.fill, exactloss::Text(drifted.after), exactloss::Text(drifted.before),
                          Shortened(drifted.after.line, kLongestLine));
    }
    for (const Failure& failure : row->failures) {
      const Finding& worst = failure.worst;
      text += fmt::format("{}{}{}, fill {}: {}{}\n  got  {}\n  want {}\n  ulp  {}; assert_close {} it\n",
                          ClassText(worst.verdict, worst.divergence), ImpactText(worst),
                          worst.known.empty() ? "" : fmt::format(", known: {}", worst.known),
                          row->key.fill.empty() ? "-" : row->key.fill, Counted(failure.elements, "element"),
                          worst.message.empty() ? "" : ", " + worst.message, GotText(worst), WantText(worst),
                          ErrorText(worst.ulp), worst.seen_by_assert_close ? "sees" : "does not see");
      text += fmt::format("  exactloss run '{}'\n", Shortened(worst.line, kLongestLine));
    }
  }
  return text;
}

/// Elements that fail and are not known.
std::uint64_t Unknown(const Row& row) {
  std::uint64_t count = 0;
  for (const Failure& failure : row.failures) count += failure.worst.known.empty() ? failure.elements : 0;
  return count;
}

/// "underflow, nan"
std::string ClassesOf(const std::vector<const Row*>& rows) {
  std::vector<std::string_view> classes;
  for (const Row* row : rows) {
    for (const Failure& failure : row->failures) {
      const std::string_view name = ClassText(failure.worst.verdict, failure.worst.divergence);
      if (std::find(classes.begin(), classes.end(), name) == classes.end()) classes.push_back(name);
    }
  }
  return Listed(classes);
}

/// Counts of a suite.
struct Total {
  int tests = 0, failures = 0, skipped = 0;
  void Add(const Total& other) { tests += other.tests, failures += other.failures, skipped += other.skipped; }
  void Write(pugi::xml_node node) const {
    const std::pair<const char*, int> counts[] = {
        {"tests", tests}, {"failures", failures}, {"errors", 0}, {"skipped", skipped}};
    for (const auto& [name, count] : counts) node.append_attribute(name).set_value(count);
  }
};

void WriteCase(const Case& of, const Worse& worse, pugi::xml_node suite, Total& total) {
  std::uint64_t failed = 0, unknown = 0, passed = 0, drifted = 0;
  for (const Row* row : of.rows) {
    failed += row->failed(), unknown += Unknown(*row), passed += row->passed(),
        drifted += worse.count(row->key);
  }
  pugi::xml_node node = suite.append_child("testcase");
  Set(node, "classname", fmt::format("{}.{}.{}", of.key.subject, of.key.loss, Name(of.key.dtype)));
  Set(node, "name", fmt::format("{} {}", Name(of.key.reduction), of.key.output));
  ++total.tests;
  if (unknown != 0 || drifted != 0) {
    ++total.failures;
    pugi::xml_node failure = node.append_child("failure");
    Set(failure, "message",
        fmt::format(
            "{} of {}{}{}", failed, Counted(failed + passed, "element"),
            failed == 0 ? "" : ": " + ClassesOf(of.rows),
            drifted == 0 ? "" : fmt::format("; {} worse than the baseline", Counted(drifted, "row"))));
    failure.text().set(Printable(FailureText(of.rows, worse)).c_str());
  } else if (failed != 0) {
    ++total.skipped;  // as the gate counts it
    pugi::xml_node skipped = node.append_child("skipped");
    Set(skipped, "message", fmt::format("{} of {}, all known", failed, Counted(failed + passed, "element")));
    skipped.text().set(Printable(FailureText(of.rows, worse)).c_str());
  } else if (passed == 0) {
    ++total.skipped;
    Set(node.append_child("skipped"), "message",
        "the subject does not compute this, or the truth is undecided");
  }
}

void WriteProperties(const RunInfo& run, const SubjectInfo& subject, pugi::xml_node suite) {
  pugi::xml_node properties = suite.append_child("properties");
  const std::pair<const char*, std::string> all[] = {{"program", run.program},
                                                     {"command", run.command},
                                                     {"selection", run.selection},
                                                     {"cpu", run.cpu},
                                                     {"subject", VersionText(subject)}};
  for (const auto& [name, value] : all) {
    pugi::xml_node property = properties.append_child("property");
    Set(property, "name", name);
    Set(property, "value", value);
  }
}

}  // namespace

void WriteJunit(const Report& report, std::ostream& out) {
  pugi::xml_document document;
  pugi::xml_node root = document.append_child("testsuites");
  Set(root, "name", "exactloss");
  Total all;
  const Worse worse = WorseOf(report);
  for (const SubjectInfo& subject : report.run.subjects) {
    if (report.IsPitfall(subject.name)) continue;
    pugi::xml_node suite = root.append_child("testsuite");
    Set(suite, "name", subject.name);
    WriteProperties(report.run, subject, suite);
    Total total;
    for (const Case& of : CasesOf(report, subject.name)) WriteCase(of, worse, suite, total);
    total.Write(suite);
    all.Add(total);
  }
  all.Write(root);
  document.save(out, "  ");
}

}  // namespace exactloss
