#include "tests/faults/making.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>

#include "oracle/broadcast.h"
#include "reference/truth.h"
#include "tests/properties/derive.h"

namespace exactloss {
namespace {

/// Truths are asked for by every fault of a loss in turn.
const Truth& TruthOf(const Problem& problem) {
  constexpr std::size_t kMostKept = 64;
  thread_local std::map<std::string, std::unique_ptr<Truth>> kept;
  if (kept.size() >= kMostKept) kept.clear();
  std::unique_ptr<Truth>& truth = kept[FormatProblem(problem)];
  if (!truth) truth = std::make_unique<Truth>(Evaluate(problem));
  return *truth;
}

bool Has(const LossSpec& loss, Reduction reduction) {
  return std::find(loss.reductions.begin(), loss.reductions.end(), reduction) != loss.reductions.end();
}

}  // namespace

Making::Making(const Problem& problem)
    : outputs(Outputs(problem)), dtype(problem.dtype), problem_(problem), divisor_(ComputeDivisor()) {}

std::vector<Numbers> Making::Outputs(const Problem& problem) {
  try {
    CheckProblem(problem);
  } catch (const UsageError&) {
    return {};
  }
  std::vector<Numbers> outputs;
  for (const OutputTruth& output : TruthOf(problem).outputs) {
    Numbers& numbers = outputs.emplace_back();
    for (const ElementTruth& e : output.elements) numbers.push_back(Nearest(Dtype::kF64, e.value));
  }
  return outputs;
}

double Making::At(std::string_view input, std::size_t i) const {
  const std::size_t index = IndexOf(problem_.loss->inputs, input);
  if (index == problem_.loss->inputs.size() || !problem_.inputs[index]) return 1;
  const Tensor& tensor = *problem_.inputs[index];
  if (problem_.loss->inputs[index].role != Role::kWeight) return tensor.values[i];
  const Shape& shape = problem_.inputs[0]->shape;
  return tensor.values[BroadcastIndex(shape, tensor.shape, static_cast<std::int64_t>(i))];
}

Numbers* Making::Gradient(std::string_view input) {
  const std::size_t index = IndexOf(OutputsOf(problem_), "grad:" + std::string(input));
  return index < outputs.size() ? &outputs[index] : nullptr;
}

const Numbers& Making::Terms() {
  if (terms_.empty()) {
    if (!Has(*problem_.loss, Reduction::kNone)) {
      terms_ = loss();
    } else {
      terms_ = Of([](Problem& p) { p.reduction = Reduction::kNone; })[0];
    }
  }
  return terms_;
}

void Making::Reduce(const Numbers& terms) {
  if (terms.size() == loss().size()) {
    loss() = terms;
    for (double& number : loss()) number /= Divisor();
    return;
  }
  long double sum = 0;
  for (const double term : terms) sum += term;
  loss() = {static_cast<double>(sum / Divisor())};
}

double Making::ComputeDivisor() const {
  const bool has_terms = Has(*problem_.loss, Reduction::kNone);
  if (problem_.reduction == Reduction::kBatchMean) return static_cast<double>(problem_.inputs[0]->shape[0]);
  if (problem_.reduction != Reduction::kMean || !has_terms) return 1;
  const Tensor& first = *problem_.inputs[0];
  switch (problem_.loss->family) {
    case Family::kBoxes:
      return static_cast<double>(first.shape[0]);
    case Family::kTriplet:
      return static_cast<double>(first.shape.size() == 1 ? 1 : first.shape[0]);
    case Family::kOverlap:
      return problem_.parameter("per_sample") != 0 ? static_cast<double>(first.shape[0]) : 1;
    case Family::kClassRows: {
      double mass = 0;
      for (const ClassRow& row : Rows()) {
        if (!row.is_ignored) mass += row.has_index ? row.w[row.target] : 1;
      }
      return mass;
    }
    default:
      return static_cast<double>(first.size());
  }
}

std::vector<ClassRow> Making::Rows() const {
  const Tensor& input = *problem_.inputs[0];
  const bool has_batch = input.shape.size() > 1;
  const auto classes = static_cast<std::size_t>(input.shape[has_batch]);
  std::size_t inner = 1;
  for (std::size_t k = 2; k < input.shape.size(); ++k) inner *= static_cast<std::size_t>(input.shape[k]);
  const auto& index = problem_.input("target");
  const auto& weight = problem_.input("weight");
  const bool smooths = problem_.loss->name == "cross_entropy";
  const double s = smooths ? parameter("label_smoothing") : 0, share = s / static_cast<double>(classes);
  std::vector<ClassRow> rows(input.values.size() / classes);
  for (std::size_t r = 0; r < rows.size(); ++r) {
    ClassRow& row = rows[r];
    row.has_index = index.has_value();
    row.is_ignored = index && index->values[r] == parameter("ignore_index");
    if (index && !row.is_ignored) row.target = static_cast<std::size_t>(index->values[r]);
    for (std::size_t j = 0; j < classes; ++j) {
      row.at.push_back((r / inner * classes + j) * inner + r % inner);
      row.x.push_back(input.values[row.at[j]]);
      row.w.push_back(weight ? weight->values[j] : 1);
      const double one = index ? static_cast<double>(j == row.target)
                               : problem_.input("target_probabilities")->values[row.at[j]];
      row.c.push_back(row.is_ignored ? 0 : row.w[j] * ((1 - s) * one + share));
    }
  }
  return rows;
}

Answer Making::Finish() const {
  if (refusal.status != AnswerStatus::kOk) return refusal;
  Answer answer;
  const std::vector<OutputSpec> specs = OutputsOf(problem_);
  for (std::size_t i = 0; i < specs.size() && i < outputs.size(); ++i) {
    Output& output = answer.outputs.emplace_back(Output{specs[i].name, dtype, specs[i].shape, {}});
    for (const double number : outputs[i]) output.bits.push_back(ToBits(dtype, RoundTo(dtype, number)));
  }
  return answer;
}

void Drop(Problem& problem, std::string_view input) {
  problem.inputs.at(IndexOf(problem.loss->inputs, input)).reset();
}

}  // namespace exactloss
