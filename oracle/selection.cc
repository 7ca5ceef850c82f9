#include "oracle/selection.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>

#include "reference/text.h"

namespace exactloss {
namespace {

/// Fills that show nothing of their own: a loss without rows of classes, without a sum, of a linear formula.
struct Meaningless {
  std::string_view fill;
  bool (*where)(const LossSpec& loss, Reduction reduction);
};

bool HasNoClasses(const LossSpec& loss, Reduction) { return loss.family != Family::kClassRows; }

bool HasNoSum(const LossSpec& loss, Reduction reduction) {
  return reduction == Reduction::kNone && loss.family != Family::kOverlap;
}

bool IsLinear(const LossSpec& loss, Reduction) { return loss.name == "nll"; }

constexpr Meaningless kMeaningless[] = {
    {"many_classes", HasNoClasses}, {"long_sums", HasNoSum},  {"ties", IsLinear},
    {"near_kink", IsLinear},        {"cancelling", IsLinear}, {"ill_conditioned", IsLinear},
};

/// What a selection says, with "all" written out.
struct Chosen {
  std::vector<const LossSpec*> losses;
  std::vector<Dtype> dtypes;
  std::vector<const Fill*> fills;
};

template <class T>
std::vector<const T*> AllIfEmpty(const std::vector<const T*>& some, const std::vector<T>& all) {
  std::vector<const T*> chosen = some;
  for (std::size_t i = 0; some.empty() && i < all.size(); ++i) chosen.push_back(&all[i]);
  return chosen;
}

Chosen ChosenBy(const Selection& selection) {
  Chosen chosen{AllIfEmpty(selection.losses, Catalogue()), selection.dtypes,
                AllIfEmpty(selection.fills, Fills())};
  if (chosen.dtypes.empty()) chosen.dtypes.assign(std::begin(kAllDtypes), std::end(kAllDtypes));
  return chosen;
}

struct Cell {
  Reduction reduction;
  const Fill* fill;
};

/// The cells of a loss and one dtype.
std::vector<Cell> CellsOf(const Selection& selection, const Chosen& chosen, const LossSpec& loss) {
  std::vector<Cell> cells;
  const auto& wanted = selection.reductions;
  for (const Reduction reduction : loss.reductions) {
    if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), reduction) == wanted.end()) continue;
    for (const Fill* fill : chosen.fills) {
      if (IsMeaningful(*fill, loss, reduction)) cells.push_back({reduction, fill});
    }
  }
  return cells;
}

std::uint64_t CountInAllShards(const Selection& selection, const Chosen& chosen) {
  std::uint64_t cells = 0;
  for (const LossSpec* loss : chosen.losses) cells += CellsOf(selection, chosen, *loss).size();
  return cells * chosen.dtypes.size() * selection.problems_per_cell;
}

}  // namespace

bool IsMeaningful(const Fill& fill, const LossSpec& loss, Reduction reduction) {
  return std::none_of(std::begin(kMeaningless), std::end(kMeaningless),
                      [&](const Meaningless& m) { return m.fill == fill.name && m.where(loss, reduction); });
}

std::uint64_t Count(const Selection& selection) {
  const std::uint64_t total = CountInAllShards(selection, ChosenBy(selection));
  const std::uint64_t before = selection.shard - 1;  // of each round of the shards
  return total / selection.shards + (before < total % selection.shards ? 1 : 0);
}

SelectedProblem At(const Selection& selection, std::uint64_t i) {
  const Chosen chosen = ChosenBy(selection);
  const std::uint64_t number = i * selection.shards + selection.shard - 1;
  std::uint64_t rest = number;  // loss by loss, in each dtype by dtype, cell by cell
  for (const LossSpec* loss : chosen.losses) {
    const std::vector<Cell> cells = CellsOf(selection, chosen, *loss);
    const std::uint64_t of_dtype = cells.size() * selection.problems_per_cell;
    const std::uint64_t of_loss = of_dtype * chosen.dtypes.size();
    if (rest >= of_loss) {
      rest -= of_loss;
      continue;
    }
    const Dtype dtype = chosen.dtypes[rest / of_dtype];
    const Cell& cell = cells[rest % of_dtype / selection.problems_per_cell];
    const std::uint64_t index = rest % selection.problems_per_cell;
    return {number, Concat(cell.fill->name, "#", selection.seed, ".", index),
            FillProblem(*cell.fill, *loss, dtype, cell.reduction, selection.seed, index)};
  }
  std::abort();  // i is Count(selection) or more
}

}  // namespace exactloss
