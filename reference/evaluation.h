// What the evaluator asks of one evaluation of a formula, and what it learns from it. Formulas never look
// here.
#pragma once

#include <cstdint>

namespace exactloss {

/// Which derivative a formula has at a kink.
enum class Reading : std::uint8_t {
  kTorch,  ///< the element that PyTorch takes
  kRight,  ///< towards larger values of each variable
  kLeft,   ///< towards smaller ones
};

struct Evaluation {
  int bits = 128;  ///< working precision of an interval's ends
  Reading reading = Reading::kTorch;
  bool undefined = false;  ///< 0 / 0 at exact zeros: the formula has no value here, at any precision
  bool tie = false;        ///< a kink was met

  static Evaluation& Current() { return current_; }

 private:
  static thread_local constinit Evaluation current_;
};

inline thread_local constinit Evaluation Evaluation::current_;

/// An evaluation of its own until the scope ends.
class EvaluationScope {
 public:
  explicit EvaluationScope(int bits, Reading reading = Reading::kTorch) : outer_(Evaluation::Current()) {
    Evaluation::Current() = Evaluation{.bits = bits, .reading = reading};
  }
  ~EvaluationScope() { Evaluation::Current() = outer_; }
  EvaluationScope(const EvaluationScope&) = delete;
  EvaluationScope& operator=(const EvaluationScope&) = delete;

 private:
  Evaluation outer_;
};

}  // namespace exactloss
