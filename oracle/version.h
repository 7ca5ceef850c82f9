// Versions of subjects, and ranges of them: ">=1.13 <3".
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace exactloss {

/// Below 0, 0 or above 0, number by number: 1.9 < 1.13 = 1.13.0. What follows the numbers ("2.13.0+cpu") does
/// not count.
int CompareVersions(std::string_view a, std::string_view b);

/// The versions that satisfy each of some comparisons; of none, all do.
class VersionRange {
 public:
  /// Comparisons `>=1.13`, `>1.13`, `<=2.13`, `<3`, `=2.13.0`, a space between them. Throws UsageError.
  static VersionRange Parse(std::string_view text);

  /// A version that is not known, "", lies in a range without comparisons alone.
  bool Contains(std::string_view version) const;

 private:
  struct Comparison {
    std::string_view relation;
    std::string version;
  };
  std::vector<Comparison> comparisons_;
};

}  // namespace exactloss
