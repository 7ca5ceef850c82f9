#include "oracle/worst.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>
#include <system_error>
#include <tuple>
#include <utility>

#include "oracle/fill.h"
#include "oracle/torch_hosts.h"
#include "reference/text.h"

namespace exactloss {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kColumns[] = {"line", "subject", "output", "class", "ulp", "provenance"};
constexpr std::size_t kCount = std::size(kColumns);

std::array<std::string_view, kCount> ColumnsOf(std::string_view row) {
  std::array<std::string_view, kCount> columns;
  for (std::size_t k = 0; k < kCount; ++k) {
    const std::size_t end = k + 1 < kCount ? row.find('\t') : std::string_view::npos;
    if (end == std::string_view::npos && k + 1 < kCount) {
      throw UsageError(Concat("a case has ", kCount, " columns with a tab between them (",
                              Listed({std::begin(kColumns), std::end(kColumns)}), "); this has ", k + 1));
    }
    columns[k] = row.substr(0, end);
    if (columns[k].empty()) throw UsageError(Concat("the ", kColumns[k], " is empty"));
    row.remove_prefix(std::min(columns[k].size() + 1, row.size()));
  }
  if (columns.back().find('\t') != std::string_view::npos) {
    throw UsageError(Concat("a case has ", kCount, " columns; this has more"));
  }
  return columns;
}

/// Every class of a divergence and every verdict.
std::vector<std::string_view> Classes() {
  std::vector<std::string_view> names;
  for (int i = 0; !Name(static_cast<Verdict>(i)).empty(); ++i) names.push_back(Name(static_cast<Verdict>(i)));
  for (int i = 1; !Name(static_cast<Divergence>(i)).empty(); ++i) {
    names.push_back(Name(static_cast<Divergence>(i)));
  }
  return names;
}

double ReadUlp(std::string_view text) {
  const std::string word(text);
  char* end = nullptr;
  const double ulp = std::strtod(word.c_str(), &end);
  if (end != word.c_str() + word.size() || std::isspace(static_cast<unsigned char>(word.front())) ||
      ulp < 0) {
    throw UsageError(Concat("ulp: ", Quoted(text), " is no error; it is a number from 0 on, inf or nan"));
  }
  return ulp;
}

WorstCase ReadCase(std::string_view row) {
  const auto columns = ColumnsOf(row);
  WorstCase worst;
  worst.line = columns[0];
  worst.problem = ParseProblem(columns[0], FillTensor);
  worst.subject = columns[1];
  worst.output = columns[2];
  const std::vector<OutputSpec> outputs = OutputsOf(worst.problem);
  if (std::none_of(outputs.begin(), outputs.end(), [&](const auto& o) { return o.name == columns[2]; })) {
    std::vector<std::string_view> names;
    for (const OutputSpec& output : outputs) names.push_back(output.name);
    throw UsageError(Concat("the line has no output ", Quoted(columns[2]), "; it has ", Listed(names)));
  }
  worst.failure = columns[3];
  const std::vector<std::string_view> classes = Classes();
  if (std::find(classes.begin(), classes.end(), columns[3]) == classes.end()) {
    throw UsageError(Concat("no class ", Quoted(columns[3]), "; ", Suggestion(columns[3], classes)));
  }
  worst.ulp = ReadUlp(columns[4]);
  worst.provenance = columns[5];
  return worst;
}

/// A column holds no tab and no line feed.
std::string Column(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == '\t' || c == '\n' || c == '\r'; }, ' ');
  return text.empty() ? "-" : text;
}

/// Of a case as a file has it.
auto Identity(const WorstCase& worst) { return std::tuple(worst.line, Column(worst.subject), worst.output); }

}  // namespace

std::vector<WorstCase> ReadWorstCases(std::string_view text, std::string_view name) {
  std::vector<WorstCase> cases;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view row = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (row.ends_with('\r')) row.remove_suffix(1);
    if (row.find_first_not_of(" \t") == std::string_view::npos || row.front() == '#') continue;
    const std::string place = Concat(name, ":", number);
    try {
      cases.push_back(ReadCase(row));
    } catch (const UsageError& error) {
      throw UsageError(Concat(place, ": ", error.what()));
    }
    cases.back().place = place;
  }
  return cases;
}

std::string ReadWorstText(const fs::path& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string text;
  for (std::string line; file && std::getline(file, line);) text += line + '\n';
  if (!file.eof()) {
    const int error = errno == 0 ? EIO : errno;
    throw UsageError(Concat(path.string(), " cannot be read: ", std::generic_category().message(error)));
  }
  return text;
}

std::vector<WorstCase> ReadWorstCasesAt(const fs::path& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) return ReadWorstCases(ReadWorstText(path), path.string());
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : fs::directory_iterator(path, error)) {
    if (entry.path().extension() == ".wc") files.push_back(entry.path());
  }
  if (error) throw UsageError(Concat(path.string(), " cannot be read: ", error.message()));
  std::sort(files.begin(), files.end());
  std::vector<WorstCase> cases;
  for (const fs::path& file : files) {
    std::vector<WorstCase> of_file = ReadWorstCases(ReadWorstText(file), file.string());
    std::move(of_file.begin(), of_file.end(), std::back_inserter(cases));
  }
  return cases;
}

ProblemStream StreamOf(std::vector<WorstCase> cases) {
  const std::uint64_t count = cases.size();
  return {
      count, [cases = std::move(cases)](std::uint64_t i) {
        const WorstCase& worst = cases[i];
        return AskedProblem{worst.line, "worst#" + fs::path(worst.place).filename().string(), worst.problem};
      }};
}

std::optional<fs::path> ShippedWorst() {
  std::error_code error;
  for (const fs::path& folder : ProgramFolders()) {
    if (fs::is_directory(folder / "worst", error)) return folder / "worst";
  }
  return std::nullopt;
}

std::string FormatWorstCase(const WorstCase& worst) {
  return fmt::format(
      "{}\t{}\t{}\t{}\t{}\t{}", worst.line, Column(worst.subject), worst.output, worst.failure,
      std::isfinite(worst.ulp) ? fmt::format("{:.3g}", worst.ulp) : (std::isnan(worst.ulp) ? "nan" : "inf"),
      Column(worst.provenance));
}

WorstCase WorstCaseOf(const Finding& finding, std::string provenance) {
  WorstCase worst;
  worst.line = finding.line;
  worst.problem = ParseProblem(finding.line, FillTensor);
  worst.subject = finding.subject;
  worst.output = finding.output;
  worst.failure = ClassText(finding);
  worst.ulp = finding.ulp;
  worst.provenance = std::move(provenance);
  return worst;
}

std::string WithWorstCases(std::string text, const std::vector<WorstCase>& cases, std::string_view name) {
  std::set<std::tuple<std::string, std::string, std::string>> there;
  for (const WorstCase& worst : ReadWorstCases(text, name)) there.insert(Identity(worst));
  if (!text.empty() && !text.ends_with('\n')) text += '\n';
  for (const WorstCase& worst : cases) {
    if (there.insert(Identity(worst)).second) text += FormatWorstCase(worst) + '\n';
  }
  return text;
}

}  // namespace exactloss
