// Focal loss (Lin et al. 2017): a u^gamma b with b = bce_with_logits(x, t), u = 1 - p_t = p (1 - t) + (1 - p)
// t and a = alpha t + (1 - alpha)(1 - t).
//
// With b' = p - t and u' = p (1 - p)(1 - 2 t), the slope along x is a u^gamma (gamma b u' / u + b'), and
// along t u^gamma ((2 alpha - 1) b + a (gamma b (1 - 2 p) / u - x)).
//
// Far out u goes to w, the share of the class that x speaks against, and all three to simple numbers such as
// a w^gamma w |x|, of which a format may make a midpoint: 3 |x| / 4. They never get there, and exp(-|x|) is
// what they stay off; FarOut keeps that apart, so that its sign decides.
#if defined(EXACTLOSS_OPTIMIZED_SIGMOID_FOCAL_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef EXACTLOSS_OPTIMIZED_SIGMOID_FOCAL_INL_H_
#undef EXACTLOSS_OPTIMIZED_SIGMOID_FOCAL_INL_H_
#else
#define EXACTLOSS_OPTIMIZED_SIGMOID_FOCAL_INL_H_
#endif

#include "optimized/elementwise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace exactloss::optimized::HWY_NAMESPACE {

struct SigmoidFocalFormula {
  static constexpr std::size_t kOthers = 0;

  template <class N, class Sink>
  HWY_INLINE void operator()(const Arguments<N>& arguments, Sink* sink) const {
    const N &x = arguments.input, &t = arguments.target;
    const Logistic<N> logistic(x);
    const N one(1.0), other = one - t;
    const N p = logistic.Sigmoid(), q = logistic.Complement();
    const N wrong = Select(logistic.negative, t, other);
    const N b = wrong * logistic.magnitude + logistic.log;
    const N u = p * other + q * t;
    const bool balanced = alpha >= 0;
    if constexpr (std::is_same_v<N, Multi>) {
      if (logistic.magnitude > Multi(kFarOut) && wrong > Multi(0.0))
        return FarOut(x, t, logistic, wrong, sink);
    }
    const N a = balanced ? N(alpha) * t + (one - N(alpha)) * other : one;
    const N power = PowerOfShare(u, gamma, logistic, wrong), scaled = a * power;
    Approx<N> loss = Relative(scaled * b, units);
    if constexpr (std::is_same_v<N, DoubleWord>) {
      if (gamma >= 0.25 && gamma <= 64) loss = Select(IsFarOut(logistic, wrong, a), JustBelow(a, x), loss);
    }
    sink->Loss(loss);

    const N turn = N(gamma) * b * (p * q) * (other - t) / u;
    const N pull = wrong - logistic.minor;
    const N slope = turn + Select(logistic.negative, -pull, pull);
    sink->Input(Within(scaled * slope, Abs(scaled) * (Abs(turn) + Abs(wrong) + logistic.minor), units));
    if constexpr (Sink::kTakesTarget) {
      const N steep = N(gamma) * b * Select(logistic.negative, logistic.gap, -logistic.gap) / u;
      const N tilt = (balanced ? N(alpha) - (one - N(alpha)) : N(0.0)) * b;
      sink->Target(Within(power * (tilt + a * (steep - x)),
                          power * (Abs(tilt) + Abs(a) * (Abs(steep) + Abs(x))), units));
    }
  }

  double alpha, gamma;
  double units;  ///< of the error of the power, and what is around it

  static constexpr double kFarOut = 72;

  /// Of a label: there the loss is less than 2^-80 of itself below a |x|, whose 77 bits are never so near to
  /// a midpoint without being it.
  static HWY_INLINE PackMask IsFarOut(const Logistic<DoubleWord>& logistic, const DoubleWord& wrong,
                                      const DoubleWord& a) {
    const Pack& size = logistic.magnitude.hi;
    return (size > kFarOut) & (size < kInfinity) & (wrong == DoubleWord(1.0)) & (a.lo == 0.0);
  }
  static HWY_INLINE Approx<DoubleWord> JustBelow(const DoubleWord& a, const DoubleWord& x) {
    const DoubleWord limit = TwoProduct(a.hi, Abs(x.hi));
    return {{limit.hi, Select(limit.lo == 0.0, limit.hi * -0x1p-120, limit.lo)}, Pack(0.0)};
  }

  /// The limits, and what is added to them.
  template <class Sink>
  void FarOut(const Multi& x, const Multi& t, const Logistic<Multi>& logistic, const Multi& wrong,
              Sink* sink) const {
    const Multi one(1.0), &m = logistic.magnitude, &minor = logistic.minor, &log = logistic.log;
    const Multi linear = wrong * m, b = linear + log;
    const Multi moved = (one - wrong - wrong) * minor, u = wrong + moved;
    const Multi grown = Expm1(Multi(gamma) * Log1p(moved / wrong));  // (u / w)^gamma - 1
    const bool balanced = alpha >= 0;
    const Multi rest = one - Multi(alpha), a = balanced ? Multi(alpha) * t + rest * (one - t) : one;
    const Multi power = Power(wrong, gamma), scaled = a * power;
    sink->Loss(Approx<Multi>{scaled * (linear + (log + grown * b))});

    const Multi turn = Multi(gamma) * b * logistic.major * minor * (wrong + wrong - one) / u - minor;
    const Multi slope = scaled * (wrong + (turn + grown * (wrong + turn)));
    sink->Input(Approx<Multi>{logistic.negative ? -slope : slope});
    if constexpr (Sink::kTakesTarget) {
      const Multi tilt = balanced ? Multi(alpha) - rest : Multi(0.0);
      const Multi steep = Multi(gamma) * (log - minor * b - minor * b - m * moved) / u;
      const Multi pull = logistic.negative ? a : -a;
      const Multi limit = tilt * linear - x * a * (one + Multi(gamma)), off = tilt * log + pull * steep;
      sink->Target(Approx<Multi>{power * (limit + (off + grown * (limit + off)))});
    }
  }
};

}  // namespace exactloss::optimized::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // EXACTLOSS_OPTIMIZED_SIGMOID_FOCAL_INL_H_
