#include "oracle/hosts/torch/losses.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/Reduction.h>
#include <ATen/ops/binary_cross_entropy.h>
#include <ATen/ops/binary_cross_entropy_with_logits.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/exp.h>
#include <ATen/ops/huber_loss.h>
#include <ATen/ops/kl_div.h>
#include <ATen/ops/l1_loss.h>
#include <ATen/ops/mean.h>
#include <ATen/ops/mse_loss.h>
#include <ATen/ops/nll_loss_nd.h>
#include <ATen/ops/pow.h>
#include <ATen/ops/reshape.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/smooth_l1_loss.h>
#include <ATen/ops/sum.h>
#include <ATen/ops/triplet_margin_loss.h>

#include "oracle/hosts/torch/boxes.h"

namespace exactloss::torch_host {
namespace {

using at::Tensor;

/// binary_cross_entropy clamps each logarithm at -100 and has no parameter for that.
Tensor Bce(const Call& c) {
  if (c.Real("log_clamp") != -100) throw Unsupported("binary_cross_entropy clamps the logarithms at -100");
  return at::binary_cross_entropy(c["input"], c["target"], c.Optional("weight"), ReductionOf(c));
}

/// With probabilities ignore_index says nothing, and cross_entropy_loss refuses any but a negative one.
Tensor CrossEntropy(const Call& c) {
  const Tensor probabilities = c.Optional("target_probabilities");
  if (probabilities.defined() && c.Integer("ignore_index") >= 0) {
    throw Unsupported("cross_entropy_loss takes no ignore_index with probabilities");
  }
  return at::cross_entropy_loss(c["input"], probabilities.defined() ? probabilities : c["target"],
                                c.Optional("weight"), ReductionOf(c), c.Integer("ignore_index"),
                                c.Real("label_smoothing"));
}

/// As torch.nn.functional.kl_div: batchmean is the sum over the batch size.
Tensor KlDiv(const Call& c) {
  const bool log_target = c.Boolean("log_target");
  if (c.reduction != "batchmean") return at::kl_div(c["input"], c["target"], ReductionOf(c), log_target);
  return at::kl_div(c["input"], c["target"], at::Reduction::Sum, log_target) / c["input"].size(0);
}

/// The terms of torchvision's sigmoid_focal_loss.
Tensor SigmoidFocalTerms(const Tensor& x, const Tensor& t, double alpha, double gamma) {
  const Tensor p = at::sigmoid(x);
  const Tensor bce = at::binary_cross_entropy_with_logits(x, t, {}, {}, at::Reduction::None);
  const Tensor p_t = p * t + (1 - p) * (1 - t);
  const Tensor focal = bce * at::pow(1 - p_t, gamma);
  return alpha < 0 ? focal : (alpha * t + (1 - alpha) * (1 - t)) * focal;
}

/// The form of many tutorials: p_t from the cross entropy itself, alpha one factor for both classes.
Tensor SimpleFocalTerms(const Tensor& x, const Tensor& t, double alpha, double gamma) {
  const Tensor bce = at::binary_cross_entropy_with_logits(x, t, {}, {}, at::Reduction::None);
  return alpha * at::pow(1 - at::exp(-bce), gamma) * bce;
}

/// One term for all elements, or one a sample.
Tensor DiceTerms(const Tensor& x, const Tensor& t, double smooth, bool per_sample) {
  const auto total = [per_sample](const Tensor& a) {
    return per_sample ? at::sum(at::reshape(a, {a.size(0), -1}), {1}) : at::sum(a);
  };
  const Tensor p = at::sigmoid(x);
  return 1 - (2 * total(p * t) + smooth) / (total(p) + total(t) + smooth);
}

/// Each part is reduced on its own, then weighted.
Tensor Detection(const Call& c) {
  const Tensor classes = SigmoidFocalTerms(c["input"], c["target"], c.Real("alpha"), c.Real("gamma"));
  const Tensor corners = at::smooth_l1_loss(c["boxes"], c["target_boxes"], ReductionOf(c), c.Real("beta"));
  const Tensor overlap = Ciou(c["boxes"], c["target_boxes"], c.Real("eps"));
  return c.Real("class_weight") * Reduce(classes, c) + c.Real("box_weight") * corners +
         c.Real("iou_weight") * Reduce(overlap, c);
}

template <Tensor (*terms)(const Tensor&, const Tensor&, double)>
Tensor BoxLoss(const Call& c) {
  return Reduce(terms(c["input"], c["target"], c.Real("eps")), c);
}

/// As torchvision reduces: the mean of no boxes is 0.
template <Tensor (*terms)(const Tensor&, const Tensor&, double)>
Tensor VisionBoxLoss(const Call& c) {
  const Tensor loss = terms(c["input"], c["target"], c.Real("eps"));
  return c.reduction == "mean" && loss.numel() == 0 ? 0.0 * at::sum(loss) : Reduce(loss, c);
}

const std::map<std::string, Loss> kLosses = {
    {"mse", [](const Call& c) { return at::mse_loss(c["input"], c["target"], ReductionOf(c)); }},
    {"l1", [](const Call& c) { return at::l1_loss(c["input"], c["target"], ReductionOf(c)); }},
    {"smooth_l1",
     [](const Call& c) {
       return at::smooth_l1_loss(c["input"], c["target"], ReductionOf(c), c.Real("beta"));
     }},
    {"huber",
     [](const Call& c) { return at::huber_loss(c["input"], c["target"], ReductionOf(c), c.Real("delta")); }},
    {"bce", Bce},
    {"bce_with_logits",
     [](const Call& c) {
       return at::binary_cross_entropy_with_logits(c["input"], c["target"], c.Optional("weight"),
                                                   c.Optional("pos_weight"), ReductionOf(c));
     }},
    {"nll",
     [](const Call& c) {
       return at::nll_loss_nd(c["input"], c["target"], c.Optional("weight"), ReductionOf(c),
                              c.Integer("ignore_index"));
     }},
    {"cross_entropy", CrossEntropy},
    {"sigmoid_focal",
     [](const Call& c) {
       return Reduce(SigmoidFocalTerms(c["input"], c["target"], c.Real("alpha"), c.Real("gamma")), c);
     }},
    {"focal_simple",
     [](const Call& c) {
       return Reduce(SimpleFocalTerms(c["input"], c["target"], c.Real("alpha"), c.Real("gamma")), c);
     }},
    {"dice",
     [](const Call& c) {
       return Reduce(DiceTerms(c["input"], c["target"], c.Real("smooth"), c.Boolean("per_sample")), c);
     }},
    {"bce_dice",
     [](const Call& c) {
       return c.Real("bce_weight") * at::binary_cross_entropy_with_logits(c["input"], c["target"]) +
              c.Real("dice_weight") * DiceTerms(c["input"], c["target"], c.Real("smooth"), false);
     }},
    {"iou", BoxLoss<Iou>},
    {"giou", VisionBoxLoss<Giou>},
    {"diou", VisionBoxLoss<Diou>},
    {"ciou", VisionBoxLoss<Ciou>},
    {"detection", Detection},
    {"kl_div", KlDiv},
    {"triplet_margin",
     [](const Call& c) {
       return at::triplet_margin_loss(c["anchor"], c["positive"], c["negative"], c.Real("margin"),
                                      c.Real("p"), c.Real("eps"), c.Boolean("swap"), ReductionOf(c));
     }},
};

}  // namespace

at::Tensor Call::Optional(const char* input) const {
  const auto found = inputs.find(input);
  return found == inputs.end() ? at::Tensor() : found->second;
}

Loss FindLoss(const std::string& name) {
  const auto found = kLosses.find(name);
  if (found == kLosses.end()) throw Unsupported("no loss '" + name + "' in this host");
  return found->second;
}

std::int64_t ReductionOf(const Call& call) {
  if (call.reduction == "none") return at::Reduction::None;
  if (call.reduction == "mean") return at::Reduction::Mean;
  if (call.reduction == "sum") return at::Reduction::Sum;
  throw Unsupported("no reduction '" + call.reduction + "' here");
}

at::Tensor Reduce(const at::Tensor& terms, const Call& call) {
  switch (ReductionOf(call)) {
    case at::Reduction::Mean:
      return at::mean(terms);
    case at::Reduction::Sum:
      return at::sum(terms);
    default:
      return terms;
  }
}

}  // namespace exactloss::torch_host
