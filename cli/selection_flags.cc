#include "cli/selection_flags.h"

#include <fmt/format.h>

#include "cli/flags.h"
#include "cli/profiles.h"

namespace exactloss {

void SelectionFlags::Add(CLI::App& app) {
  AddNames(app, "--loss", losses, "only these losses: a,b or repeated");
  AddNames(app, "--dtype", dtypes, "only these of f64, f32, bf16, f16");
  AddNames(app, "--reduction", reductions, "only these of none, mean, sum, batchmean");
  AddNames(app, "--fill", fills, "only these fills, instead of those of the profile");
  app.add_option("--seed", seed, "of the fills")->capture_default_str();
  std::string profiles;
  for (const Profile& there : Profiles()) {
    profiles += fmt::format("{}{}: {}", profiles.empty() ? "" : "; ", there.name, there.what);
  }
  app.add_option("--profile", profile, profiles)->capture_default_str();
  app.add_option("--shard", shard, "part i of n parts of the selection")->capture_default_str();
}

Selection SelectionFlags::Chosen() const {
  const Profile& named = ProfileNamed(profile);
  Selection selection;
  selection.losses = LossesNamed(losses);
  selection.dtypes = DtypesNamed(dtypes);
  selection.reductions = ReductionsNamed(reductions);
  selection.fills =
      FillsNamed(fills.empty() ? std::vector<std::string>(named.fills.begin(), named.fills.end()) : fills);
  selection.seed = seed;
  selection.problems_per_cell = named.problems_per_cell;
  const Shard part = ShardNamed(shard);
  selection.shard = part.number;
  selection.shards = part.of;
  return selection;
}

std::string SelectionFlags::Text() const {
  const Selection selection = Chosen();
  const auto counted = [](std::size_t chosen, std::size_t all, std::string_view noun) {
    const std::size_t count = chosen == 0 ? all : chosen;
    return fmt::format("{} {}{}", count, noun, count == 1 ? "" : noun.ends_with('s') ? "es" : "s");
  };
  std::string text = fmt::format("profile {}, seed {}: {}, {}, {}", profile, seed,
                                 counted(selection.losses.size(), Catalogue().size(), "loss"),
                                 counted(selection.dtypes.size(), std::size(kAllDtypes), "dtype"),
                                 counted(selection.fills.size(), Fills().size(), "fill"));
  text += fmt::format(", 1 problem in {} again and in every layout", kRepeatEvery);
  if (selection.shards > 1) text += fmt::format(", shard {}/{}", selection.shard, selection.shards);
  return text;
}

}  // namespace exactloss
