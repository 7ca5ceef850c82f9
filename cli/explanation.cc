#include "cli/explanation.h"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>

#include "reference/text.h"
#include "reports/grouping.h"
#include "reports/numbers.h"

namespace exactloss {
namespace {

/// The place of the output in the problem. What concerns no output of it, a crash, comes first.
std::size_t PlaceOf(const std::vector<OutputSpec>& outputs, const std::string& name) {
  const auto found =
      std::find_if(outputs.begin(), outputs.end(), [&](const OutputSpec& o) { return o.name == name; });
  return found == outputs.end() ? 0 : static_cast<std::size_t>(found - outputs.begin());
}

/// "[1,2]": the element in a tensor of that shape; "" for a scalar.
std::string ElementText(const Shape& shape, std::int64_t index) {
  if (shape.empty()) return "";
  Shape at(shape.size());
  for (std::size_t d = shape.size(); d-- > 0;) {
    at[d] = index % shape[d];
    index /= shape[d];
  }
  return ShapeText(at);
}

/// The inputs of the shape of the output have an element there, too; the others belong to more than one.
std::string InputsAt(const Problem& problem, const Shape& shape, std::int64_t index) {
  std::string text;
  for (std::size_t i = 0; i < problem.inputs.size(); ++i) {
    const auto& tensor = problem.inputs[i];
    const InputSpec& spec = problem.loss->inputs[i];
    if (!tensor || tensor->shape != shape || spec.role == Role::kClassIndex) continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", spec.name,
                        NumberText(problem.dtype, tensor->values[static_cast<std::size_t>(index)]));
  }
  return text;
}

const Finding& WorstOf(const std::vector<Finding>& findings) {
  return *std::max_element(findings.begin(), findings.end(), [](const Finding& a, const Finding& b) {
    if (a.verdict != b.verdict) return Severity(a.verdict) < Severity(b.verdict);
    return TellsMore(b, a);
  });
}

/// A finding that holds the truth of their element; none where nobody has answered.
const Finding* FindTruth(const std::vector<Finding>& findings) {
  const auto asked =
      std::find_if(findings.begin(), findings.end(), [](const Finding& f) { return f.truth.has_value(); });
  return asked == findings.end() ? nullptr : &*asked;
}

}  // namespace

void Explanation::Write(const Finding& finding) {
  for (;;) {
    const std::vector<OutputSpec> outputs = OutputsOf(problems_[current_].problem);
    const Place place{PlaceOf(outputs, finding.output), finding.index};
    const bool is_repeat = finding.divergence == Divergence::kNondeterministic ||
                           finding.divergence == Divergence::kLayout;  // of an element that has come before
    if (finding.line == problems_[current_].line &&
        (seen_.insert({finding.subject, place}).second || is_repeat)) {
      elements_[place].push_back(finding);
      return;
    }
    if (current_ + 1 == problems_.size()) return;
    PrintProblem();
    ++current_;
  }
}

void Explanation::Finish() { PrintProblem(); }

void Explanation::PrintProblem() {
  if (elements_.empty()) return;
  const auto& [line, problem] = problems_[current_];
  const std::vector<OutputSpec> outputs = OutputsOf(problem);
  fmt::print(out_, "{}\n{}: {}\n", line, problem.loss->name, problem.loss->formula);
  const bool is_answered = std::any_of(elements_.begin(), elements_.end(), [](const auto& element) {
    return FindTruth(element.second) != nullptr;
  });
  is_answered ? PrintAnswered(problem, outputs) : PrintUnanswered(problem);
  fmt::print(out_, "\n");
  elements_.clear();
  seen_.clear();
}

void Explanation::PrintAnswered(const Problem& problem, const std::vector<OutputSpec>& outputs) {
  for (std::size_t output = 0; output < outputs.size(); ++output) {
    std::vector<const std::vector<Finding>*> shown;
    for (const auto& [place, findings] : elements_) {
      if (place.first == output) shown.push_back(&findings);
    }
    const std::size_t all = shown.size();
    if (all > most_elements_) {
      std::stable_sort(shown.begin(), shown.end(), [](const auto* a, const auto* b) {
        const Finding &x = WorstOf(*a), &y = WorstOf(*b);
        if (x.verdict != y.verdict) return Severity(x.verdict) > Severity(y.verdict);
        return TellsMore(x, y);
      });
      shown.resize(most_elements_);
    }
    for (const auto* findings : shown) {
      PrintElement(problem, outputs[output], findings->front().index, *findings, FindTruth(*findings));
    }
    if (shown.size() < all) {
      fmt::print(out_, "\n{}: these are the worst {} of {}; --all shows them all\n", outputs[output].name,
                 shown.size(), all);
    }
  }
}

void Explanation::PrintUnanswered(const Problem& problem) {
  const Truth truth = Evaluate(problem);
  for (std::size_t output = 0; output < truth.outputs.size(); ++output) {
    const OutputSpec& spec = truth.outputs[output].spec;
    const std::vector<ElementTruth>& elements = truth.outputs[output].elements;
    const std::size_t shown = std::min(elements.size(), most_elements_);
    for (std::size_t i = 0; i < shown; ++i) {
      const auto index = static_cast<std::int64_t>(i);
      Finding asked;
      asked.dtype = problem.dtype;
      asked.truth = elements[i];
      const auto findings = elements_.find({output, index});
      PrintElement(problem, spec, index,
                   findings == elements_.end() ? std::vector<Finding>() : findings->second, &asked);
    }
    if (shown < elements.size()) {
      fmt::print(out_, "\n{}: these are the first {} of {}; --all shows them all\n", spec.name, shown,
                 elements.size());
    }
  }
}

void Explanation::PrintElement(const Problem& problem, const OutputSpec& output, std::int64_t index,
                               const std::vector<Finding>& findings, const Finding* asked) {
  const std::string inputs = InputsAt(problem, output.shape, index);
  fmt::print(out_, "\n{}{}{}{}\n", output.name, ElementText(output.shape, index),
             inputs.empty() ? "" : " at ", inputs);
  std::size_t longest = std::string_view("nearest").size();
  for (const Finding& finding : findings) longest = std::max(longest, finding.subject.size());
  const int width = static_cast<int>(std::min<std::size_t>(longest, 40));
  if (asked != nullptr) PrintTruth(*asked, width);
  PrintBounds(findings, width);
  for (const Finding& finding : findings) PrintFinding(finding, width);
}

void Explanation::PrintTruth(const Finding& finding, int width) {
  const ElementTruth& truth = *finding.truth;
  const auto print = [&](std::string_view name, const std::string& text) {
    fmt::print(out_, "  {:<{}}  {}\n", name, width, text);
  };
  print("truth", ToDecimal(truth.value) + (truth.proven ? "" : " (not proven)"));
  print("nearest", NumberText(finding.dtype, Nearest(finding.dtype, truth.value)));
  if (truth.kink) print("kink", fmt::format("all of {} is right", TruthText(finding)));
  print("gauge", ErrorText(truth.gauge));
}

/// One for all subjects, unless they add in different ways.
void Explanation::PrintBounds(const std::vector<Finding>& findings, int width) {
  std::vector<std::pair<std::string, std::string>> bounds;  // with the subjects that are held to it
  for (const Finding& finding : findings) {
    if (!finding.truth) continue;
    const std::string text = BoundText(finding);
    const auto same =
        std::find_if(bounds.begin(), bounds.end(), [&](const auto& b) { return b.first == text; });
    if (same == bounds.end()) {
      bounds.emplace_back(text, finding.subject);
    } else {
      same->second += ", " + finding.subject;
    }
  }
  for (const auto& [text, subjects] : bounds) {
    fmt::print(out_, "  {:<{}}  {}{}\n", "bound", width, text,
               bounds.size() == 1 ? "" : fmt::format(" ({})", subjects));
  }
}

void Explanation::PrintFinding(const Finding& finding, int width) {
  std::string text = fmt::format("  {:<{}}  {:<36}", finding.subject, width, GotText(finding));
  if (finding.got) {
    text += fmt::format("  ulp {:<9} ratio {:<9}", ErrorText(finding.ulp), ErrorText(finding.ratio));
  }
  text += fmt::format(" {}", Name(finding.verdict));
  if (finding.divergence != Divergence::kNone) text += fmt::format(": {}", Name(finding.divergence));
  if (finding.mistrusted) text += ", mistrusted";
  if (finding.count > 1) text += fmt::format(", the worst of {} such elements", finding.count);
  if (Fails(finding)) {
    text += finding.seen_by_assert_close ? "; assert_close fails" : "; assert_close passes";
  }
  fmt::print(out_, "{}\n", text);
  if (!finding.message.empty()) fmt::print(out_, "  {:<{}}  {}\n", "", width, finding.message);
}

}  // namespace exactloss
