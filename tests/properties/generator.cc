#include "tests/properties/generator.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>
#include <tuple>

#include "oracle/fill_draw.h"
#include "oracle/selection.h"
#include "tests/properties/derive.h"

namespace exactloss {
namespace {

constexpr std::uint64_t kRare = 16;  ///< one case in so many may be large

bool IsLarge(const Fill& fill) { return fill.name == "many_classes" || fill.name == "long_sums"; }

/// What a number costs to read: special values, then the digits of its significand, then its exponent.
std::tuple<int, int, int, bool> CostOf(double x) {
  if (std::isnan(x)) return {2, 0, 0, false};
  if (std::isinf(x)) return {1, 0, 0, x < 0};
  if (x == 0) return {0, 0, 0, std::signbit(x)};
  int exponent = 0;
  const auto significand = static_cast<std::uint64_t>(std::ldexp(std::frexp(std::fabs(x), &exponent), 53));
  return {0, 53 - std::countr_zero(significand), std::abs(exponent - 1), x < 0};
}

/// Numbers of the dtype that are cheaper, the cheapest first.
std::vector<double> CheaperThan(Dtype dtype, double x) {
  std::vector<double> cheaper = {0, 1, -x};
  if (std::isfinite(x) && x != 0) {
    int exponent = 0;
    const double significand = std::frexp(x, &exponent);
    for (const int bits : {1, 2, 4, 8, 16, 32}) {
      const double scale = std::ldexp(1, bits);
      cheaper.push_back(std::ldexp(std::trunc(significand * scale) / scale, exponent));
    }
    cheaper.push_back(std::ldexp(significand, exponent / 2));
    cheaper.push_back(std::ldexp(significand, exponent > 1 ? exponent - 1 : exponent + 1));
    cheaper.push_back(std::trunc(x));
  } else {
    cheaper.push_back(std::copysign(MaxFinite(dtype), x));
  }
  std::erase_if(cheaper, [&](double y) { return !IsRepresentable(dtype, y) || CostOf(y) >= CostOf(x); });
  return cheaper;
}

void KeepIfValid(Problem problem, std::vector<Problem>& problems) {
  for (auto& input : problem.inputs) {
    if (input) input->source.clear();
  }
  try {
    CheckProblem(problem);
    problems.push_back(std::move(problem));
  } catch (const UsageError&) {
  }
}

void AddFewerSlices(const Problem& problem, std::vector<Problem>& simpler) {
  const std::int64_t batch = BatchOf(problem);
  const auto take = [&](std::int64_t first, std::int64_t last) {
    std::vector<std::int64_t> slices(static_cast<std::size_t>(last - first));
    std::iota(slices.begin(), slices.end(), first);
    if (const auto fewer = TakeBatch(problem, slices)) KeepIfValid(*fewer, simpler);
  };
  if (batch < 2) return;
  take(0, batch / 2);
  take(batch / 2, batch);
  take(0, batch - 1);
  take(1, batch);
}

void AddPlainer(const Problem& problem, std::vector<Problem>& simpler) {
  for (std::size_t i = 0; i < problem.inputs.size(); ++i) {
    const InputSpec& spec = problem.loss->inputs[i];
    if (!problem.inputs[i]) continue;
    Problem plainer = problem;
    if (problem.inputs[i]->layout != Layout::kContiguous) {
      plainer.inputs[i]->layout = Layout::kContiguous;
      KeepIfValid(plainer, simpler);
    }
    if (spec.optional && spec.role == Role::kWeight) {
      plainer.inputs[i].reset();
      KeepIfValid(plainer, simpler);
    }
  }
  for (std::size_t i = 0; i < problem.parameters.size(); ++i) {
    const double usual = problem.loss->parameters[i].default_value;
    if (SameNumber(problem.parameters[i], usual)) continue;
    Problem plainer = problem;
    plainer.parameters[i] = usual;
    KeepIfValid(plainer, simpler);
  }
}

void AddShorterNumbers(const Problem& problem, std::vector<Problem>& simpler) {
  constexpr std::size_t kMost = 32;  // elements of an input; longer tensors lose slices first
  for (std::size_t i = 0; i < problem.inputs.size(); ++i) {
    if (!problem.inputs[i]) continue;
    const bool is_index = problem.loss->inputs[i].role == Role::kClassIndex;
    const Dtype dtype = is_index ? Dtype::kF64 : problem.dtype;
    const std::vector<double>& values = problem.inputs[i]->values;
    for (std::size_t k = 0; k < std::min(values.size(), kMost); ++k) {
      for (const double number : CheaperThan(dtype, values[k])) {
        Problem shorter = problem;
        // Equal numbers stay equal, in whichever input they stand.
        for (auto& input : shorter.inputs) {
          if (input && !is_index) std::replace(input->values.begin(), input->values.end(), values[k], number);
        }
        shorter.inputs[i]->values[k] = number;
        KeepIfValid(shorter, simpler);
        Problem alone = problem;
        alone.inputs[i]->values[k] = number;
        KeepIfValid(alone, simpler);
      }
    }
  }
}

}  // namespace

Problem GenerateProblem(const LossSpec& loss, const CaseNumber& at) {
  Draw draw({at.seed, HashOf(loss.name), at.number}, Purpose::kProblem, 0, 0);
  const Dtype dtype = draw.Pick(kAllDtypes);
  const Reduction reduction = draw.Pick(loss.reductions);
  const bool may_be_large = draw.OneIn(kRare);
  for (;;) {
    const Fill& fill = Fills()[draw.Below(Fills().size())];
    if (!IsMeaningful(fill, loss, reduction) || (IsLarge(fill) && !may_be_large)) continue;
    Problem problem = FillProblem(fill, loss, dtype, reduction, at.seed, at.number);
    for (auto& input : problem.inputs) {
      if (input) input->source.clear();
    }
    return problem;
  }
}

std::vector<Problem> SimplerProblems(const Problem& problem) {
  std::vector<Problem> simpler;
  AddFewerSlices(problem, simpler);
  AddPlainer(problem, simpler);
  AddShorterNumbers(problem, simpler);
  return simpler;
}

}  // namespace exactloss
