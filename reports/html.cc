#include "reports/html.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "oracle/fill.h"
#include "oracle/impact.h"
#include "reports/html_page.h"
#include "reports/json_lines.h"
#include "reports/meaning.h"
#include "reports/numbers.h"

namespace exactloss {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kLongestLine = 2000;
constexpr int kInfiniteUlp = 9999, kZeroUlp = -999;

/// log10(ulp) in hundredths, which is as fine as a plot.
int UlpCode(double ulp) {
  if (ulp == 0) return kZeroUlp;
  if (!std::isfinite(ulp)) return kInfiniteUlp;
  return std::clamp(static_cast<int>(std::lround(100 * std::log10(ulp))), kZeroUlp + 1, kInfiniteUlp - 1);
}

Json CurveJson(const std::vector<double>& values) {
  Json json = Json::array();
  for (const double value : values) json.push_back(ErrorJson(value));
  return json;
}

/// Places in a list of names, which the page's data has instead of the names.
class Index {
 public:
  std::size_t of(const std::string& name) {
    const auto [place, is_new] = places_.try_emplace(name, names_.size());
    if (is_new) names_.push_back(name);
    return place->second;
  }
  const std::vector<std::string>& names() const { return names_; }

 private:
  std::map<std::string, std::size_t> places_;
  std::vector<std::string> names_;
};

class Data {
 public:
  explicit Data(const Report& report) : report_(report) {
    for (const SubjectInfo& subject : report.run.subjects) subjects_.of(subject.name);
    for (const Verdict verdict :
         {Verdict::kExact, Verdict::kFaithful, Verdict::kAccurate, Verdict::kStable, Verdict::kConvention,
          Verdict::kInaccurate, Verdict::kUndecided, Verdict::kUnsupported}) {
      Kind(verdict, Divergence::kNone);
    }
  }

  Json ToJson() {
    Json json;
    json["cells"] = Cells();
    json["causes"] = Causes();
    json["closeUps"] = CloseUps();
    if (report_.baseline) json["baseline"] = BaselineJson(*report_.baseline);
    json["run"] = Run();
    json["subjects"] = Subjects();
    json["losses"] = Losses();
    json["kinds"] = kinds_;
    json["dtypes"] = Dtypes();
    json["bins"] = kBins;
    json["columns"] = {{"perOctave", kColumnsPerOctave}, {"linear", kLinear}, {"infinite", kInfiniteColumn}};
    json["ulps"] = {{"zero", kZeroUlp}, {"infinite", kInfiniteUlp}};
    return json;
  }

 private:
  std::size_t Kind(Verdict verdict, Divergence divergence) {
    const std::string name(ClassText(verdict, divergence));
    const std::size_t place = kind_names_.of(name);
    if (place == kinds_.size()) {
      kinds_.push_back({{"name", name},
                        {"verdict", Name(verdict)},
                        {"fails", Fails(verdict)},
                        {"meaning", Meaning(verdict, divergence)}});
    }
    return place;
  }

  struct Cell {
    Worst worst;
    std::uint64_t failed = 0, judged = 0;

    void Add(const Row& row) {
      failed += row.failed();
      judged += row.failed() + row.passed();
      for (const auto& [verdict, count] : row.elements) {
        if (!Fails(verdict))
          Worsen(worst, {verdict, Divergence::kNone, Passes(verdict) ? row.passing_ulp : NAN});
      }
      for (const Failure& failure : row.failures) {
        Worsen(worst, {failure.worst.verdict, failure.worst.divergence, failure.worst.ulp});
      }
    }
  };

  Json CellJson(const Cell& cell) {
    return {{"k", Kind(cell.worst.verdict, cell.worst.divergence)},
            {"u", ErrorText(cell.worst.ulp)},
            {"failed", cell.failed},
            {"judged", cell.judged}};
  }

  /// The verdict map: all fills and reductions of an output together, and what its plots show.
  Json Cells() {
    struct Both {
      Cell all, ordinary;
    };
    std::map<Scatter::Key, Both> cells;
    std::vector<Scatter::Key> order;
    for (const Row& row : report_.rows.all()) {
      const Scatter::Key key{row.key.subject, row.key.loss, row.key.output, row.key.dtype};
      const auto [place, is_new] = cells.try_emplace(key);
      if (is_new) order.push_back(key);
      place->second.all.Add(row);
      if (IsOrdinary(row.key.fill)) place->second.ordinary.Add(row);
    }
    Json json = Json::array();
    for (const Scatter::Key& key : order) {
      const auto& [subject, loss, output, dtype] = key;
      Json one = CellJson(cells.at(key).all);
      one["s"] = subjects_.of(subject), one["l"] = losses_.of(loss);
      one["o"] = output, one["d"] = Name(dtype);
      if (cells.at(key).ordinary.judged != 0) one["ordinary"] = CellJson(cells.at(key).ordinary);
      AddPlots(key, one);
      json.push_back(std::move(one));
    }
    return json;
  }

  void AddPlots(const Scatter::Key& key, Json& cell) {
    const auto panel = report_.scatter.panels().find(key);
    if (panel == report_.scatter.panels().end()) return;
    cell["bins"] = panel->second.bins;
    Json& marks = cell["marks"] = Json::array();
    for (const auto& [column, mark] : panel->second.columns) {
      marks.push_back(column), marks.push_back(UlpCode(mark.ulp));
      marks.push_back(Kind(mark.verdict, mark.divergence));
    }
  }

  Json Causes() {
    Json json = Json::array();
    OrdinaryBatches ordinary;
    for (const Cause& cause : report_.WorstFirst()) {
      const Finding& worst = cause.worst;
      Json one = {{"s", subjects_.of(worst.subject)},
                  {"l", losses_.of(worst.loss)},
                  {"o", worst.output},
                  {"d", Name(worst.dtype)},
                  {"k", Kind(worst.verdict, worst.divergence)},
                  {"u", ErrorText(worst.ulp)},
                  {"code", UlpCode(worst.ulp)},
                  {"elements", cause.elements},
                  {"problems", cause.findings},
                  {"seen", worst.seen_by_assert_close},
                  {"got", GotText(worst)},
                  {"want", WantText(worst)},
                  {"line", worst.line.substr(0, kLongestLine)}};
      if (worst.line.size() > kLongestLine) one["length"] = worst.line.size();
      if (cause.simplest.line.size() < worst.line.size()) {
        one["simplest"] = cause.simplest.line.substr(0, kLongestLine);
      }
      if (const Impact impact = ImpactOf(worst); impact != Impact::kNone) {
        one["impact"] = Name(impact);
        if (const double size = ordinary.SizeOf(worst); !std::isnan(size)) {
          one["size"] = ErrorText(size), one["sizeCode"] = UlpCode(size);
        }
      }
      if (!worst.known.empty()) one["known"] = worst.known;
      if (!worst.message.empty()) one["message"] = worst.message;
      if (const std::optional<int> column = ColumnAt(worst)) one["column"] = *column;
      json.push_back(one);
    }
    return json;
  }

  static std::optional<int> ColumnAt(const Finding& finding) {
    try {
      const auto x = PredictionAt(ParseProblem(finding.line, FillTensor), finding.output, finding.index);
      return x ? ColumnOf(*x) : std::nullopt;
    } catch (const UsageError&) {  // a subject's own line need not be one of ours
      return {};
    }
  }

  Json CloseUps() {
    Json json = Json::array();
    for (const CloseUp& close : report_.close_ups) {
      Json outputs = Json::object();
      for (const auto& [name, curve] : close.outputs) {
        outputs[name] = {{"truth", CurveJson(curve.truth)}, {"got", CurveJson(curve.got)}};
      }
      json.push_back({{"s", subjects_.of(close.subject)},
                      {"l", losses_.of(close.loss)},
                      {"d", Name(close.dtype)},
                      {"at", close.worst},
                      {"x", CurveJson(close.x)},
                      {"outputs", outputs}});
    }
    return json;
  }

  static Json BaselineJson(const BaselineCheck& check) {
    constexpr std::size_t kMost = 5;
    std::vector<std::string> worst = WorstDrifts(check);
    worst.resize(std::min(worst.size(), kMost));
    return {{"file", check.file},
            {"worse", check.count(Drift::kWorse)},
            {"gone", check.count(Drift::kGone)},
            {"new", check.count(Drift::kNew)},
            {"better", check.count(Drift::kBetter)},
            {"same", check.same},
            {"worst", worst}};
  }

  Json Run() const {
    const RunInfo& run = report_.run;
    return {{"program", run.program}, {"command", run.command},   {"selection", run.selection},
            {"cpu", run.cpu},         {"problems", run.problems}, {"interrupted", run.interrupted}};
  }

  Json Subjects() const {
    Json json = Json::array();
    for (const SubjectInfo& subject : report_.run.subjects) {
      const Counts& counts = report_.tally.counts(subject.name);
      Json elements = Json::object();
      for (const auto& [verdict, count] : counts.verdicts) elements[std::string(Name(verdict))] = count;
      json.push_back({{"name", subject.name},
                      {"version", VersionText(subject)},
                      {"pitfall", report_.IsPitfall(subject.name)},
                      {"passed", counts.passed()},
                      {"failed", counts.failed()},
                      {"known", counts.known},
                      {"mistrusted", counts.mistrusted},
                      {"elements", elements}});
    }
    return json;
  }

  Json Losses() const {
    Json json = Json::array();
    for (const std::string& name : losses_.names()) {
      const LossSpec* loss = FindLoss(name);
      json.push_back({{"name", name}, {"formula", loss == nullptr ? "" : loss->formula}});
    }
    return json;
  }

  Json Dtypes() const {
    Json json = Json::array();
    for (const Dtype dtype : report_.tally.dtypes()) {
      json.push_back({{"name", Name(dtype)}, {"precision", FormatOf(dtype).precision}});
    }
    return json;
  }

  const Report& report_;
  Index subjects_, losses_, kind_names_;
  Json kinds_ = Json::array();
};

/// In a script element '<' could begin its end.
std::string ForScript(const Json& json) {
  std::string text;
  for (const char c : DumpLine(json)) text += c == '<' ? std::string("\\u003c") : std::string(1, c);
  return text;
}

}  // namespace

void WriteHtml(const Report& report, std::ostream& out) {
  const std::string data = ForScript(Data(report).ToJson());
  const std::pair<std::string_view, std::string_view> parts[] = {
      {"{{style}}", kStyle}, {"{{data}}", data}, {"{{script}}", kScript}};
  std::string_view rest = kPage;
  for (const auto& [name, text] : parts) {
    const std::size_t at = rest.find(name);
    out << rest.substr(0, at) << text;
    rest.remove_prefix(at + name.size());
  }
  out << rest;
}

}  // namespace exactloss
