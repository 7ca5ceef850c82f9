// Multi: an interval of MPFR numbers that holds a real number, for the lanes that doubles and double words
// leave in doubt. An end that rounding moved is open: the number is not the end itself. So a value just
// beside the midpoint of two floats is decided at any distance, even where exp underflows.
#pragma once

#include <mpfr.h>

#include "optimized/kernel.h"

namespace exactloss::optimized {

class Multi {
 public:
  using Mask = bool;
  static constexpr double kUnit = 0;  ///< its ends know the error

  Multi();              ///< zero
  Multi(double exact);  // NOLINT(google-explicit-constructor): formulas mix numbers and constants
  Multi(const Multi& other);
  Multi& operator=(const Multi& other);
  ~Multi();

  bool is_nan() const { return nan_; }
  /// The value rounded to a format, if the interval decides it.
  bool RoundsTo(Dtype dtype, double* rounded) const;
  /// The value in two doubles, right to 2^-100 of it; infinite beyond their range.
  Word2 ToWords() const;
  /// A number beyond every format: +-2^exponent, 0 <= exponent <= 3000.
  static Multi PowerOfTwo(int exponent, bool negative);

  friend Multi operator+(const Multi& a, const Multi& b);
  friend Multi operator-(const Multi& a);
  friend Multi operator*(const Multi& a, const Multi& b);
  friend Multi operator/(const Multi& a, const Multi& b);
  friend bool operator<(const Multi& a, const Multi& b);
  friend bool operator==(const Multi& a, const Multi& b);
  friend Multi Abs(const Multi& a);
  friend Multi Sqrt(const Multi& a);
  friend Multi Exp(const Multi& a);
  friend Multi Expm1(const Multi& a);
  friend Multi Log(const Multi& a);
  friend Multi Log1p(const Multi& a);
  friend Multi AtanRatio(const Multi& y, const Multi& x);

 private:
  struct End {
    mpfr_t value;
    bool open = false;
  };
  using Function = int(mpfr_ptr, mpfr_srcptr, mpfr_rnd_t);

  static Multi Nan();
  static Multi Increasing(const Multi& a, Function* function);
  void KeepEarlier(End* end, const End& candidate, int sign);

  End lower_, upper_;
  bool nan_ = false;
};

inline Multi operator-(const Multi& a, const Multi& b) { return a + -b; }
inline Multi MulAdd(const Multi& a, const Multi& b, const Multi& c) { return a * b + c; }
inline Multi NegMulAdd(const Multi& a, const Multi& b, const Multi& c) { return c - a * b; }
inline bool operator>(const Multi& a, const Multi& b) { return b < a; }
inline bool operator<=(const Multi& a, const Multi& b) { return a < b || a == b; }
inline bool operator>=(const Multi& a, const Multi& b) { return b <= a; }
inline bool IsNumber(const Multi& a) { return !a.is_nan(); }
inline bool IsNegative(const Multi& a) { return a < Multi(0.0); }
inline Multi Select(bool mask, const Multi& a, const Multi& b) { return mask ? a : b; }
inline Multi Max(const Multi& a, const Multi& b) { return a > b ? a : b; }
inline Multi Min(const Multi& a, const Multi& b) { return a < b ? a : b; }
inline Multi Log1pOfUnit(const Multi& a) { return Log1p(a); }

/// Sets the precision of all Multi of this thread while it lives, and the widest range of exponents, whatever
/// the program that the kernels are part of has asked of MPFR; says whether a comparison was left
/// undecided in that time (it then answered "neither less nor equal").
class MultiPrecision {
 public:
  explicit MultiPrecision(int bits);
  ~MultiPrecision();
  MultiPrecision(const MultiPrecision&) = delete;
  MultiPrecision& operator=(const MultiPrecision&) = delete;

  /// From here on overlapping numbers count as equal.
  void TakeTies();
  bool undecided() const;

 private:
  mpfr_prec_t before_;
  mpfr_exp_t least_before_, largest_before_;
};

/// Calls `evaluate`, which says whether all is decided, at rising precision. What even the last leaves open
/// is an exact tie of transcendental numbers: they count as equal then.
template <class Evaluate>
void Decide(const Evaluate& evaluate) {
  constexpr int kFirstBits = 192, kLastBits = 6144;
  for (int bits = kFirstBits; bits <= kLastBits; bits *= 2) {
    const MultiPrecision precision(bits);
    if (evaluate() && !precision.undecided()) return;
  }
  MultiPrecision precision(kLastBits);
  precision.TakeTies();
  evaluate();
}

}  // namespace exactloss::optimized
