// Points to try functions at, and MPFR to say how wrong they are.
#pragma once

#include <mpfr.h>

#include <cmath>
#include <map>
#include <random>
#include <string>

namespace exactloss::optimized {

struct Words {
  double hi, lo;
};
struct Evaluations {
  Words (*packs)(double x, double y);
  Words (*words)(double x, double y);
};
using Functions = std::map<std::string, Evaluations>;

struct Worst {
  double error = 0, x = 0, y = 0;
};

/// An argument as kernels give it to the function, near and far.
inline double SampleFor(const std::string& name, std::mt19937_64* random) {
  const double unit = std::ldexp(static_cast<double>((*random)() >> 11), -53);
  const int near = static_cast<int>((*random)() % 3);
  const double sign = (*random)() % 2 == 0 ? 1 : -1;
  if (name == "exp" || name == "expm1")
    return near == 0 ? sign * unit : near == 1 ? sign * unit * 650 : sign * std::exp2(-60 * unit);
  if (name == "log1p")
    return near == 0 ? -unit : near == 1 ? std::exp2(100 * sign * unit) : sign * std::exp2(-1 - 60 * unit);
  if (name == "log1p of [0, 1]") return near == 0 ? unit : std::exp2(-80 * unit);
  if (name == "atan") return sign * (near == 0 ? unit * 3 : std::exp2(60 * sign * unit));
  return near == 0 ? unit + 0.5 : std::exp2(300 * sign * unit);  // log, sqrt, quotients
}

inline void Truth(const std::string& name, mpfr_ptr result, double x, double y) {
  mpfr_t a;
  mpfr_init2(a, 53);
  mpfr_set_d(a, x, MPFR_RNDN);
  if (name == "exp") mpfr_exp(result, a, MPFR_RNDN);
  if (name == "expm1") mpfr_expm1(result, a, MPFR_RNDN);
  if (name == "log") mpfr_log(result, a, MPFR_RNDN);
  if (name == "log1p" || name == "log1p of [0, 1]") mpfr_log1p(result, a, MPFR_RNDN);
  if (name == "sqrt") mpfr_sqrt(result, a, MPFR_RNDN);
  if (name == "quotient") mpfr_div_d(result, a, y, MPFR_RNDN);
  if (name == "atan") {
    mpfr_div_d(result, a, y, MPFR_RNDN);
    mpfr_atan(result, result, MPFR_RNDN);
  }
  mpfr_clear(a);
}

/// The largest relative error at that many points.
inline Worst WorstError(const std::string& name, Words (*function)(double, double), int points) {
  std::mt19937_64 random(1);
  mpfr_t truth;
  mpfr_init2(truth, 256);
  Worst worst;
  for (int i = 0; i < points; ++i) {
    const double x = SampleFor(name, &random), y = std::fabs(SampleFor("atan", &random)) + 0x1p-20;
    Truth(name, truth, x, y);
    const Words got = function(x, y);
    mpfr_t difference;
    mpfr_init2(difference, 256);
    mpfr_sub_d(difference, truth, got.hi, MPFR_RNDN);
    mpfr_sub_d(difference, difference, got.lo, MPFR_RNDN);
    if (!mpfr_zero_p(truth)) mpfr_div(difference, difference, truth, MPFR_RNDN);
    const double error = std::fabs(mpfr_get_d(difference, MPFR_RNDN));
    if (!(error <= worst.error)) worst = {error, x, y};
    mpfr_clear(difference);
  }
  mpfr_clear(truth);
  return worst;
}

}  // namespace exactloss::optimized
