// Triplets of vectors (N, D), or one (D): gradients from dual numbers with sums over sorted slopes, linear in
// D.
#include <array>
#include <cmath>
#include <utility>

#include "reference/losses/triplet_margin.h"
#include "reference/terms.h"

namespace exactloss {
namespace {

class Triplets final : public Terms {
 public:
  explicit Triplets(const Problem& problem)
      : formula_(problem),
        size_(problem.inputs[0]->shape.back()),
        count_(problem.inputs[0]->size() / size_),
        divisor_(DivisorOf(problem, count_)) {}

  std::int64_t Count() const override { return count_; }

  void Elements(std::int64_t row, std::vector<Element>& elements) const override {
    elements.clear();
    for (std::uint32_t input = 0; input < kVectors; ++input) {
      for (std::int64_t k = 0; k < size_; ++k) elements.push_back({input, row * size_ + k});
    }
  }

  void Evaluate(std::int64_t, const std::vector<Interval>& variables, TermValue& result) const override {
    std::vector<Dual<Interval>> v;
    v.reserve(variables.size());
    for (std::uint32_t i = 0; i < variables.size(); ++i)
      v.push_back(Dual<Interval>::Variable(variables[i], i));
    const auto size = static_cast<std::size_t>(size_);
    const Dual<Interval> term = formula_.Row(v.data(), v.data() + size, v.data() + 2 * size, size);
    result.value = term.value;
    result.slopes.assign(variables.size(), Interval());
    for (const auto& slope : term.slopes) result.slopes[slope.variable] = slope.value;
  }

  /// The curvature of a norm is (p - 1) / n ([i = j] r_i^(p-2) - s_i r_i^(p-1) s_j r_j^(p-1)), r_i = |u_i| /
  /// n. The loss is a difference of two norms; their curvatures are added by magnitude, so that one pass
  /// serves.
  void Gauge(std::int64_t, const std::vector<double>& v, TermGauge& result) const override {
    const std::size_t size = static_cast<std::size_t>(size_);
    const double *a = v.data(), *p = a + size, *n = p + size;
    result.value = 0;
    result.slopes.assign(v.size(), 0);
    const Norm pull = NormOf(a, p), push = NormOf(a, n), swapped = NormOf(p, n);
    const bool swaps = formula_.swap && swapped.value < push.value;
    const Norm& far = swaps ? swapped : push;
    const long double loss = pull.value - far.value + formula_.margin.exact();
    if (!(loss >= 0)) return;
    result.value = loss;
    std::vector<long double> slopes(v.size(), 0);
    Add(pull, a, p, 0, size, 1, slopes, result);
    Add(far, swaps ? p : a, n, swaps ? size : 0, 2 * size, -1, slopes, result);
    for (std::size_t i = 0; i < v.size(); ++i) {
      result.value += std::fabs(slopes[i] * v[i]);
      result.slopes[i] += std::fabs(slopes[i]);
    }
  }

  Interval ComputeFactor() const override { return 1 / Interval(static_cast<double>(divisor_)); }

  /// A distance is a difference, an offset and a power for each element, their sum and its root; then the
  /// other distance and the margin. The gauge holds both distances.
  double Roundings() const override {
    constexpr double kDistance = 1 + 1 + 2 + 2;
    return kDistance + 2;
  }
  Sums RowSums() const override { return {1, static_cast<double>(size_)}; }

 private:
  static constexpr std::uint32_t kVectors = 3;

  struct Norm {
    std::vector<long double> u;
    long double value = 0;
  };

  Norm NormOf(const double* x, const double* y) const {
    Norm norm;
    const long double p = formula_.p.exact(), eps = formula_.eps.exact();
    long double largest = 0;
    for (std::int64_t i = 0; i < size_; ++i) {
      norm.u.push_back(static_cast<long double>(x[i]) - y[i] + eps);
      largest = std::max(largest, std::fabs(norm.u.back()));
    }
    if (formula_.p.IsInfinite() || largest == 0) {
      norm.value = largest;
      return norm;
    }
    for (const long double u : norm.u) norm.value += std::pow(std::fabs(u) / largest, p);
    norm.value = largest * std::pow(norm.value, 1 / p);
    return norm;
  }

  /// Adds sign * norm(x - y + eps): its slopes, and what its curvature adds to the gauges of both vectors.
  void Add(const Norm& norm, const double* x, const double* y, std::size_t at_x, std::size_t at_y, int sign,
           std::vector<long double>& slopes, TermGauge& result) const {
    if (norm.value == 0) return;
    const long double p = formula_.p.exact();
    const std::size_t size = norm.u.size();
    std::vector<long double> slope(size);
    long double spread = 0;
    const auto reach = [&](std::size_t i) {
      return std::fabs(static_cast<long double>(x[i])) + std::fabs(y[i]);
    };
    for (std::size_t i = 0; i < size; ++i) {
      const long double share = std::fabs(norm.u[i]) / norm.value;
      slope[i] = formula_.p.IsInfinite() ? (share == 1) : share == 0 ? 0 : std::pow(share, p - 1);
      spread += reach(i) * slope[i];
      slopes[at_x + i] += sign * std::copysign(slope[i], norm.u[i]);
      slopes[at_y + i] -= sign * std::copysign(slope[i], norm.u[i]);
    }
    if (formula_.p.IsInfinite() || formula_.p == 1) return;
    for (std::size_t i = 0; i < size; ++i) {
      const long double share = std::fabs(norm.u[i]) / norm.value;
      const long double own = share == 0 ? (formula_.p == 2 ? 1 : 0) : std::pow(share, p - 2);
      const long double square = slope[i] * slope[i];
      const long double curvature =
          std::fabs(p - 1) / norm.value *
          (std::fabs(own - square) * reach(i) + slope[i] * std::max(spread - slope[i] * reach(i), 0.0L));
      result.slopes[at_x + i] += curvature;
      result.slopes[at_y + i] += curvature;
    }
  }

  TripletMargin formula_;
  std::int64_t size_, count_, divisor_;
};

}  // namespace

std::unique_ptr<Terms> MakeTriplets(const Problem& problem) { return std::make_unique<Triplets>(problem); }

}  // namespace exactloss
