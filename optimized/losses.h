// Exactloss losses: loss and gradients in one pass over memory, fast or correctly rounded.
//
// Every function takes its tensors as plain memory, computes the reduced loss and its gradients (of the sum,
// when the reduction is `none`), writes the outputs whose pointer is not null, and returns an Error that is
// empty when all is well. On an error nothing is written. Outputs are dense and row-major, may not overlap
// each other or an input, and need no alignment. Nothing outside the tensors is read or written. No function
// throws.
//
// Formulas and conventions are those of PyTorch: at a kink the gradient is the element that PyTorch takes; at
// an infinite input the limit of the formula, or NaN where it has none; a NaN makes the outputs that depend
// on it NaN.
#pragma once

#include <cstddef>
#include <cstdint>

namespace exactloss::optimized {

/// Of every tensor of a call but class indices.
enum class Dtype : std::uint8_t { kF64, kF32, kBF16, kF16 };

enum class Mode : std::uint8_t {
  kFast,   ///< within the bound at the foot of the loss's file: below 1 ulp, 2 for rows of classes
  kExact,  ///< the correctly rounded result of real arithmetic (binary64: within 0.51 ulp), the same bits for
           ///< any number of threads, SIMD target and order of the terms
};

enum class Reduction : std::uint8_t { kNone, kMean, kSum, kBatchMean };

struct Call {
  Dtype dtype = Dtype::kF32;
  Mode mode = Mode::kFast;
  Reduction reduction = Reduction::kMean;
  int threads = 1;  ///< at most; 0: one a core
};

/// Empty, or what is wrong: "beta", "must not be negative".
struct Error {
  const char* argument = nullptr;
  const char* reason = nullptr;
  explicit operator bool() const { return argument != nullptr; }
};

inline constexpr std::ptrdiff_t kDense = -1;  ///< a row begins where the one before it ends

/// A tensor that is read. Its rows are dense and `row_stride` elements apart; 0: one row that stands for all.
struct Input {
  const void* data = nullptr;
  std::ptrdiff_t row_stride = kDense;
};

/// Prediction and target of `rows` x `columns`; boxes have 4 columns x1, y1, x2, y2, and one loss a row.
struct Pair {
  std::size_t rows = 1, columns = 0;
  Input input, target;
  void* loss = nullptr;             ///< one number, or one an element (a row for boxes) with Reduction::kNone
  void* input_gradient = nullptr;   ///< rows x columns
  void* target_gradient = nullptr;  ///< rows x columns
};

/// (x - t)^2
Error Mse(const Call& call, const Pair& pair);

/// |x - t|, with slope 0 at x = t
Error L1(const Call& call, const Pair& pair);

struct SmoothL1Parameters {
  double beta = 1;  ///< >= 0
};
/// e = |x - t|: e^2 / (2 beta) below beta, else e - beta / 2
Error SmoothL1(const Call& call, const Pair& pair, const SmoothL1Parameters& parameters = {});

struct HuberParameters {
  double delta = 1;  ///< > 0
};
/// e = |x - t|: e^2 / 2 up to delta, else delta (e - delta / 2)
Error Huber(const Call& call, const Pair& pair, const HuberParameters& parameters = {});

struct BceParameters {
  Input weight;             ///< rows x columns, or null: 1
  double log_clamp = -100;  ///< <= 0; the logarithms are no less
};
/// -w (t log x + (1 - t) log(1 - x)) for x, t in [0, 1]
Error Bce(const Call& call, const Pair& pair, const BceParameters& parameters = {});

struct BceWithLogitsParameters {
  Input weight, pos_weight;  ///< rows x columns, or null: 1
};
/// w ((1 - t) x + (1 + (q - 1) t) log(1 + exp(-x))), q = pos_weight
Error BceWithLogits(const Call& call, const Pair& pair, const BceWithLogitsParameters& parameters = {});

struct FocalParameters {
  double alpha = 0.25;  ///< <= 1; below 0: without its factor
  double gamma = 2;     ///< >= 0
};
/// p = sigmoid(x), p_t = p t + (1 - p)(1 - t): (alpha t + (1 - alpha)(1 - t)) (1 - p_t)^gamma
/// bce_with_logits(x, t)
Error SigmoidFocal(const Call& call, const Pair& pair, const FocalParameters& parameters = {});
/// b = bce_with_logits(x, t): alpha (1 - exp(-b))^gamma b
Error FocalSimple(const Call& call, const Pair& pair, const FocalParameters& parameters = {});

struct KlDivParameters {
  bool log_target = false;
};
/// t (log t - x), or exp(t) (t - x) of log targets
Error KlDiv(const Call& call, const Pair& pair, const KlDivParameters& parameters = {});

struct BoxParameters {
  double eps = 1e-7;  ///< >= 0
};
/// One loss a row of two boxes: 1 - I / (U + eps), and what the others add to it (Rezatofighi et al. 2019,
/// Zheng et al. 2020); in CIoU the weight of the aspect term is held constant in the gradient, as published.
Error Iou(const Call& call, const Pair& boxes, const BoxParameters& parameters = {});
Error Giou(const Call& call, const Pair& boxes, const BoxParameters& parameters = {});
Error Diou(const Call& call, const Pair& boxes, const BoxParameters& parameters = {});
Error Ciou(const Call& call, const Pair& boxes, const BoxParameters& parameters = {});

struct DetectionParameters {
  double alpha = 0.25, gamma = 2;  ///< of the focal loss
  double beta = 1;                 ///< of smooth L1
  double eps = 1e-7;               ///< of CIoU
  double class_weight = 1, box_weight = 1, iou_weight = 1;
};
/// class_weight sigmoid_focal(classes) + box_weight smooth_l1(boxes) + iou_weight ciou(boxes), each with the
/// mean or the sum of its own terms. The loss goes to classes.loss; boxes.loss must be null.
Error Detection(const Call& call, const Pair& classes, const Pair& boxes,
                const DetectionParameters& parameters = {});

struct DiceParameters {
  double smooth = 1e-5;     ///< >= 0
  bool per_sample = false;  ///< one loss a row instead of one for all
};
/// p = sigmoid(x): 1 - (2 sum(p t) + s) / (sum p + sum t + s); the reduction is over samples
Error Dice(const Call& call, const Pair& pair, const DiceParameters& parameters = {});

struct BceDiceParameters {
  double bce_weight = 1, dice_weight = 1, smooth = 1e-5;
};
/// bce_weight mean(bce_with_logits) + dice_weight dice
Error BceDice(const Call& call, const Pair& pair, const BceDiceParameters& parameters = {});

/// Scores of `rows` x `classes` x `inner`, row-major: class c of place i of row n lies at (n classes + c)
/// inner + i, and every (n, i) has one target and one loss. Reduction::kMean divides by the sum of the
/// targets' weights.
struct ClassRows {
  std::size_t rows = 1, classes = 0, inner = 1;
  Input input;                           ///< log-probabilities or logits; a row holds classes x inner
  const std::int64_t* target = nullptr;  ///< rows x inner class indices, or null and:
  Input target_probabilities;            ///< cross entropy alone; as input
  const void* weight = nullptr;          ///< of each class, or null: 1
  void* loss = nullptr;                  ///< one number, or rows x inner with Reduction::kNone
  void* input_gradient = nullptr;        ///< as input, dense
  void* target_gradient = nullptr;       ///< of the target probabilities
};

struct NllParameters {
  std::int64_t ignore_index = -100;  ///< a target that takes no part
};
/// -w[t] x[t]
Error Nll(const Call& call, const ClassRows& rows, const NllParameters& parameters = {});

struct CrossEntropyParameters {
  std::int64_t ignore_index = -100;  ///< a target that takes no part
  double label_smoothing = 0;        ///< in [0, 1]
};
/// sum_j c_j (lse(x) - x_j), where c_j = (1 - s) w[t] [j = t] + s w[j] / C, or w[j] ((1 - s) p_j + s / C)
Error CrossEntropy(const Call& call, const ClassRows& rows, const CrossEntropyParameters& parameters = {});

/// Three vectors a row.
struct Triplet {
  std::size_t rows = 1, columns = 0;
  Input anchor, positive, negative;
  void* loss = nullptr;  ///< one number, or one a row with Reduction::kNone
  void* anchor_gradient = nullptr;
  void* positive_gradient = nullptr;
  void* negative_gradient = nullptr;
};

struct TripletMarginParameters {
  double margin = 1;
  double p = 2;  ///< > 0; infinity: the maximum norm
  double eps = 1e-6;
  bool swap = false;
};
/// max(d(a, p) - d(a, n) + margin, 0), d(u, v) = norm_p(u - v + eps); swap: the nearer of d(a, n), d(p, n)
Error TripletMargin(const Call& call, const Triplet& triplet, const TripletMarginParameters& parameters = {});

/// The SIMD targets of this CPU that the library was built for, best first: "AVX3", "AVX2", "SSE4" or "NEON",
/// "SCALAR"; null past the last. `UseTarget` takes one for the later calls of this thread (null: the best);
/// false: there is none of that name.
std::size_t TargetCount();
const char* TargetName(std::size_t index);
bool UseTarget(const char* name);

}  // namespace exactloss::optimized
