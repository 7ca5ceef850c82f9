// Exactloss losses in C: each function of losses.h, whose formulas and conventions hold here as well.
//
// Every loss takes a call, tensors and (most of them) parameters, writes the outputs whose pointer is not
// null, and returns an error whose strings are null when all is well. On an error nothing is written. Null
// instead of a call or of parameters stands for the defaults. What differs from them starts from its
// exactloss_default_...() function: an exactloss_input of zeros, say, is no dense one.
//
// Strings are static. Every function may be called by several threads at once.
#ifndef EXACTLOSS_LOSSES_C_H
#define EXACTLOSS_LOSSES_C_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { EXACTLOSS_F64, EXACTLOSS_F32, EXACTLOSS_BF16, EXACTLOSS_F16 };          ///< dtypes
enum { EXACTLOSS_FAST, EXACTLOSS_EXACT };                                      ///< modes
enum { EXACTLOSS_NONE, EXACTLOSS_MEAN, EXACTLOSS_SUM, EXACTLOSS_BATCH_MEAN };  ///< reductions

typedef struct exactloss_call {
  uint8_t dtype;      ///< EXACTLOSS_F32; of every tensor but class indices
  uint8_t mode;       ///< EXACTLOSS_FAST
  uint8_t reduction;  ///< EXACTLOSS_MEAN
  int threads;        ///< 1; at most; 0: one a core
} exactloss_call;
exactloss_call exactloss_default_call(void);

/// Nulls, or what is wrong: "beta", "must not be negative".
typedef struct exactloss_error {
  const char* argument;
  const char* reason;
} exactloss_error;

enum { EXACTLOSS_DENSE = -1 };  ///< a row begins where the one before it ends

/// A tensor that is read. Its rows are dense and `row_stride` elements apart; 0: one row that stands for all.
typedef struct exactloss_input {
  const void* data;
  ptrdiff_t row_stride;  ///< EXACTLOSS_DENSE
} exactloss_input;

/// Prediction and target of `rows` x `columns`; boxes have 4 columns x1, y1, x2, y2, and one loss a row.
typedef struct exactloss_pair {
  size_t rows;     ///< 1
  size_t columns;  ///< 0
  exactloss_input input, target;
  void* loss;             ///< one number, or one an element (a row for boxes) with EXACTLOSS_NONE
  void* input_gradient;   ///< rows x columns
  void* target_gradient;  ///< rows x columns
} exactloss_pair;
exactloss_pair exactloss_default_pair(void);

exactloss_error exactloss_mse(const exactloss_call* call, const exactloss_pair* pair);
exactloss_error exactloss_l1(const exactloss_call* call, const exactloss_pair* pair);

typedef struct exactloss_smooth_l1_parameters {
  double beta;  ///< 1; >= 0
} exactloss_smooth_l1_parameters;
exactloss_smooth_l1_parameters exactloss_default_smooth_l1_parameters(void);
exactloss_error exactloss_smooth_l1(const exactloss_call* call, const exactloss_pair* pair,
                                    const exactloss_smooth_l1_parameters* parameters);

typedef struct exactloss_huber_parameters {
  double delta;  ///< 1; > 0
} exactloss_huber_parameters;
exactloss_huber_parameters exactloss_default_huber_parameters(void);
exactloss_error exactloss_huber(const exactloss_call* call, const exactloss_pair* pair,
                                const exactloss_huber_parameters* parameters);

typedef struct exactloss_bce_parameters {
  exactloss_input weight;  ///< rows x columns, or null: 1
  double log_clamp;        ///< -100; <= 0; the logarithms are no less
} exactloss_bce_parameters;
exactloss_bce_parameters exactloss_default_bce_parameters(void);
exactloss_error exactloss_bce(const exactloss_call* call, const exactloss_pair* pair,
                              const exactloss_bce_parameters* parameters);

typedef struct exactloss_bce_with_logits_parameters {
  exactloss_input weight, pos_weight;  ///< rows x columns, or null: 1
} exactloss_bce_with_logits_parameters;
exactloss_bce_with_logits_parameters exactloss_default_bce_with_logits_parameters(void);
exactloss_error exactloss_bce_with_logits(const exactloss_call* call, const exactloss_pair* pair,
                                          const exactloss_bce_with_logits_parameters* parameters);

typedef struct exactloss_focal_parameters {
  double alpha;  ///< 0.25; <= 1; below 0: without its factor
  double gamma;  ///< 2; >= 0
} exactloss_focal_parameters;
exactloss_focal_parameters exactloss_default_focal_parameters(void);
exactloss_error exactloss_sigmoid_focal(const exactloss_call* call, const exactloss_pair* pair,
                                        const exactloss_focal_parameters* parameters);
exactloss_error exactloss_focal_simple(const exactloss_call* call, const exactloss_pair* pair,
                                       const exactloss_focal_parameters* parameters);

typedef struct exactloss_kl_div_parameters {
  bool log_target;  ///< false
} exactloss_kl_div_parameters;
exactloss_kl_div_parameters exactloss_default_kl_div_parameters(void);
exactloss_error exactloss_kl_div(const exactloss_call* call, const exactloss_pair* pair,
                                 const exactloss_kl_div_parameters* parameters);

typedef struct exactloss_box_parameters {
  double eps;  ///< 1e-7; >= 0
} exactloss_box_parameters;
exactloss_box_parameters exactloss_default_box_parameters(void);
exactloss_error exactloss_iou(const exactloss_call* call, const exactloss_pair* boxes,
                              const exactloss_box_parameters* parameters);
exactloss_error exactloss_giou(const exactloss_call* call, const exactloss_pair* boxes,
                               const exactloss_box_parameters* parameters);
exactloss_error exactloss_diou(const exactloss_call* call, const exactloss_pair* boxes,
                               const exactloss_box_parameters* parameters);
exactloss_error exactloss_ciou(const exactloss_call* call, const exactloss_pair* boxes,
                               const exactloss_box_parameters* parameters);

typedef struct exactloss_detection_parameters {
  double alpha;                                 ///< 0.25; of the focal loss
  double gamma;                                 ///< 2
  double beta;                                  ///< 1; of smooth L1
  double eps;                                   ///< 1e-7; of CIoU
  double class_weight, box_weight, iou_weight;  ///< 1
} exactloss_detection_parameters;
exactloss_detection_parameters exactloss_default_detection_parameters(void);
/// The loss goes to classes->loss; boxes->loss must be null.
exactloss_error exactloss_detection(const exactloss_call* call, const exactloss_pair* classes,
                                    const exactloss_pair* boxes,
                                    const exactloss_detection_parameters* parameters);

typedef struct exactloss_dice_parameters {
  double smooth;    ///< 1e-5; >= 0
  bool per_sample;  ///< false; one loss a row instead of one for all
} exactloss_dice_parameters;
exactloss_dice_parameters exactloss_default_dice_parameters(void);
exactloss_error exactloss_dice(const exactloss_call* call, const exactloss_pair* pair,
                               const exactloss_dice_parameters* parameters);

typedef struct exactloss_bce_dice_parameters {
  double bce_weight, dice_weight;  ///< 1
  double smooth;                   ///< 1e-5
} exactloss_bce_dice_parameters;
exactloss_bce_dice_parameters exactloss_default_bce_dice_parameters(void);
exactloss_error exactloss_bce_dice(const exactloss_call* call, const exactloss_pair* pair,
                                   const exactloss_bce_dice_parameters* parameters);

/// Scores of `rows` x `classes` x `inner`, row-major; every place of the inner dimension of a row has one
/// target and one loss.
typedef struct exactloss_class_rows {
  size_t rows;                           ///< 1
  size_t classes;                        ///< 0
  size_t inner;                          ///< 1
  exactloss_input input;                 ///< log-probabilities or logits; a row holds classes x inner
  const int64_t* target;                 ///< rows x inner class indices, or null and:
  exactloss_input target_probabilities;  ///< cross entropy alone; as input
  const void* weight;                    ///< of each class, or null: 1
  void* loss;                            ///< one number, or rows x inner with EXACTLOSS_NONE
  void* input_gradient;                  ///< as input, dense
  void* target_gradient;                 ///< of the target probabilities
} exactloss_class_rows;
exactloss_class_rows exactloss_default_class_rows(void);

typedef struct exactloss_nll_parameters {
  int64_t ignore_index;  ///< -100; a target that takes no part
} exactloss_nll_parameters;
exactloss_nll_parameters exactloss_default_nll_parameters(void);
exactloss_error exactloss_nll(const exactloss_call* call, const exactloss_class_rows* rows,
                              const exactloss_nll_parameters* parameters);

typedef struct exactloss_cross_entropy_parameters {
  int64_t ignore_index;    ///< -100; a target that takes no part
  double label_smoothing;  ///< 0; in [0, 1]
} exactloss_cross_entropy_parameters;
exactloss_cross_entropy_parameters exactloss_default_cross_entropy_parameters(void);
exactloss_error exactloss_cross_entropy(const exactloss_call* call, const exactloss_class_rows* rows,
                                        const exactloss_cross_entropy_parameters* parameters);

/// Three vectors a row.
typedef struct exactloss_triplet {
  size_t rows;     ///< 1
  size_t columns;  ///< 0
  exactloss_input anchor, positive, negative;
  void* loss;  ///< one number, or one a row with EXACTLOSS_NONE
  void* anchor_gradient;
  void* positive_gradient;
  void* negative_gradient;
} exactloss_triplet;
exactloss_triplet exactloss_default_triplet(void);

typedef struct exactloss_triplet_margin_parameters {
  double margin;  ///< 1
  double p;       ///< 2; > 0; infinity: the maximum norm
  double eps;     ///< 1e-6
  bool swap;      ///< false
} exactloss_triplet_margin_parameters;
exactloss_triplet_margin_parameters exactloss_default_triplet_margin_parameters(void);
exactloss_error exactloss_triplet_margin(const exactloss_call* call, const exactloss_triplet* triplet,
                                         const exactloss_triplet_margin_parameters* parameters);

/// The SIMD targets of this CPU that the library was built for, best first: "AVX3", "AVX2", "SSE4" or "NEON",
/// "SCALAR"; null past the last. exactloss_use_target takes one for the later calls of this thread (null: the
/// best); false: there is none of that name.
size_t exactloss_target_count(void);
const char* exactloss_target_name(size_t index);
bool exactloss_use_target(const char* name);

#ifdef __cplusplus
}
#endif

#endif  // EXACTLOSS_LOSSES_C_H
