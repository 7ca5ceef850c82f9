#include "reports/close_up.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <set>

#include "oracle/fill.h"

namespace exactloss {
namespace {

constexpr int kPoints = 96;  ///< on either side
constexpr double kOctavesPerPoint = 1.0 / 24;

/// From x/16 to 16 x, in the domain of the input and the numbers of the dtype; around 0 from -1 to 1.
std::vector<double> NumbersAround(double x, Dtype dtype, const InputSpec& spec) {
  std::set<double> numbers;
  for (int k = -kPoints; k <= kPoints; ++k) {
    const double near = x == 0 ? static_cast<double>(k) / kPoints : x * std::exp2(k * kOctavesPerPoint);
    const double number = RoundTo(dtype, std::clamp(near, spec.min, spec.max));
    if (std::isfinite(number)) numbers.insert(number);
  }
  numbers.insert(x);
  return {numbers.begin(), numbers.end()};
}

/// The problem of one element, with its prediction moved.
std::optional<CloseUp> At(const Finding& finding) {
  const Problem problem = ParseProblem(finding.line, FillTensor);
  if (problem.loss->family != Family::kElementwise) return {};
  const std::vector<OutputSpec> outputs = OutputsOf(problem);
  const auto output = std::find_if(outputs.begin(), outputs.end(),
                                   [&](const OutputSpec& o) { return o.name == finding.output; });
  Problem moved = MakeProblem(*problem.loss, problem.dtype, Reduction::kNone);
  moved.parameters = problem.parameters;
  CloseUp close{finding.subject, finding.loss, finding.dtype, "", 0, {}, {}};
  std::vector<std::optional<double>> constants(problem.inputs.size());
  const auto index = static_cast<std::size_t>(finding.index);
  for (std::size_t i = 0; i < problem.inputs.size(); ++i) {
    const std::optional<Tensor>& input = problem.inputs[i];
    if (!input) continue;
    if (output == outputs.end() || input->shape != output->shape) return {};
    const double value = input->values[index];
    if (problem.loss->inputs[i].role == Role::kPrediction) {
      if (!std::isfinite(value)) return {};
      close.worst = value;
      close.x = NumbersAround(value, problem.dtype, problem.loss->inputs[i]);
    }
    constants[i] = value;
  }
  for (std::size_t i = 0; i < constants.size(); ++i) {
    if (!constants[i]) continue;
    Tensor& tensor = moved.inputs[i].emplace();
    tensor.shape = {static_cast<std::int64_t>(close.x.size())};
    tensor.values.assign(close.x.size(), *constants[i]);
    if (problem.loss->inputs[i].role == Role::kPrediction) tensor.values = close.x;
  }
  close.line = FormatProblem(moved);
  return close;
}

/// Puts the findings of all elements where they belong.
class Collect : public Sink {
 public:
  explicit Collect(std::vector<CloseUp*> to) : to_(std::move(to)) {}
  void Write(const Finding& finding) override {
    for (CloseUp* close : to_) {
      if (close->line != finding.line || !finding.truth) continue;
      constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
      const std::vector<double> none(close->x.size(), kNone);
      const auto curve = close->outputs.try_emplace(finding.output, CloseUp::Curve{none, none}).first;
      const auto index = static_cast<std::size_t>(finding.index);
      curve->second.truth[index] = ToDouble(finding.truth->value);
      if (finding.got) curve->second.got[index] = FromBits(finding.got_dtype, *finding.got);
    }
  }

 private:
  const std::vector<CloseUp*> to_;
};

}  // namespace

std::vector<CloseUp> LookCloser(const std::vector<Cause>& causes, const AuditOptions& options) {
  std::vector<CloseUp> all;
  std::set<std::tuple<std::string, std::string, Dtype>> seen;
  std::vector<std::string> subjects;
  for (const Cause& cause : causes) {
    const Finding& worst = cause.worst;
    if (seen.count({worst.subject, worst.loss, worst.dtype}) != 0 || !worst.truth) continue;
    std::optional<CloseUp> close = At(worst);
    if (!close) continue;
    seen.insert({worst.subject, worst.loss, worst.dtype});
    if (std::find(subjects.begin(), subjects.end(), worst.subject) == subjects.end()) {
      subjects.push_back(worst.subject);
    }
    all.push_back(std::move(*close));
  }
  for (const std::string& subject : subjects) {
    AuditOptions one = options;
    one.subjects = {subject};
    one.jobs = 1;
    one.every_element = true;
    one.progress = nullptr;
    std::vector<WrittenProblem> problems;
    std::vector<CloseUp*> of_subject;
    for (CloseUp& close : all) {
      if (close.subject != subject) continue;
      problems.push_back({close.line, ParseProblem(close.line)});
      of_subject.push_back(&close);
    }
    Collect collect(of_subject);
    Audit(problems, one, {&collect});
  }
  return all;
}

}  // namespace exactloss
