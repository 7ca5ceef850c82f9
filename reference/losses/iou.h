// Intersection over union as a loss.
#pragma once

#include "reference/losses/boxes.h"

namespace exactloss {

struct Iou {
  inline static const LossSpec kSpec = BoxSpec("iou", "1 - I / (U + eps)", "composite: 1 - box IoU");

  explicit Iou(const Problem& problem) : eps(problem.parameter("eps")) {}

  template <class T>
  T Term(const T* v) const {
    return Overlap<T>(Box<T>(v), Box<T>(v + kCorners)).Loss(eps);
  }

  Parameter eps;
};

}  // namespace exactloss
