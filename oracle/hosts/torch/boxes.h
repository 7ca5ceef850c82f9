// The losses of the IoU family on boxes x1, y1, x2, y2, one term a row, in the form in which torchvision
// publishes them (generalized_box_iou_loss, distance_box_iou_loss, complete_box_iou_loss); bf16 and f16 are
// computed in f32 as there. torchvision then answers in f32; here the terms come back in the dtype of the
// boxes, so that they can be compared.
#pragma once

#include <ATen/core/Tensor.h>

namespace exactloss::torch_host {

at::Tensor Iou(const at::Tensor& boxes, const at::Tensor& target, double eps);
at::Tensor Giou(const at::Tensor& boxes, const at::Tensor& target, double eps);
at::Tensor Diou(const at::Tensor& boxes, const at::Tensor& target, double eps);

/// Here eps stands wherever the formula has it; torchvision hands it to alpha alone and keeps 1e-7 in the
/// DIoU part.
at::Tensor Ciou(const at::Tensor& boxes, const at::Tensor& target, double eps);

}  // namespace exactloss::torch_host
