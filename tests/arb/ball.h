// A real number as one of Arb's balls [mid - radius, mid + radius], at the precision of the scope.
#pragma once

#include <arb.h>

#include <string>

namespace exactloss::arb {

/// Every operation below rounds its midpoint to the bits of the innermost living Precision.
class Precision {
 public:
  explicit Precision(slong bits) : outer_(bits_) { bits_ = bits; }
  ~Precision() { bits_ = outer_; }
  Precision(const Precision&) = delete;
  Precision& operator=(const Precision&) = delete;

  static slong bits() { return bits_; }

 private:
  static thread_local slong bits_;
  slong outer_;
};

class Ball {
 public:
  Ball() { arb_init(ball_); }
  Ball(double x) : Ball() { arb_set_d(ball_, x); }  // NOLINT: every double is a real number, exactly
  Ball(const Ball& other) : Ball() { arb_set(ball_, other.ball_); }
  Ball(Ball&& other) noexcept : Ball() { arb_swap(ball_, other.ball_); }
  Ball& operator=(Ball other) noexcept {
    arb_swap(ball_, other.ball_);
    return *this;
  }
  ~Ball() { arb_clear(ball_); }

  arb_ptr get() { return ball_; }
  arb_srcptr get() const { return ball_; }

 private:
  arb_t ball_;
};

Ball operator-(const Ball& a);
Ball operator+(const Ball& a, const Ball& b);
Ball operator-(const Ball& a, const Ball& b);
Ball operator*(const Ball& a, const Ball& b);
Ball operator/(const Ball& a, const Ball& b);

Ball Exp(const Ball& a);
Ball Expm1(const Ball& a);
Ball Log(const Ball& a);  ///< Log of exactly zero is -infinity.
Ball Log1p(const Ball& a);
Ball Sqrt(const Ball& a);
Ball Atan(const Ball& a);
Ball Pow(const Ball& base, const Ball& exponent);  ///< 0^0 = 1, 0^y = 0 for y > 0 and +infinity for y < 0.
Ball Abs(const Ball& a);
Ball Max(const Ball& a, const Ball& b);
Ball Min(const Ball& a, const Ball& b);
Ball Pi();

bool IsZero(const Ball& a);  ///< Exactly zero, without a radius.
std::string ToString(const Ball& a, int digits = 30);

/// The sign of `a`, or of a - b, cannot be told at this precision.
struct Undecided {};

int Sign(const Ball& a);                    ///< -1, 0 (exactly zero) or 1; throws Undecided.
int Compare(const Ball& a, const Ball& b);  ///< The sign of a - b; throws Undecided.

}  // namespace exactloss::arb
