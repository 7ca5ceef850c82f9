// exactloss list: what there is.
#include <fmt/format.h>

#include <iostream>
#include <limits>
#include <memory>
#include <string>

#include "cli/command.h"
#include "oracle/fill.h"
#include "oracle/subject.h"
#include "reference/text.h"

namespace exactloss {
namespace {

/// " in [0, 1]", " in (0, inf)"; "" where every number is admissible.
std::string DomainText(double min, double max, bool min_is_open = false) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  constexpr double kLargest = std::numeric_limits<double>::max();
  if (min == -kInfinity && max == kInfinity) return "";
  if (min == -kLargest && max == kLargest) return " (finite)";
  const bool has_lowest = min != -kLargest, has_highest = max != kLargest;
  return Concat(" in ", has_lowest && !min_is_open ? "[" : "(", has_lowest ? Concat(min) : "-inf", ", ",
                has_highest ? Concat(max) : "inf", has_highest ? "]" : ")");
}

std::string InputText(const InputSpec& input) {
  std::string text = Concat(input.name, DomainText(input.min, input.max));
  if (!input.unbounded_if.empty()) text += Concat(" unless ", input.unbounded_if);
  if (input.role == Role::kClassIndex) text += " (class indices)";
  if (input.differentiable) text += " (d)";
  return text + (input.optional ? " (optional)" : "");
}

std::string ParameterText(const ParameterSpec& parameter) {
  if (parameter.kind == ParameterKind::kBoolean) {
    return Concat(parameter.name, "=", parameter.default_value != 0 ? "true" : "false");
  }
  return Concat(parameter.name, "=", parameter.default_value,
                DomainText(parameter.min, parameter.max, parameter.min_is_open));
}

/// "  title     first; second; third"
template <class Parts, class Text>
void PrintParts(std::string_view title, const Parts& parts, Text text) {
  std::string joined;
  for (const auto& part : parts) joined += (joined.empty() ? "" : "; ") + text(part);
  if (!joined.empty()) std::cout << fmt::format("  {:<12}{}\n", title, joined);
}

void ListLosses() {
  for (const LossSpec& loss : Catalogue()) {
    std::cout << fmt::format("{}\n  {:<12}{}\n", loss.name, "formula", loss.formula);
    PrintParts("inputs", loss.inputs, InputText);
    PrintParts("parameters", loss.parameters, ParameterText);
    PrintParts("reductions", loss.reductions, [](Reduction r) { return std::string(Name(r)); });
    std::cout << fmt::format("  {:<12}{}\n", "LibTorch", loss.libtorch);
  }
}

void ListFills() {
  for (const Fill& fill : Fills()) std::cout << fmt::format("{:<16}{}\n", fill.name, fill.why);
}

void ListSubjects() {
  for (const std::string& name : SubjectNames()) std::cout << name << '\n';
}

void ListDtypes() {
  for (const Dtype dtype : kAllDtypes) {
    std::cout << fmt::format("{:<6}{} bits, {} of precision, largest {}, smallest normal {}, subnormal {}\n",
                             Name(dtype), FormatOf(dtype).bits, FormatOf(dtype).precision,
                             FormatHex(MaxFinite(dtype)), FormatHex(MinNormal(dtype)),
                             FormatHex(MinSubnormal(dtype)));
  }
}

struct Topic {
  std::string_view name;
  void (*list)();
};
constexpr Topic kTopics[] = {
    {"losses", ListLosses}, {"fills", ListFills}, {"subjects", ListSubjects}, {"dtypes", ListDtypes}};

}  // namespace

Action AddList(CLI::App& app) {
  const auto wanted = std::make_shared<std::string>("losses");
  app.add_option("what", *wanted, "losses, fills, subjects or dtypes")->capture_default_str();
  app.footer("An input marked (d) has a gradient.");
  return [wanted] {
    std::vector<std::string_view> names;
    for (const Topic& topic : kTopics) {
      if (topic.name == *wanted) {
        topic.list();
        return kOk;
      }
      names.push_back(topic.name);
    }
    throw UsageError(Concat("no list of ", Quoted(*wanted), "; ", Suggestion(*wanted, names)));
  };
}

}  // namespace exactloss
