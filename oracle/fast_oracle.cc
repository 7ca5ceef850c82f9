#include "oracle/fast_oracle.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "oracle/fast_oracle.cc"
#include <hwy/foreach_target.h>  // IWYU pragma: keep

#include <cmath>

#include "oracle/fast_losses-inl.h"

HWY_BEFORE_NAMESPACE();
namespace exactloss::HWY_NAMESPACE {

/// Of floats, infinities and NaN.
HWY_INLINE void StoreFloats(V numbers, float* to) {
#if HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128
  double lanes[hn::MaxLanes(D())];  // Highway 1.0.3 makes the largest float of an infinity there
  hn::StoreU(numbers, D(), lanes);
  for (std::size_t i = 0; i < hn::Lanes(D()); ++i) to[i] = static_cast<float>(lanes[i]);
#else
  const hn::Rebind<float, D> df;
  hn::StoreU(hn::DemoteTo(df, numbers), df, to);
#endif
}

/// Rounds balls to the nearest number of a format.
///
/// r is the head rounded to nearest even at its quantum (unit of the last place kept), d = head - r, exact.
/// With t = tail where d > 0, -tail where d < 0, the truth is off r by |d| + t, +- radius. It rounds to r if
/// that is less than half a quantum. The slack, half a quantum - |d|, is exact and, if not 0, at least an ulp
/// of the head, so above t. If it is 0, the head is a midpoint, and the sign of t decides: r moves across for
/// t > 0, and then the truth is |t| off the midpoint. A midpoint without tail and radius is what ties-to-even
/// is for. The head cannot be a power of two with the truth closer to the next midpoint below, a quarter
/// quantum away: that needs a radius beyond an eighth of it.
class Rounder {
 public:
  explicit Rounder(const FloatFormat& format)
      : smallest_(std::ldexp(1.0, format.min_exponent)),
        unit_(std::ldexp(1.0, 1 - format.precision)),
        largest_(std::ldexp(2.0, format.max_exponent) * (1 - std::ldexp(1.0, -format.precision))) {}

  HWY_INLINE void operator()(const Ball& ball, Mask ask, std::size_t at, FastOutput* out) const {
    const V head = ball.head, radius = hn::Mul(ball.radius, Constant(1 + 0x1p-30));
    const V sign_bit = Constant(-0.0), nothing = Constant(0);
    const V power =
        hn::And(head, Constant(std::numeric_limits<double>::infinity()));  // of two, |head| or below
    const V quantum = hn::Mul(hn::Max(power, Constant(smallest_)), Constant(unit_));
    const V half = hn::Mul(quantum, Constant(0.5)), shift = hn::Mul(quantum, Constant(0x1.8p52));
    V rounded = hn::Sub(hn::Add(head, shift), shift);
    const V off = hn::Sub(head, rounded);
    const V tail = hn::Xor(ball.tail, hn::And(off, sign_bit));
    const V slack = hn::Sub(half, hn::Abs(off));
    const Mask is_midpoint = hn::Eq(slack, nothing);
    const V across = hn::Or(quantum, hn::And(off, sign_bit));
    rounded = hn::Add(rounded, hn::IfThenElseZero(hn::And(is_midpoint, hn::Gt(tail, nothing)), across));
    const V margin = hn::IfThenElse(is_midpoint, hn::Abs(tail), hn::Sub(slack, tail));
    const Mask is_narrow = hn::Lt(radius, hn::Mul(quantum, Constant(0.125)));
    const Mask is_clear = hn::And(hn::Lt(radius, margin), is_narrow);
    const Mask is_exact = hn::And(hn::Eq(radius, nothing), hn::Eq(tail, nothing));
    const Mask is_decided = hn::AndNot(ask, hn::Or(is_clear, is_exact));
    const V magnitude = hn::Abs(rounded);
    const V bounded = hn::IfThenElse(hn::Gt(magnitude, Constant(largest_)),
                                     Constant(std::numeric_limits<double>::infinity()), magnitude);
    const V nearest = hn::IfThenElse(is_decided, hn::Or(bounded, hn::And(rounded, sign_bit)),
                                     Constant(std::numeric_limits<double>::quiet_NaN()));
    StoreFloats(nearest, out->nearest.data() + at);
    hn::StoreU(head, D(), out->head.data() + at);
    hn::StoreU(ball.tail, D(), out->tail.data() + at);
    hn::StoreU(radius, D(), out->radius.data() + at);
  }

 private:
  double smallest_, unit_, largest_;
};

/// kOneVaries: the first input alone has arrays, and nobody wants the slope along the target, so that all of
/// it that hangs on the others is computed once.
template <class Loss, bool kOneVaries>
HWY_INLINE void RunLoop(const FastCall& call) {
  const Loss loss(call.parameters);
  const Rounder round(call.format);
  const hn::Rebind<float, D> df;
  const auto& inputs = call.inputs;
  const auto one = [&](std::size_t input) HWY_ATTR {
    return Constant(inputs[input].data == nullptr ? 1.0 : static_cast<double>(*inputs[input].data));
  };
  const auto load = [&](std::size_t input, std::size_t at) HWY_ATTR {
    if (inputs[input].data == nullptr || inputs[input].is_fixed) return one(input);
    return hn::PromoteTo(D(), hn::LoadU(df, inputs[input].data + at));
  };
  Inputs in = {one(0), one(1), one(2), one(3), inputs[2].data != nullptr};
  for (std::size_t at = 0; at < call.size; at += hn::Lanes(D())) {
    in.x = load(0, at);
    if (!kOneVaries) in.t = load(1, at), in.w = load(2, at), in.q = load(3, at);
    const Values values = loss(in);
    const V sum = hn::Add(hn::Add(hn::Abs(in.x), hn::Abs(in.t)), hn::Add(hn::Abs(in.w), hn::Abs(in.q)));
    const Mask is_finite = hn::Lt(sum, Constant(std::numeric_limits<double>::infinity()));
    const Mask ask = hn::Or(values.ask, hn::Not(is_finite));
    if (call.outputs[0] != nullptr) round(values.loss, ask, at, call.outputs[0]);
    if (call.outputs[1] != nullptr) round(values.dx, ask, at, call.outputs[1]);
    if (!kOneVaries && call.outputs[2] != nullptr) round(values.dt, ask, at, call.outputs[2]);
  }
}

template <class Loss>
void Run(const FastCall& call) {
  const auto stands_still = [](const FastInput& input) { return input.data == nullptr || input.is_fixed; };
  const bool one_varies = call.outputs[2] == nullptr && stands_still(call.inputs[1]) &&
                          stands_still(call.inputs[2]) && stands_still(call.inputs[3]);
  one_varies ? RunLoop<Loss, true>(call) : RunLoop<Loss, false>(call);
}

void RunMse(const FastCall& call) { Run<FastMse>(call); }
void RunL1(const FastCall& call) { Run<FastL1>(call); }
void RunSmoothL1(const FastCall& call) { Run<FastSmoothL1>(call); }
void RunHuber(const FastCall& call) { Run<FastHuber>(call); }
void RunBce(const FastCall& call) { Run<FastBce>(call); }
void RunBceWithLogits(const FastCall& call) { Run<FastBceWithLogits>(call); }
void RunSigmoidFocal(const FastCall& call) { Run<FastSigmoidFocal>(call); }
void RunFocalSimple(const FastCall& call) { Run<FastFocalSimple>(call); }
void RunKlDiv(const FastCall& call) { Run<FastKlDiv>(call); }

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace exactloss::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

#include <algorithm>

namespace exactloss {
namespace {

HWY_EXPORT(RunMse);
HWY_EXPORT(RunL1);
HWY_EXPORT(RunSmoothL1);
HWY_EXPORT(RunHuber);
HWY_EXPORT(RunBce);
HWY_EXPORT(RunBceWithLogits);
HWY_EXPORT(RunSigmoidFocal);
HWY_EXPORT(RunFocalSimple);
HWY_EXPORT(RunKlDiv);

}  // namespace

struct FastOracle::Formula {
  std::string_view loss;
  void (*run)(const FastCall& call);
};

const FastOracle::Formula FastOracle::kFormulas[] = {
    {"mse",
     [](const FastCall& call) {
       HWY_DYNAMIC_DISPATCH(RunMse)
       (call);
     }},
    {"l1",
     [](const FastCall& call) {
       HWY_DYNAMIC_DISPATCH(RunL1)
       (call);
     }},
    {"smooth_l1",
     [](const FastCall& call) {
       HWY_DYNAMIC_DISPATCH(RunSmoothL1)
       (call);
     }},
    {"huber",
     [](const FastCall& call) {
       HWY_DYNAMIC_DISPATCH(RunHuber)
       (call);
     }},
    {"bce",
     [](const FastCall& call) {
       HWY_DYNAMIC_DISPATCH(RunBce)
       (call);
     }},
    {"bce_with_logits",
     [](const FastCall& call) {
       HWY_DYNAMIC_DISPATCH(RunBceWithLogits)
       (call);
     }},
    {"sigmoid_focal",
     [](const FastCall& call) {
       HWY_DYNAMIC_DISPATCH(RunSigmoidFocal)
       (call);
     }},
    {"focal_simple",
     [](const FastCall& call) {
       HWY_DYNAMIC_DISPATCH(RunFocalSimple)
       (call);
     }},
    {"kl_div",
     [](const FastCall& call) {
       HWY_DYNAMIC_DISPATCH(RunKlDiv)
       (call);
     }},
};

const FastOracle::Formula* FastOracle::Find(std::string_view loss) {
  const auto found = std::find_if(std::begin(kFormulas), std::end(kFormulas),
                                  [&](const Formula& formula) { return formula.loss == loss; });
  return found == std::end(kFormulas) ? nullptr : found;
}

bool FastOracle::Has(const LossSpec& loss, const std::vector<double>& parameters) {
  const auto is_moderate = [](double p) {
    return p == 0 || (std::fabs(p) >= 0x1p-256 && std::fabs(p) <= 0x1p256);
  };
  if (Find(loss.name) == nullptr || !std::all_of(parameters.begin(), parameters.end(), is_moderate))
    return false;
  for (std::size_t i = 0; i < parameters.size(); ++i) {  // a root of what stays at 2^-865 would be too large
    if (loss.parameters[i].name == "gamma" && parameters[i] > 0 && parameters[i] < 0.5) return false;
  }
  return true;
}

FastOracle::FastOracle(const LossSpec& loss, Dtype dtype, const std::vector<double>& parameters)
    : formula_(Find(loss.name)), format_(FormatOf(dtype)), parameters_(parameters) {}

void FastOracle::Evaluate(std::size_t size, const std::array<FastInput, kInputs>& inputs,
                          const std::array<FastOutput*, kOutputs>& outputs) const {
  for (FastOutput* output : outputs) {
    if (output == nullptr || output->radius.size() == kMostElements) continue;
    output->nearest.resize(kMostElements);
    for (auto* numbers : {&output->head, &output->tail, &output->radius}) numbers->resize(kMostElements);
  }
  formula_->run({size, inputs, outputs, parameters_.data(), format_});
}

}  // namespace exactloss
#endif  // HWY_ONCE
