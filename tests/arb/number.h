// A number that knows its directional derivatives: the chain rule of one-sided derivatives, over Arb's balls.
//
// Along a direction d the derivative of max(f, g) at a tie is max(f'(d), g'(d)), and that of |f| at f = 0 is
// |f'(d)|. These rules compose, so one evaluation along +e_i and one along -e_i give the two one-sided
// derivatives of any formula exactly, without a step size. The third reading is the element that PyTorch
// takes.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "tests/arb/ball.h"

namespace exactloss::arb {

enum class Reading {
  kRight,  ///< along +e_i
  kLeft,   ///< along -e_i
  kTorch,  ///< along +e_i, the documented element at a tie
};

/// The reading in force, and whether it met a tie.
class ReadingScope {
 public:
  explicit ReadingScope(Reading reading) : outer_(reading_) {
    reading_ = reading;
    tie_ = false;
  }
  ~ReadingScope() { reading_ = outer_; }
  ReadingScope(const ReadingScope&) = delete;
  ReadingScope& operator=(const ReadingScope&) = delete;

  static Reading reading() { return reading_; }
  static bool tie() { return tie_; }
  static void MeetTie() { tie_ = true; }

 private:
  static thread_local Reading reading_;
  static thread_local bool tie_;
  Reading outer_;
};

struct Number {
  Number() = default;
  Number(double constant) : value(constant) {}           // NOLINT: formulas read as written
  Number(Ball constant) : value(std::move(constant)) {}  // NOLINT: likewise

  Ball value;
  std::vector<std::pair<std::size_t, Ball>> slopes;  ///< by leaf, ascending; a missing one is 0
};

/// Variable number `leaf`, whose slope along its own direction is 1 (-1 in the left reading).
Number Leaf(double value, std::size_t leaf);

/// The slope of `a` along `leaf`.
Ball SlopeOf(const Number& a, std::size_t leaf);

Number operator-(const Number& a);
Number operator+(const Number& a, const Number& b);
Number operator-(const Number& a, const Number& b);
Number operator*(const Number& a, const Number& b);
Number operator/(const Number& a, const Number& b);

Number Sqr(const Number& a);
Number Exp(const Number& a);
Number Expm1(const Number& a);
Number Log(const Number& a);
Number Log1p(const Number& a);
Number Atan(const Number& a);
Number Pow(const Number& base, double exponent);  ///< base > 0
Number Sum(const std::vector<Number>& terms);

/// The element that PyTorch takes of a tie between the slopes of 0 and of `a`.
enum class TieElement { kZero, kOther };

Number Abs(const Number& a);                               ///< PyTorch: slope 0 at 0
Number Max(const Number& a, const Number& b);              ///< PyTorch: the mean of the slopes at a tie
Number Min(const Number& a, const Number& b);              ///< likewise
Number PositivePart(const Number& a, TieElement element);  ///< max(a, 0)

/// The p-norm of a vector; p may be infinite. PyTorch: slope 0 at the zero vector, and a mean over the
/// largest elements at p = infinity.
Number Norm(const std::vector<Number>& v, double p);

/// `a` as a constant.
Number Detach(const Number& a);

}  // namespace exactloss::arb
