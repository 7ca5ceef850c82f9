#include "oracle/version.h"

#include <algorithm>
#include <charconv>

#include "reference/problem.h"
#include "reference/text.h"

namespace exactloss {
namespace {

// A longer one stands before its own beginning.
constexpr std::string_view kRelations[] = {">=", "<=", ">", "<", "="};

bool Holds(std::string_view relation, int order) {
  if (relation == ">=") return order >= 0;
  if (relation == "<=") return order <= 0;
  if (relation == ">") return order > 0;
  if (relation == "<") return order < 0;
  return order == 0;
}

/// "2.13.0+cpu": 2, 13, 0
std::vector<int> NumbersOf(std::string_view version) {
  std::vector<int> numbers;
  const char *at = version.data(), *end = at + version.size();
  for (int number = 0;; ++at) {
    const auto read = std::from_chars(at, end, number);
    if (read.ec != std::errc()) break;
    numbers.push_back(number);
    at = read.ptr;
    if (at == end || *at != '.') break;
  }
  return numbers;
}

bool IsVersion(std::string_view text) {
  return !text.empty() && text.front() != '.' && text.back() != '.' && text.find("..") == text.npos &&
         text.find_first_not_of("0123456789.") == text.npos;
}

}  // namespace

int CompareVersions(std::string_view a, std::string_view b) {
  std::vector<int> x = NumbersOf(a), y = NumbersOf(b);
  const std::size_t size = std::max(x.size(), y.size());
  x.resize(size), y.resize(size);
  return x < y ? -1 : x > y ? 1 : 0;
}

VersionRange VersionRange::Parse(std::string_view text) {
  VersionRange range;
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t space = std::min(rest.find(' '), rest.size());
    const std::string_view word = rest.substr(0, space);
    rest.remove_prefix(std::min(space + 1, rest.size()));
    const auto* relation = std::find_if(std::begin(kRelations), std::end(kRelations),
                                        [&](std::string_view r) { return word.starts_with(r); });
    if (relation == std::end(kRelations) || !IsVersion(word.substr(relation->size()))) {
      throw UsageError(Concat(Quoted(text), " is no range of versions; write comparisons such as >=1.13 <3"));
    }
    range.comparisons_.push_back({*relation, std::string(word.substr(relation->size()))});
  }
  return range;
}

bool VersionRange::Contains(std::string_view version) const {
  if (version.empty()) return comparisons_.empty();
  return std::all_of(comparisons_.begin(), comparisons_.end(), [&](const Comparison& c) {
    return Holds(c.relation, CompareVersions(version, c.version));
  });
}

}  // namespace exactloss
