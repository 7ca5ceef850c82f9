// A detector's loss: u mean(sigmoid_focal) + v mean(smooth L1 of the corners) + w mean(ciou), or sums. Each
// part has its own driver; their sums meet in double words, or in Multi.
#include "optimized/detection.h"

#include "optimized/losses.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "optimized/detection.cc"
#include <hwy/foreach_target.h>  // IWYU pragma: keep

#include "optimized/ciou-inl.h"
#include "optimized/sigmoid_focal-inl.h"
#include "optimized/smooth_l1-inl.h"

HWY_BEFORE_NAMESPACE();
namespace exactloss::optimized::HWY_NAMESPACE {

/// u a + v b
HWY_INLINE Approx<Pack> Weighed(const Approx<Pack>& a, double u, const Approx<Pack>& b, double v) {
  const Pack first = a.value * u, second = b.value * v, size = Abs(first) + Abs(second);
  return {first + second, MulAdd(a.error, std::fabs(u), MulAdd(b.error, std::fabs(v), size * Pack::kUnit))};
}
HWY_INLINE Approx<DoubleWord> Weighed(const Approx<DoubleWord>& a, double u, const Approx<DoubleWord>& b,
                                      double v) {
  const DoubleWord first = a.value * DoubleWord(u), second = b.value * DoubleWord(v);
  const Pack size = Abs(first.hi) + Abs(second.hi);
  return {first + second,
          MulAdd(a.error, std::fabs(u), MulAdd(b.error, std::fabs(v), size * DoubleWord::kUnit))};
}
inline Approx<Multi> Weighed(const Approx<Multi>& a, double u, const Approx<Multi>& b, double v) {
  return {a.value * Multi(u) + b.value * Multi(v)};
}

/// A power of two times a.
HWY_INLINE Approx<Pack> Times(const Approx<Pack>& a, double power) {
  return {a.value * power, a.error * power};
}
HWY_INLINE Approx<DoubleWord> Times(const Approx<DoubleWord>& a, double power) {
  return {Scaled(a.value, Pack(power)), a.error * power};
}
inline Approx<Multi> Times(const Approx<Multi>& a, double power) { return {a.value * Multi(power)}; }

/// The focal loss, with weighted slopes: its terms are added up without.
struct ClassesFormula {
  static constexpr std::size_t kOthers = 0;

  template <class N, class Sink>
  HWY_INLINE void operator()(const Arguments<N>& arguments, Sink* sink) const {
    Terms<N> terms;
    focal(arguments, &terms);
    sink->Loss(terms.loss);
    sink->Input(Weighed(terms.input));
    if constexpr (Sink::kTakesTarget) sink->Target(Weighed(terms.target));
  }
  template <Doubles N>
  HWY_INLINE Approx<N> Weighed(const Approx<N>& a) const {
    const N value = a.value * weight;
    return WithError(value, MulAdd(a.error, size, Abs(value) * 0x1p-52));
  }
  HWY_INLINE Approx<DoubleWord> Weighed(const Approx<DoubleWord>& a) const {
    const DoubleWord value = a.value * DoubleWord(weight);
    return {value, MulAdd(a.error, size, Abs(value.hi) * DoubleWord::kUnit)};
  }
  Approx<Multi> Weighed(const Approx<Multi>& a) const { return {a.value * Multi(weight)}; }

  SigmoidFocalFormula focal;
  double weight, size;  ///< its magnitude, or infinity: no bound holds
};

struct BoxesFormula : BoxConstants {
  static constexpr BoxesInMulti* kInMulti = DetectionInMulti;

  template <class N, class Sink>
  HWY_INLINE void operator()(const BoxArguments<N>& boxes, Sink* sink) const {
    const SmoothL1Formula smooth{beta, 1 / beta, 1};
    Both<N, Sink> both{*this, sink, {}};
    smooth(Arguments<N>{boxes.a.x1, boxes.b.x1, {}}, &both.distances[0]);
    smooth(Arguments<N>{boxes.a.y1, boxes.b.y1, {}}, &both.distances[1]);
    smooth(Arguments<N>{boxes.a.x2, boxes.b.x2, {}}, &both.distances[2]);
    smooth(Arguments<N>{boxes.a.y2, boxes.b.y2, {}}, &both.distances[3]);
    CiouFormula{{eps}}(boxes, &both);
  }

  /// Takes what complete IoU gives, and adds the distances.
  template <class N, class Sink>
  struct Both {
    static constexpr bool kTakesTarget = Sink::kTakesTarget;
    using A = Approx<N>;
    HWY_INLINE void Loss(const A& iou) {
      const A x = Weighed(distances[0].loss, 1, distances[1].loss, 1);
      const A y = Weighed(distances[2].loss, 1, distances[3].loss, 1);
      sink->Loss(With(iou, Weighed(x, 1, y, 1)));
    }
    HWY_INLINE void Input(const A& x1, const A& y1, const A& x2, const A& y2) {
      sink->Input(With(x1, distances[0].input), With(y1, distances[1].input), With(x2, distances[2].input),
                  With(y2, distances[3].input));
    }
    HWY_INLINE void Target(const A& x1, const A& y1, const A& x2, const A& y2) {
      sink->Target(With(x1, distances[0].target), With(y1, distances[1].target),
                   With(x2, distances[2].target), With(y2, distances[3].target));
    }
    HWY_INLINE A With(const A& iou, const A& distance) const {
      return Weighed(iou, constants.iou_weight, Times(distance, constants.distance_share),
                     constants.distance_weight);
    }

    const BoxConstants& constants;
    Sink* sink;
    Terms<N> distances[kCorners];
  };
};

ClassesFormula ClassesOf(const DetectionCall& call) {
  const double weight = call.class_weight;
  const FocalParameters& focal = call.focal;
  return {{focal.alpha, focal.gamma, 2 + PowerUnits(focal.gamma)},
          weight,
          BoxConstants{.iou_weight = weight}.AreTame() ? std::fabs(weight) : kInfinity};
}

/// Calls run.operator()<T, kExact>(). Only float32 has kernels of its own for either mode.
template <class Run>
void ChooseDetection(const DetectionCall& call, const Run& run) {
  const bool exact = call.classes.mode == Mode::kExact;
  if (call.classes.dtype == Dtype::kF64) return run.template operator()<double, true>();
  if (call.classes.dtype != Dtype::kF32) return run.template operator()<Half, true>();
  exact ? run.template operator()<float, true>() : run.template operator()<float, false>();
}

/// The sums, and all gradients.
void RunDetection(const DetectionCall& call, DetectionSums* sums) {
  ChooseDetection(call, [&]<class T, bool kExact>() HWY_ATTR {
    const ClassesFormula classes = ClassesOf(call);
    const BoxesFormula boxes{call.constants};
    sums->classes = ElementKernel<ClassesFormula, T, kExact>(classes, call.classes).Run();
    sums->boxes = BoxKernel<BoxesFormula, T, kExact, true>(boxes, call.boxes).Run();
  });
}

/// The sums in double words.
void RefineDetection(const DetectionCall& call, DetectionSums* sums) {
  ChooseDetection(call, [&]<class T, bool>() HWY_ATTR {
    const ClassesFormula classes = ClassesOf(call);
    const BoxesFormula boxes{call.constants};
    sums->classes = ElementSums<ClassesFormula, T>(classes, call.classes).InWords();
    sums->boxes = BoxSums<BoxesFormula, T>(boxes, call.boxes).InWords();
  });
}

}  // namespace exactloss::optimized::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "optimized/arguments.h"
#include "optimized/dispatch.h"
#include "optimized/kernels.h"
#include "optimized/overlap.h"

namespace exactloss::optimized {
namespace {

/// One focal term at the precision that is set; of an infinite logit its limit as a double.
Multi FocalInMulti(const FocalParameters& parameters, double x, double t) {
  const HWY_NAMESPACE::SigmoidFocalFormula formula{parameters.alpha, parameters.gamma, 0};
  if (std::isinf(x) || std::isinf(t)) {
    double rounded[HWY_NAMESPACE::kOutputs];
    HWY_NAMESPACE::DecideElement(formula, Dtype::kF64, {x, t, 1, 1}, 1.0, rounded);
    return rounded[0];
  }
  HWY_NAMESPACE::Terms<Multi> terms;
  formula(HWY_NAMESPACE::Arguments<Multi>{x, t, {}}, &terms);
  return terms.loss.value;
}

Multi LossInMulti(const DetectionCall& call) {
  Multi classes(0.0), boxes(0.0);
  for (std::size_t i = 0; i < call.classes.rows * call.classes.columns; ++i) {
    const OverlapElement element = OverlapElementAt(call.classes, i);
    classes = classes + FocalInMulti(call.focal, element.x, element.t);
  }
  for (std::size_t row = 0; row < call.boxes.rows; ++row) {
    double corners[kRowInputs];
    for (std::size_t i = 0; i < kCorners; ++i) {
      const OverlapElement corner = OverlapElementAt(call.boxes, row * kCorners + i);
      corners[i] = corner.x;
      corners[kCorners + i] = corner.t;
    }
    boxes = boxes + BoxLoss(DetectionInMulti, call.constants, corners);
  }
  return Multi(call.class_weight) * classes / Multi(call.classes.divisor) + boxes / Multi(call.boxes.divisor);
}

/// The loss as a sum whose divisor is 1.
Total LossOf(const DetectionCall& call, const DetectionSums& sums) {
  // The parts may underflow, but where no format tells them from 0; each step is right to 2^-98 of itself.
  constexpr double kFloor = 0x1p-900, kSteps = 0x1p-93, kBounds = 1 + 0x1p-40;
  const double u = call.class_weight, n = call.classes.divisor, m = call.boxes.divisor;
  const Word2 classes = Times({u, 0}, Over(sums.classes.sum, {n, 0})), boxes = Over(sums.boxes.sum, {m, 0});
  Total total;
  total.sum = Add(classes, boxes);
  total.error = kBounds * (std::fabs(u) * sums.classes.error / n + sums.boxes.error / m) +
                kSteps * (std::fabs(classes.hi) + std::fabs(boxes.hi)) + kFloor;
  total.special = sums.boxes.special;
  // Of a weight 0 the limit is 0.
  if (sums.classes.special != 0 && (u != 0 || std::isnan(sums.classes.special)))
    total.special += u * sums.classes.special;
  return total;
}

bool IsSure(const Total& total, const ElementCall& call) {
  if (!total.IsFinite()) return false;
  if (call.dtype == Dtype::kF64) return total.error <= std::fabs(total.sum.hi) * 0x1p-60;
  return call.mode == Mode::kFast || total.IsSure(call.dtype, 1);
}

}  // namespace

void DetectionInMulti(const BoxConstants& constants, const Multi (&inputs)[kRowInputs],
                      Multi (&outputs)[kRowOutputs]) {
  HWY_NAMESPACE::EvaluateInMulti<HWY_NAMESPACE::BoxesFormula>(constants, inputs, outputs);
}

HWY_EXPORT(RunDetection);
HWY_EXPORT(RefineDetection);

namespace {

double RoundedDetection(const DetectionCall& call, const DetectionSums& sums) {
  const Dtype dtype = call.classes.dtype;
  Total total = LossOf(call, sums);
  if (total.special != 0) return total.special;
  if (!IsSure(total, call.classes) && dtype != Dtype::kF64) {
    DetectionSums refined;
    EXACTLOSS_DISPATCH(RefineDetection)(call, &refined);
    total = LossOf(call, refined);
  }
  if (IsSure(total, call.classes)) return total.Rounded(dtype, 1);
  double rounded = 0;
  Decide([&] { return LossInMulti(call).RoundsTo(dtype, &rounded); });
  return rounded;
}

/// The tensors of either pair, and none of one in those of the other.
Error CheckPairs(const Call& call, const Pair& classes, const Pair& boxes, DetectionCall* detection) {
  if (call.reduction != Reduction::kMean && call.reduction != Reduction::kSum)
    return {"reduction", "is neither mean nor sum"};
  if (boxes.columns != kCorners) return {"boxes", "must have 4 columns: x1, y1, x2, y2"};
  if (boxes.loss != nullptr) return {"boxes", "have no loss of their own"};
  const std::size_t logits = classes.rows * classes.columns, corners = boxes.rows * boxes.columns;
  if (const Error error = CheckPair(call, classes, logits, {}, &detection->classes)) return error;
  if (const Error error = CheckTensors(call, boxes.rows, boxes.columns,
                                       {{"boxes", boxes.input}, {"target_boxes", boxes.target}},
                                       {{"boxes_gradient", boxes.input_gradient, corners},
                                        {"target_boxes_gradient", boxes.target_gradient, corners}})) {
    return error;
  }
  if (const Error error = CheckPair(call, boxes, boxes.rows, {}, &detection->boxes)) return error;
  detection->boxes.loss = classes.loss;  // to be computed

  const std::size_t unit = SizeOf(call.dtype);
  const auto extent = [&](const Pair& pair, const Input& input) {
    const auto stride = static_cast<std::size_t>(RowStride(input, pair.columns));
    return pair.rows * pair.columns == 0 ? 0 : ((pair.rows - 1) * stride + pair.columns) * unit;
  };
  const Bytes inputs[] = {{"input", classes.input.data, extent(classes, classes.input)},
                          {"target", classes.target.data, extent(classes, classes.target)},
                          {"boxes", boxes.input.data, extent(boxes, boxes.input)},
                          {"target_boxes", boxes.target.data, extent(boxes, boxes.target)}};
  const Bytes outputs[] = {{"loss", classes.loss, unit},
                           {"input_gradient", classes.input_gradient, logits * unit},
                           {"target_gradient", classes.target_gradient, logits * unit},
                           {"boxes_gradient", boxes.input_gradient, corners * unit},
                           {"target_boxes_gradient", boxes.target_gradient, corners * unit}};
  return CheckOverlaps(inputs, outputs);
}

}  // namespace

Error Detection(const Call& call, const Pair& classes, const Pair& boxes,
                const DetectionParameters& parameters) {
  if (!(parameters.alpha <= 1)) return {"alpha", "must not exceed 1"};
  if (!(parameters.gamma >= 0)) return {"gamma", "must not be negative"};
  if (!(parameters.beta >= 0)) return {"beta", "must not be negative"};
  if (!(parameters.eps >= 0 && std::isfinite(parameters.eps)))
    return {"eps", "must be finite and not negative"};
  if (!std::isfinite(parameters.class_weight)) return {"class_weight", "must be finite"};
  if (!std::isfinite(parameters.box_weight)) return {"box_weight", "must be finite"};
  if (!std::isfinite(parameters.iou_weight)) return {"iou_weight", "must be finite"};
  DetectionCall detection;
  if (const Error error = CheckPairs(call, classes, boxes, &detection)) return error;
  detection.focal = {parameters.alpha, parameters.gamma};
  detection.class_weight = parameters.class_weight;
  // The mean over corners divides by four times as many as that over rows.
  detection.constants = {parameters.eps, parameters.beta, parameters.box_weight,
                         call.reduction == Reduction::kMean ? 1.0 / kCorners : 1.0, parameters.iou_weight};
  DetectionSums sums;
  EXACTLOSS_DISPATCH(RunDetection)(detection, &sums);
  if (classes.loss == nullptr) return {};
  StoreTo(call.dtype, RoundedDetection(detection, sums), classes.loss, 0);
  return {};
}

const Contract kDetectionContract = {.loss = "detection", .fast = 0.501, .exact = 0.5, .f64 = 0.51};

}  // namespace exactloss::optimized
#endif  // HWY_ONCE
