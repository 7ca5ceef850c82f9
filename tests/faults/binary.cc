// Faults of bce, bce_with_logits, sigmoid_focal and focal_simple.
#include <algorithm>

#include "tests/faults/plants.h"

namespace exactloss {
namespace {

// --- bce ------------------------------------------------------------------------------------------------

/// -w (t f(log x) + (1 - t) f(log(1 - x)))
template <class Log>
double BceTerm(const Making& m, std::size_t i, Log log) {
  const double x = m.x(i), t = m.t(i);
  const auto share = [](double weight, double value) { return weight == 0 ? 0 : weight * value; };
  return -m.w(i) * (share(t, log(x)) + share(1 - t, log(1 - x)));
}

/// eps inside both logarithms.
Plant EpsInLog(double eps) {
  return EachTerm([eps](Making& m, std::size_t i, double) {
    const double clamp = m.parameter("log_clamp");
    return BceTerm(m, i, [&](double p) { return std::max(std::log(p + eps), clamp); });
  });
}

/// The probability kept eps away from 0 and 1, as the dtype has these bounds; slopes are 0 beyond.
Plant Clipped(double eps, double eps_in_log) {
  return EachTerm([eps, eps_in_log](Making& m, std::size_t i, double right) {
    if (std::isnan(m.x(i))) return right;
    const Rounded low = m.Number(eps), high = m.Number(1) - m.Number(eps), t = m.Number(m.t(i));
    const Rounded p = m.Number(std::clamp(m.x(i), low.value(), high.value())), e = m.Number(eps_in_log);
    return (-(t * Log(p + e) + (1 - t) * Log(1 - p + e)) * m.Number(m.w(i))).value();
  });
}

/// (x - t) / (x (1 - x)), the denominator at least eps.
double GuardedSlope(const Making& m, std::size_t i, double) {
  const double x = m.x(i), pole = x * (1 - x);
  return m.w(i) * m.Factor() * (x - m.t(i)) / (std::isnan(pole) ? pole : std::max(pole, 1e-12));
}

/// 1 - x rounded first, so that small probabilities of the other class are lost.
double RoundedComplement(const Making& m, std::size_t i, double right) {
  const Rounded x = m.Number(m.x(i)), t = m.Number(m.t(i));
  if (m.x(i) <= 0 || m.x(i) >= 1) return right;
  return (-(t * Log(x) + (1 - t) * Log(1 - x)) * m.Number(m.w(i))).value();
}

// --- with logits ----------------------------------------------------------------------------------------

bool HasPosWeight(const Making& m) { return m.problem().input("pos_weight").has_value(); }
double PosWeight(const Making& m, std::size_t i) { return m.At("pos_weight", i); }

/// w ((1 - t) x + (1 + (q - 1) t) softplus(-x)), the softplus given.
double WithSoftplus(const Making& m, std::size_t i, double softplus) {
  const double t = m.t(i), q = PosWeight(m, i);
  return m.w(i) * ((1 - t) * m.x(i) + (1 + (q - 1) * t) * softplus);
}

double Softplus(double x) { return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x)); }

double LogInsteadOfLog1p(const Making& m, std::size_t i, double right) {
  const double x = m.x(i);
  if (!std::isfinite(x)) return right;
  const Rounded log = Log(1 + Exp(m.Number(-std::fabs(x))));
  return WithSoftplus(m, i, std::max(-x, 0.0) + log.value());
}

/// log(1 + exp(-x)), which overflows.
double Unshifted(const Making& m, std::size_t i, double) {
  return WithSoftplus(m, i, Log1p(Exp(-m.Number(m.x(i)))).value());
}

/// max(x, 0) where max(-x, 0) is meant: exp(-x - max) overflows for negative logits.
double WrongMax(const Making& m, std::size_t i, double right) {
  if (std::isnan(m.x(i))) return right;
  const Rounded x = m.Number(m.x(i)), top = m.Number(std::max(m.x(i), 0.0));
  return WithSoftplus(m, i, (top + Log(Exp(-top) + Exp(-x - top))).value());
}

/// The softplus is x beyond a threshold.
double Threshold(const Making& m, std::size_t i, double right) {
  const double x = m.x(i);
  return x < -20 ? WithSoftplus(m, i, -x) : right;
}

/// Logits kept within [-100, 100].
double ClampedLogit(const Making& m, std::size_t i, double right) {
  const double x = m.x(i);
  if (!(std::fabs(x) > 100)) return right;
  const double kept = std::copysign(100.0, x), t = m.t(i), q = PosWeight(m, i);
  return m.w(i) * ((1 - t) * kept + (1 + (q - 1) * t) * Softplus(-kept));
}

/// q weighs the other class.
double WrongSide(const Making& m, std::size_t i, double right) {
  if (!HasPosWeight(m) || !std::isfinite(m.x(i))) return right;
  const double x = m.x(i), t = m.t(i), q = PosWeight(m, i);
  return m.w(i) * (t * Softplus(-x) + q * (1 - t) * Softplus(x));
}

/// q multiplies log(1 + exp(-|x|)) but not max(-x, 0).
double PartOfSoftplus(const Making& m, std::size_t i, double right) {
  if (!HasPosWeight(m) || !std::isfinite(m.x(i))) return right;
  const double x = m.x(i), t = m.t(i), q = PosWeight(m, i);
  return m.w(i) * ((1 - t) * x + std::max(-x, 0.0) + (1 + (q - 1) * t) * std::log1p(std::exp(-std::fabs(x))));
}

/// sigmoid(x) - t in the dtype: 0 where the sigmoid rounds to the target.
double SubtractedSigmoid(const Making& m, std::size_t i, double right) {
  if (HasPosWeight(m) || !std::isfinite(m.x(i))) return right;
  const Rounded p = 1 / (1 + Exp(m.Number(-m.x(i))));
  return m.w(i) * m.Factor() * (p - m.Number(m.t(i))).value();
}

// --- focal ----------------------------------------------------------------------------------------------

struct Focal {
  Focal(const Making& m, std::size_t i)
      : x(m.x(i)),
        t(m.t(i)),
        alpha(m.parameter("alpha")),
        gamma(m.parameter("gamma")),
        p(x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x))),
        q(x > 0 ? std::exp(-x) / (1 + std::exp(-x)) : 1 / (1 + std::exp(x))),
        bce(t * Softplus(-x) + (1 - t) * Softplus(x)),
        a_t(alpha < 0 ? 1 : alpha * t + (1 - alpha) * (1 - t)),
        miss(q * t + p * (1 - t)) {}

  double x, t, alpha, gamma, p, q, bce, a_t;
  double miss;  ///< 1 - p_t
};

/// term(focal) at finite logits.
template <class Term>
Plant FocalTerm(Term term) {
  return EachTerm([term](Making& m, std::size_t i, double right) {
    return std::isfinite(m.x(i)) && std::isfinite(m.t(i)) ? term(Focal(m, i)) : right;
  });
}

/// The modulating factor is held in the gradient.
double HeldModulation(const Making& m, std::size_t i, double right) {
  if (!std::isfinite(m.x(i)) || !std::isfinite(m.t(i))) return right;
  const Focal f(m, i);
  return m.Factor() * f.a_t * std::pow(f.miss, f.gamma) * (f.p - f.t);
}

double RoundedMiss(const Making& m, std::size_t i, double right) {
  if (!std::isfinite(m.x(i)) || !std::isfinite(m.t(i))) return right;
  const Focal f(m, i);
  const Rounded p = m.Number(f.p), t = m.Number(f.t);
  const double miss = (1 - (p * t + (1 - p) * (1 - t))).value();
  return f.a_t * std::pow(miss, f.gamma) * f.bce;
}

}  // namespace

std::vector<Fault> BinaryFaults() {
  return {
      {"bce.eps_in_log",
       {"bce"},
       "log(x + 1e-12), as if that were no change",
       EpsInLog(1e-12),
       "https://github.com/pytorch/pytorch/issues/4867"},
      {"bce.clip_and_eps",
       {"bce"},
       "probabilities clipped to [1e-7, 1 - 1e-7], and 1e-7 added again in the logarithm",
       Clipped(1e-7, 1e-7),
       "https://github.com/tensorflow/tensorflow/pull/41595"},
      {"bce.clip_rounds_to_one",
       {"bce"},
       "probabilities clipped to 1 - 1e-9, which is 1 in f32: NaN",
       Clipped(1e-9, 0),
       "https://github.com/keras-team/keras/issues/377"},
      {"bce.no_clamp",
       {"bce"},
       "log 0 is not clamped: infinite",
       AsIf([](Problem& p) { SetParameter(p, "log_clamp", -std::numeric_limits<double>::infinity()); }),
       "https://github.com/ml-explore/mlx/pull/1280"},
      {"bce.clamp_of_loss",
       {"bce"},
       "the weighted term is clamped at 100, not each logarithm",
       EachTerm([](Making&, std::size_t, double right) { return std::min(right, 100.0); }),
       {},
       {}},
      {"bce.clipped_gradient_zero",
       {"bce"},
       "the gradient is 0 for probabilities within 1e-7 of 0 or 1",
       EachSlope("input", [](Making& m, std::size_t i,
                             double right) { return m.x(i) < 1e-7 || m.x(i) > 1 - 1e-7 ? 0 : right; }),
       "https://github.com/keras-team/keras/issues/9664"},
      {"bce.gradient_guard",
       {"bce"},
       "the denominator x (1 - x) of the gradient is at least 1e-12",
       EachSlope("input", GuardedSlope),
       "https://github.com/pytorch/pytorch/issues/103316"},
      {"bce.complement_rounded",
       {"bce"},
       "log(1 - x) with the difference rounded, for log1p(-x)",
       EachTerm(RoundedComplement)},
      {"bce.weight_dropped", {"bce", "bce_with_logits"}, "the weight is dropped", WithoutInput("weight")},
      {"bce.weight_twice",
       {"bce", "bce_with_logits"},
       "the weight is applied twice",
       EachTerm([](Making& m, std::size_t i, double right) { return right * m.w(i); })},
      {"bce.mean_over_weights",
       {"bce", "bce_with_logits"},
       "the mean divides by the sum of the weights",
       [](Making& m) {
         if (m.problem().reduction != Reduction::kMean) return;
         double mass = 0;
         for (std::size_t i = 0; i < m.problem().inputs[0]->values.size(); ++i) mass += m.w(i);
         Times([mass](Making& n) { return n.Divisor() / mass; })(m);
       }},
      {"bce.weight_not_in_gradient",
       {"bce", "bce_with_logits"},
       "the gradient lacks the weight",
       GradientsOnly(WithoutInput("weight"))},
      {"bce.target_gradient_zero",
       {"bce", "bce_with_logits"},
       "the target gets a gradient of zeros",
       ZeroGradient("target")},

      {"bce_with_logits.log_for_log1p",
       {"bce_with_logits"},
       "log(1 + exp(-abs(x)))",
       EachTerm(LogInsteadOfLog1p)},
      {"bce_with_logits.unshifted", {"bce_with_logits"}, "log(1 + exp(-x)) overflows", EachTerm(Unshifted)},
      {"bce_with_logits.wrong_max",
       {"bce_with_logits"},
       "max(x, 0) where max(-x, 0) is meant: infinite at -100",
       EachTerm(WrongMax),
       "https://github.com/pytorch/pytorch/pull/2221"},
      {"bce_with_logits.gradient_of_abs",
       {"bce_with_logits"},
       "the gradient at x = 0 is that of abs(x) taken as 0: -t + 1/2 of the maximum is lost",
       EachSlope("input", [](Making& m, std::size_t i,
                             double right) { return m.x(i) == 0 ? -m.t(i) * m.Factor() : right; }),
       "https://github.com/pytorch/pytorch/issues/2298"},
      {"bce_with_logits.pos_weight_nan",
       {"bce_with_logits"},
       "with pos_weight exp(-x) is not shifted: infinite at -120",
       EachTerm([](Making& m, std::size_t i, double right) {
         return HasPosWeight(m) ? Unshifted(m, i, right) : right;
       }),
       "https://github.com/pytorch/pytorch/issues/13773"},
      {"bce_with_logits.pos_weight_half_applied",
       {"bce_with_logits"},
       "pos_weight is left out of max(-x, 0): 14.913 for 44.739",
       EachTerm(PartOfSoftplus),
       "https://github.com/PaddlePaddle/Paddle/pull/65859"},
      {"bce_with_logits.pos_weight_on_negatives",
       {"bce_with_logits"},
       "pos_weight weighs the other class",
       EachTerm(WrongSide)},
      {"bce_with_logits.pos_weight_dropped",
       {"bce_with_logits"},
       "pos_weight is dropped",
       WithoutInput("pos_weight"),
       "https://github.com/PaddlePaddle/Paddle/pull/54869"},
      {"bce_with_logits.pos_weight_not_in_gradient",
       {"bce_with_logits"},
       "the gradient lacks pos_weight",
       GradientsOnly(WithoutInput("pos_weight"))},
      {"bce_with_logits.gradient_cancels",
       {"bce_with_logits"},
       "sigmoid(x) - t is 0 where the sigmoid rounds to 1",
       EachSlope("input", SubtractedSigmoid),
       "https://github.com/pytorch/pytorch/issues/195677"},
      {"bce_with_logits.clamped_logit",
       {"bce_with_logits"},
       "logits are clamped to [-100, 100]",
       EachTerm(ClampedLogit),
       "https://github.com/pytorch/pytorch/pull/163975"},
      {"bce_with_logits.threshold", {"bce_with_logits"}, "softplus(-x) is -x below -20", EachTerm(Threshold)},
      {"bce_with_logits.target_slope_sign",
       {"bce_with_logits"},
       "the target's gradient is x",
       EachSlope("target", [](Making&, std::size_t, double right) { return -right; })},
      {"bce_with_logits.nan_logit_swallowed",
       {"bce_with_logits", "sigmoid_focal"},
       "max(x, 0) swallows a NaN logit: the term is 0",
       EachTerm([](Making& m, std::size_t i, double right) { return std::isnan(m.x(i)) ? 0 : right; })},

      {"sigmoid_focal.alpha_of_both",
       {"sigmoid_focal"},
       "alpha weighs both classes",
       FocalTerm(
           [](const Focal& f) { return (f.alpha < 0 ? 1 : f.alpha) * std::pow(f.miss, f.gamma) * f.bce; }),
       "https://github.com/liuyuisanai/Focal-Loss/issues/4"},
      {"sigmoid_focal.alpha_exchanged",
       {"sigmoid_focal"},
       "alpha weighs the negatives, 1 - alpha the positives",
       AsIf([](Problem& p) {
         if (p.parameter("alpha") >= 0) SetParameter(p, "alpha", 1 - p.parameter("alpha"));
       })},
      {"sigmoid_focal.gamma_multiplies",
       {"sigmoid_focal"},
       "gamma (1 - p_t) instead of a power",
       FocalTerm([](const Focal& f) { return f.a_t * f.gamma * f.miss * f.bce; }),
       "https://github.com/fudannlp16/focal-loss/issues/2"},
      {"sigmoid_focal.miss_of_negatives",
       {"sigmoid_focal"},
       "the negatives are modulated by 1 - p instead of p",
       FocalTerm([](const Focal& f) { return f.a_t * std::pow(f.q, f.gamma) * f.bce; }),
       "https://github.com/yqyao/SSD_Pytorch/issues/32"},
      {"sigmoid_focal.negative_alpha_used",
       {"sigmoid_focal"},
       "alpha < 0 is not read as none",
       FocalTerm([](const Focal& f) {
         return (f.alpha * f.t + (1 - f.alpha) * (1 - f.t)) * std::pow(f.miss, f.gamma) * f.bce;
       })},
      {"sigmoid_focal.parameters_exchanged",
       {"sigmoid_focal", "focal_simple"},
       "alpha and gamma exchanged",
       AsIf([](Problem& p) {
         const double alpha = p.parameter("alpha"), gamma = p.parameter("gamma");
         if (alpha < 0 || gamma > 1) return SetParameter(p, "gamma", std::fabs(alpha));
         SetParameter(p, "alpha", gamma);
         SetParameter(p, "gamma", alpha);
       })},
      {"sigmoid_focal.modulation_held",
       {"sigmoid_focal"},
       "the gradient holds (1 - p_t)^gamma",
       EachSlope("input", HeldModulation)},
      {"sigmoid_focal.miss_cancels",
       {"sigmoid_focal"},
       "1 - p_t is computed as such in the dtype: 0 when saturated",
       EachTerm(RoundedMiss)},
      {"sigmoid_focal.gamma_ignored",
       {"sigmoid_focal", "detection"},
       "gamma is 2 always",
       AsIfParameter("gamma", 2)},
      {"sigmoid_focal.target_gradient_of_bce",
       {"sigmoid_focal"},
       "the target's gradient is that of the cross entropy alone",
       EachSlope("target", [](Making& m, std::size_t i, double) { return -m.x(i) * m.Factor(); })},
      {"focal_simple.is_sigmoid_focal",
       {"focal_simple"},
       "alpha_t as torchvision has it",
       AsIfLoss("sigmoid_focal")},
      {"focal_simple.miss_cancels",
       {"focal_simple"},
       "1 - exp(-b) for expm1 in the dtype",
       EachTerm([](Making& m, std::size_t i, double right) {
         if (!std::isfinite(m.x(i)) || !std::isfinite(m.t(i))) return right;
         const Focal f(m, i);
         const double miss = (1 - Exp(m.Number(-f.bce))).value();
         return f.alpha * std::pow(miss, f.gamma) * f.bce;
       })},
  };
}

}  // namespace exactloss
