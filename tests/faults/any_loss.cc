// Controls, and faults that any loss may have: lanes, layouts, formats, reductions, NaN.
#include <algorithm>
#include <bit>
#include <limits>
#include <optional>

#include "oracle/memory_image.h"
#include "tests/faults/plants.h"

namespace exactloss {
namespace {

constexpr std::size_t kLanes = 8;

bool IsInTail(std::size_t i, std::size_t size) { return i >= size / kLanes * kLanes; }

/// The tensor as code sees it that takes its memory for row-major.
Tensor Misread(const Problem& problem, std::size_t input) {
  Tensor tensor = *problem.inputs[input];
  const ElementType type = ElementType::Of(problem, input);
  MemoryImage image = ImageOf(tensor.shape, tensor.layout, type);
  std::vector<std::byte> buffer(image.size + static_cast<std::size_t>(tensor.size() * type.size()),
                                kUnwritten);
  Store(tensor, type, image, buffer);
  image.strides = ImageOf(tensor.shape, Layout::kContiguous, type).strides;
  tensor.values = Load(tensor.shape, type, image, buffer);
  tensor.layout = Layout::kContiguous;
  return tensor;
}

/// The input of that place, if its memory is not row-major.
Plant IgnoresStrides(std::size_t input) {
  return AsIf([input](Problem& p) {
    const std::optional<Tensor>& tensor = p.inputs[input];  // a target may be class indices or probabilities
    if (tensor && tensor->layout != Layout::kContiguous) p.inputs[input] = Misread(p, input);
  });
}

/// As code that computes in binary64 has it; a term beyond that overflows, and the right loss stays.
void Recomputed(Making& m) {
  const Numbers terms = m.Terms();
  if (std::none_of(terms.begin(), terms.end(), [](double term) { return std::isinf(term); })) m.Reduce(terms);
}

/// A sum of the terms as `Sum` keeps it.
template <class Sum>
void AccumulateIn(Making& m) {
  if (m.problem().reduction == Reduction::kNone) return;
  Sum sum = 0;
  for (const double term : m.Terms()) sum += static_cast<Sum>(term);
  m.loss() = {static_cast<double>(sum) / m.Divisor()};
}

void AccumulateInDtype(Making& m) {
  if (m.problem().reduction == Reduction::kNone) return;
  Rounded sum = m.Number(0);
  for (const double term : m.Terms()) sum = sum + m.Number(term);
  m.loss() = {sum.value() / m.Divisor()};
}

void DropTail(Making& m) {
  Numbers terms = m.Terms();
  if (m.problem().reduction == Reduction::kNone || terms.size() < kLanes) return;
  for (std::size_t i = 0; i < terms.size(); ++i) terms[i] = IsInTail(i, terms.size()) ? 0 : terms[i];
  m.Reduce(terms);
}

void RepeatTail(Making& m) {
  Numbers terms = m.Terms();
  if (m.problem().reduction == Reduction::kNone || terms.size() % kLanes == 0) return;
  terms.push_back(terms.back());
  m.Reduce(terms);
}

void ZeroTail(Making& m) {
  for (std::size_t k = 1; k < m.outputs.size(); ++k) {
    Numbers& gradient = m.outputs[k];
    for (std::size_t i = 0; i < gradient.size(); ++i) {
      if (IsInTail(i, gradient.size()) && gradient.size() > kLanes) gradient[i] = 0;
    }
  }
}

double FlushSubnormal(Making& m, double number) {
  return std::fabs(number) < MinNormal(m.dtype) ? std::copysign(0.0, number) : number;
}

double LastBitUp(Making& m, double number) {
  return NextUp(m.dtype, NextUp(m.dtype, RoundTo(m.dtype, number)));
}

/// Significands cut, not rounded: below 1 ulp, and faithful by name.
double Truncated(Making& m, double number) {
  if (!std::isfinite(number)) return number;
  const double rounded = RoundTo(m.dtype, number);
  if (std::fabs(rounded) <= std::fabs(number)) return rounded;
  return rounded > 0 ? NextDown(m.dtype, rounded) : NextUp(m.dtype, rounded);
}

bool IsWindow(double x, double low, double high) { return std::fabs(x) >= low && std::fabs(x) < high; }

/// Wrong where an element of the first input lies in a window; by 2^-6 of the value.
Plant WrongWithin(double low, double high) {
  return EachTerm([low, high](Making& m, std::size_t i, double right) {
    return IsWindow(m.At(m.problem().loss->inputs[0].name, i), low, high) ? right * (1 + 0x1p-6) : right;
  });
}

double MeanFactor(Making& m) { return m.problem().reduction == Reduction::kMean ? m.Divisor() : 1; }

double BatchFactor(Making& m) {
  if (m.problem().reduction != Reduction::kMean || m.problem().inputs[0]->shape.empty()) return 1;
  return m.Divisor() / static_cast<double>(m.problem().inputs[0]->shape[0]);
}

const std::vector<std::string_view> kElementwise = {
    "mse", "l1", "smooth_l1", "huber", "sigmoid_focal", "focal_simple", "bce", "bce_with_logits"};

}  // namespace

std::vector<Fault> AnyLossFaults() {
  const double inf = std::numeric_limits<double>::infinity();
  return {
      {"control.rounded", {}, "the truth, rounded: no fault", [](Making&) {}},
      {"control.reduced", {}, "the terms in binary64, summed and rounded: no fault", Recomputed},

      {"any.tail_lanes_dropped", {"mse", "cross_entropy"}, "the last n mod 8 terms are not summed", DropTail},
      {"any.tail_term_twice",
       {"l1", "bce_with_logits"},
       "the last term is summed twice, by an overlapping last vector",
       RepeatTail},
      {"any.gradient_tail_zero",
       {"huber", "dice"},
       "the last n mod 8 elements of a gradient are not written",
       ZeroTail},
      {"any.input_strides_ignored",
       {"mse", "triplet_margin"},
       "a strided input is read as if it were row-major",
       IgnoresStrides(0),
       "https://github.com/pytorch/pytorch/pull/125696"},
      {"any.target_strides_ignored",
       {"cross_entropy", "nll"},
       "a strided class index is read as if it were row-major",
       IgnoresStrides(1),
       "https://github.com/pytorch/pytorch/issues/72120"},
      {"any.f32_accumulator", {"mse", "kl_div"}, "f64 terms are summed in f32", AccumulateIn<float>},
      {"any.dtype_accumulator",
       {"l1", "cross_entropy"},
       "terms are summed one by one in their own dtype",
       AccumulateInDtype,
       "https://github.com/pytorch/pytorch/issues/55657"},
      {"any.flush_to_zero",
       {"l1", "huber", "nll"},
       "subnormal results are flushed to zero",
       EachNumber(FlushSubnormal)},
      {"any.two_ulp_up", {"mse", "bce"}, "every result is two ulps too large", EachNumber(LastBitUp)},
      {"any.truncated",
       {"mse", "l1"},
       "results are cut instead of rounded",
       EachNumber(Truncated),
       {},
       "an error below 1 ulp is faithful by definition; only a declared contract of exactness would refuse "
       "it"},
      {"any.nan_to_zero",
       {"mse", "giou"},
       "a NaN result is replaced by 0",
       EachNumber([](Making&, double number) { return std::isnan(number) ? 0 : number; })},
      {"any.infinity_to_largest",
       {"mse", "l1"},
       "an infinite result is replaced by the largest finite number",
       EachNumber([inf](Making& m, double number) {
         return std::fabs(number) == inf ? std::copysign(MaxFinite(m.dtype), number) : number;
       })},
      {"any.negative_zero",
       {"l1", "triplet_margin"},
       "a loss of 0 is returned as -0",
       TimesLoss([](Making& m) { return m.loss()[0] == 0 ? -1.0 : 1.0; })},
      {"any.wrong_binade",
       {"mse", "smooth_l1"},
       "wrong by 2^-6 for inputs in the binade [4, 8) alone",
       WrongWithin(4, 8)},
      {"any.narrow_window",
       {"bce_with_logits"},
       "wrong by 2^-6 for logits in [88, 88.8) alone",
       WrongWithin(88, 88.8)},
      {"any.one_value", {"sigmoid_focal"}, "wrong by 2^-6 at the logit 1 alone", WrongWithin(1, 1 + 0x1p-52)},
      {"any.mean_is_sum", {"mse", "bce", "dice", "iou"}, "the mean does not divide", Times(MeanFactor)},
      {"any.mean_over_batch",
       {"l1", "sigmoid_focal"},
       "the mean divides by the batch size, not by the elements",
       Times(BatchFactor)},
      {"any.gradient_of_sum", kElementwise, "the gradient of the mean is that of the sum",
       TimesGradients(MeanFactor)},
      {"any.gradient_halved",
       {"smooth_l1", "nll", "giou"},
       "gradients lack a factor of 2",
       TimesGradients([](Making&) { return 0.5; })},
      {"any.gradient_sign",
       {"huber", "kl_div", "diou"},
       "gradients have the wrong sign",
       TimesGradients([](Making&) { return -1.0; })},
      {"any.shape_lost",
       {"mse"},
       "a scalar is refused",
       [](Making& m) {
         if (m.problem().inputs[0]->shape.empty())
           m.refusal = {AnswerStatus::kError, "expected a tensor", {}};
       }},
      {"any.dtype_promoted",
       {"l1", "cross_entropy"},
       "bf16 results come back as f32",
       [](Making& m) {
         if (m.dtype == Dtype::kBF16) m.dtype = Dtype::kF32;
       }},
      {"any.computed_in_half",
       {"mse", "bce_with_logits"},
       "f32 is computed through bf16",
       EachNumber([](Making& m, double number) {
         return m.dtype == Dtype::kF32 ? RoundTo(Dtype::kBF16, number) : number;
       }),
       "https://github.com/Modalities/modalities/pull/464"},
      {"any.gradient_missing_tail_reduction",
       {"l1"},
       "the gradient of the target is not written where the reduction is a sum",
       [](Making& m) {
         if (m.problem().reduction == Reduction::kSum) ZeroGradient("target")(m);
       }},
  };
}

}  // namespace exactloss
