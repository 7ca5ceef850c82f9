// The losses in C: every struct becomes the one of C++ that has its layout.
#include "optimized/losses_c.h"

#include <bit>
#include <type_traits>

#include "optimized/losses.h"

using namespace exactloss::optimized;  // NOLINT(google-build-using-namespace)

namespace {

static_assert(Dtype{EXACTLOSS_F64} == Dtype::kF64 && Dtype{EXACTLOSS_F32} == Dtype::kF32 &&
              Dtype{EXACTLOSS_BF16} == Dtype::kBF16 && Dtype{EXACTLOSS_F16} == Dtype::kF16);
static_assert(Mode{EXACTLOSS_FAST} == Mode::kFast && Mode{EXACTLOSS_EXACT} == Mode::kExact);
static_assert(Reduction{EXACTLOSS_NONE} == Reduction::kNone &&
              Reduction{EXACTLOSS_MEAN} == Reduction::kMean && Reduction{EXACTLOSS_SUM} == Reduction::kSum &&
              Reduction{EXACTLOSS_BATCH_MEAN} == Reduction::kBatchMean);
static_assert(EXACTLOSS_DENSE == kDense);

template <class A, class B>
constexpr bool SameLayout() {
#ifdef __cpp_lib_is_layout_compatible
  return std::is_layout_compatible_v<A, B>;
#else
  return sizeof(A) == sizeof(B);
#endif
}

template <class C, class Cpp>
C ToC(const Cpp& cpp) {
  static_assert(SameLayout<Cpp, C>());
  return std::bit_cast<C>(cpp);
}

template <class Cpp, class C>
Cpp FromC(const C* c) {
  static_assert(SameLayout<Cpp, C>());
  return c == nullptr ? Cpp{} : std::bit_cast<Cpp>(*c);
}

/// By the letter an enumeration has not the layout of its underlying type.
Call CallOf(const exactloss_call* call) {
  if (call == nullptr) return {};
  return {Dtype{call->dtype}, Mode{call->mode}, Reduction{call->reduction}, call->threads};
}

template <class Tensors, class... Parameters, class CTensors, class... CParameters>
exactloss_error Run(Error loss(const Call&, const Tensors&, const Parameters&...), const exactloss_call* call,
                    const CTensors* tensors, const CParameters*... parameters) {
  if (tensors == nullptr) return {"tensors", "are null"};
  return ToC<exactloss_error>(loss(CallOf(call), FromC<Tensors>(tensors), FromC<Parameters>(parameters)...));
}

}  // namespace

exactloss_call exactloss_default_call(void) {
  const Call call;
  return {static_cast<uint8_t>(call.dtype), static_cast<uint8_t>(call.mode),
          static_cast<uint8_t>(call.reduction), call.threads};
}
exactloss_pair exactloss_default_pair(void) { return ToC<exactloss_pair>(Pair{}); }
exactloss_smooth_l1_parameters exactloss_default_smooth_l1_parameters(void) {
  return ToC<exactloss_smooth_l1_parameters>(SmoothL1Parameters{});
}
exactloss_huber_parameters exactloss_default_huber_parameters(void) {
  return ToC<exactloss_huber_parameters>(HuberParameters{});
}
exactloss_bce_parameters exactloss_default_bce_parameters(void) {
  return ToC<exactloss_bce_parameters>(BceParameters{});
}
exactloss_bce_with_logits_parameters exactloss_default_bce_with_logits_parameters(void) {
  return ToC<exactloss_bce_with_logits_parameters>(BceWithLogitsParameters{});
}
exactloss_focal_parameters exactloss_default_focal_parameters(void) {
  return ToC<exactloss_focal_parameters>(FocalParameters{});
}
exactloss_kl_div_parameters exactloss_default_kl_div_parameters(void) {
  return ToC<exactloss_kl_div_parameters>(KlDivParameters{});
}
exactloss_box_parameters exactloss_default_box_parameters(void) {
  return ToC<exactloss_box_parameters>(BoxParameters{});
}
exactloss_detection_parameters exactloss_default_detection_parameters(void) {
  return ToC<exactloss_detection_parameters>(DetectionParameters{});
}
exactloss_dice_parameters exactloss_default_dice_parameters(void) {
  return ToC<exactloss_dice_parameters>(DiceParameters{});
}
exactloss_bce_dice_parameters exactloss_default_bce_dice_parameters(void) {
  return ToC<exactloss_bce_dice_parameters>(BceDiceParameters{});
}
exactloss_class_rows exactloss_default_class_rows(void) { return ToC<exactloss_class_rows>(ClassRows{}); }
exactloss_nll_parameters exactloss_default_nll_parameters(void) {
  return ToC<exactloss_nll_parameters>(NllParameters{});
}
exactloss_cross_entropy_parameters exactloss_default_cross_entropy_parameters(void) {
  return ToC<exactloss_cross_entropy_parameters>(CrossEntropyParameters{});
}
exactloss_triplet exactloss_default_triplet(void) { return ToC<exactloss_triplet>(Triplet{}); }
exactloss_triplet_margin_parameters exactloss_default_triplet_margin_parameters(void) {
  return ToC<exactloss_triplet_margin_parameters>(TripletMarginParameters{});
}

exactloss_error exactloss_mse(const exactloss_call* call, const exactloss_pair* pair) {
  return Run(Mse, call, pair);
}
exactloss_error exactloss_l1(const exactloss_call* call, const exactloss_pair* pair) {
  return Run(L1, call, pair);
}
exactloss_error exactloss_smooth_l1(const exactloss_call* call, const exactloss_pair* pair,
                                    const exactloss_smooth_l1_parameters* parameters) {
  return Run(SmoothL1, call, pair, parameters);
}
exactloss_error exactloss_huber(const exactloss_call* call, const exactloss_pair* pair,
                                const exactloss_huber_parameters* parameters) {
  return Run(Huber, call, pair, parameters);
}
exactloss_error exactloss_bce(const exactloss_call* call, const exactloss_pair* pair,
                              const exactloss_bce_parameters* parameters) {
  return Run(Bce, call, pair, parameters);
}
exactloss_error exactloss_bce_with_logits(const exactloss_call* call, const exactloss_pair* pair,
                                          const exactloss_bce_with_logits_parameters* parameters) {
  return Run(BceWithLogits, call, pair, parameters);
}
exactloss_error exactloss_sigmoid_focal(const exactloss_call* call, const exactloss_pair* pair,
                                        const exactloss_focal_parameters* parameters) {
  return Run(SigmoidFocal, call, pair, parameters);
}
exactloss_error exactloss_focal_simple(const exactloss_call* call, const exactloss_pair* pair,
                                       const exactloss_focal_parameters* parameters) {
  return Run(FocalSimple, call, pair, parameters);
}
exactloss_error exactloss_kl_div(const exactloss_call* call, const exactloss_pair* pair,
                                 const exactloss_kl_div_parameters* parameters) {
  return Run(KlDiv, call, pair, parameters);
}
exactloss_error exactloss_iou(const exactloss_call* call, const exactloss_pair* boxes,
                              const exactloss_box_parameters* parameters) {
  return Run(Iou, call, boxes, parameters);
}
exactloss_error exactloss_giou(const exactloss_call* call, const exactloss_pair* boxes,
                               const exactloss_box_parameters* parameters) {
  return Run(Giou, call, boxes, parameters);
}
exactloss_error exactloss_diou(const exactloss_call* call, const exactloss_pair* boxes,
                               const exactloss_box_parameters* parameters) {
  return Run(Diou, call, boxes, parameters);
}
exactloss_error exactloss_ciou(const exactloss_call* call, const exactloss_pair* boxes,
                               const exactloss_box_parameters* parameters) {
  return Run(Ciou, call, boxes, parameters);
}
exactloss_error exactloss_detection(const exactloss_call* call, const exactloss_pair* classes,
                                    const exactloss_pair* boxes,
                                    const exactloss_detection_parameters* parameters) {
  if (classes == nullptr || boxes == nullptr) return {"tensors", "are null"};
  return ToC<exactloss_error>(Detection(CallOf(call), FromC<Pair>(classes), FromC<Pair>(boxes),
                                        FromC<DetectionParameters>(parameters)));
}
exactloss_error exactloss_dice(const exactloss_call* call, const exactloss_pair* pair,
                               const exactloss_dice_parameters* parameters) {
  return Run(Dice, call, pair, parameters);
}
exactloss_error exactloss_bce_dice(const exactloss_call* call, const exactloss_pair* pair,
                                   const exactloss_bce_dice_parameters* parameters) {
  return Run(BceDice, call, pair, parameters);
}
exactloss_error exactloss_nll(const exactloss_call* call, const exactloss_class_rows* rows,
                              const exactloss_nll_parameters* parameters) {
  return Run(Nll, call, rows, parameters);
}
exactloss_error exactloss_cross_entropy(const exactloss_call* call, const exactloss_class_rows* rows,
                                        const exactloss_cross_entropy_parameters* parameters) {
  return Run(CrossEntropy, call, rows, parameters);
}
exactloss_error exactloss_triplet_margin(const exactloss_call* call, const exactloss_triplet* triplet,
                                         const exactloss_triplet_margin_parameters* parameters) {
  return Run(TripletMargin, call, triplet, parameters);
}

size_t exactloss_target_count(void) { return TargetCount(); }
const char* exactloss_target_name(size_t index) { return TargetName(index); }
bool exactloss_use_target(const char* name) { return UseTarget(name); }
