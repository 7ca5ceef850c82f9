// A detector's loss: focal loss of the classes, smooth L1 of the corners and complete IoU of the boxes, each
// reduced on its own, weighted and added.
#pragma once

#include "reference/losses/ciou.h"
#include "reference/losses/sigmoid_focal.h"
#include "reference/losses/smooth_l1.h"

namespace exactloss {

struct Detection {
  inline static const LossSpec kSpec = {
      .name = "detection",
      .formula =
          "class_weight sigmoid_focal + box_weight smooth_l1 + iou_weight ciou, each reduced on its own",
      .libtorch = "composite of the three",
      .family = Family::kComposite,
      .inputs = {kInput,
                 kProbabilityTarget,
                 {.name = "boxes", .role = Role::kPrediction, .differentiable = true},
                 {.name = "target_boxes", .role = Role::kTarget, .differentiable = true}},
      .parameters = {kAlpha, kGamma, kBeta, kBoxEps, PartWeight("class_weight"), PartWeight("box_weight"),
                     PartWeight("iou_weight")},
      .reductions = {Reduction::kMean, Reduction::kSum}};
};

/// The terms of its boxes: smooth L1 and complete IoU of one row.
struct DetectionBoxes {
  explicit DetectionBoxes(const Problem& problem)
      : smooth_l1(problem),
        ciou(problem),
        box_weight(problem.parameter("box_weight")),
        iou_weight(problem.parameter("iou_weight")),
        corners(problem.reduction == Reduction::kMean ? kCorners : 1) {}

  /// The mean over corners divides by four times as many as that over rows.
  template <class T>
  T Term(const T* v) const {
    T distance = T(0.0);
    for (std::int64_t k = 0; k < kCorners; ++k) distance = distance + smooth_l1.Of(v[k] - v[kCorners + k]);
    const T iou = ciou.Of(Box<T>(v), Box<T>(v + kCorners));
    return box_weight * (distance / T(static_cast<double>(corners))) + iou_weight * iou;
  }

  SmoothL1 smooth_l1;
  Ciou ciou;
  Parameter box_weight, iou_weight;
  std::int64_t corners;
};

}  // namespace exactloss
