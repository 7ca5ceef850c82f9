// exactloss bench: what a loss with its gradient costs, by everyone, in one run.
#include "oracle/bench.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/flags.h"
#include "reports/atomic_file.h"
#include "reports/markdown.h"

namespace exactloss {
namespace {

using Json = nlohmann::json;

struct BenchFlags {
  std::vector<std::string> losses, dtypes = {"f32"};
  std::string json, markdown, compare;
  BenchOptions options;
};

Json ToJson(const BenchRow& row) {
  const auto quartiles = [](const Quartiles& q) {
    return Json{{"low", q.low}, {"median", q.median}, {"high", q.high}};
  };
  Json json = {{"loss", row.loss},
               {"dtype", row.dtype},
               {"rows", row.rows},
               {"columns", row.columns},
               {"contender", row.contender}};
  if (!row.missing.empty()) {
    json["missing"] = row.missing;
  } else {
    json["ns_per_element"] = quartiles(row.nanoseconds);
    json["ratio"] = quartiles(row.ratio);
  }
  return json;
}

std::string CellText(const BenchRow& row) { return fmt::format("{} x {}", row.rows, row.columns); }

/// The rows of an earlier run by what they measured.
class Earlier {
 public:
  explicit Earlier(const std::string& path) {
    if (path.empty()) return;
    std::ifstream in(path);
    if (!in) throw UsageError("--compare: cannot read " + path);
    rows_ = Json::parse(in, nullptr, false);
    if (!rows_.is_object() || !rows_.contains("rows"))
      throw UsageError("--compare: " + path + " is no JSON of exactloss bench");
    rows_ = rows_["rows"];
  }
  bool there() const { return rows_.is_array(); }
  /// How its ratio has changed: 1.1 is a tenth faster than then.
  std::optional<double> Change(const BenchRow& row) const {
    for (const Json& old : rows_) {
      if (old.value("loss", "") == row.loss && old.value("dtype", "") == row.dtype &&
          old.value("rows", std::size_t{0}) == row.rows &&
          old.value("columns", std::size_t{0}) == row.columns &&
          old.value("contender", "") == row.contender && old.contains("ratio")) {
        const double then = old["ratio"].value("median", 0.0);
        if (then > 0 && row.ratio.median > 0) return row.ratio.median / then;
      }
    }
    return {};
  }

 private:
  Json rows_;
};

void PrintHeading(const BenchOptions& options) {
  std::cout << fmt::format(
      "{}, {}: loss and gradient, mean, {}, medians of {} rounds\n"
      "{:<16}{:<6}{:<18}{:<14}{:>9}{:>9}  (quartiles of the ratio)\n",
      ProgramName(), CpuName(),
      options.threads == 1 ? "1 thread, CPU time" : fmt::format("{} threads, wall clock", options.threads),
      options.rounds, "loss", "dtype", "shape", "contender", "ns/el", "x faster");
}

void PrintRow(const BenchRow& row, const Earlier& earlier) {
  std::string line =
      fmt::format("{:<16}{:<6}{:<18}{:<14}", row.loss, row.dtype, CellText(row), row.contender);
  if (!row.missing.empty()) {
    line += " missing: " + row.missing;
  } else {
    line += fmt::format("{:>9.3f}", row.nanoseconds.median);
    if (row.ratio.median > 0)
      line += fmt::format(" {:>8.2f}  ({:.2f} .. {:.2f})", row.ratio.median, row.ratio.low, row.ratio.high);
    if (const auto change = earlier.Change(row)) line += fmt::format("  {:.2f} of before", *change);
  }
  std::cout << line << std::endl;
}

std::string Markdown(const std::vector<BenchRow>& rows) {
  std::string text =
      "| loss | dtype | shape | contender | ns / element | times faster | quartiles "
      "|\n|---|---|---|---|---|---|---|\n";
  for (const BenchRow& row : rows) {
    text += fmt::format("| `{}` | {} | {} | {} | ", row.loss, row.dtype, CellText(row), row.contender);
    text += row.missing.empty()
                ? fmt::format("{:.3f} | {:.2f} | {:.2f} .. {:.2f} |\n", row.nanoseconds.median,
                              row.ratio.median, row.ratio.low, row.ratio.high)
                : fmt::format("{} | | |\n", row.missing);
  }
  return text;
}

ExitStatus RunBench(BenchFlags& flags) {
  for (const LossSpec* loss : LossesNamed(flags.losses)) flags.options.losses.emplace_back(loss->name);
  flags.options.dtypes = DtypesNamed(flags.dtypes);
  const Earlier earlier(flags.compare);
  std::vector<BenchRow> rows;
  Bench(flags.options, [&](const BenchRow& row) {
    if (rows.empty()) PrintHeading(flags.options);
    PrintRow(row, earlier);
    rows.push_back(row);
  });
  if (rows.empty()) {
    std::cerr << "exactloss bench: nothing is selected; it has no cells for these losses\n";
    return kNothingSelected;
  }
  if (!flags.json.empty()) {
    Json all = {
        {"program", ProgramName()}, {"command", CommandLine()}, {"cpu", CpuName()}, {"rows", Json::array()}};
    for (const BenchRow& row : rows) all["rows"].push_back(ToJson(row));
    AtomicFile file(flags.json);
    file.out() << all.dump(1) << '\n';
    file.Commit();
  }
  if (!flags.markdown.empty()) {
    AtomicFile file(flags.markdown);
    file.out() << Markdown(rows);
    file.Commit();
  }
  return kOk;
}

}  // namespace

Action AddBench(CLI::App& app) {
  auto flags = std::make_shared<BenchFlags>();
  AddNames(app, "--loss", flags->losses, "losses; all when left out");
  AddNames(app, "--dtype", flags->dtypes, "f64, f32 (the default), bf16, f16");
  app.add_option("--size", flags->options.sizes, "elements of an input; 65536 and 16777216 when left out")
      ->delimiter(',')
      ->check(CLI::Range(std::size_t{1}, std::size_t{1} << 28));
  app.add_option("--classes", flags->options.classes, "classes of a row; 10, 1000 and 131072 when left out")
      ->delimiter(',')
      ->check(CLI::Range(std::size_t{1}, std::size_t{1} << 28));
  app.add_option("--subject", flags->options.peers, "LibTorch subjects; the first is the unit of the ratios")
      ->delimiter(',');
  auto* compile = app.add_flag("--compile", flags->options.compile,
                               "torch.compile too: slow, since it compiles each cell");
  app.add_option(
         "--python", flags->options.python,
         "the Python of torch.compile; when left out, that of $VIRTUAL_ENV or build/venv that has torch")
      ->needs(compile);
  app.add_option("--rounds", flags->options.rounds, "rounds, in each of which everyone has a turn")
      ->check(CLI::Range(1, 1000));
  app.add_option("--threads", flags->options.threads, "threads; with several, times are of the wall clock")
      ->check(CLI::Range(1, 1024));
  app.add_option("--json", flags->json, "write the rows to this file");
  app.add_option("--markdown", flags->markdown, "write the table to this file");
  app.add_option("--compare", flags->compare, "a --json file of an earlier run: say how the ratios changed");
  return [flags] { return RunBench(*flags); };
}

}  // namespace exactloss
