// The kill matrix: which layer of the suite catches which seeded fault. docs/kill-matrix.md is its output.
//
//   kill_matrix [LOSS...]     the rows of these losses (all), as Markdown on standard output
//
// Exit status 1: a fault survives every layer and nothing says why, or a control is killed, or what is said
// to survive does not.
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <iostream>
#include <map>
#include <string>
#include <thread>

#include "reference/text.h"
#include "tests/faults/layers.h"

namespace exactloss {
namespace {

/// A fault in one of its losses.
struct Row {
  const LossSpec* loss;
  const Fault* fault;
  std::map<Layer, Kills> kills;

  bool IsKilledBy(Layer layer) const { return kills.at(layer).killed > 0; }
  bool Survives() const {
    return std::none_of(std::begin(kAllLayers), std::end(kAllLayers),
                        [&](Layer layer) { return IsKilledBy(layer); });
  }
  bool IsAsExpected() const { return Survives() == (IsControl(*fault) || !fault->survives.empty()); }
};

std::vector<Row> RowsOf(const LossSpec& loss) {
  std::vector<Row> rows;
  std::vector<const Fault*> faults;
  for (const Fault& fault : Faults()) {
    if (!HasLoss(fault, loss.name)) continue;
    rows.push_back({&loss, &fault, {}});
    faults.push_back(&fault);
  }
  for (const Layer layer : kAllLayers) {
    const std::vector<Kills> kills = Ask(layer, loss, faults);
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i].kills[layer] = kills[i];
  }
  return rows;
}

/// The rows of every loss, in order, two losses at a time.
std::vector<Row> AllRows(const std::vector<const LossSpec*>& losses) {
  std::vector<std::vector<Row>> of_losses(losses.size());
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (std::size_t i = next++; i < losses.size(); i = next++) of_losses[i] = RowsOf(*losses[i]);
  };
  std::thread other(work);
  work();
  other.join();
  std::vector<Row> rows;
  for (auto& some : of_losses) rows.insert(rows.end(), some.begin(), some.end());
  return rows;
}

std::string Percent(std::size_t part, std::size_t whole) {
  char text[16];
  std::snprintf(text, sizeof text, "%.1f %%", 100.0 * static_cast<double>(part) / static_cast<double>(whole));
  return text;
}

/// "12 / 480": the cases that the fault fails, of those that the layer has for the loss.
std::string Cell(const Kills& kills) {
  return kills.killed == 0 ? "-" : Concat(kills.killed, " / ", kills.asked);
}

/// A link as people name it: owner/name#123.
std::string Source(std::string_view url) {
  if (url.empty()) return "";
  const std::string_view name = url.substr(std::string_view("https://github.com/").size());
  const std::size_t number = name.rfind('/'), kind = name.rfind('/', number - 1);
  return Concat(" [", name.substr(0, kind), "#", name.substr(number + 1), "](", url, ")");
}

void WriteSummary(const std::vector<Row>& faults) {
  const auto count = [&](auto is) {
    return static_cast<std::size_t>(std::count_if(faults.begin(), faults.end(), is));
  };
  std::cout << "| layer | kills | alone |\n|---|---|---|\n";
  for (const Layer layer : kAllLayers) {
    const std::size_t killed = count([&](const Row& row) { return row.IsKilledBy(layer); });
    const std::size_t alone = count([&](const Row& row) {
      return row.IsKilledBy(layer) &&
             std::none_of(std::begin(kAllLayers), std::end(kAllLayers),
                          [&](Layer other) { return other != layer && row.IsKilledBy(other); });
    });
    std::cout << "| " << Name(layer) << " | " << killed << " of " << faults.size() << ", "
              << Percent(killed, faults.size()) << " | " << alone << " |\n";
  }
  const std::size_t survivors = count([](const Row& row) { return row.Survives(); });
  std::cout << "| all together | " << faults.size() - survivors << " of " << faults.size() << ", "
            << Percent(faults.size() - survivors, faults.size()) << " | |\n";
}

void WriteTable(const std::vector<Row>& rows) {
  std::cout << "| loss | fault | what is wrong |";
  for (const Layer layer : kAllLayers) std::cout << ' ' << Name(layer) << " |";
  std::cout << "\n|---|---|---|";
  for (std::size_t i = 0; i < std::size(kAllLayers); ++i) std::cout << "---|";
  std::cout << '\n';
  for (const Row& row : rows) {
    std::cout << "| " << row.loss->name << " | `" << row.fault->id << "` | " << row.fault->what
              << Source(row.fault->source) << " |";
    for (const Layer layer : kAllLayers) std::cout << ' ' << Cell(row.kills.at(layer)) << " |";
    std::cout << '\n';
  }
}

void WriteSurvivors(const std::vector<Row>& faults) {
  for (const Row& row : faults) {
    if (!row.Survives()) continue;
    std::cout << "- `" << row.fault->id << "` in " << row.loss->name << ": "
              << (row.fault->survives.empty() ? "**unexplained**" : row.fault->survives) << "\n";
  }
}

void WriteMissedByGate(const std::vector<Row>& faults) {
  for (const Row& row : faults) {
    if (row.Survives() || row.IsKilledBy(Layer::kGate)) continue;
    std::cout << "- `" << row.fault->id << "` in " << row.loss->name << ", killed by";
    for (const Layer layer : kAllLayers) {
      if (row.IsKilledBy(layer)) std::cout << ' ' << Name(layer);
    }
    std::cout << ": " << row.fault->what << '\n';
  }
}

int Main(int argc, char** argv) {
  std::vector<const LossSpec*> losses;
  for (int i = 1; i < argc; ++i) {
    const LossSpec* loss = FindLoss(argv[i]);
    if (loss == nullptr) throw UsageError(Concat("no loss ", Quoted(argv[i])));
    losses.push_back(loss);
  }
  for (const LossSpec& loss : Catalogue()) {
    if (argc == 1) losses.push_back(&loss);
  }
  const std::vector<Row> rows = AllRows(losses);
  std::vector<Row> faults, controls;
  for (const Row& row : rows) (IsControl(*row.fault) ? controls : faults).push_back(row);
  const auto sourced =
      std::count_if(Faults().begin(), Faults().end(), [](const Fault& f) { return !f.source.empty(); });
  const auto all =
      std::count_if(Faults().begin(), Faults().end(), [](const Fault& f) { return !IsControl(f); });
  std::cout
      << "# Kill matrix\n\n"
         "Written by `tests/faults/matrix.sh`; not by hand. "
      << all << " seeded faults, " << sourced
      << " of them shipped once by a public project (linked), the others classical; each is planted in every "
         "loss that it fits: "
      << faults.size()
      << " rows. A layer kills a fault if it fails one case. A cell says how many cases of the layer "
         "fail.\n\n"
         "- **golden**: the problems of `tests/golden/`\n"
         "- **property**: the identities of `tests/properties/`, within bounds derived from the truth's "
         "gauges\n"
         "- **gradcheck**: the gradients that `exactloss gradcheck` calls wrong, at f64 and the fills of "
         "profile smoke, of the loss alone; what is wrong in the value alone is not its business\n"
         "- **smoke**, **gate**: `exactloss audit --profile smoke` and `gate`, of the loss alone\n\n";
  WriteSummary(faults);
  std::cout << "\n## Survivors of every layer\n\n";
  WriteSurvivors(faults);
  std::cout << "\n## Killed, but not by gate\n\n";
  WriteMissedByGate(faults);
  std::cout << "\n## Controls\n\nRight subjects, which nothing may kill: the false alarms of each layer.\n\n";
  WriteTable(controls);
  std::cout << "\n## Faults\n\n";
  WriteTable(faults);
  int status = 0;
  for (const Row& row : rows) {
    if (row.IsAsExpected()) continue;
    std::cerr << "kill_matrix: " << row.fault->id << " in " << row.loss->name
              << (row.Survives() ? " survives every layer\n" : " is killed, and should not be\n");
    for (const Layer layer : kAllLayers) {
      if (row.IsKilledBy(layer))
        std::cerr << "  by " << Name(layer) << ": " << row.kills.at(layer).first << '\n';
    }
    status = 1;
  }
  return status;
}

}  // namespace
}  // namespace exactloss

int main(int argc, char** argv) {
  try {
    return exactloss::Main(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "kill_matrix: " << error.what() << "\n";
    return 4;
  }
}
