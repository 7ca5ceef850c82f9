// Rows of classes, (N, C, d...) or one (C): gradients and gauges in closed form, linear in the classes.
#include <algorithm>
#include <cmath>
#include <utility>

#include "reference/losses/cross_entropy.h"
#include "reference/terms.h"

namespace exactloss {
namespace {

/// Where the classes of each row lie: inner dimensions stand behind them.
struct RowLayout {
  explicit RowLayout(const Shape& shape) {
    classes = shape[shape.size() > 1];
    for (std::size_t k = 2; k < shape.size(); ++k) inner *= shape[k];
    rows = ElementCount(shape) / classes;
  }
  std::int64_t At(std::int64_t row, std::int64_t c) const {
    return (row / inner * classes + c) * inner + row % inner;
  }

  std::int64_t classes, rows, inner = 1;
};

/// What negative log-likelihood and cross entropy share: indices, weights, ignored rows.
class ClassRows : public Terms {
 public:
  explicit ClassRows(const Problem& problem)
      : layout_(problem.inputs[0]->shape),
        reduction_(problem.reduction),
        indices_(ValuesOf(problem, "target")),
        weights_(ValuesOf(problem, "weight")),
        ignore_index_(problem.parameter("ignore_index")) {}

  std::int64_t Count() const override { return layout_.rows; }

  Interval ComputeFactor() const override {
    if (reduction_ != Reduction::kMean) return 1.0;
    if (!HasIndices()) return 1 / Interval(static_cast<double>(layout_.rows));
    Interval mass = 0.0;
    for (std::int64_t row = 0; row < layout_.rows; ++row) {
      if (!IsIgnored(row)) mass = mass + Interval(Weight(IndexOf(row)));
    }
    return 1 / mass;  // of no rows at all: 0 / 0, as PyTorch has it
  }

  /// The weights of the rows.
  Sums FactorSums() const override {
    if (reduction_ != Reduction::kMean || !HasIndices() || weights_ == nullptr) return {};
    return {1, static_cast<double>(layout_.rows)};
  }

 protected:
  bool HasIndices() const { return indices_ != nullptr; }
  double Weight(std::int64_t c) const { return weights_ == nullptr ? 1 : weights_[c]; }
  std::int64_t IndexOf(std::int64_t row) const { return static_cast<std::int64_t>(indices_[row]); }
  bool IsIgnored(std::int64_t row) const { return HasIndices() && indices_[row] == ignore_index_; }
  const RowLayout& layout() const { return layout_; }

 private:
  /// Null where the input is not given.
  static const double* ValuesOf(const Problem& problem, std::string_view input) {
    const auto& tensor = problem.input(input);
    return tensor ? tensor->values.data() : nullptr;
  }

  RowLayout layout_;
  Reduction reduction_;
  const double* indices_;
  const double* weights_;
  double ignore_index_;
};

class NllRows final : public ClassRows {
 public:
  using ClassRows::ClassRows;

  void Elements(std::int64_t row, std::vector<Element>& elements) const override {
    elements.clear();
    if (!IsIgnored(row)) elements.push_back({0, layout().At(row, IndexOf(row))});
  }

  void Evaluate(std::int64_t row, const std::vector<Interval>& x, TermValue& result) const override {
    result = {};
    if (x.empty()) return;
    const Interval weight = Weight(IndexOf(row));
    result.value = -(weight * x[0]);
    result.slopes = {-weight};
  }

  void Gauge(std::int64_t row, const std::vector<double>& x, TermGauge& result) const override {
    result = {};
    if (x.empty()) return;
    const long double weight = std::fabs(Weight(IndexOf(row)));
    result.value = 2 * weight * std::fabs(static_cast<long double>(x[0]));
    result.slopes = {weight};
  }

  double Roundings() const override { return 1; }
};

class CrossEntropyRows final : public ClassRows {
 public:
  explicit CrossEntropyRows(const Problem& problem)
      : ClassRows(problem), smoothing_(problem.parameter("label_smoothing")) {}

  void Elements(std::int64_t row, std::vector<Element>& elements) const override {
    elements.clear();
    if (IsIgnored(row)) return;
    for (std::int64_t c = 0; c < layout().classes; ++c) elements.push_back({0, layout().At(row, c)});
    if (HasIndices()) return;
    for (std::int64_t c = 0; c < layout().classes; ++c)
      elements.push_back({kProbabilities, layout().At(row, c)});
  }

  void Evaluate(std::int64_t row, const std::vector<Interval>& v, TermValue& result) const override {
    result.value = 0.0;
    result.slopes.clear();
    if (v.empty()) return;
    const auto classes = static_cast<std::size_t>(layout().classes);
    const auto nan = std::find_if(v.begin(), v.end(), [](const Interval& x) { return x.IsNan(); });
    if (nan != v.end()) {
      result.value = Interval::Nan();
      result.slopes.assign(v.size(), Interval::Nan());
      return;
    }
    const std::vector<Interval> c = Coefficients(row, v.data() + classes);
    const SoftmaxRow<Interval> softmax(v.data(), classes, Top(v));
    result.value = CrossEntropy::Value(softmax, c);
    result.slopes = CrossEntropy::Slopes(softmax, c);
    if (HasIndices()) return;
    const Interval log_sum = softmax.LogSum(), share = 1 - Interval(smoothing_);
    for (std::size_t j = 0; j < classes; ++j) {
      result.slopes.push_back(share * Weight(static_cast<std::int64_t>(j)) * (softmax.below[j] + log_sum));
    }
  }

  /// The second derivatives of a row are W p_i ([i = j] - p_j); those of x_i and a probability w_j (p_i - [i
  /// = j]).
  void Gauge(std::int64_t row, const std::vector<double>& v, TermGauge& result) const override {
    result.value = 0;
    result.slopes.clear();
    if (v.empty()) return;
    const auto classes = static_cast<std::size_t>(layout().classes);
    const auto top =
        static_cast<std::size_t>(std::max_element(v.begin(), v.begin() + layout().classes) - v.begin());
    std::vector<long double> x(v.begin(), v.begin() + layout().classes), p(classes), c(classes);
    const EvaluationScope scope(Real::kInlineBits);
    const std::vector<Interval> probabilities(v.begin() + layout().classes, v.end());
    const std::vector<Interval> exact = Coefficients(row, probabilities.data());
    long double rest = 0, mass = 0;
    for (std::size_t j = 0; j < classes; ++j) {
      p[j] = std::exp(x[j] - x[top]);
      if (j != top) rest += p[j];
      if (!exact[j].IsZero()) c[j] = exact[j].Middle();
      mass += c[j];
    }
    long double spread = 0;  // sum |x_j| p_j
    for (std::size_t j = 0; j < classes; ++j) spread += std::fabs(x[j]) * (p[j] /= 1 + rest);
    const long double log_sum = std::log1p(rest), without_top = rest / (1 + rest);
    result.slopes.resize(v.size());
    for (std::size_t i = 0; i < classes; ++i) {
      const long double complement = i == top ? without_top : 1 - p[i];
      const long double slope = i == top ? (mass - c[i]) - mass * without_top : mass * p[i] - c[i];
      const long double others = std::max(spread - std::fabs(x[i]) * p[i], 0.0L);
      result.slopes[i] = std::fabs(slope) + std::fabs(mass) * p[i] * (std::fabs(x[i]) * complement + others);
      result.value += std::fabs(x[i] * slope) + c[i] * (x[top] - x[i] + log_sum);
      if (HasIndices()) continue;
      const long double weight = std::fabs((1 - smoothing_) * Weight(static_cast<std::int64_t>(i)));
      result.slopes[classes + i] =
          weight * ((x[top] - x[i] + log_sum) + std::fabs(x[i]) * complement + others);
    }
  }

  /// An element less the maximum, its exponential, the logarithm of their sum and its subtraction; then the
  /// coefficient, 1 - s times the probability plus s / C, times the weight, and a product with it.
  double Roundings() const override {
    constexpr double kLogSoftmax = 1 + 2 + 2 + 1, kCoefficient = 5, kWeight = 1, kProduct = 1;
    return kLogSoftmax + (AddsClasses() ? kCoefficient : kWeight) + kProduct;
  }
  /// The exponentials; the classes that have a coefficient.
  Sums RowSums() const override { return {AddsClasses() ? 2.0 : 1.0, static_cast<double>(layout().classes)}; }

 private:
  static constexpr std::uint32_t kProbabilities = 2;  // place among the inputs

  bool AddsClasses() const { return !HasIndices() || smoothing_ != 0; }

  /// c_j of the formula.
  std::vector<Interval> Coefficients(std::int64_t row, const Interval* probabilities) const {
    const Interval smoothing = smoothing_, share = 1 - smoothing;
    const Interval floor = smoothing / static_cast<double>(layout().classes);
    std::vector<Interval> c(static_cast<std::size_t>(layout().classes));
    for (std::size_t j = 0; j < c.size(); ++j) {
      const auto index = static_cast<std::int64_t>(j);
      if (!HasIndices()) {
        c[j] = share * probabilities[j];
      } else if (index == IndexOf(row)) {
        c[j] = share;
      }
      if (smoothing_ != 0) c[j] = c[j] + floor;
      if (!c[j].IsZero()) c[j] = c[j] * Weight(index);
    }
    return c;
  }

  std::size_t Top(const std::vector<Interval>& v) const {
    const auto less = [](const Interval& a, const Interval& b) {
      return mpfr_less_p(a.lower().get(), b.lower().get()) != 0;
    };
    return static_cast<std::size_t>(std::max_element(v.begin(), v.begin() + layout().classes, less) -
                                    v.begin());
  }

  double smoothing_;
};

}  // namespace

std::unique_ptr<Terms> MakeClassRows(const Problem& problem) {
  if (problem.loss->name == "nll") return std::make_unique<NllRows>(problem);
  return std::make_unique<CrossEntropyRows>(problem);
}

}  // namespace exactloss
