#include "oracle/naive_forms.h"

#include <algorithm>
#include <cmath>

namespace exactloss {
namespace {

/// PyTorch's binary_cross_entropy: logarithms clamped at -100, a denominator of at least 1e-12.
NaiveTerm Bce(Rounded p, Rounded t, Rounded w, Rounded upstream) {
  const Rounded q = 1 - p;
  const Rounded log_p = Log(p), log_q = Log1p(-p);
  const Rounded value = -(t * AtLeast(-100, log_p) + (1 - t) * AtLeast(-100, log_q)) * w;
  const Rounded slope = upstream * w * (p - t) / AtLeast(1e-12, q * p);
  return {value, slope, upstream * w * (log_q - log_p)};
}

NaiveTerm SigmoidBce(Rounded x, Rounded t, Rounded w, Rounded upstream) {
  const Rounded p = 1 / (1 + Exp(-x));
  NaiveTerm term = Bce(p, t, w, upstream);
  term.input_slope = term.input_slope * (1 - p) * p;
  return term;
}

/// log(1 + exp(x)) - t x
NaiveTerm SoftplusUnshifted(Rounded x, Rounded t, Rounded w, Rounded upstream) {
  const Rounded e = Exp(x), sum = 1 + e, g = upstream * w;
  return {(Log(sum) - t * x) * w, g / sum * e - g * t, -(g * x)};
}

NaiveTerm LogitsAsProbabilities(Rounded x, Rounded t, Rounded w, Rounded upstream) {
  if (!(x.value() >= 0 && x.value() <= 1)) {
    throw NaiveRefusal{"all elements of input should be between 0 and 1"};
  }
  return Bce(x, t, w, upstream);
}

NaiveTerm BceWithLogits(Rounded x, Rounded t, Rounded w, Rounded upstream) {
  const Rounded e = Exp(Rounded(x.dtype(), -std::fabs(x.value())));
  const Rounded value = (AtLeast(0, x) - x * t + Log1p(e)) * w;
  const Rounded p = (x.value() < 0 ? e : Rounded(x.dtype(), 1)) / (1 + e);
  return {value, upstream * w * (p - t), -(upstream * w * x)};
}

NaiveTerm TruncatedTarget(Rounded x, Rounded t, Rounded w, Rounded upstream) {
  NaiveTerm term = BceWithLogits(x, Rounded(t.dtype(), std::trunc(t.value())), w, upstream);
  term.target_slope.reset();
  return term;
}

NaiveTerm KlDiv(Rounded x, Rounded t, Rounded, Rounded upstream) {
  const Rounded log_t = Log(t), entropy = t.value() == 0 ? t : t * log_t;
  return {entropy - t * x, -(upstream * t), upstream * (1 + log_t - x)};
}

NaiveTerm ProbabilitiesKl(Rounded x, Rounded t, Rounded w, Rounded upstream) {
  const Rounded p = Exp(x);
  NaiveTerm term = KlDiv(p, t, w, upstream);
  term.input_slope = term.input_slope * p;
  return term;
}

NaiveTerm Mse(Rounded x, Rounded t, Rounded, Rounded upstream) {
  const Rounded difference = x - t, slope = upstream * (difference + difference);
  return {difference * difference, slope, -slope};
}

Rounded Sum(const std::vector<Rounded>& numbers) {
  Rounded sum = numbers[0];
  for (std::size_t j = 1; j < numbers.size(); ++j) sum = sum + numbers[j];
  return sum;
}

/// x - max x; NaN wherever there is one.
std::vector<Rounded> Shifted(std::vector<Rounded> x) {
  Rounded top = x[0];
  for (const Rounded& one : x) {
    if (!(one.value() <= top.value())) top = one;
    if (std::isnan(top.value())) break;
  }
  for (Rounded& one : x) one = one - top;
  return x;
}

std::vector<Rounded> Exponentials(std::vector<Rounded> x) {
  for (Rounded& one : x) one = Exp(one);
  return x;
}

std::vector<Rounded> Softmax(const std::vector<Rounded>& x) {
  std::vector<Rounded> p = Exponentials(Shifted(x));
  const Rounded sum = Sum(p);
  for (Rounded& one : p) one = one / sum;
  return p;
}

/// The chain rule through p = softmax(x): p_j (g_j - sum_k g_k p_k).
std::vector<Rounded> SoftmaxSlopes(const std::vector<Rounded>& p, const std::vector<Rounded>& g) {
  std::vector<Rounded> products, slopes;
  for (std::size_t j = 0; j < p.size(); ++j) products.push_back(g[j] * p[j]);
  const Rounded sum = Sum(products);
  for (std::size_t j = 0; j < p.size(); ++j) slopes.push_back(p[j] * (g[j] - sum));
  return slopes;
}

NaiveRowTerm LogSoftmaxNll(const NaiveRow& row) {
  std::vector<Rounded> log_p = Shifted(row.logits);
  const Rounded log_sum = Log(Sum(Exponentials(log_p)));
  for (Rounded& one : log_p) one = one - log_sum;
  const Rounded g = -(row.upstream * row.weight);
  std::vector<Rounded> slopes = Exponentials(log_p);
  for (Rounded& one : slopes) one = -(one * g);
  slopes[row.target] = g + slopes[row.target];
  return {-(row.weight * log_p[row.target]), slopes};
}

NaiveRowTerm SoftmaxLogNll(const NaiveRow& row) {
  const std::vector<Rounded> p = Softmax(row.logits);
  const Rounded& right = p[row.target];
  // Autograd divides the zeros of the other classes too: 0 / 0 is NaN.
  std::vector<Rounded> g(p.size(), Rounded(right.dtype(), 0));
  for (std::size_t j = 0; j < p.size(); ++j) g[j] = g[j] / p[j];
  g[row.target] = -(row.upstream * row.weight) / right;
  return {-(row.weight * Log(right)), SoftmaxSlopes(p, g)};
}

NaiveRowTerm DoubleSoftmax(const NaiveRow& row) {
  NaiveRow again = row;
  again.logits = Softmax(row.logits);
  const NaiveRowTerm term = LogSoftmaxNll(again);
  return {term.value, SoftmaxSlopes(again.logits, term.slopes)};
}

constexpr std::string_view kOtherReduction =
    "another reduction: the sum for the mean, the mean for the sum, for batchmean the mean over all elements";
constexpr std::string_view kOtherTarget =
    "another target: classes in place of probabilities (soft targets cut to whole numbers, the likeliest "
    "class)";

const std::vector<std::pair<Reduction, Reduction>> kOthers = {{Reduction::kMean, Reduction::kSum},
                                                              {Reduction::kSum, Reduction::kMean},
                                                              {Reduction::kBatchMean, Reduction::kMean}};

}  // namespace

const std::vector<NaiveForm>& NaiveFormTable() {
  static const std::vector<NaiveForm> forms = {
      {.name = "sigmoid_bce",
       .loss = "bce_with_logits",
       .takes = {"input", "target", "weight"},
       .element = SigmoidBce},
      {.name = "softmax_log_nll",
       .loss = "cross_entropy",
       .takes = {"input", "target", "weight", "ignore_index"},
       .classes = SoftmaxLogNll},
      {.name = "log_softmax_nll",
       .loss = "cross_entropy",
       .takes = {"input", "target", "weight", "ignore_index"},
       .classes = LogSoftmaxNll},
      {.name = "double_softmax",
       .loss = "cross_entropy",
       .takes = {"input", "target", "weight", "ignore_index"},
       .classes = DoubleSoftmax,
       .other_semantics = "softmax twice: the cross entropy of softmax(input)"},
      {.name = "softplus_unshifted",
       .loss = "bce_with_logits",
       .takes = {"input", "target", "weight"},
       .element = SoftplusUnshifted},
      {.name = "probabilities_kl",
       .loss = "kl_div",
       .takes = {"input", "target"},
       .element = ProbabilitiesKl,
       .other_semantics = "probabilities, exp(input), in place of log-probabilities"},
      {.name = "logits_as_probabilities",
       .loss = "bce_with_logits",
       .takes = {"input", "target", "weight"},
       .element = LogitsAsProbabilities,
       .other_semantics = "the binary cross entropy of logits as if they were probabilities"},
      {.name = "wrong_reduction",
       .loss = "mse",
       .takes = {"input", "target"},
       .element = Mse,
       .other_semantics = kOtherReduction,
       .reductions = kOthers},
      {.name = "wrong_reduction",
       .loss = "cross_entropy",
       .takes = {"input", "target", "weight", "ignore_index"},
       .classes = LogSoftmaxNll,
       .other_semantics = kOtherReduction,
       .reductions = kOthers},
      {.name = "wrong_reduction",
       .loss = "kl_div",
       .takes = {"input", "target"},
       .element = KlDiv,
       .other_semantics = kOtherReduction,
       .reductions = kOthers},
      {.name = "wrong_target_type",
       .loss = "bce_with_logits",
       .takes = {"input", "target", "weight"},
       .element = TruncatedTarget,
       .other_semantics = kOtherTarget},
      {.name = "wrong_target_type",
       .loss = "cross_entropy",
       .takes = {"input", "target_probabilities"},
       .classes = LogSoftmaxNll,
       .other_semantics = kOtherTarget},
  };
  return forms;
}

}  // namespace exactloss
