// Gradients in closed form, as textbooks have them, for losses of elements; rows have theirs in their terms.
#include <cmath>
#include <map>

#include "reference/gradients.h"
#include "reference/replay.h"
#include "reference/terms.h"

namespace exactloss {
namespace {

/// Of one element: x and t, the weight and the positive weight, 1 where they are not given.
struct Variables {
  Interval x, t, w, q;
};
struct Slopes {
  Interval input, target;
};
using Form = Slopes (*)(const Problem& problem, const Variables& v);

/// s f, and 0 where s is 0: f may have a pole there.
Interval Times(const Interval& s, const Interval& f) { return s.IsZero() ? Interval(0.0) : s * f; }

Interval SignNumber(const Interval& x) {
  switch (SignOf(x)) {
    case Sign::kZero:
      return 0.0;
    case Sign::kPositive:
      return 1.0;
    case Sign::kNegative:
      return -1.0;
    default:
      return Hull(Interval(-1.0), Interval(1.0));
  }
}

/// Slopes of a function of x - t.
Slopes OfDifference(const Interval& slope) { return {slope, -slope}; }

Slopes MseSlopes(const Problem&, const Variables& v) { return OfDifference(2 * (v.x - v.t)); }
Slopes L1Slopes(const Problem&, const Variables& v) { return OfDifference(SignNumber(v.x - v.t)); }

/// e within [-bound, bound], beyond it `bound` with the sign of e.
Interval Clipped(const Interval& e, const Interval& bound) {
  const Sign beyond = SignOf(Sqr(e) - Sqr(bound));
  if (beyond == Sign::kNegative) return e;
  return beyond == Sign::kUnknown ? Hull(e, bound * SignNumber(e)) : bound * SignNumber(e);
}

Slopes SmoothL1Slopes(const Problem& problem, const Variables& v) {
  const Interval beta = problem.parameter("beta"), e = v.x - v.t;
  return OfDifference(beta.IsZero() ? SignNumber(e) : Clipped(e, beta) / beta);
}
Slopes HuberSlopes(const Problem& problem, const Variables& v) {
  return OfDifference(Clipped(v.x - v.t, problem.parameter("delta")));
}

/// log p and its slope, both as the clamp leaves them.
struct ClampedLog {
  ClampedLog(const Interval& p, double clamp) : value(Log(p)), slope(1 / p) {
    if (!std::isfinite(clamp) || SignOf(value - clamp) != Sign::kNegative) return;
    value = clamp;
    slope = 0.0;
  }
  Interval value, slope;
};

Slopes BceSlopes(const Problem& problem, const Variables& v) {
  const double clamp = problem.parameter("log_clamp");
  const ClampedLog hit(v.x, clamp), miss(1 - v.x, clamp);
  return {Times(v.w, Times(1 - v.t, miss.slope) - Times(v.t, hit.slope)), Times(v.w, miss.value - hit.value)};
}

Slopes BceWithLogitsSlopes(const Problem&, const Variables& v) {
  return {v.w * ((1 - v.t) * Sigmoid(v.x) - v.q * v.t * Sigmoid(-v.x)),
          v.w * (v.q * Softplus(-v.x) - Softplus(v.x))};
}

/// (f^gamma b)' = gamma f^(gamma - 1) f' b + f^gamma b'
Interval PowerProduct(const Interval& f, const Interval& f_slope, const Interval& gamma, const Interval& b,
                      const Interval& b_slope) {
  const Interval power = Power(f, gamma);
  return Times(gamma, Power(f, gamma - 1) * f_slope * b) + power * b_slope;
}

/// f = s (1 - t) + (1 - s) t, the probability of an error, with f' = s (1 - s)(1 - 2 t) along x; b the cross
/// entropy, with b' = s - t.
Slopes SigmoidFocalSlopes(const Problem& problem, const Variables& v) {
  const Interval alpha = problem.parameter("alpha"), gamma = problem.parameter("gamma");
  const Interval s = Sigmoid(v.x), c = Sigmoid(-v.x), other = 1 - v.t;
  const Interval f = s * other + c * v.t, b = other * Softplus(v.x) + v.t * Softplus(-v.x);
  const Interval along_x = PowerProduct(f, s * c * (1 - 2 * v.t), gamma, b, s * other - c * v.t);
  const Interval along_t = PowerProduct(f, c - s, gamma, b, -v.x);
  if (problem.parameter("alpha") < 0) return {along_x, along_t};
  const Interval factor = alpha * v.t + (1 - alpha) * other;
  return {factor * along_x, factor * along_t + (2 * alpha - 1) * Power(f, gamma) * b};
}

/// f = 1 - exp(-b)
Slopes FocalSimpleSlopes(const Problem& problem, const Variables& v) {
  const Interval alpha = problem.parameter("alpha"), gamma = problem.parameter("gamma");
  const Interval other = 1 - v.t, b = other * Softplus(v.x) + v.t * Softplus(-v.x);
  const auto along = [&](const Interval& slope) {
    return alpha * PowerProduct(-Expm1(-b), Exp(-b) * slope, gamma, b, slope);
  };
  return {along(other * Sigmoid(v.x) - v.t * Sigmoid(-v.x)), along(-v.x)};
}

Slopes KlDivSlopes(const Problem& problem, const Variables& v) {
  if (problem.parameter("log_target") != 0) return {-Exp(v.t), Exp(v.t) * (1 + v.t - v.x)};
  return {-v.t, Log(v.t) + 1 - v.x};
}

const std::map<std::string_view, Form> kForms = {
    {"mse", MseSlopes},
    {"l1", L1Slopes},
    {"smooth_l1", SmoothL1Slopes},
    {"huber", HuberSlopes},
    {"bce", BceSlopes},
    {"bce_with_logits", BceWithLogitsSlopes},
    {"sigmoid_focal", SigmoidFocalSlopes},
    {"focal_simple", FocalSimpleSlopes},
    {"kl_div", KlDivSlopes},
};

std::vector<Interval> ElementGradients(const Problem& problem, Form form) {
  const Shape& shape = problem.inputs[0]->shape;
  const auto count = static_cast<std::size_t>(problem.inputs[0]->size());
  const Interval divisor = static_cast<double>(DivisorOf(problem, problem.inputs[0]->size()));
  const auto at = [&](std::size_t input, std::size_t i) -> Interval {
    if (input >= problem.inputs.size() || !problem.inputs[input]) return 1.0;
    return problem.inputs[input]->values[BroadcastIndex(problem.inputs[input]->shape, shape, i)];
  };
  std::vector<Interval> gradients(2 * count);
  for (std::size_t i = 0; i < count; ++i) {
    const Slopes slopes = form(problem, {at(0, i), at(1, i), at(2, i), at(3, i)});
    gradients[i] = slopes.input / divisor;
    gradients[count + i] = slopes.target / divisor;
  }
  return gradients;
}

}  // namespace

std::vector<Interval> ClosedGradients(const Problem& problem) {
  const Family family = problem.loss->family;
  if (const auto form = kForms.find(problem.loss->name); form != kForms.end()) {
    return ElementGradients(problem, form->second);
  }
  if (family == Family::kClassRows || family == Family::kOverlap || problem.loss->name == "bce_dice") {
    return TermGradients(problem);  // of rows, which are in closed form
  }
  return {};
}

}  // namespace exactloss
