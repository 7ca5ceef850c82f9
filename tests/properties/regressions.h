// The committed list of cases that a property once failed: tests/properties/regressions.txt.
#pragma once

#include <filesystem>
#include <istream>
#include <string>
#include <vector>

#include "tests/properties/property.h"

namespace exactloss {

struct Regression {
  std::size_t line;
  const Property* property;
  Problem problem;
};

/// Lines "<property> <repro line>", comments after #. Throws UsageError "<name>:<line>: ..." at one that is
/// wrong.
std::vector<Regression> ReadRegressions(std::istream& in, const std::string& name);
std::vector<Regression> ReadRegressions(const std::filesystem::path& path);

/// The line that a failing case is.
std::string RegressionLine(const Property& property, const Problem& problem);

}  // namespace exactloss
