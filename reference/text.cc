#include "reference/text.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace exactloss {
namespace {

/// How many insertions, deletions, replacements and swaps of neighbours make `a` into `b` (the optimal string
/// alignment, which changes no place twice).
std::size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1), above, next(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    next[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      next[j + 1] = std::min({row[j] + (a[i] != b[j]), next[j] + 1, row[j + 1] + 1});
      const bool swapped = i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j];
      if (swapped) next[j + 1] = std::min(next[j + 1], above[j - 1] + 1);
    }
    above = std::exchange(row, next);
  }
  return row.back();
}

}  // namespace

std::string Quoted(std::string_view text) {
  constexpr std::size_t kLongest = 40;
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string quoted = "'";
  for (const char c : text.substr(0, kLongest)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= ' ' && byte <= '~') {
      quoted += c;
    } else {
      quoted += "\\x";
      quoted += kHex[byte >> 4];
      quoted += kHex[byte & 0xf];
    }
  }
  return quoted + (text.size() > kLongest ? "...'" : "'");
}

std::string Listed(const std::vector<std::string_view>& names) {
  std::string list;
  for (const std::string_view name : names) {
    if (!list.empty()) list += ", ";
    list += name;
  }
  return list;
}

std::string ShapeText(const Shape& shape) {
  std::string text = "[";
  for (const std::int64_t size : shape) {
    if (text.size() > 1) text += ',';
    AppendText(text, size);
  }
  return text + ']';
}

std::string Suggestion(std::string_view wrong, const std::vector<std::string_view>& names) {
  constexpr std::size_t kMost = 3, kLongest = 64;
  std::vector<std::pair<std::size_t, std::string_view>> near;
  for (const std::string_view name : names) {
    if (wrong.size() > kLongest) break;
    const std::size_t distance = EditDistance(wrong, name);
    const bool is_part = wrong.size() >= 3 && name.find(wrong) != std::string_view::npos;
    if (is_part || 2 * distance <= name.size()) near.emplace_back(distance, name);
  }
  if (near.empty()) return Concat("there are ", Listed(names));
  std::stable_sort(near.begin(), near.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  near.resize(std::min(near.size(), kMost));
  std::vector<std::string_view> nearest;
  for (const auto& [distance, name] : near) nearest.push_back(name);
  return Concat("did you mean ", Listed(nearest), "?");
}

}  // namespace exactloss
