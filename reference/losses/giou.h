// Generalized IoU (Rezatofighi et al. 2019), as torchvision.ops.generalized_box_iou_loss.
#pragma once

#include "reference/losses/boxes.h"

namespace exactloss {

struct Giou {
  inline static const LossSpec kSpec =
      BoxSpec("giou", "1 - I / (U + eps) + (C - U) / (C + eps), C the enclosing box's area",
              "composite: torchvision.ops.generalized_box_iou_loss");

  explicit Giou(const Problem& problem) : eps(problem.parameter("eps")) {}

  template <class T>
  T Term(const T* v) const {
    const Box<T> a(v), b(v + kCorners);
    const Overlap<T> overlap(a, b);
    const Enclosing<T> enclosing(a, b);
    const T area = enclosing.width * enclosing.height;
    return overlap.Loss(eps) + (area - overlap.union_area) / (area + eps);
  }

  Parameter eps;
};

}  // namespace exactloss
