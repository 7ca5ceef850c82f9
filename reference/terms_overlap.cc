// Soft Dice over all elements or per sample, and its sum with binary cross entropy: closed forms, linear in
// elements.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "reference/losses/bce_with_logits.h"
#include "reference/losses/dice.h"
#include "reference/small_terms.h"
#include "reference/terms.h"

namespace exactloss {
namespace {

/// Gauges of one sample. With N, D the numerator and the denominator and s_i = p_i (1 - p_i):
///   d2/dp_i dp_j = 2 (t_i + t_j) / D^2 - 2 N / D^3,   d2/dt_i dp_j = 2 (p_i + t_j) / D^2 - 2 N / D^3 - 2 [i
///   = j] / D.
/// Each sum over j of magnitudes changes sign once along sorted t_j, so prefix sums make it N log N.
class DiceGauge {
 public:
  DiceGauge(const double* x, const double* t, std::size_t size, Parameter smooth)
      : x_(x), t_(t), size_(size), n_(smooth.exact()), d_(smooth.exact()) {
    for (std::size_t i = 0; i < size; ++i) {
      const Logistic<long double> logistic(static_cast<long double>(x[i]));
      p_.push_back(logistic.Sigmoid());
      q_.push_back(logistic.Complement());
      difference_ += p_[i] * (1 - t[i]) + q_[i] * t[i];
      n_ += 2 * p_[i] * t[i];
      d_ += p_[i] + t[i];
    }
    Sort();
  }

  long double Value() const {
    long double value = std::fabs(difference_ / d_);
    for (std::size_t i = 0; i < size_; ++i) value += std::fabs(x_[i] * p_[i] * q_[i] * SlopeAlongP(t_[i]));
    return value;
  }

  long double Input(std::size_t i) const {
    const long double s = p_[i] * q_[i], slope = SlopeAlongP(t_[i]);
    const long double own = s * (q_[i] - p_[i]) * slope + s * s * Curvature(t_[i] + t_[i]);
    return std::fabs(s * slope) + std::fabs(x_[i] * own) + s * Others(i, t_[i]);
  }

  long double Target(std::size_t i) const {
    const long double s = p_[i] * q_[i];
    const long double own = s * (Curvature(p_[i] + t_[i]) - 2 / d_);
    return std::fabs(SlopeAlongP(p_[i])) + std::fabs(x_[i] * own) + Others(i, p_[i]);
  }

 private:
  /// (N - 2 a D) / D^2: the slope along p_i for a = t_i, along t_i for a = p_i.
  long double SlopeAlongP(long double a) const { return (n_ - 2 * a * d_) / (d_ * d_); }
  long double Curvature(long double sum) const { return 2 * (sum - n_ / d_) / (d_ * d_); }

  void Sort() {
    order_.resize(size_);
    std::iota(order_.begin(), order_.end(), std::size_t{0});
    std::sort(order_.begin(), order_.end(), [this](std::size_t i, std::size_t j) { return t_[i] < t_[j]; });
    mass_.assign(size_ + 1, 0);
    moment_.assign(size_ + 1, 0);
    for (std::size_t k = 0; k < size_; ++k) {
      const std::size_t j = order_[k];
      mass_[k + 1] = mass_[k] + Reach(j);
      moment_[k + 1] = moment_[k] + Reach(j) * t_[j];
    }
  }

  /// |x_j| s_j
  long double Reach(std::size_t j) const { return std::fabs(x_[j]) * p_[j] * q_[j]; }

  /// The sum over j != i of |x_j| s_j |Curvature(a + t_j)|.
  long double Others(std::size_t i, long double a) const {
    const long double turn = n_ / d_ - a;  // Curvature is negative for t_j below it
    const auto below = static_cast<std::size_t>(
        std::partition_point(order_.begin(), order_.end(), [&](std::size_t j) { return t_[j] < turn; }) -
        order_.begin());
    const long double low = turn * mass_[below] - moment_[below];
    const long double high = (moment_[size_] - moment_[below]) - turn * (mass_[size_] - mass_[below]);
    const long double all = 2 * (low + high) / (d_ * d_);
    return std::max(all - Reach(i) * std::fabs(Curvature(a + t_[i])), 0.0L);
  }

  const double* x_;
  const double* t_;
  std::size_t size_;
  long double n_, d_, difference_ = 0;
  std::vector<long double> p_, q_, mass_, moment_;
  std::vector<std::size_t> order_;
};

class Overlaps : public Terms {
 public:
  Overlaps(const Problem& problem, std::int64_t samples)
      : smooth_(problem.parameter("smooth")),
        size_(problem.inputs[0]->size() / samples),
        count_(samples),
        divisor_(DivisorOf(problem, samples)) {}

  std::int64_t Count() const override { return count_; }

  void Elements(std::int64_t sample, std::vector<Element>& elements) const override {
    elements.clear();
    for (const std::uint32_t input : {0U, 1U}) {
      for (std::int64_t k = 0; k < size_; ++k) elements.push_back({input, sample * size_ + k});
    }
  }

  void Evaluate(std::int64_t, const std::vector<Interval>& v, TermValue& result) const override {
    const auto size = Size();
    const Interval* t = v.data() + size;
    const DiceSums<Interval> sums(v.data(), t, size, smooth_);
    result.value = Dice::Value(sums);
    result.slopes.clear();
    result.slopes.reserve(2 * size);
    for (std::size_t i = 0; i < size; ++i) result.slopes.push_back(Dice::InputSlope(sums, i, t[i]));
    for (std::size_t i = 0; i < size; ++i) result.slopes.push_back(Dice::TargetSlope(sums, sums.p[i]));
  }

  void Gauge(std::int64_t, const std::vector<double>& v, TermGauge& result) const override {
    const DiceGauge gauge(v.data(), v.data() + size_, Size(), smooth_);
    result.value = gauge.Value();
    result.slopes.clear();
    for (std::size_t i = 0; i < Size(); ++i) result.slopes.push_back(gauge.Input(i));
    for (std::size_t i = 0; i < Size(); ++i) result.slopes.push_back(gauge.Target(i));
  }

  Interval ComputeFactor() const override { return 1 / Interval(static_cast<double>(divisor_)); }

  /// A sigmoid and a product, the sums with what is added to them, the quotient less than 1.
  double Roundings() const override {
    constexpr double kSigmoid = 2 + 1 + 1, kProduct = 1, kNumerator = 2, kDenominator = 2, kQuotient = 2;
    return kSigmoid + kProduct + kNumerator + kDenominator + kQuotient;
  }
  /// Numerator and denominator.
  Sums RowSums() const override { return {2, static_cast<double>(size_)}; }

 protected:
  std::size_t Size() const { return static_cast<std::size_t>(size_); }

 private:
  Parameter smooth_;
  std::int64_t size_, count_, divisor_;
};

/// dice_weight times Dice plus bce_weight times the mean of the elements' cross entropy, all one term.
class BceDiceTerm final : public Overlaps {
 public:
  explicit BceDiceTerm(const Problem& problem)
      : Overlaps(problem, 1),
        bce_weight_(problem.parameter("bce_weight")),
        dice_weight_(problem.parameter("dice_weight")),
        bce_(problem, Placement::Elementwise(problem, 2), 1) {}

  void Evaluate(std::int64_t, const std::vector<Interval>& v, TermValue& result) const override {
    Overlaps::Evaluate(0, v, result);
    const Interval share = Interval(bce_weight_) / static_cast<double>(Size());
    Interval sum = 0.0;
    TermValue bce;
    for (std::size_t i = 0; i < Size(); ++i) {
      bce_.Evaluate(0, {v[i], v[Size() + i]}, bce);
      sum = sum + bce.value;
      for (const std::size_t k : {std::size_t{0}, std::size_t{1}}) {
        Interval& slope = result.slopes[k * Size() + i];
        slope = dice_weight_ * slope + share * bce.slopes[k];
      }
    }
    result.value = dice_weight_ * result.value + share * sum;
  }

  void Gauge(std::int64_t, const std::vector<double>& v, TermGauge& result) const override {
    Overlaps::Gauge(0, v, result);
    const long double share = std::fabs(bce_weight_) / static_cast<long double>(Size());
    const long double dice_weight = std::fabs(dice_weight_);
    result.value *= dice_weight;
    TermGauge bce;
    for (std::size_t i = 0; i < Size(); ++i) {
      bce_.Gauge(0, {v[i], v[Size() + i]}, bce);
      result.value += share * bce.value;
      for (const std::size_t k : {std::size_t{0}, std::size_t{1}}) {
        long double& gauge = result.slopes[k * Size() + i];
        gauge = dice_weight * gauge + share * bce.slopes[k];
      }
    }
  }

  /// Two weights, the division of the mean, and the sum of both.
  double Roundings() const override { return Overlaps::Roundings() + bce_.Roundings() + 4; }
  Sums RowSums() const override { return {3, static_cast<double>(Size())}; }

 private:
  struct Formula : BceWithLogits {
    using BceWithLogits::BceWithLogits;
    template <class T>
    T Term(const T* v) const {
      return Of(v[0], v[1], T(1.0));
    }
  };

  double bce_weight_, dice_weight_;
  SmallTerms<Formula, 2> bce_;
};

}  // namespace

std::unique_ptr<Terms> MakeOverlaps(const Problem& problem) {
  const bool per_sample = problem.parameter("per_sample") != 0;
  return std::make_unique<Overlaps>(problem, per_sample ? problem.inputs[0]->shape[0] : 1);
}

void AddBceDiceTerm(const Problem& problem, std::vector<std::unique_ptr<Terms>>& terms) {
  terms.push_back(std::make_unique<BceDiceTerm>(problem));
}

}  // namespace exactloss
