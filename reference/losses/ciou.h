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
    const T angle = AtanRatio(b.Width(), b.Height()) - AtanRatio(a.Width(), a.Height());
    const T aspect = Sqr(2 * angle / Pi<T>());
    // v^2 / (1 - IoU + v + eps) without 0 / 0 where the aspects agree.
    const T alpha = Detach(Share(aspect, 1 / (loss + aspect + eps)));
    return loss + CentreDistance(a, b, eps) + alpha * aspect;
  }

  Parameter eps;
};

}  // namespace exactloss
