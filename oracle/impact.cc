#include "oracle/impact.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "oracle/fill.h"

namespace exactloss {
namespace {

constexpr std::uint64_t kSeed = 1;

std::map<std::string, double> OrdinarySizes(const LossSpec& loss, Dtype dtype, Reduction reduction) {
  std::map<std::string, std::vector<double>> sizes;
  for (std::uint64_t i = 0; i < kOrdinaryProblems; ++i) {
    const Problem problem = FillProblem(*FindFill("normal"), loss, dtype, reduction, kSeed, i);
    for (const OutputTruth& output : Evaluate(problem).outputs) {
      double largest = 0;
      for (const ElementTruth& truth : output.elements) {
        largest = std::fmax(largest, std::fabs(ToDouble(truth.value)));
      }
      sizes[output.spec.name].push_back(largest);
    }
  }
  std::map<std::string, double> medians;
  for (auto& [output, of] : sizes) {
    std::nth_element(of.begin(), of.begin() + static_cast<std::ptrdiff_t>(of.size() / 2), of.end());
    medians[output] = of[of.size() / 2];
  }
  return medians;
}

}  // namespace

std::string_view Name(Impact impact) {
  constexpr std::string_view kNames[] = {"", "reports wrong", "trains wrong"};
  return kNames[static_cast<std::size_t>(impact)];
}

Impact ImpactOf(const Finding& finding) {
  if (!Fails(finding) || !finding.got) return Impact::kNone;
  return finding.output == "loss" ? Impact::kReportsWrong : Impact::kTrainsWrong;
}

double OrdinaryBatches::SizeOf(const Finding& finding) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  const LossSpec* loss = FindLoss(finding.loss);
  if (loss == nullptr || ImpactOf(finding) == Impact::kNone || !finding.truth) return kNan;
  const auto [sizes, is_new] = sizes_.try_emplace({finding.loss, finding.dtype, finding.reduction});
  if (is_new) sizes->second = OrdinarySizes(*loss, finding.dtype, finding.reduction);
  const double ordinary = sizes->second[finding.output];
  const double got = FromBits(finding.got_dtype, *finding.got);
  if (!(ordinary > 0) || std::isnan(got)) return kNan;
  return AbsoluteError(Dtype::kF64, finding.truth->allowed, got) / ordinary;
}

}  // namespace exactloss
