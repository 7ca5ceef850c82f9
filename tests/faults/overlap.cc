// Faults of dice, bce_dice, the IoU family and detection.
#include <algorithm>
#include <limits>
#include <numbers>

#include "tests/faults/plants.h"

namespace exactloss {
namespace {

// --- dice -----------------------------------------------------------------------------------------------

/// The sums of one sample, in binary64.
struct DiceSums {
  double product = 0, squares = 0, predicted = 0, target = 0, count = 0;
};

double Logistic(double x) { return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x)); }

/// term(sums, smooth, m) in place of each term of dice.
template <class Term>
Plant DiceTerm(Term term) {
  return [term](Making& m) {
    const Tensor& input = *m.problem().inputs[0];
    const bool per_sample = m.loss_name() == "dice" && m.parameter("per_sample") != 0;
    const std::size_t samples = per_sample ? static_cast<std::size_t>(input.shape[0]) : 1;
    const std::size_t size = input.values.size() / samples;
    Numbers terms;
    for (std::size_t sample = 0; sample < samples; ++sample) {
      DiceSums sums;
      for (std::size_t i = sample * size; i < (sample + 1) * size; ++i) {
        const double p = Logistic(m.x(i)), t = m.t(i);
        sums.product += p * t;
        sums.squares += p * p + t * t;
        sums.predicted += p;
        sums.target += t;
        ++sums.count;
      }
      terms.push_back(term(sums, m.parameter("smooth")));
    }
    m.Reduce(terms);
  };
}

double OneMinus(double numerator, double denominator) { return 1 - numerator / denominator; }

/// The denominator is held: -2 p q t / D.
double HeldDenominator(const Making& m, std::size_t i, double right) {
  if (m.parameter("per_sample") != 0) return right;
  double denominator = m.parameter("smooth");
  const std::size_t size = m.problem().inputs[0]->values.size();
  for (std::size_t k = 0; k < size; ++k) denominator += Logistic(m.x(k)) + m.t(k);
  return -2 * Logistic(m.x(i)) * Logistic(-m.x(i)) * m.t(i) / denominator;
}

/// bce + dice from its parts, each weighted and reduced by `part`.
Plant BceDice(double (*part)(double bce, double dice, const Making& m)) {
  return [part](Making& m) {
    const auto bce = m.Of([](Problem& p) { p = WithLoss(p, "bce_with_logits"); });
    const auto dice = m.Of([](Problem& p) { p = WithLoss(p, "dice"); });
    m.loss() = {part(bce[0][0], dice[0][0], m)};
  };
}

// --- boxes ----------------------------------------------------------------------------------------------

struct Box {
  Box(const Making& m, const char* input, std::size_t row)
      : x1(m.At(input, 4 * row)),
        y1(m.At(input, 4 * row + 1)),
        x2(m.At(input, 4 * row + 2)),
        y2(m.At(input, 4 * row + 3)) {}
  double Width() const { return x2 - x1; }
  double Height() const { return y2 - y1; }
  double Area() const { return Width() * Height(); }
  bool IsFinite() const {
    return std::isfinite(x1) && std::isfinite(y1) && std::isfinite(x2) && std::isfinite(y2);
  }

  double x1, y1, x2, y2;
};

/// What the IoU family is made of, in binary64.
struct Boxes {
  Boxes(const Making& m, std::size_t row)
      : a(m, "input", row),
        b(m, "target", row),
        eps(m.parameter("eps")),
        reach_x(std::min(a.x2, b.x2) - std::max(a.x1, b.x1)),
        reach_y(std::min(a.y2, b.y2) - std::max(a.y1, b.y1)),
        intersection(std::max(reach_x, 0.0) * std::max(reach_y, 0.0)),
        united(a.Area() + b.Area() - intersection),
        hull_width(std::max(a.x2, b.x2) - std::min(a.x1, b.x1)),
        hull_height(std::max(a.y2, b.y2) - std::min(a.y1, b.y1)),
        dx((a.x1 + a.x2 - b.x1 - b.x2) / 2),
        dy((a.y1 + a.y2 - b.y1 - b.y2) / 2) {}

  double Iou() const { return intersection / (united + eps); }
  double Hull() const { return hull_width * hull_height; }
  double Diagonal() const { return hull_width * hull_width + hull_height * hull_height; }
  double Distance() const { return dx * dx + dy * dy; }
  double Angle() const { return std::atan(b.Width() / b.Height()) - std::atan(a.Width() / a.Height()); }
  double Aspect() const { return 4 / (std::numbers::pi * std::numbers::pi) * Angle() * Angle(); }
  double Alpha() const { return Aspect() / (1 - Iou() + Aspect() + eps); }
  bool IsFinite() const { return a.IsFinite() && b.IsFinite(); }

  Box a, b;
  double eps, reach_x, reach_y, intersection, united, hull_width, hull_height, dx, dy;
};

/// term(boxes, right) of finite boxes.
template <class Term>
Plant BoxTerm(Term term) {
  return EachTerm([term](Making& m, std::size_t row, double right) {
    const Boxes boxes(m, row);
    return boxes.IsFinite() ? term(boxes, right) : right;
  });
}

/// The penalty of giou, with another measure of the hull.
double GiouOf(const Boxes& boxes, double hull) {
  return 1 - boxes.Iou() + (hull - boxes.united) / (hull + boxes.eps);
}

/// grad ciou with alpha differentiated: from the gradients of iou and diou.
void AlphaNotHeld(Making& m) {
  const auto iou = m.Of([](Problem& p) { p = WithLoss(p, "iou"); });
  const auto diou = m.Of([](Problem& p) { p = WithLoss(p, "diou"); });
  for (std::size_t k = 1; k < m.outputs.size(); ++k) {
    for (std::size_t i = 0; i < m.outputs[k].size(); ++i) {
      const Boxes boxes(m, i / 4);
      if (!boxes.IsFinite()) continue;
      const double alpha = boxes.Alpha(), of_aspect = m.outputs[k][i] - diou[k][i];
      m.outputs[k][i] = diou[k][i] + (2 - alpha) * of_aspect - alpha * alpha * iou[k][i];
    }
  }
}

bool AreEqual(const Boxes& boxes) {
  return boxes.dx == 0 && boxes.dy == 0 && boxes.hull_width == boxes.a.Width() &&
         boxes.hull_height == boxes.a.Height() && boxes.hull_width == boxes.b.Width() &&
         boxes.hull_height == boxes.b.Height();
}

}  // namespace

std::vector<Fault> OverlapFaults() {
  return {
      {"dice.no_smooth", {"dice", "bce_dice"}, "smooth is 0", AsIfParameter("smooth", 0)},
      {"dice.smooth_in_denominator",
       {"dice"},
       "smooth is in the denominator alone: empty masks cost 1",
       DiceTerm([](const DiceSums& s, double smooth) {
         return OneMinus(2 * s.product, s.predicted + s.target + smooth);
       }),
       "https://github.com/aim-uofa/AdelaiDet/issues/610"},
      {"dice.squared_denominator",
       {"dice"},
       "the denominator sums squares, as V-Net has it",
       DiceTerm([](const DiceSums& s, double smooth) {
         return OneMinus(2 * s.product + smooth, s.squares + smooth);
       })},
      {"dice.no_factor_two",
       {"dice"},
       "the numerator lacks its factor of 2",
       DiceTerm([](const DiceSums& s, double smooth) {
         return OneMinus(s.product + smooth, s.predicted + s.target + smooth);
       }),
       "https://github.com/hubutui/DiceLoss-PyTorch/issues/1"},
      {"dice.squared_numerator",
       {"dice"},
       "the intersection is squared, the denominator is not",
       DiceTerm([](const DiceSums& s, double smooth) {
         return OneMinus(2 * s.product * s.product + smooth, s.predicted + s.target + smooth);
       }),
       "https://github.com/MIC-DKFZ/nnUNet/issues/12"},
      {"dice.smooth_per_element",
       {"dice"},
       "smooth is added once an element",
       DiceTerm([](const DiceSums& s, double smooth) {
         return OneMinus(2 * s.product + smooth * s.count, s.predicted + s.target + smooth * s.count);
       })},
      {"dice.jaccard",
       {"dice"},
       "the union instead of the sum of both",
       DiceTerm([](const DiceSums& s, double smooth) {
         return OneMinus(s.product + smooth, s.predicted + s.target - s.product + smooth);
       })},
      {"dice.one_minus",
       {"dice"},
       "1 minus a quotient, which cancels where the masks agree",
       [](Making& m) {
         for (double& number : m.loss()) number = 1 - RoundTo(m.dtype, 1 - number);
       }},
      {"dice.samples_summed",
       {"dice"},
       "the samples' coefficients are summed, not averaged",
       [](Making& m) {
         if (m.problem().reduction == Reduction::kMean) Times([](Making& n) { return n.Divisor(); })(m);
       },
       "https://github.com/faustomilletari/VNet/issues/13"},
      {"dice.per_sample_ignored",
       {"dice"},
       "with per_sample the sums run over all samples",
       AsIf([](Problem& p) {
         if (p.reduction != Reduction::kNone) SetParameter(p, "per_sample", 0);
       }),
       "https://github.com/BloodAxe/pytorch-toolbelt/issues/99"},
      {"dice.denominator_held",
       {"dice"},
       "the gradient holds the denominator",
       EachSlope("input", HeldDenominator)},
      {"dice.coefficient",
       {"dice"},
       "the coefficient, not 1 minus it",
       EachTerm([](Making&, std::size_t, double right) { return 1 - right; })},
      {"dice.target_thresholded",
       {"dice", "bce_dice"},
       "soft targets are cut to 0 and 1",
       AsIf([](Problem& p) {
         for (double& t : p.inputs[1]->values) t = std::isnan(t) ? t : t > 0.5;
       })},
      {"bce_dice.weights_exchanged",
       {"bce_dice"},
       "the weights of the parts are exchanged",
       Exchanges("bce_weight", "dice_weight")},
      {"bce_dice.sum_for_mean",
       {"bce_dice"},
       "the cross entropy is summed",
       BceDice([](double bce, double dice, const Making& m) {
         return m.parameter("bce_weight") * bce * static_cast<double>(m.problem().inputs[0]->values.size()) +
                m.parameter("dice_weight") * dice;
       })},

      {"iou.plus_one",
       {"iou"},
       "widths and heights of whole pixels: +1",
       BoxTerm([](const Boxes& b, double) {
         const auto area = [](const Box& box) { return (box.Width() + 1) * (box.Height() + 1); };
         const double shared = std::max(b.reach_x + 1, 0.0) * std::max(b.reach_y + 1, 0.0);
         return 1 - shared / (area(b.a) + area(b.b) - shared + b.eps);
       }),
       "https://github.com/open-mmlab/mmdetection/pull/3151"},
      {"iou.reach_not_clamped",
       {"iou"},
       "two negative reaches make a positive intersection",
       BoxTerm([](const Boxes& b, double right) {
         const double shared = b.reach_x * b.reach_y;
         return b.reach_x < 0 && b.reach_y < 0 ? 1 - shared / (b.a.Area() + b.b.Area() - shared + b.eps)
                                               : right;
       })},
      {"iou.union_not_reduced",
       {"iou"},
       "the intersection counts twice in the union",
       BoxTerm(
           [](const Boxes& b, double) { return 1 - b.intersection / (b.a.Area() + b.b.Area() + b.eps); })},
      {"iou.one_minus",
       {"iou"},
       "1 minus a quotient in the dtype, which cancels where the boxes agree",
       EachTerm([](Making& m, std::size_t, double right) { return 1 - RoundTo(m.dtype, 1 - right); }),
       {},
       "the corners are predictions: a change of one by its own rounding moves the loss as much, so the "
       "gauge "
       "explains the difference"},
      {"iou.no_eps", {"iou", "giou", "diou", "ciou"}, "eps is 0", AsIfParameter("eps", 0)},
      {"iou.area_overflows",
       {"iou", "giou"},
       "areas in the dtype overflow",
       EachTerm([](Making& m, std::size_t row, double right) {
         const Boxes b(m, row);
         return std::isinf(RoundTo(m.dtype, b.a.Area() + b.b.Area())) ? kNan : right;
       })},
      {"iou.target_gradient_zero",
       {"iou", "giou", "diou", "ciou"},
       "the target gets a gradient of zeros",
       ZeroGradient("target")},
      {"giou.is_iou", {"giou"}, "the penalty is missing", AsIfLoss("iou")},
      {"giou.hull_of_centres",
       {"giou"},
       "the enclosing box takes the smaller corner on both sides",
       BoxTerm([](const Boxes& b, double) {
         return GiouOf(b, (std::min(b.a.x2, b.b.x2) - std::min(b.a.x1, b.b.x1)) *
                              (std::min(b.a.y2, b.b.y2) - std::min(b.a.y1, b.b.y1)));
       })},
      {"giou.penalty_over_union",
       {"giou"},
       "the penalty divides by the union",
       BoxTerm(
           [](const Boxes& b, double) { return 1 - b.Iou() + (b.Hull() - b.united) / (b.united + b.eps); })},
      {"diou.not_squared",
       {"diou"},
       "distance over diagonal, not their squares",
       BoxTerm([](const Boxes& b, double) {
         return 1 - b.Iou() + std::sqrt(b.Distance() / (b.Diagonal() + b.eps));
       })},
      {"diou.mixed_axes",
       {"diou"},
       "centres of x1 + y1 and x2 + y2",
       BoxTerm([](const Boxes& b, double) {
         const double u = (b.a.x1 + b.a.y1 - b.b.x1 - b.b.y1) / 2,
                      v = (b.a.x2 + b.a.y2 - b.b.x2 - b.b.y2) / 2;
         return 1 - b.Iou() + (u * u + v * v) / (b.Diagonal() + b.eps);
       }),
       "https://github.com/pytorch/vision/pull/5786"},
      {"diou.distance_not_in_gradient",
       {"diou"},
       "the gradient is that of iou",
       GradientsOnly(AsIfLoss("iou"))},
      {"ciou.alpha_not_held", {"ciou"}, "alpha is differentiated", AlphaNotHeld},
      {"ciou.no_pi", {"ciou"}, "4 / pi^2 is missing in v", BoxTerm([](const Boxes& b, double) {
         const double v = b.Angle() * b.Angle(), alpha = v / (1 - b.Iou() + v + b.eps);
         return 1 - b.Iou() + b.Distance() / (b.Diagonal() + b.eps) + alpha * v;
       })},
      {"ciou.identical_nan",
       {"ciou"},
       "alpha is 0 / 0 for identical boxes",
       BoxTerm([](const Boxes& b, double right) { return AreEqual(b) ? kNan : right; }),
       "https://github.com/ultralytics/yolov5/issues/2376"},
      {"ciou.flat_gradient_nan",
       {"ciou"},
       "the gradient is NaN for a box without height",
       EachSlope("input", [](Making& m, std::size_t i,
                             double right) { return Boxes(m, i / 4).a.Height() == 0 ? kNan : right; }),
       "https://github.com/Zzh-tju/DIoU-pytorch-detectron/issues/19"},
      {"ciou.aspect_dropped",
       {"ciou"},
       "the aspect counts only where it exceeds 1/2",
       BoxTerm([](const Boxes& b, double right) {
         return b.Aspect() > 0.5 ? right : right - b.Alpha() * b.Aspect();
       })},
      {"detection.weights_exchanged",
       {"detection"},
       "the weights of corners and overlap are exchanged",
       Exchanges("box_weight", "iou_weight")},
      {"detection.corners_over_boxes",
       {"detection"},
       "the corners' mean divides by the boxes, not by four times as many",
       AsIf([](Problem& p) {
         if (p.reduction == Reduction::kMean) SetParameter(p, "box_weight", 4 * p.parameter("box_weight"));
       })},
      {"detection.boxes_get_no_gradient",
       {"detection"},
       "the boxes get a gradient of zeros",
       ZeroGradient("boxes")},
  };
}

}  // namespace exactloss
