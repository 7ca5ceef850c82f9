// Soft Dice loss (Milletari et al. 2016) of logits.
#pragma once

#include <cstddef>
#include <vector>

#include "reference/losses/common_specs.h"
#include "reference/scalar.h"

namespace exactloss {

/// The sums of a sample that soft Dice is made of.
template <class T>
struct DiceSums {
  DiceSums(const T* x, const T* t, std::size_t size, Parameter smooth)
      : difference(0.0), numerator(smooth.exact()), denominator(smooth.exact()) {
    p.reserve(size);
    q.reserve(size);
    for (std::size_t i = 0; i < size; ++i) {
      const Logistic<T> logistic(x[i]);
      p.push_back(logistic.Sigmoid());
      q.push_back(logistic.Complement());
      difference = difference + p[i] * (1 - t[i]) + q[i] * t[i];
      numerator = numerator + 2 * p[i] * t[i];
      denominator = denominator + p[i] + t[i];
    }
  }

  std::vector<T> p, q;  ///< sigmoid(x) and 1 - sigmoid(x)
  T difference;         ///< denominator - numerator, without cancellation
  T numerator, denominator;
};

struct Dice {
  inline static const LossSpec kSpec = {.name = "dice",
                                        .formula =
                                            "p = sigmoid(x); 1 - (2 sum(p t) + s) / (sum p + sum t + s), s = "
                                            "smooth; over all elements or per sample",
                                        .libtorch = "composite: the usual form",
                                        .family = Family::kOverlap,
                                        .inputs = {kInput, kProbabilityTarget},
                                        .parameters = {kSmooth, {"per_sample", 0, ParameterKind::kBoolean}},
                                        .reductions = kReductions};

  /// At dual numbers: the formula from the logits on.
  template <class T>
  static T Value(const T* x, const T* t, std::size_t size, Parameter smooth) {
    T difference(0.0), denominator(smooth.exact());
    for (std::size_t i = 0; i < size; ++i) {
      const T p = Sigmoid(x[i]);
      difference = difference + p * (1 - t[i]) + Sigmoid(-x[i]) * t[i];
      denominator = denominator + p + t[i];
    }
    return difference / denominator;
  }

  template <class T>
  static T Value(const DiceSums<T>& sums) {
    return sums.difference / sums.denominator;
  }
  /// With N and D the numerator and the denominator: along x_i p q (N - 2 t_i D) / D^2,
  template <class T>
  static T InputSlope(const DiceSums<T>& sums, std::size_t i, const T& t) {
    return sums.p[i] * sums.q[i] * TargetSlope(sums, t);
  }
  /// and along t_i (N - 2 p_i D) / D^2.
  template <class T>
  static T TargetSlope(const DiceSums<T>& sums, const T& p) {
    return (sums.numerator - 2 * p * sums.denominator) / Sqr(sums.denominator);
  }
};

}  // namespace exactloss
