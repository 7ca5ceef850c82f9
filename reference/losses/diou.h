// Distance IoU (Zheng et al. 2020), as torchvision.ops.distance_box_iou_loss.
#pragma once

#include "reference/losses/boxes.h"

namespace exactloss {

struct Diou {
  inline static const LossSpec kSpec = BoxSpec(
      "diou",
      "1 - I / (U + eps) + d^2 / (c^2 + eps), d the distance of the centres, c the enclosing diagonal",
      "composite: torchvision.ops.distance_box_iou_loss");

  explicit Diou(const Problem& problem) : eps(problem.parameter("eps")) {}

  template <class T>
  T Term(const T* v) const {
    const Box<T> a(v), b(v + kCorners);
    return Overlap<T>(a, b).Loss(eps) + CentreDistance(a, b, eps);
  }

  Parameter eps;
};

}  // namespace exactloss
