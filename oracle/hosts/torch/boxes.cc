#include "oracle/hosts/torch/boxes.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/atan.h>
#include <ATen/ops/logical_and.h>
#include <ATen/ops/masked_select.h>
#include <ATen/ops/max.h>
#include <ATen/ops/min.h>
#include <ATen/ops/pow.h>
#include <ATen/ops/unbind.h>
#include <ATen/ops/zeros_like.h>
#include <c10/util/Exception.h>
#include <c10/util/MathConstants.h>

namespace exactloss::torch_host {
namespace {

struct Boxes {
  explicit Boxes(const at::Tensor& boxes) {
    const bool wide = boxes.scalar_type() == at::kFloat || boxes.scalar_type() == at::kDouble;
    TORCH_CHECK(boxes.dim() == 2 && boxes.size(1) == 4, "boxes have shape [N, 4], not ", boxes.sizes());
    const std::vector<at::Tensor> corners = at::unbind(wide ? boxes : boxes.to(at::kFloat), -1);
    x1 = corners[0], y1 = corners[1], x2 = corners[2], y2 = corners[3];
  }
  at::Tensor width() const { return x2 - x1; }
  at::Tensor height() const { return y2 - y1; }
  at::Tensor area() const { return width() * height(); }

  at::Tensor x1, y1, x2, y2;
};

struct Overlap {
  at::Tensor intersection, union_;
};

Overlap OverlapOf(const Boxes& a, const Boxes& b) {
  const at::Tensor left = at::max(a.x1, b.x1), top = at::max(a.y1, b.y1);
  const at::Tensor right = at::min(a.x2, b.x2), bottom = at::min(a.y2, b.y2);
  const at::Tensor meet = at::logical_and(bottom > top, right > left);
  at::Tensor intersection = at::zeros_like(a.x1);
  intersection.masked_scatter_(meet, (at::masked_select(right, meet) - at::masked_select(left, meet)) *
                                         (at::masked_select(bottom, meet) - at::masked_select(top, meet)));
  return {intersection, a.area() + b.area() - intersection};
}

/// The smallest box around both.
struct Enclosing {
  Enclosing(const Boxes& a, const Boxes& b)
      : width(at::max(a.x2, b.x2) - at::min(a.x1, b.x1)), height(at::max(a.y2, b.y2) - at::min(a.y1, b.y1)) {}

  at::Tensor width, height;
};

at::Tensor IouOf(const Boxes& a, const Boxes& b, double eps) {
  const Overlap overlap = OverlapOf(a, b);
  return overlap.intersection / (overlap.union_ + eps);
}

at::Tensor DiouLoss(const Boxes& a, const Boxes& b, const at::Tensor& iou, double eps) {
  const Enclosing enclosing(a, b);
  const at::Tensor diagonal = at::pow(enclosing.width, 2) + at::pow(enclosing.height, 2) + eps;
  const at::Tensor dx = (a.x2 + a.x1) / 2 - (b.x1 + b.x2) / 2;
  const at::Tensor dy = (a.y2 + a.y1) / 2 - (b.y1 + b.y2) / 2;
  return 1 - iou + (at::pow(dx, 2) + at::pow(dy, 2)) / diagonal;
}

}  // namespace

at::Tensor Iou(const at::Tensor& boxes, const at::Tensor& target, double eps) {
  return (1 - IouOf(Boxes(boxes), Boxes(target), eps)).to(boxes.scalar_type());
}

at::Tensor Giou(const at::Tensor& boxes, const at::Tensor& target, double eps) {
  const Boxes a(boxes), b(target);
  const Overlap overlap = OverlapOf(a, b);
  const Enclosing enclosing(a, b);
  const at::Tensor area = enclosing.width * enclosing.height;
  const at::Tensor giou =
      overlap.intersection / (overlap.union_ + eps) - (area - overlap.union_) / (area + eps);
  return (1 - giou).to(boxes.scalar_type());
}

at::Tensor Diou(const at::Tensor& boxes, const at::Tensor& target, double eps) {
  const Boxes a(boxes), b(target);
  return DiouLoss(a, b, IouOf(a, b, eps), eps).to(boxes.scalar_type());
}

at::Tensor Ciou(const at::Tensor& boxes, const at::Tensor& target, double eps) {
  const Boxes a(boxes), b(target);
  const at::Tensor iou = IouOf(a, b, eps);
  const at::Tensor angle = at::atan(b.width() / b.height()) - at::atan(a.width() / a.height());
  const at::Tensor v = 4 / (c10::pi<double> * c10::pi<double>)*at::pow(angle, 2);
  at::Tensor alpha;
  {
    const at::NoGradGuard held;
    alpha = v / (1 - iou + v + eps);
  }
  return (DiouLoss(a, b, iou, eps) + alpha * v).to(boxes.scalar_type());
}

}  // namespace exactloss::torch_host
