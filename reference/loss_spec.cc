#include "reference/loss_spec.h"

#include <iterator>

namespace exactloss {
namespace {

constexpr std::string_view kNames[] = {"none", "mean", "sum", "batchmean"};

}  // namespace

std::string_view Name(Reduction reduction) { return kNames[static_cast<std::size_t>(reduction)]; }

std::optional<Reduction> ParseReduction(std::string_view name) {
  for (std::size_t i = 0; i < std::size(kNames); ++i) {
    if (kNames[i] == name) return static_cast<Reduction>(i);
  }
  return std::nullopt;
}

}  // namespace exactloss
