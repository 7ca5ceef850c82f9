// Subjects with a fault in the gradient, planted: each computes one term of a loss and of its gradient along
// `input` in f64, and rounds both to the dtype of the problem.
#pragma once

#include <cmath>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "tests/oracle/fakes.h"

namespace exactloss {

class PlantedSubject : public Subject {
 public:
  using Function = std::function<double(double x, double t)>;

  PlantedSubject(Function loss, Function gradient) : loss_(std::move(loss)), gradient_(std::move(gradient)) {
    info_.name = "planted";
  }
  const SubjectInfo& info() const override { return info_; }
  std::vector<Answer> Run(std::span<const Problem> problems) override {
    asked += problems.size();
    std::vector<Answer> answers;
    for (const Problem& problem : problems) answers.push_back(AnswerTo(problem));
    return answers;
  }

  std::size_t asked = 0;  ///< problems

 private:
  Answer AnswerTo(const Problem& problem) const {
    const std::vector<double>&x = problem.inputs[0]->values, &t = problem.inputs[1]->values;
    std::vector<double> losses, gradients;
    for (std::size_t i = 0; i < x.size(); ++i) {
      losses.push_back(RoundTo(problem.dtype, loss_(x[i], t[i])));
      gradients.push_back(RoundTo(problem.dtype, gradient_(x[i], t[i])));
    }
    const Shape& shape = problem.inputs[0]->shape;
    Answer answer;
    if (problem.reduction == Reduction::kSum) {
      double sum = 0;
      for (const double loss : losses) sum = RoundTo(problem.dtype, sum + loss);
      answer.outputs.push_back(OutputOf("loss", problem.dtype, {}, {sum}));
    } else {
      answer.outputs.push_back(OutputOf("loss", problem.dtype, shape, losses));
    }
    answer.outputs.push_back(OutputOf("grad:input", problem.dtype, shape, gradients));
    return answer;
  }

  Function loss_, gradient_;
  SubjectInfo info_;
};

// bce_with_logits and its gradient without cancellation.
inline double BceLoss(double x, double t) {
  return std::fmax(x, 0) - x * t + std::log1p(std::exp(-std::fabs(x)));
}
inline double BceGradient(double x, double t) { return (1 - t) / (1 + std::exp(-x)) - t / (1 + std::exp(x)); }

inline double L1Loss(double x, double t) { return std::fabs(x - t); }
inline double L1Gradient(double x, double t) { return x == t ? 0 : x < t ? -1 : 1; }

}  // namespace exactloss
