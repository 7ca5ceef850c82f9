// A number whose every operation is rounded to its dtype: what code that computes in bf16 gets, step by step.
#pragma once

#include <algorithm>
#include <cmath>

#include "reference/dtype.h"

namespace exactloss {

class Rounded {
 public:
  Rounded(Dtype dtype, double value) : dtype_(dtype), value_(RoundTo(dtype, value)) {}
  double value() const { return value_; }
  Dtype dtype() const { return dtype_; }

  friend Rounded operator-(Rounded x) { return {x.dtype_, -x.value_}; }
  friend Rounded operator+(Rounded x, Rounded y) { return {x.dtype_, x.value_ + y.value_}; }
  friend Rounded operator-(Rounded x, Rounded y) { return {x.dtype_, x.value_ - y.value_}; }
  friend Rounded operator*(Rounded x, Rounded y) { return {x.dtype_, x.value_ * y.value_}; }
  friend Rounded operator/(Rounded x, Rounded y) { return {x.dtype_, x.value_ / y.value_}; }
  friend Rounded operator+(double x, Rounded y) { return Rounded(y.dtype_, x) + y; }
  friend Rounded operator-(double x, Rounded y) { return Rounded(y.dtype_, x) - y; }
  friend Rounded operator/(double x, Rounded y) { return Rounded(y.dtype_, x) / y; }
  friend Rounded Exp(Rounded x) { return {x.dtype_, std::exp(x.value_)}; }
  friend Rounded Log(Rounded x) { return {x.dtype_, std::log(x.value_)}; }
  friend Rounded Log1p(Rounded x) { return {x.dtype_, std::log1p(x.value_)}; }
  /// NaN stays NaN, as in PyTorch's clamp_min.
  friend Rounded AtLeast(double bound, Rounded x) { return {x.dtype_, std::max(x.value_, bound)}; }

 private:
  Dtype dtype_;
  double value_;
};

}  // namespace exactloss
