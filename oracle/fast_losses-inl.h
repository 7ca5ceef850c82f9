// The formulas of the fast tier: value and slopes of each loss at balls, in forms that cancel at isolated
// points alone. Of their own: nothing is shared with reference/losses/ or optimized/.
#if defined(EXACTLOSS_ORACLE_FAST_LOSSES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef EXACTLOSS_ORACLE_FAST_LOSSES_INL_H_
#undef EXACTLOSS_ORACLE_FAST_LOSSES_INL_H_
#else
#define EXACTLOSS_ORACLE_FAST_LOSSES_INL_H_
#endif

#include "oracle/fast_functions-inl.h"

HWY_BEFORE_NAMESPACE();
namespace exactloss::HWY_NAMESPACE {

/// One lane an element. An input that the loss lacks, or that is not given, is 1.
struct Inputs {
  V x, t, w, q;
  bool is_weighted;
};

HWY_INLINE Ball Weighted(const Inputs& in, const Ball& a) { return in.is_weighted ? Ball(in.w) * a : a; }

struct Values {
  Ball loss, dx, dt;
  Mask ask;  ///< the interval tier: a kink, a pole
};

HWY_INLINE Mask Never() { return hn::Lt(Constant(0), Constant(0)); }
HWY_INLINE Mask IsZero(const Ball& a) {
  return hn::And(hn::Eq(a.head, Constant(0)), hn::Eq(a.radius, Constant(0)));
}
HWY_INLINE Ball WithSignOf(Mask is_negative, const Ball& a) { return Select(is_negative, -a, a); }

struct FastMse {
  explicit FastMse(const double*) {}
  HWY_INLINE Values operator()(const Inputs& in) const {
    const Ball d = Ball(in.x) - Ball(in.t);
    return {d * d, Scaled(d, 2), Scaled(d, -2), Never()};
  }
};

/// What is quadratic near the target and linear beyond: quadratic(e), its slope, linear(e), and where they
/// meet.
template <class Quadratic, class Slope, class Linear>
HWY_INLINE Values Robust(const Inputs& in, double meet, double steepest, Quadratic quadratic, Slope slope,
                         Linear linear) {
  const Ball d = Ball(in.x) - Ball(in.t), e = Abs(d), beyond = e - Ball(meet);
  const Mask is_inside = IsNegative(beyond);
  const Ball dx = WithSignOf(IsNegative(d), Select(is_inside, slope(e), Ball(steepest)));
  return {Select(is_inside, quadratic(e), linear(e)), dx, -dx, hn::Le(hn::Abs(beyond.head), beyond.radius)};
}

struct FastSmoothL1 {
  explicit FastSmoothL1(const double* p) : beta(p[0]) {}
  HWY_INLINE Values operator()(const Inputs& in) const {
    const double b = beta;
    if (b == 0) {
      const Ball d = Ball(in.x) - Ball(in.t), dx = WithSignOf(IsNegative(d), 1.0);
      return {Abs(d), dx, -dx, IsZero(d)};
    }
    return Robust(
        in, b, 1, [b](const Ball& e) HWY_ATTR { return e * e / Ball(2 * b); },
        [b](const Ball& e) HWY_ATTR { return e / Ball(b); },
        [b](const Ball& e) HWY_ATTR { return e - Ball(b / 2); });
  }
  double beta;
};

struct FastL1 : FastSmoothL1 {
  static constexpr double kBeta = 0;
  explicit FastL1(const double*) : FastSmoothL1(&kBeta) {}
};

struct FastHuber {
  explicit FastHuber(const double* p) : delta(p[0]) {}
  HWY_INLINE Values operator()(const Inputs& in) const {
    const double d = delta;
    return Robust(
        in, d, d, [](const Ball& e) HWY_ATTR { return Scaled(e * e, 0.5); },
        [](const Ball& e) HWY_ATTR { return e; },
        [d](const Ball& e) HWY_ATTR { return Ball(d) * (e - Ball(d / 2)); });
  }
  double delta;
};

/// (1 - t) x + (1 + (q - 1) t) softplus(-x) and its slopes.
struct CrossEntropy {
  HWY_INLINE CrossEntropy(const Sides& sides, V x, const Ball& t, const Ball& q) {
    const Ball other = Ball(1.0) - t, own = q * t, mass = other + own;
    const Ball share = Select(sides.is_negative, own, other);
    value = share * sides.magnitude + mass * sides.softplus;
    // share - mass / 2 is +-(1 - t - q t) / 2: where that vanishes the slope is 0 at x = 0, and small round
    // it.
    const auto near = [&]() HWY_ATTR {
      return Scaled(other - own, 0.5) + WithSignOf(sides.is_negative, mass * sides.excess);
    };
    const auto far = [&]() HWY_ATTR { return WithSignOf(sides.is_negative, share - mass * sides.minor); };
    const Mask is_near = hn::Lt(sides.magnitude, Constant(0.5));
    if (hn::AllFalse(D(), is_near)) {  // neighbours are of one kind, as a rule
      dx = far();
    } else {
      dx = Select(is_near, near(), far());
    }
    // softplus(-x) is a + softplus(-a) left of 0.
    const Ball of_minus = Select(sides.is_negative, Ball(sides.magnitude) + sides.softplus, sides.softplus);
    dt = (q - Ball(1.0)) * of_minus - Ball(x);
  }
  Ball value, dx, dt;
};

struct FastBceWithLogits {
  explicit FastBceWithLogits(const double*) {}
  HWY_INLINE Values operator()(const Inputs& in) const {
    const Sides sides(in.x);
    const CrossEntropy b(sides, in.x, in.t, in.q);
    return {Weighted(in, b.value), Weighted(in, b.dx), Weighted(in, b.dt), Never()};
  }
};

/// A u^gamma b with u = 1 - p_t, b the cross entropy, A = alpha t + (1 - alpha)(1 - t).
struct FastSigmoidFocal {
  explicit FastSigmoidFocal(const double* p) : alpha(p[0]), gamma(p[1]) {}
  HWY_INLINE Values operator()(const Inputs& in) const {
    const Sides sides(in.x);
    const Ball t = in.t, other = Ball(1.0) - t;
    const Ball p = Select(sides.is_negative, sides.minor, sides.major);  // sigmoid(x)
    const Ball q = Select(sides.is_negative, sides.major, sides.minor);
    // p and q are 1/2 +- excess: near 0, u is 1/2 + (1 - 2t) excess, and exact for t = 1/2.
    const Mask is_near = hn::Lt(sides.magnitude, Constant(0.5));
    const Ball lean = WithSignOf(sides.is_negative, (other - t) * sides.excess);
    const Ball u = Select(is_near, Ball(0.5) + lean, p * other + q * t);
    const Ball v = Select(is_near, Ball(0.5) - lean, p * t + q * other);
    const CrossEntropy b(sides, in.x, t, 1.0);
    const bool has_alpha = alpha >= 0;
    const Ball rest = Ball(1.0) - Ball(alpha);
    const Ball factor = has_alpha ? Ball(alpha) * t + rest * other : Ball(1.0);
    const Ball by_t = has_alpha ? Ball(alpha) - rest : Ball(0.0);
    const Ball power = Power(u, v, gamma);
    // u' = (1 - 2t) p q along x, q - p along t, and (u^gamma)' = gamma u^gamma u'/u.
    const Ball ratio = Ball(gamma) * b.value / u;
    const Ball along_x = ratio * (other - t) * (p * q) + b.dx;
    const Ball difference = WithSignOf(sides.is_negative, Scaled(sides.excess, -2));
    const Ball along_t = ratio * difference + b.dt;
    return {factor * power * b.value, factor * power * along_x, power * (by_t * b.value + factor * along_t),
            Never()};
  }
  double alpha, gamma;
};

/// alpha u^gamma b with u = 1 - exp(-b).
struct FastFocalSimple {
  explicit FastFocalSimple(const double* p) : alpha(p[0]), gamma(p[1]) {}
  HWY_INLINE Values operator()(const Inputs& in) const {
    const Sides sides(in.x);
    const CrossEntropy b(sides, in.x, in.t, 1.0);
    const Exponential e = ExpOfMinus(b.value);
    const Mask is_small = hn::Lt(b.value.head, Constant(1));
    const Ball u = Select(is_small, -e.minus_one, Ball(1.0) - e.value);
    const Ball outer = Ball(alpha) * Power(u, e.value, gamma);
    const Ball slope = outer * (Ball(1.0) + Ball(gamma) * e.value * b.value / u);
    return {outer * b.value, slope * b.dx, slope * b.dt, Never()};
  }
  double alpha, gamma;
};

/// w (t min(-log x, -c) + (1 - t) min(-log(1 - x), -c))
struct FastBce {
  explicit FastBce(const double* p) : most(-p[0]) {}
  HWY_INLINE Values operator()(const Inputs& in) const {
    const Ball x = in.x, t = in.t, no = Ball(1.0) - x, other = Ball(1.0) - t;
    const Ball log_x = MinusLog(x, no), log_no = MinusLog(no, x);
    const Ball above_x = log_x - Ball(most), above_no = log_no - Ball(most);
    const Mask is_x = IsNegative(above_x), is_no = IsNegative(above_no);  // no clamp is active
    const Ball one = Select(is_x, log_x, most), two = Select(is_no, log_no, most);
    // -t / x + (1 - t) / (1 - x) is one quotient where both count.
    const Ball both = (x - t) / (x * no);
    const Ball dx =
        Select(hn::And(is_x, is_no), both, Select(is_no, other / no, Select(is_x, -(t / x), 0.0)));
    const Mask is_near = hn::Or(hn::Le(hn::Abs(above_x.head), above_x.radius),
                                hn::Le(hn::Abs(above_no.head), above_no.radius));
    const Mask is_pole = hn::Or(hn::Le(in.x, Constant(0)), hn::Ge(in.x, Constant(1)));
    return {Weighted(in, t * one + other * two), Weighted(in, dx), Weighted(in, one - two),
            hn::Or(is_near, is_pole)};
  }
  double most;
};

/// t (log t - x), or exp(t) (t - x)
struct FastKlDiv {
  explicit FastKlDiv(const double* p) : log_target(p[0] != 0) {}
  HWY_INLINE Values operator()(const Inputs& in) const {
    const Ball x = in.x, t = in.t;
    if (log_target) {
      // Beyond +-600 exp(t) is below every number, and exp(t) (t - x) beyond all unless t = x.
      const Exponential e = ExpOfMinus(hn::Abs(in.t));
      const Ball exp = Select(hn::Lt(in.t, Constant(0)), e.value, Ball(1.0) / e.value), d = t - x;
      return {exp * d, -exp, exp * (d + Ball(1.0)), Never()};
    }
    const Mask is_zero = hn::Eq(in.t, Constant(0));
    const Ball log = -MinusLog(hn::IfThenElse(is_zero, Constant(1), in.t), Ball(1.0) - t);
    const Ball loss = Select(is_zero, 0.0, t * (log - x));
    const Ball pole(Constant(0), Constant(0), Constant(std::numeric_limits<double>::infinity()));
    return {loss, -t, Select(is_zero, pole, log + Ball(1.0) - x), Never()};
  }
  bool log_target;
};

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace exactloss::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
