// Files of worst cases, written.
#pragma once

#include <cstddef>
#include <filesystem>
#include <vector>

#include "oracle/worst.h"

namespace exactloss {

/// Adds the cases that the file does not have, and returns how many those are. Several programs may record
/// in one file: they wait for each other. What stood there stays as it is, and a file that cannot be
/// written whole keeps what it had. Throws UsageError for a file that does not parse, OutputError.
std::size_t RecordWorstCases(const std::filesystem::path& path, const std::vector<WorstCase>& cases);

}  // namespace exactloss
