// Findings as a judge might make them, for tests of what is written about them.
#pragma once

#include <cmath>
#include <string>

#include "oracle/finding.h"

namespace exactloss {

inline Extended ExtendedOf(double value) {
  if (value == 0 || !std::isfinite(value)) return {value, 0, 0};
  const int exponent = std::ilogb(value);
  return {std::ldexp(value, -exponent), 0, exponent};
}

/// The truth is that very number.
inline ElementTruth TruthOf(double value) {
  const Enclosure point{ExtendedOf(value), ExtendedOf(value)};
  return {.value = point, .allowed = point, .gauge = std::fabs(value)};
}

/// Any value of the subdifferential [lower, upper] is right.
inline ElementTruth KinkOf(double value, double lower, double upper) {
  ElementTruth truth = TruthOf(value);
  truth.allowed = {ExtendedOf(lower), ExtendedOf(upper)};
  truth.kink = true;
  return truth;
}

inline Finding HandMade(const std::string& subject = "libtorch", const std::string& loss = "mse",
                        Dtype dtype = Dtype::kF32, double got = 1) {
  Finding finding;
  finding.line = loss + " " + std::string(Name(dtype)) + " none input=0x1p+0 target=0x0p+0";
  finding.subject = subject;
  finding.loss = loss;
  finding.dtype = finding.got_dtype = dtype;
  finding.output = "loss";
  finding.got = ToBits(dtype, got);
  finding.truth = TruthOf(1);
  return finding;
}

inline Finding Diverged(Divergence divergence, double ulp, const std::string& subject = "libtorch",
                        const std::string& loss = "mse", Dtype dtype = Dtype::kF32) {
  Finding finding = HandMade(subject, loss, dtype, 0);
  finding.verdict = Verdict::kDivergent;
  finding.divergence = divergence;
  finding.ulp = ulp;
  return finding;
}

}  // namespace exactloss
