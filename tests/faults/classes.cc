// Faults of nll, cross_entropy and kl_div.
#include <algorithm>
#include <limits>

#include "tests/faults/plants.h"

namespace exactloss {
namespace {

bool IsFinite(const Numbers& x) {
  return std::all_of(x.begin(), x.end(), [](double number) { return std::isfinite(number); });
}

/// lse(x) - x_j, with exp(x - shift) summed in binary64.
double LogShare(const ClassRow& row, std::size_t j) {
  const double top = *std::max_element(row.x.begin(), row.x.end());
  double rest = 0;
  bool seen = false;
  for (const double x : row.x) {
    if (x == top && !seen) {
      seen = true;
    } else {
      rest += std::exp(x - top);
    }
  }
  return top - row.x[j] + std::log1p(rest);
}

/// sum_j c_j (lse(x) - x_j) of finite rows that count.
template <class C>
double Weighted(const ClassRow& row, C c) {
  double value = 0;
  for (std::size_t j = 0; j < row.x.size(); ++j) value += c(j) == 0 ? 0 : c(j) * LogShare(row, j);
  return value;
}

template <class C>
Plant WithCoefficients(C c) {
  return EachRow([c](Making& m, const ClassRow& row, double right) {
    if (row.is_ignored || !IsFinite(row.x)) return right;
    return Weighted(row, [&](std::size_t j) { return c(m, row, j); });
  });
}

/// A log-sum-exp in the dtype, less x_j: sum_j c_j (top + log sum exp(x - top) - x_j).
template <class Top>
double WithLogSumExp(const Making& m, const ClassRow& row, double right, Top top_of) {
  if (row.is_ignored) return right;
  const Rounded top = m.Number(top_of(row.x));
  Rounded sum = m.Number(0);
  for (const double x : row.x) sum = sum + Exp(m.Number(x) - top);
  const Rounded lse = top + Log(sum);
  double value = 0;
  for (std::size_t j = 0; j < row.x.size(); ++j) {
    if (row.c[j] != 0) value += row.c[j] * (lse - m.Number(row.x[j])).value();
  }
  return value;
}

template <class Top>
Plant LogSumExp(Top top_of) {
  return EachRow([top_of](Making& m, const ClassRow& row, double right) {
    return WithLogSumExp(m, row, right, top_of);
  });
}

double NoTop(const Numbers&) { return 0; }
double TopFromZero(const Numbers& x) { return std::max(0.0, *std::max_element(x.begin(), x.end())); }
double TopOfAllButLast(const Numbers& x) {
  return x.size() == 1 ? 0 : *std::max_element(x.begin(), x.end() - 1);
}
double Top(const Numbers& x) { return *std::max_element(x.begin(), x.end()); }

double Smoothing(const Making& m) { return m.parameter("label_smoothing"); }
bool IsSmoothed(const Making& m) { return Smoothing(m) != 0; }

double OneHot(const ClassRow& row, std::size_t j) { return j == row.target; }

/// The ignored rows count in what the mean divides by.
void CountIgnored(Making& m) {
  if (m.problem().reduction != Reduction::kMean) return;
  double ignored = 0;
  for (const ClassRow& row : m.Rows()) ignored += row.is_ignored;
  Times([ignored](Making& n) { return n.Divisor() / (n.Divisor() + ignored); })(m);
}

void DivideByRows(Making& m) {
  if (m.problem().reduction != Reduction::kMean) return;
  double rows = 0;
  for (const ClassRow& row : m.Rows()) rows += !row.is_ignored;
  Times([rows](Making& n) { return n.Divisor() / rows; })(m);
}

/// The gradient as if class 0 were right in the ignored rows.
void TrainIgnored(Making& m) {
  Numbers& gradient = *m.Gradient("input");
  for (const ClassRow& row : m.Rows()) {
    if (row.is_ignored) gradient[row.at[0]] = -row.w[0] * m.Factor();
  }
}

/// The uniform part of label smoothing reaches the ignored rows.
double SmoothIgnored(const Making& m, const ClassRow& row, double right) {
  if (!row.is_ignored || !IsFinite(row.x)) return right;
  const double share = Smoothing(m) / static_cast<double>(row.x.size());
  return Weighted(row, [&](std::size_t j) { return row.w[j] * share; });
}

/// exp(x) / sum exp(x) is taken to have sum 1 against any target mass.
double MassOne(const Making& m, const ClassRow& row, std::size_t j, double right) {
  if (row.is_ignored || !IsFinite(row.x)) return right;
  return m.Factor() * (std::exp(-LogShare(row, j)) - row.c[j]);
}

double SmoothingOutsideGradient(const Making& m, const ClassRow& row, std::size_t j, double right) {
  if (!row.has_index || row.is_ignored || !IsFinite(row.x) || !IsSmoothed(m)) return right;
  return m.Factor() * row.w[row.target] * (std::exp(-LogShare(row, j)) - OneHot(row, j));
}

/// A class of logit -infinity and target 0 adds 0 times infinity.
double MaskedClass(const Making&, const ClassRow& row, double right) {
  for (std::size_t j = 0; j < row.x.size(); ++j) {
    if (!row.has_index && row.c[j] == 0 && row.x[j] == -std::numeric_limits<double>::infinity()) return kNan;
  }
  return right;
}

/// The classes are taken to lie in the last dimension.
Plant ClassesLast() {
  return AsIf([](Problem& p) {
    Tensor& input = *p.inputs[0];
    if (input.shape.size() < 3) return;
    const Numbers old = input.values;
    const auto classes = static_cast<std::size_t>(input.shape[1]);
    std::size_t inner = 1;
    for (std::size_t k = 2; k < input.shape.size(); ++k) inner *= static_cast<std::size_t>(input.shape[k]);
    for (std::size_t i = 0; i < old.size(); ++i) {
      const std::size_t n = i / (classes * inner), c = i / inner % classes, k = i % inner;
      input.values[i] = old[(n * inner + k) * classes + c];
    }
    input.layout = Layout::kContiguous;
  });
}

bool IsLogTarget(const Making& m) { return m.parameter("log_target") != 0; }

/// t log t - t x without the convention 0 log 0 = 0.
double NoXLogX(const Making& m, std::size_t i, double right) {
  return !IsLogTarget(m) && m.t(i) == 0 ? kNan : right;
}

double EpsInLog(const Making& m, std::size_t i, double right) {
  const double t = m.t(i), x = m.x(i);
  return IsLogTarget(m) || !std::isfinite(x) ? right : t * (std::log(t + 1e-8) - x);
}

}  // namespace

std::vector<Fault> ClassFaults() {
  const std::vector<std::string_view> both = {"nll", "cross_entropy"};
  return {
      {"nll.ignored_count", both, "ignored rows count in the mean", CountIgnored,
       "https://github.com/pytorch/xla/pull/896"},
      {"nll.mean_over_rows", both, "the weighted mean divides by the rows, not by the sum of their weights",
       DivideByRows},
      {"nll.ignored_are_trained", both, "ignored rows get a gradient", TrainIgnored},
      {"nll.ignore_index_unread", both, "ignore_index is -100 always", AsIf([](Problem& p) {
         for (const double index : p.input("target") ? p.input("target")->values : Numbers()) {
           if (index < 0) return;
         }
         SetParameter(p, "ignore_index", -100);
       })},
      {"nll.weight_dropped", both, "class weights are dropped", WithoutInput("weight")},
      {"nll.weight_not_in_gradient", both, "the gradient lacks the weights",
       GradientsOnly(WithoutInput("weight"))},
      {"nll.sign", {"nll", "kl_div"}, "the loss is negated", Times([](Making&) { return -1.0; })},
      {"nll.next_class", {"nll"}, "the target is off by one", AsIf([](Problem& p) {
         auto& target = p.inputs[1];
         const Shape& shape = p.inputs[0]->shape;
         const auto classes = static_cast<double>(shape[shape.size() > 1]);
         for (double& index : target->values) {
           if (index != p.parameter("ignore_index")) index = std::fmod(index + 1, classes);
         }
       })},
      {"nll.takes_probabilities",
       {"nll"},
       "a logarithm is taken once more",
       EachRow([](Making&, const ClassRow& row, double right) {
         return row.is_ignored ? right : -row.w[row.target] * std::log(std::fabs(row.x[row.target]));
       })},

      {"cross_entropy.no_maximum",
       {"cross_entropy"},
       "exp(x) overflows: the maximum is not subtracted",
       LogSumExp(NoTop)},
      {"cross_entropy.maximum_from_zero",
       {"cross_entropy"},
       "the maximum starts at 0: all-negative rows underflow",
       LogSumExp(TopFromZero)},
      {"cross_entropy.maximum_skips_last",
       {"cross_entropy"},
       "the maximum leaves out the last class",
       LogSumExp(TopOfAllButLast)},
      {"cross_entropy.offset_restored",
       {"cross_entropy"},
       "the maximum is added back before x_t is subtracted: 0 for equal logits of 1e8",
       LogSumExp(Top),
       "https://github.com/pytorch/pytorch/issues/11752"},
      {"cross_entropy.softmax_then_log",
       {"cross_entropy"},
       "the logarithm of a softmax that underflows: infinite at a gap of 110",
       EachRow([](Making& m, const ClassRow& row, double right) {
         if (row.is_ignored || !IsFinite(row.x)) return right;
         double value = 0;
         for (std::size_t j = 0; j < row.x.size(); ++j) {
           const double log = Log(m.Number(std::exp(-LogShare(row, j)))).value();
           if (row.c[j] != 0) value -= row.c[j] * log;
         }
         return value;
       }),
       "https://github.com/tenstorrent/tt-forge-onnx/issues/3405"},
      {"cross_entropy.double_softmax",
       {"cross_entropy"},
       "the softmax of a softmax",
       EachRow([](Making&, const ClassRow& row, double right) {
         if (row.is_ignored || !IsFinite(row.x)) return right;
         ClassRow again = row;
         for (std::size_t j = 0; j < row.x.size(); ++j) again.x[j] = std::exp(-LogShare(row, j));
         return Weighted(again, [&](std::size_t j) { return row.c[j]; });
       })},
      {"cross_entropy.smoothing_over_others",
       {"cross_entropy"},
       "smoothing is spread over the other C - 1 classes",
       WithCoefficients([](Making& m, const ClassRow& row, std::size_t j) {
         const double s = Smoothing(m), others = static_cast<double>(row.x.size()) - 1;
         if (!row.has_index || others == 0) return row.c[j];
         return OneHot(row, j) != 0 ? row.w[j] * (1 - s) : row.w[j] * s / others;
       }),
       "https://github.com/awslabs/sockeye/pull/203"},
      {"cross_entropy.smoothing_over_c_minus_2",
       {"cross_entropy"},
       "smoothing divides by C - 2, as if there were a padding class",
       WithCoefficients([](Making& m, const ClassRow& row, std::size_t j) {
         const double s = Smoothing(m), others = static_cast<double>(row.x.size()) - 2;
         if (!row.has_index || others <= 0) return row.c[j];
         return row.w[j] * (OneHot(row, j) != 0 ? 1 - s : s / others);
       }),
       "https://github.com/OpenNMT/OpenNMT/issues/570"},
      {"cross_entropy.smooths_ignored",
       {"cross_entropy"},
       "the uniform part of smoothing reaches ignored rows",
       EachRow(SmoothIgnored),
       "https://github.com/pytorch/pytorch/issues/73205"},
      {"cross_entropy.smoothing_ignored",
       {"cross_entropy"},
       "label_smoothing does nothing",
       AsIfParameter("label_smoothing", 0)},
      {"cross_entropy.smoothing_not_in_gradient",
       {"cross_entropy"},
       "the gradient lacks the smoothing",
       EachRowSlope(SmoothingOutsideGradient)},
      {"cross_entropy.smoothing_unweighted",
       {"cross_entropy"},
       "the uniform part of smoothing lacks the class weights",
       WithCoefficients([](Making& m, const ClassRow& row, std::size_t j) {
         const double s = Smoothing(m), share = s / static_cast<double>(row.x.size());
         return row.has_index ? row.w[j] * (1 - s) * OneHot(row, j) + share : row.c[j];
       })},
      {"cross_entropy.gradient_assumes_mass_one",
       {"cross_entropy"},
       "the gradient is softmax - c, whatever sum c is",
       EachRowSlope(MassOne)},
      {"cross_entropy.weights_only_for_indices",
       {"cross_entropy"},
       "class weights are dropped for probability targets",
       AsIf([](Problem& p) {
         if (p.input("target_probabilities")) Drop(p, "weight");
       })},
      {"cross_entropy.masked_class_nan",
       {"cross_entropy"},
       "a logit of -infinity with probability 0 gives NaN",
       EachRow(MaskedClass),
       "https://github.com/google-deepmind/optax/issues/896"},
      {"cross_entropy.classes_last",
       {"cross_entropy", "nll"},
       "the classes of (N, C, d) are read from the last dimension",
       ClassesLast()},
      {"cross_entropy.nats_as_bits", {"cross_entropy"}, "the logarithm is to base 2", Times([](Making&) {
         return 1 / std::log(2.0);
       })},
      {"cross_entropy.target_gradient_zero",
       {"cross_entropy"},
       "the probabilities get a gradient of zeros",
       ZeroGradient("target_probabilities")},
      {"cross_entropy.first_tie_takes_all",
       {"cross_entropy"},
       "with equal logits the first gets the gradient of all",
       EachRowSlope([](Making&, const ClassRow& row, std::size_t j, double right) {
         const bool is_tied = row.x.size() > 1 && row.x[0] == row.x[1] && !row.is_ignored;
         return is_tied && j < 2 ? (j == 0 ? 2 * right : 0) : right;
       })},

      {"kl_div.log_target_ignored",
       {"kl_div"},
       "log_target does nothing",
       EachTerm([](Making& m, std::size_t i, double right) {
         const double t = m.t(i);
         return IsLogTarget(m) ? t * std::log(t) - t * m.x(i) : right;
       })},
      {"kl_div.batchmean_is_mean",
       {"kl_div"},
       "batchmean divides by the elements",
       AsIf([](Problem& p) {
         if (p.reduction == Reduction::kBatchMean) p.reduction = Reduction::kMean;
       }),
       "https://github.com/facebookresearch/deit/issues/61"},
      {"kl_div.mean_is_batchmean", {"kl_div"}, "the mean divides by the batch size", AsIf([](Problem& p) {
         if (p.reduction == Reduction::kMean && !p.inputs[0]->shape.empty())
           p.reduction = Reduction::kBatchMean;
       })},
      {"kl_div.zero_target_nan",
       {"kl_div"},
       "0 log 0 is NaN",
       EachTerm(NoXLogX),
       "https://github.com/google-deepmind/optax/pull/473"},
      {"kl_div.zero_target_gradient_nan",
       {"kl_div"},
       "the gradient of the target is NaN where the target is 0",
       EachSlope("target", [](Making& m, std::size_t i, double right) { return NoXLogX(m, i, right); }),
       "https://github.com/google-deepmind/optax/pull/1786"},
      {"kl_div.eps_in_log", {"kl_div"}, "log(t + 1e-8)", EachTerm(EpsInLog)},
      {"kl_div.cross_entropy_only",
       {"kl_div"},
       "-t x: the entropy of the target is left out",
       EachTerm([](Making& m, std::size_t i, double) {
         return (IsLogTarget(m) ? std::exp(m.t(i)) : m.t(i)) * -m.x(i);
       })},
      {"kl_div.reversed", {"kl_div"}, "input and target exchanged", AsIf([](Problem& p) {
         if (p.parameter("log_target") != 0) std::swap(p.inputs[0], p.inputs[1]);
       })},
      {"kl_div.target_gradient_lacks_one",
       {"kl_div"},
       "the target's gradient is log t - x",
       EachSlope("target",
                 [](Making& m, std::size_t i, double right) {
                   return right - (IsLogTarget(m) ? std::exp(m.t(i)) : 1) * m.Factor();
                 })},
      {"kl_div.negative_cut",
       {"kl_div"},
       "negative terms are cut to 0",
       EachTerm([](Making&, std::size_t, double right) { return std::max(right, 0.0); })},
  };
}

}  // namespace exactloss
