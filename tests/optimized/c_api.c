#include "tests/optimized/c_api.h"

static exactloss_input dense(const void* data) {
  const exactloss_input input = {data, EXACTLOSS_DENSE};
  return input;
}

static exactloss_input apart(const void* data) {
  const exactloss_input input = {data, C_STRIDE};
  return input;
}

static exactloss_input one_row(const void* data) {
  const exactloss_input input = {data, 0};
  return input;
}

static exactloss_pair pair_of(const c_tensors* tensors) {
  exactloss_pair pair = exactloss_default_pair();
  pair.rows = C_ROWS;
  pair.columns = C_COLUMNS;
  pair.input = apart(tensors->inputs[0]);
  pair.target = dense(tensors->inputs[1]);
  pair.loss = tensors->loss;
  pair.input_gradient = tensors->gradients[0];
  pair.target_gradient = tensors->gradients[1];
  return pair;
}

static exactloss_class_rows class_rows_of(const c_tensors* tensors) {
  exactloss_class_rows rows = exactloss_default_class_rows();
  rows.rows = C_ROWS;
  rows.classes = C_COLUMNS;
  rows.input = apart(tensors->inputs[0]);
  rows.weight = tensors->inputs[3];
  rows.loss = tensors->loss;
  rows.input_gradient = tensors->gradients[0];
  return rows;
}

static exactloss_error mse(const exactloss_call* call, const c_tensors* tensors) {
  const exactloss_pair pair = pair_of(tensors);
  return exactloss_mse(call, &pair);
}

static exactloss_error l1(const exactloss_call* call, const c_tensors* tensors) {
  const exactloss_pair pair = pair_of(tensors);
  return exactloss_l1(call, &pair);
}

static exactloss_error smooth_l1(const exactloss_call* call, const c_tensors* tensors) {
  const exactloss_pair pair = pair_of(tensors);
  const exactloss_smooth_l1_parameters parameters = {.beta = 0.25};
  return exactloss_smooth_l1(call, &pair, &parameters);
}

static exactloss_error huber(const exactloss_call* call, const c_tensors* tensors) {
  const exactloss_pair pair = pair_of(tensors);
  const exactloss_huber_parameters parameters = {.delta = 0.25};
  return exactloss_huber(call, &pair, &parameters);
}

static exactloss_error bce(const exactloss_call* call, const c_tensors* tensors) {
  const exactloss_pair pair = pair_of(tensors);
  const exactloss_bce_parameters parameters = {.weight = one_row(tensors->inputs[2]), .log_clamp = -0.5};
  return exactloss_bce(call, &pair, &parameters);
}

static exactloss_error bce_with_logits(const exactloss_call* call, const c_tensors* tensors) {
  const exactloss_pair pair = pair_of(tensors);
  const exactloss_bce_with_logits_parameters parameters = {.weight = one_row(tensors->inputs[2]),
                                                           .pos_weight = dense(tensors->inputs[3])};
  return exactloss_bce_with_logits(call, &pair, &parameters);
}

static exactloss_error sigmoid_focal(const exactloss_call* call, const c_tensors* tensors) {
  const exactloss_pair pair = pair_of(tensors);
  const exactloss_focal_parameters parameters = {.alpha = 0.75, .gamma = 1.5};
  return exactloss_sigmoid_focal(call, &pair, &parameters);
}

static exactloss_error focal_simple(const exactloss_call* call, const c_tensors* tensors) {
  const exactloss_pair pair = pair_of(tensors);
  const exactloss_focal_parameters parameters = {.alpha = 0.75, .gamma = 1.5};
  return exactloss_focal_simple(call, &pair, &parameters);
}

static exactloss_error kl_div(const exactloss_call* call, const c_tensors* tensors) {
  const exactloss_pair pair = pair_of(tensors);
  const exactloss_kl_div_parameters parameters = {.log_target = true};
  return exactloss_kl_div(call, &pair, &parameters);
}

static const exactloss_box_parameters box_parameters = {.eps = 0.125};

static exactloss_error iou(const exactloss_call* call, const c_tensors* tensors) {
  const exactloss_pair boxes = pair_of(tensors);
  return exactloss_iou(call, &boxes, &box_parameters);
}

static exactloss_error giou(const exactloss_call* call, const c_tensors* tensors) {
  const exactloss_pair boxes = pair_of(tensors);
  return exactloss_giou(call, &boxes, &box_parameters);
}

static exactloss_error diou(const exactloss_call* call, const c_tensors* tensors) {
  const exactloss_pair boxes = pair_of(tensors);
  return exactloss_diou(call, &boxes, &box_parameters);
}

static exactloss_error ciou(const exactloss_call* call, const c_tensors* tensors) {
  const exactloss_pair boxes = pair_of(tensors);
  return exactloss_ciou(call, &boxes, &box_parameters);
}

static exactloss_error detection(const exactloss_call* call, const c_tensors* tensors) {
  const exactloss_pair classes = pair_of(tensors);
  const exactloss_detection_parameters parameters = {.alpha = 0.75,
                                                     .gamma = 1.5,
                                                     .beta = 0.25,
                                                     .eps = 0.125,
                                                     .class_weight = 2,
                                                     .box_weight = 0.5,
                                                     .iou_weight = 3};
  exactloss_pair boxes = exactloss_default_pair();
  boxes.rows = C_ROWS;
  boxes.columns = C_COLUMNS;
  boxes.input = dense(tensors->inputs[2]);
  boxes.target = dense(tensors->inputs[3]);
  boxes.input_gradient = tensors->gradients[2];
  return exactloss_detection(call, &classes, &boxes, &parameters);
}

static exactloss_error dice(const exactloss_call* call, const c_tensors* tensors) {
  const exactloss_pair pair = pair_of(tensors);
  const exactloss_dice_parameters parameters = {.smooth = 0.5, .per_sample = true};
  return exactloss_dice(call, &pair, &parameters);
}

static exactloss_error bce_dice(const exactloss_call* call, const c_tensors* tensors) {
  const exactloss_pair pair = pair_of(tensors);
  const exactloss_bce_dice_parameters parameters = {.bce_weight = 0.25, .dice_weight = 0.75, .smooth = 0.5};
  return exactloss_bce_dice(call, &pair, &parameters);
}

static exactloss_error nll(const exactloss_call* call, const c_tensors* tensors) {
  exactloss_class_rows rows = class_rows_of(tensors);
  const exactloss_nll_parameters parameters = {.ignore_index = 2};
  rows.target = tensors->classes;
  return exactloss_nll(call, &rows, &parameters);
}

static exactloss_error cross_entropy(const exactloss_call* call, const c_tensors* tensors) {
  exactloss_class_rows rows = class_rows_of(tensors);
  const exactloss_cross_entropy_parameters parameters = {.ignore_index = 2, .label_smoothing = 0.125};
  rows.target = tensors->classes;
  return exactloss_cross_entropy(call, &rows, &parameters);
}

static exactloss_error cross_entropy_of_probabilities(const exactloss_call* call, const c_tensors* tensors) {
  exactloss_class_rows rows = class_rows_of(tensors);
  rows.target_probabilities = dense(tensors->inputs[1]);
  rows.target_gradient = tensors->gradients[1];
  return exactloss_cross_entropy(call, &rows, NULL);
}

static exactloss_error triplet_margin(const exactloss_call* call, const c_tensors* tensors) {
  exactloss_triplet triplet = exactloss_default_triplet();
  const exactloss_triplet_margin_parameters parameters = {.margin = 0.5, .p = 3, .eps = 0.25, .swap = true};
  triplet.rows = C_ROWS;
  triplet.columns = C_COLUMNS;
  triplet.anchor = apart(tensors->inputs[0]);
  triplet.positive = dense(tensors->inputs[1]);
  triplet.negative = one_row(tensors->inputs[2]);
  triplet.loss = tensors->loss;
  triplet.anchor_gradient = tensors->gradients[0];
  triplet.positive_gradient = tensors->gradients[1];
  triplet.negative_gradient = tensors->gradients[2];
  return exactloss_triplet_margin(call, &triplet, &parameters);
}

const c_loss c_losses[] = {{"mse", mse},
                           {"l1", l1},
                           {"smooth_l1", smooth_l1},
                           {"huber", huber},
                           {"bce", bce},
                           {"bce_with_logits", bce_with_logits},
                           {"sigmoid_focal", sigmoid_focal},
                           {"focal_simple", focal_simple},
                           {"kl_div", kl_div},
                           {"iou", iou},
                           {"giou", giou},
                           {"diou", diou},
                           {"ciou", ciou},
                           {"detection", detection},
                           {"dice", dice},
                           {"bce_dice", bce_dice},
                           {"nll", nll},
                           {"cross_entropy", cross_entropy},
                           {"cross_entropy_of_probabilities", cross_entropy_of_probabilities},
                           {"triplet_margin", triplet_margin},
                           {NULL, NULL}};
