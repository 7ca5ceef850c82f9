// Worst cases: problems on which some subject was seen to do badly, a line each in files *.wc. Who comes
// later is asked them again.
//
//   # comments, and blank lines
//   mse f32 none input=0x1.4p+4 target=0x0p+0 <TAB> libtorch <TAB> loss <TAB> overflow <TAB> inf <TAB> where
//   it is from
//
// Columns: the repro line, as `exactloss run` takes it; the subject; the output; the class of divergence, or
// the verdict; the error in ulp (`nan` where there is none); the provenance. So `cut -f1 FILE` is a batch.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "oracle/audit.h"

namespace exactloss {

struct WorstCase {
  std::string place;  ///< "worst/boxes.wc:9", for messages
  std::string line;   ///< as written
  Problem problem;    ///< of the line
  std::string subject, output, failure;
  double ulp = 0;
  std::string provenance;
};

/// Reads such a text; `name` is that of its file. Throws UsageError, with file and line, for what is
/// malformed.
std::vector<WorstCase> ReadWorstCases(std::string_view text, std::string_view name = "text");

/// The text of such a file; throws UsageError.
std::string ReadWorstText(const std::filesystem::path& path);

/// Reads a file, or the files *.wc of a folder in the order of their names.
std::vector<WorstCase> ReadWorstCasesAt(const std::filesystem::path& path);

/// Their problems, of the fill "worst#boxes.wc:9".
ProblemStream StreamOf(std::vector<WorstCase> cases);

/// The nearest folder `worst` beside or above the program, if there is one.
std::optional<std::filesystem::path> ShippedWorst();

/// The line of a file, without its end.
std::string FormatWorstCase(const WorstCase& worst);
WorstCase WorstCaseOf(const Finding& finding, std::string provenance);

/// The text with those of the cases at its end that it does not have: a case is its line, subject and output.
/// What stands there stays as it is.
std::string WithWorstCases(std::string text, const std::vector<WorstCase>& cases, std::string_view name);

}  // namespace exactloss
