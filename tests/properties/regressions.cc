#include "tests/properties/regressions.h"

#include <fstream>
#include <string_view>

#include "oracle/fill.h"
#include "reference/text.h"

namespace exactloss {
namespace {

Regression ReadLine(const std::string& text, std::size_t line) {
  const std::size_t space = text.find(' ');
  if (space == std::string::npos) throw UsageError("no case; write <property> <repro line>");
  const std::string name = text.substr(0, space);
  const Property* property = FindProperty(name);
  if (property == nullptr) {
    std::vector<std::string_view> names;
    for (const Property& one : Properties()) names.push_back(one.name);
    throw UsageError(Concat("no property ", Quoted(name), "; ", Suggestion(name, names)));
  }
  Regression regression{line, property, ParseProblem(text.substr(space + 1), FillTensor)};
  const LossSpec& loss = *regression.problem.loss;
  if (!HasLoss(*property, loss)) throw UsageError(Concat(name, " is no property of ", loss.name));
  if (!property->make(regression.problem)) throw UsageError(Concat(name, " says nothing of this problem"));
  return regression;
}

}  // namespace

std::vector<Regression> ReadRegressions(std::istream& in, const std::string& name) {
  std::vector<Regression> regressions;
  std::string text;
  for (std::size_t line = 1; std::getline(in, text); ++line) {
    if (text.empty() || text[0] == '#') continue;
    try {
      regressions.push_back(ReadLine(text, line));
    } catch (const UsageError& error) {
      throw UsageError(Concat(name, ":", line, ": ", error.what()));
    }
  }
  return regressions;
}

std::vector<Regression> ReadRegressions(const std::filesystem::path& path) {
  std::ifstream in(path);
  if (!in) throw UsageError(Concat(path.string(), ": cannot be read"));
  return ReadRegressions(in, path.string());
}

std::string RegressionLine(const Property& property, const Problem& problem) {
  return Concat(property.name, " ", FormatProblem(problem));
}

}  // namespace exactloss
