#include "reports/scatter.h"

#include <algorithm>
#include <cmath>

#include "oracle/fill.h"
#include "reports/grouping.h"

namespace exactloss {
namespace {

std::size_t BinOf(double ulp) {
  const auto bin = std::find_if(kBins.begin(), kBins.end(), [&](double end) { return ulp <= end; });
  return static_cast<std::size_t>(bin - kBins.begin());
}

bool IsWorse(const Finding& finding, const Panel::Mark& mark) {
  const bool is_sized = !std::isnan(finding.ulp);
  if (is_sized != !std::isnan(mark.ulp)) return !is_sized;
  if (is_sized && finding.ulp != mark.ulp) return finding.ulp > mark.ulp;
  return Severity(finding.verdict) > Severity(mark.verdict);
}

}  // namespace

std::optional<int> ColumnOf(double x) {
  if (std::isnan(x)) return {};
  const double size = std::fabs(x);
  int column = 0;
  if (std::isinf(x)) {
    column = kInfiniteColumn;
  } else if (size >= std::ldexp(1, kLinear)) {
    column = 1 + static_cast<int>(std::floor(kColumnsPerOctave * (std::log2(size) - kLinear)));
  }
  return x < 0 ? -column : column;
}

std::optional<double> PredictionAt(const Problem& problem, const std::string& output, std::int64_t index) {
  const std::vector<OutputSpec> outputs = OutputsOf(problem);
  const auto spec =
      std::find_if(outputs.begin(), outputs.end(), [&](const OutputSpec& o) { return o.name == output; });
  if (spec == outputs.end()) return {};
  const std::int64_t elements = ElementCount(spec->shape);
  std::optional<double> largest;
  for (std::size_t i = 0; i < problem.inputs.size(); ++i) {
    const std::optional<Tensor>& input = problem.inputs[i];
    if (problem.loss->inputs[i].role != Role::kPrediction || !input) continue;
    // The output's own input, or the rows that it is made of; all elements where the shapes do not tell.
    const auto size = static_cast<std::int64_t>(input->values.size());
    const bool is_divided = elements != 0 && size % elements == 0;
    const std::int64_t each = is_divided ? size / elements : size, begin = is_divided ? index * each : 0;
    for (std::int64_t j = begin; j < std::min(begin + each, size); ++j) {
      const double x = input->values[static_cast<std::size_t>(j)];
      if (!largest || !(std::fabs(x) <= std::fabs(*largest))) largest = x;
    }
  }
  return largest;
}

void Scatter::Write(const Finding& finding) {
  if (!finding.truth || !finding.got) return;
  if (finding.line != line_ || !problem_) {
    problem_ = ParseProblem(finding.line, FillTensor);
    line_ = finding.line;
  }
  Panel& panel = panels_[{finding.subject, finding.loss, finding.output, finding.dtype}];
  ++panel.bins[BinOf(finding.ulp)];
  const std::optional<double> x = PredictionAt(*problem_, finding.output, finding.index);
  const std::optional<int> column = x ? ColumnOf(*x) : std::nullopt;
  if (!column) return;
  const auto [mark, is_new] =
      panel.columns.try_emplace(*column, Panel::Mark{finding.verdict, finding.divergence, finding.ulp});
  if (!is_new && IsWorse(finding, mark->second)) {
    mark->second = {finding.verdict, finding.divergence, finding.ulp};
  }
}

}  // namespace exactloss
