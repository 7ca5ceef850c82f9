#include "tests/reference/golden_file.h"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "reference/number_text.h"
#include "reference/text.h"

namespace exactloss {
namespace {

bool IsNumber(const std::string& text) {
  return ReadSpecial(text).has_value() || ReadDecimal(Dtype::kF64, text).has_value();
}

/// A number, or three of them.
GoldenValue ReadValue(const std::string& text) {
  const auto first = text.find('|'), second = text.find('|', first + 1);
  GoldenValue value{text, {}, {}};
  if (first != std::string::npos && second != std::string::npos) {
    value = {text.substr(first + 1, second - first - 1), text.substr(0, first), text.substr(second + 1)};
    if (!IsNumber(value.low) || !IsNumber(value.high)) value.value.clear();
  }
  if (!IsNumber(value.value)) {
    throw UsageError(Concat("no value: ", Quoted(text), "; a decimal, inf, -inf, nan or low|decimal|high"));
  }
  return value;
}

GoldenOutput ReadOutput(const std::string& text, std::size_t line, const Problem& problem) {
  std::istringstream words(text);
  std::string name, equals, word;
  words >> name >> equals;
  if (equals != "=") throw UsageError("no output; <output> = <value> ...");
  const std::vector<OutputSpec> specs = OutputsOf(problem);
  const auto spec =
      std::find_if(specs.begin(), specs.end(), [&](const OutputSpec& output) { return output.name == name; });
  if (spec == specs.end()) throw UsageError(Concat("this problem has no output ", Quoted(name)));
  GoldenOutput output{line, static_cast<std::size_t>(spec - specs.begin()), {}};
  while (words >> word) output.values.push_back(ReadValue(word));
  const auto size = static_cast<std::size_t>(ElementCount(spec->shape));
  if (output.values.size() != size) {
    throw UsageError(Concat(name, " has ", size, " elements, not ", output.values.size()));
  }
  return output;
}

void ReadLine(const std::string& text, std::size_t line, std::vector<GoldenProblem>& problems) {
  if (text.empty() || text[0] == '#') return;
  if (text[0] != ' ') {
    problems.push_back({line, ParseProblem(text), {}});
    return;
  }
  if (problems.empty()) throw UsageError("an output without a problem");
  problems.back().outputs.push_back(ReadOutput(text, line, problems.back().problem));
}

}  // namespace

std::vector<GoldenProblem> ReadGolden(std::istream& in, const std::string& name) {
  std::vector<GoldenProblem> problems;
  std::string text;
  for (std::size_t line = 1; std::getline(in, text); ++line) {
    try {
      ReadLine(text, line, problems);
    } catch (const UsageError& error) {
      throw UsageError(Concat(name, ":", line, ": ", error.what()));
    }
  }
  for (const GoldenProblem& problem : problems) {
    if (problem.outputs.empty()) throw UsageError(Concat(name, ":", problem.line, ": no outputs below it"));
  }
  if (problems.empty()) throw UsageError(Concat(name, ": no problems"));
  return problems;
}

std::vector<GoldenProblem> ReadGolden(const std::filesystem::path& path) {
  std::ifstream in(path);
  if (!in) throw UsageError(Concat(path.string(), ": cannot be read"));
  return ReadGolden(in, path.string());
}

}  // namespace exactloss
