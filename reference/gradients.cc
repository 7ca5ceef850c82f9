#include "reference/gradients.h"

#include "reference/replay.h"
#include "reference/terms.h"

namespace exactloss {

std::vector<Interval> TermGradients(const Problem& problem) {
  std::vector<std::size_t> first(problem.inputs.size(), 0);
  const std::vector<Leaf> leaves = LeavesOf(problem);
  for (std::size_t i = leaves.size(); i-- > 0;) first[leaves[i].input] = i;
  std::vector<Interval> gradients(leaves.size());
  std::vector<Element> elements;
  for (const auto& terms : TermsOf(problem)) {
    for (std::int64_t term = 0; term < terms->Count(); ++term) {
      terms->Elements(term, elements);
      std::vector<Interval> variables;
      for (const Element& e : elements) {
        variables.emplace_back(problem.inputs[e.input]->values[static_cast<std::size_t>(e.index)]);
      }
      TermValue value;
      terms->Evaluate(term, variables, value);
      for (std::size_t i = 0; i < elements.size(); ++i) {
        if (!problem.loss->inputs[elements[i].input].differentiable) continue;
        gradients[first[elements[i].input] + static_cast<std::size_t>(elements[i].index)] =
            terms->Factor() * value.slopes[i];
      }
    }
  }
  return gradients;
}

std::vector<Interval> DualGradients(const Problem& problem) {
  const Dual<Interval> sum = Sum(LossOf(problem, VariablesOf<Interval>(problem)));
  std::vector<Interval> gradients;
  for (std::uint32_t i = 0; i < LeavesOf(problem).size(); ++i) {
    const Interval* slope = sum.SlopeAlong(i);
    gradients.push_back(slope == nullptr ? Interval() : *slope);
  }
  return gradients;
}

}  // namespace exactloss
