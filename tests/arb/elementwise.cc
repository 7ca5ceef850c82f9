// Regression, binary classification and divergence: one term an element.
#include <cmath>

#include "tests/arb/formula.h"

namespace exactloss::arb {
namespace {

Number Sigmoid(const Number& x) { return 1.0 / (1.0 + Exp(-x)); }

/// -log sigmoid(x), and with it -log(1 - sigmoid(x)) = MinusLogSigmoid(-x).
Number MinusLogSigmoid(const Number& x) { return Log1p(Exp(-x)); }

/// The probability that the model gives to the other class than `t`, for soft targets too.
Number ProbabilityOfError(const Number& x, const Number& t) {
  return Sigmoid(x) * (1.0 - t) + Sigmoid(-x) * t;
}

/// A term for every element of input and target.
template <class Term>
std::vector<Number> PairTerms(const Arguments& a, Term term) {
  std::vector<Number> terms;
  for (std::size_t i = 0; i < a["input"].size(); ++i) terms.push_back(term(a["input"][i], a["target"][i], i));
  return terms;
}

template <class Term>
std::vector<Number> Pairs(const Arguments& a, Term term) {
  return Reduce(a, PairTerms(a, [&](const Number& x, const Number& t, std::size_t) { return term(x, t); }));
}

Number WeightAt(const Arguments& a, std::string_view name, std::size_t i) {
  return a.Has(name) ? a.Broadcast(name, "input", i) : Number(1.0);
}

/// t * max(log p, clamp), with 0 * log 0 = 0.
Number ClampedXLogY(const Number& t, const Number& p, double clamp) {
  const Number log = Log(p);
  if (std::isfinite(clamp) && Compare(log.value, clamp) < 0) return t * clamp;
  if (!IsZero(p.value) || !IsZero(t.value)) return t * log;
  Number zero;
  for (const auto& [leaf, slope] : t.slopes) zero.slopes.emplace_back(leaf, log.value * slope);
  return zero;
}

}  // namespace

std::vector<Number> Mse(const Arguments& a) {
  return Pairs(a, [](const Number& x, const Number& t) { return Sqr(x - t); });
}

std::vector<Number> L1(const Arguments& a) {
  return Pairs(a, [](const Number& x, const Number& t) { return Abs(x - t); });
}

Number SmoothL1Term(const Number& x, const Number& t, double beta) {
  const Number e = Abs(x - t);
  if (beta == 0) return e;
  return Compare(e.value, beta) < 0 ? Sqr(e) / (Ball(2.0) * beta) : e - Ball(beta) / 2.0;
}

std::vector<Number> SmoothL1(const Arguments& a) {
  const double beta = a.Parameter("beta");
  return Pairs(a, [beta](const Number& x, const Number& t) { return SmoothL1Term(x, t, beta); });
}

std::vector<Number> Huber(const Arguments& a) {
  const double delta = a.Parameter("delta");
  return Pairs(a, [delta](const Number& x, const Number& t) {
    const Number e = Abs(x - t);
    return Compare(e.value, delta) <= 0 ? Sqr(e) / 2.0 : delta * (e - Ball(delta) / 2.0);
  });
}

std::vector<Number> Bce(const Arguments& a) {
  const double clamp = a.Parameter("log_clamp");
  return Reduce(a, PairTerms(a, [&](const Number& x, const Number& t, std::size_t i) {
                  const Number likelihood = ClampedXLogY(t, x, clamp) + ClampedXLogY(1.0 - t, 1.0 - x, clamp);
                  const Number weight = WeightAt(a, "weight", i);
                  return IsZero(weight.value) ? Number(0.0) : -weight * likelihood;  // 0 at poles, too
                }));
}

Number BceWithLogitsTerm(const Number& x, const Number& t, const Number& pos_weight) {
  return pos_weight * t * MinusLogSigmoid(x) + (1.0 - t) * MinusLogSigmoid(-x);
}

std::vector<Number> BceWithLogits(const Arguments& a) {
  return Reduce(a, PairTerms(a, [&](const Number& x, const Number& t, std::size_t i) {
                  return WeightAt(a, "weight", i) * BceWithLogitsTerm(x, t, WeightAt(a, "pos_weight", i));
                }));
}

Number SigmoidFocalTerm(const Number& x, const Number& t, double alpha, double gamma) {
  const Number focal = Pow(ProbabilityOfError(x, t), gamma) * BceWithLogitsTerm(x, t, 1.0);
  if (alpha < 0) return focal;
  return (alpha * t + (Ball(1.0) - alpha) * (1.0 - t)) * focal;
}

std::vector<Number> SigmoidFocal(const Arguments& a) {
  const double alpha = a.Parameter("alpha"), gamma = a.Parameter("gamma");
  return Pairs(a, [=](const Number& x, const Number& t) { return SigmoidFocalTerm(x, t, alpha, gamma); });
}

std::vector<Number> FocalSimple(const Arguments& a) {
  const double alpha = a.Parameter("alpha"), gamma = a.Parameter("gamma");
  return Pairs(a, [=](const Number& x, const Number& t) {
    const Number bce = BceWithLogitsTerm(x, t, 1.0);
    return alpha * Pow(-Expm1(-bce), gamma) * bce;
  });
}

std::vector<Number> KlDiv(const Arguments& a) {
  const bool log_target = a.Parameter("log_target") != 0;
  return Pairs(a, [log_target](const Number& x, const Number& t) -> Number {
    if (log_target) return Exp(t) * (t - x);
    if (!IsZero(t.value)) return t * (Log(t) - x);
    // At t = 0 the value and the slope along x are 0; that along t is log 0 + 1 - x.
    Number zero;
    for (const auto& [leaf, slope] : t.slopes) zero.slopes.emplace_back(leaf, Log(Ball()) * slope);
    return zero;
  });
}

}  // namespace exactloss::arb
