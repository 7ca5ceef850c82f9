// Faults of mse, l1, smooth_l1, huber and triplet_margin.
#include <algorithm>
#include <limits>

#include "tests/faults/plants.h"

namespace exactloss {
namespace {

double Difference(const Making& m, std::size_t i) { return m.x(i) - m.t(i); }

/// x^2 - 2 x t + t^2, step by step in the dtype.
double Expanded(const Making& m, std::size_t i, double) {
  const Rounded x = m.Number(m.x(i)), t = m.Number(m.t(i)), product = x * t;
  return (x * x - (product + product) + t * t).value();
}

/// Squares that leave the format: e^2 / 2 / beta with the square first.
double SquareFirst(const Making& m, std::size_t i, double right) {
  const Rounded e = m.Number(std::fabs(Difference(m, i))), delta = m.Number(m.parameter("delta"));
  if (!(e.value() > delta.value())) return right;
  return (m.Number(0.5) * (e * e - (e - delta) * (e - delta))).value();
}

double SlopeAtTie(double at_tie, const Making& m, std::size_t i, double right) {
  return Difference(m, i) == 0 ? at_tie * m.Factor() : right;
}

Plant TieSlope(double at_tie) {
  return EachSlope(
      "input", [at_tie](Making& m, std::size_t i, double right) { return SlopeAtTie(at_tie, m, i, right); });
}

double HuberOffset(const Making& m, std::size_t i, double right) {
  const double e = std::fabs(Difference(m, i)), delta = m.parameter("delta");
  return e > delta ? delta * e : right;
}

/// The rows of a triplet: distances of the vectors in binary64.
struct Triplet {
  Triplet(const Making& m, std::size_t row, double eps_inside) {
    const Shape& shape = m.problem().inputs[0]->shape;
    const auto size = static_cast<std::size_t>(shape.back());
    const double p = m.parameter("p");
    const auto distance = [&](const char* u, const char* v) {
      double sum = 0, largest = 0;
      for (std::size_t k = row * size; k < (row + 1) * size; ++k) {
        const double e = std::fabs(m.At(u, k) - m.At(v, k) + eps_inside);
        sum += std::pow(e, p);
        largest = std::isnan(e) ? e : std::max(largest, e);
      }
      return std::isinf(p) ? largest : std::pow(sum, 1 / p);
    };
    pull = distance("anchor", "positive");
    push = distance("anchor", "negative");
    if (m.parameter("swap") != 0) push = std::min(push, distance("positive", "negative"));
  }
  double Loss(double margin) const {
    const double loss = pull - push + margin;
    return loss < 0 ? 0 : loss;
  }

  double pull, push;
};

std::size_t RowSize(const Making& m) { return static_cast<std::size_t>(m.problem().inputs[0]->shape.back()); }

double EpsOutside(const Making& m, std::size_t row, double) {
  Triplet d(m, row, 0);
  d.pull += m.parameter("eps");
  return d.Loss(m.parameter("margin"));
}

double SquaredDistance(const Making& m, std::size_t row, double) {
  Triplet d(m, row, m.parameter("eps"));
  d.pull *= d.pull;
  d.push *= d.push;
  return d.Loss(m.parameter("margin"));
}

/// 0 / 0 where the anchor and the positive coincide.
double NanAtCoincidence(const Making& m, std::size_t i, double right) {
  const std::size_t row = i / RowSize(m);
  for (std::size_t k = row * RowSize(m); k < (row + 1) * RowSize(m); ++k) {
    if (m.At("anchor", k) != m.At("positive", k)) return right;
  }
  return kNan;
}

/// The gradient of pull - push + margin whether the hinge is active or not.
void GradientBeyondHinge(Making& m) {
  const std::vector<Numbers> open = m.Of([](Problem& p) { SetParameter(p, "margin", 0x1p100); });
  for (std::size_t k = 1; k < m.outputs.size(); ++k) m.outputs[k] = open[k];
}

}  // namespace

std::vector<Fault> RegressionFaults() {
  return {
      {"mse.half", {"mse"}, "half of the square", Times([](Making&) { return 0.5; })},
      {"mse.expanded", {"mse"}, "x^2 - 2 x t + t^2, which cancels", EachTerm(Expanded)},
      {"mse.root",
       {"mse"},
       "the root of the mean square",
       [](Making& m) {
         if (m.problem().reduction == Reduction::kMean) m.loss()[0] = std::sqrt(m.loss()[0]);
       }},
      {"mse.target_gradient_zero",
       {"mse", "l1"},
       "the target gets a gradient of zeros",
       ZeroGradient("target"),
       "https://github.com/pytorch/pytorch/pull/3876"},
      {"mse.gradient_lacks_2", {"mse"}, "the gradient is x - t", TimesGradients([](Making&) { return 0.5; })},

      {"l1.tie_is_nan", {"l1"}, "the gradient is e / abs(e): NaN where x = t", TieSlope(kNan)},
      {"l1.tie_is_two", {"l1"}, "the gradient at x = t lies outside the subdifferential", TieSlope(2)},
      {"l1.tie_is_one",
       {"l1"},
       "the gradient at x = t is 1, not 0",
       TieSlope(1),
       {},
       "an element of the subdifferential: another convention than PyTorch's, reported as such, and right"},
      {"l1.gradient_is_difference",
       {"l1"},
       "the gradient is x - t instead of its sign",
       EachSlope("input", [](Making& m, std::size_t i, double) { return Difference(m, i) * m.Factor(); })},
      {"l1.sign_of_nan_is_zero",
       {"l1"},
       "the gradient at a NaN is 0: sign() swallows it",
       EachSlope("input", [](Making&, std::size_t, double right) { return std::isnan(right) ? 0 : right; })},
      {"l1.no_absolute_value",
       {"l1"},
       "the mean of x - t",
       LossOnly(EachTerm([](Making& m, std::size_t i, double) { return Difference(m, i); }))},

      {"smooth_l1.beta_ignored", {"smooth_l1"}, "beta is 1 always", AsIfParameter("beta", 1)},
      {"smooth_l1.zero_beta_nan",
       {"smooth_l1"},
       "beta = 0 divides 0 by 0 in the gradient where x = t",
       EachSlope("input",
                 [](Making& m, std::size_t i, double right) {
                   return m.parameter("beta") == 0 ? SlopeAtTie(kNan, m, i, right) : right;
                 }),
       "https://github.com/pytorch/pytorch/issues/96813"},
      {"smooth_l1.jump",
       {"smooth_l1"},
       "beyond beta the half beta is not subtracted",
       EachTerm([](Making& m, std::size_t i, double right) {
         const double e = std::fabs(Difference(m, i));
         return e >= m.parameter("beta") ? e : right;
       })},
      {"smooth_l1.is_huber", {"smooth_l1"}, "Huber's loss with delta = beta", AsIf([](Problem& p) {
         const double beta = p.parameter("beta");
         if (beta == 0) return;
         p = WithLoss(p, "huber");
         SetParameter(p, "delta", beta);
       })},
      {"smooth_l1.gradient_not_scaled",
       {"smooth_l1"},
       "inside, the gradient is x - t: 1 / beta is missing",
       EachSlope("input",
                 [](Making& m, std::size_t i, double right) {
                   return std::fabs(Difference(m, i)) < m.parameter("beta") ? Difference(m, i) * m.Factor()
                                                                            : right;
                 })},

      {"huber.is_smooth_l1", {"huber"}, "smooth L1 with beta = delta", AsIf([](Problem& p) {
         const double delta = p.parameter("delta");
         p = WithLoss(p, "smooth_l1");
         SetParameter(p, "beta", delta);
       })},
      {"huber.one_sided",
       {"huber"},
       "a difference below -delta counts as 0: the absolute value is missing in the comparison",
       EachTerm([](Making& m, std::size_t i, double right) {
         return Difference(m, i) < -m.parameter("delta") ? 0 : right;
       }),
       "https://github.com/marlbenchmark/on-policy/issues/47"},
      {"huber.no_half",
       {"huber"},
       "twice the loss: e^2 and delta (2 e - delta)",
       Times([](Making&) { return 2.0; }),
       "https://github.com/chiphuyen/stanford-tensorflow-tutorials/issues/123"},
      {"huber.offset_dropped", {"huber"}, "delta e beyond delta", EachTerm(HuberOffset)},
      {"huber.squares_cancel",
       {"huber"},
       "beyond delta (e^2 - (e - delta)^2) / 2, which cancels and overflows",
       EachTerm(SquareFirst)},
      {"huber.gradient_not_clipped",
       {"huber"},
       "the gradient beyond delta is x - t",
       EachSlope("input", [](Making& m, std::size_t i, double) { return Difference(m, i) * m.Factor(); })},

      {"triplet_margin.no_eps", {"triplet_margin"}, "eps is 0", AsIfParameter("eps", 0)},
      {"triplet_margin.eps_outside",
       {"triplet_margin"},
       "eps is added to the norm, not to the difference",
       EachTerm(EpsOutside)},
      {"triplet_margin.swap_ignored", {"triplet_margin"}, "swap does nothing", AsIfParameter("swap", 0)},
      {"triplet_margin.p_ignored", {"triplet_margin"}, "the norm is Euclidean always", AsIfParameter("p", 2)},
      {"triplet_margin.margin_subtracted",
       {"triplet_margin"},
       "the margin has the wrong sign",
       AsIf([](Problem& p) { SetParameter(p, "margin", -p.parameter("margin")); })},
      {"triplet_margin.squared", {"triplet_margin"}, "squared distances", EachTerm(SquaredDistance)},
      {"triplet_margin.exchanged",
       {"triplet_margin"},
       "positive and negative exchanged",
       AsIf([](Problem& p) { std::swap(p.inputs[1], p.inputs[2]); })},
      {"triplet_margin.coincident_nan",
       {"triplet_margin"},
       "the gradient of the norm is 0 / 0 where anchor and positive coincide",
       EachSlope("anchor", NanAtCoincidence),
       "https://github.com/tensorflow/tensorflow/issues/30199"},
      {"triplet_margin.gradient_beyond_hinge",
       {"triplet_margin"},
       "the gradient does not stop at the hinge",
       GradientBeyondHinge},
      {"triplet_margin.mean_of_active",
       {"triplet_margin"},
       "the mean divides by the triplets that are active: 0 / 0 where none is",
       [](Making& m) {
         if (m.problem().reduction != Reduction::kMean) return;
         const Numbers& terms = m.Terms();
         const auto active = std::count_if(terms.begin(), terms.end(), [](double term) { return term != 0; });
         m.loss()[0] *= m.Divisor() / static_cast<double>(active);
       },
       "https://github.com/KevinMusgrave/pytorch-metric-learning/issues/107"},
  };
}

}  // namespace exactloss
