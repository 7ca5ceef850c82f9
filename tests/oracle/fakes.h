// Truths and subjects made by hand: what the judge is tested with, without an evaluation.
#pragma once

#include <cmath>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "oracle/subject.h"
#include "reference/truth.h"

namespace exactloss {

/// The number head * 2^exponent, of any size.
inline Extended Scaled(double head, std::int64_t exponent = 0) {
  if (head == 0 || !std::isfinite(head)) return {head, 0, 0};
  const int own = std::ilogb(head);
  return {std::ldexp(head, -own), 0, own + exponent};
}

/// A proven truth that is one double, as well conditioned as can be.
inline ElementTruth TruthOf(double value) {
  const Enclosure point{Scaled(value), Scaled(value)};
  return {.value = point, .allowed = point, .gauge = std::isfinite(value) ? std::fabs(value) : 0};
}

inline ElementTruth WithGauge(ElementTruth truth, double gauge) {
  truth.gauge = gauge;
  return truth;
}

inline ElementTruth Unproven(ElementTruth truth) {
  truth.proven = false;
  return truth;
}

/// A kink with that element of PyTorch's and that subdifferential.
inline ElementTruth Kink(double value, double lower, double upper) {
  ElementTruth truth = WithGauge(TruthOf(value), 1);
  truth.allowed = {Scaled(lower), Scaled(upper)};
  truth.kink = true;
  return truth;
}

/// Answers what it was told to.
class FakeSubject : public Subject {
 public:
  explicit FakeSubject(Answer answer = {}) : answer_(std::move(answer)) { info_.name = "fake"; }
  const SubjectInfo& info() const override { return info_; }
  std::vector<Answer> Run(std::span<const Problem> problems) override {
    return std::vector<Answer>(problems.size(), answer_);
  }
  std::optional<double> DeclaredUlp(const Problem&, const OutputSpec& output) const override {
    return output.name == "loss" ? declared_ulp : std::nullopt;
  }
  Summation SummationOf(const Problem&, const OutputSpec&) const override { return summation; }
  std::string OtherSemantics() const override { return other_semantics; }

  std::optional<double> declared_ulp;  ///< of the loss
  std::string other_semantics;
  Summation summation;

 private:
  Answer answer_;
  SubjectInfo info_;
};

inline Output OutputOf(std::string name, Dtype dtype, Shape shape, const std::vector<double>& values) {
  Output output{std::move(name), dtype, std::move(shape), {}};
  for (const double value : values) output.bits.push_back(ToBits(dtype, value));
  return output;
}

/// A truth rounded to the dtype of its problem; once more before, to a wider one, if that is another.
inline Answer RoundedTruth(const Problem& problem, const Truth& truth, Dtype first) {
  Answer answer;
  for (const OutputTruth& output : truth.outputs) {
    std::vector<double> values;
    for (const ElementTruth& element : output.elements) {
      values.push_back(RoundTo(problem.dtype, Nearest(first, element.value)));
    }
    answer.outputs.push_back(OutputOf(output.spec.name, problem.dtype, output.spec.shape, values));
  }
  return answer;
}
inline Answer RoundedTruth(const Problem& problem) {
  return RoundedTruth(problem, Evaluate(problem), problem.dtype);
}

/// Answers by a function of the problem.
class FunctionSubject : public Subject {
 public:
  using Function = std::function<Answer(const Problem&)>;
  explicit FunctionSubject(Function function) : function_(std::move(function)) { info_.name = "function"; }
  const SubjectInfo& info() const override { return info_; }
  std::vector<Answer> Run(std::span<const Problem> problems) override {
    std::vector<Answer> answers;
    for (const Problem& problem : problems) answers.push_back(function_(problem)), ++asked;
    return answers;
  }

  int asked = 0;

 private:
  Function function_;
  SubjectInfo info_;
};

}  // namespace exactloss
