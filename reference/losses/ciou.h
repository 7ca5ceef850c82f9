// Complete IoU (Zheng et al. 2020), as torchvision.ops.complete_box_iou_loss: alpha is held in the gradient.
#pragma once

#include "reference/losses/boxes.h"

namespace exactloss {

struct Ciou {
  inline static const LossSpec kSpec = BoxSpec("ciou",
                                               "diou + alpha v, v = (4 / pi^2) (atan(w' / h') - atan(w / "
                                               "h))^2, alpha = v / (1 - IoU + v + eps) held constant",
                                               "composite: torchvision.ops.complete_box_iou_loss");

  explicit Ciou(const Problem& problem) : eps(problem.parameter("eps")) {}

  template <class T>
  T Term(const T* v) const {
    return Of(Box<T>(v), Box<T>(v + kCorners));
  }

  template <class T>
  T Of(const Box<T>& a, const Box<T>& b) const {
    const T loss = Overlap<T>(a, b).Loss(eps);
    const T angle = AngleBetween(a.width, a.height, b.width, b.height);
    const T aspect = Sqr(2 / Pi<T>() * angle), held = Detach(aspect);
    // v^2 / (1 - IoU + v + eps) without 0 / 0 where the aspects agree.
    const T alpha = Share(held, Pow(Detach(loss) + held + eps, Parameter(-1)));
    return loss + CentreDistance(a, b, eps) + alpha * aspect;
  }

  /// atan(u / k) - atan(w / h). As the angle of one quotient it is exactly 0 where the aspects agree; where
  /// the sum theorem would leave the principal value, or at a height of 0, it is the difference as written.
  template <class T>
  static T AngleBetween(const T& w, const T& h, const T& u, const T& k) {
    const T heights = h * k, cosine = heights + w * u;
    return SameFunction(
        -(Detach(cosine) * Detach(heights)), [&] { return AtanRatio(u * h - w * k, cosine); },
        [&] { return AtanRatio(u, k) - AtanRatio(w, h); });
  }

  Parameter eps;
};

}  // namespace exactloss
