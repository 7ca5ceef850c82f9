// A row of triplet_margin in Multi. Norms that are equal are roots which intervals never prove equal, but the
// sums below them are exact for p = 1, 2 and infinity: these decide ties.
#include "optimized/triplet.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "optimized/limit_trials.h"

namespace exactloss::optimized {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// The differences of a row: anchor - positive, anchor - negative, positive - negative.
enum Difference : std::size_t { kPull, kPush, kOther };

class RowInMulti {
 public:
  RowInMulti(const TripletMarginParameters& parameters, const TripletRow& row, const LimitTrials& trials,
             std::size_t trial)
      : parameters_(parameters),
        row_(row),
        trials_(trials),
        trial_(trial),
        p_(row.columns == 1 ? 1 : parameters.p) {
    Measure(kPull);
    Measure(kPush);
    if (parameters_.swap) Measure(kOther);
    ShareOut();
  }

  Multi Loss() const { return active_ ? loss_ : Multi(0.0); }

  /// The gradients to the three vectors along column i.
  void Gradients(std::size_t i, Multi (&gradients)[3]) const {
    for (Multi& gradient : gradients) gradient = Multi(0.0);
    if (!active_) return;
    gradients[0] = Combined(i, {kPull, 1}, {kPush, -push_});
    gradients[1] = Combined(i, {kPull, -1}, {kOther, -other_});
    gradients[2] = Combined(i, {kPush, push_}, {kOther, other_});
  }

 private:
  struct Part {
    Difference of;
    double share;
  };

  Multi At(std::size_t k, std::size_t i) const { return trials_.At(trial_, k * row_.columns + i); }
  Multi DifferenceAt(Difference of, std::size_t i) const {
    return At(of == kOther ? 1 : 0, i) - At(of == kPull ? 1 : 2, i) + Multi(parameters_.eps);
  }
  static bool IsZero(const Multi& x) { return x == Multi(0.0); }

  /// |x|^e
  static Multi Power(const Multi& x, const Multi& e) { return Exp(e * Log(Abs(x))); }

  /// The norm and what orders it.
  void Measure(Difference of) {
    Multi sum(0.0);
    std::size_t largest = 0;
    for (std::size_t i = 0; i < row_.columns; ++i) {
      const Multi d = DifferenceAt(of, i), size = Abs(d);
      if (p_ == kInfinity) {
        largest = size == sum ? largest + 1 : size > sum ? 1 : largest;
        sum = Max(sum, size);
      } else if (p_ == 1) {
        sum = sum + size;
      } else if (p_ == 2) {
        sum = sum + d * d;
      } else if (!IsZero(d)) {
        sum = sum + Power(d, Multi(p_));
      }
    }
    order_[of] = sum;
    largest_[of] = static_cast<double>(largest);
    zero_[of] = IsZero(sum);
    norm_[of] = p_ == 1 || p_ == kInfinity || zero_[of] ? sum
                : p_ == 2                               ? Sqrt(sum)
                                                        : Power(sum, Multi(1.0) / Multi(p_));
  }

  void ShareOut() {
    if (parameters_.swap) {
      push_ = order_[kPush] < order_[kOther] ? 1 : order_[kPush] == order_[kOther] ? 0.5 : 0;
      other_ = 1 - push_;
    }
    const Multi& far = norm_[push_ > 0 ? kPush : kOther];
    loss_ = norm_[kPull] - far + Multi(parameters_.margin);
    const double* positive = row_.x.data() + row_.columns;
    same_ = push_ == 1 &&
            std::all_of(positive, positive + row_.columns, [](double x) { return std::isfinite(x); }) &&
            std::equal(positive, positive + row_.columns, positive + row_.columns);
    if (same_) {  // at any p
      loss_ = Multi(parameters_.margin);
      active_ = parameters_.margin >= 0;
      return;
    }
    active_ =
        parameters_.margin == 0 ? order_[kPull] >= order_[push_ > 0 ? kPush : kOther] : loss_ >= Multi(0.0);
    if (parameters_.margin == 0 && order_[kPull] == order_[push_ > 0 ? kPush : kOther]) loss_ = Multi(0.0);
  }

  /// d norm / d d_i; at the zero vector PyTorch takes 0.
  Multi Slope(Difference of, const Multi& d) const {
    if (zero_[of] || IsZero(d)) return Multi(0.0);
    const Multi sign(d < Multi(0.0) ? -1.0 : 1.0);
    if (p_ == 1) return sign;
    if (p_ == 2) return d / norm_[of];
    if (p_ == kInfinity) return Abs(d) == norm_[of] ? sign / Multi(largest_[of]) : Multi(0.0);
    return sign * Power(d / norm_[of], Multi(p_) - Multi(1.0));
  }

  /// The sum of two slopes; of equal norms as one quotient, which may then be exactly 0.
  Multi Combined(std::size_t i, const Part& a, const Part& b) const {
    if (b.share == 0) return Multi(a.share) * Slope(a.of, DifferenceAt(a.of, i));
    if (a.share == 0) return Multi(b.share) * Slope(b.of, DifferenceAt(b.of, i));
    if (same_ && a.of == kPull && b.of == kPush) return Multi(0.0);
    const Multi of_a = DifferenceAt(a.of, i), of_b = DifferenceAt(b.of, i);
    if (p_ == 2 && !zero_[a.of] && order_[a.of] == order_[b.of])
      return (Multi(a.share) * of_a + Multi(b.share) * of_b) / norm_[a.of];
    return Multi(a.share) * Slope(a.of, of_a) + Multi(b.share) * Slope(b.of, of_b);
  }

  const TripletMarginParameters& parameters_;
  const TripletRow& row_;
  const LimitTrials& trials_;
  std::size_t trial_;
  double p_;
  Multi order_[3], norm_[3], loss_;
  double largest_[3] = {}, push_ = 1, other_ = 0;
  bool zero_[3] = {}, active_ = false, same_ = false;
};

}  // namespace

static bool IsFinite(const TripletRow& row) {
  return std::all_of(row.x.begin(), row.x.end(), [](double x) { return std::isfinite(x); });
}

Multi TripletLoss(const TripletMarginParameters& parameters, const TripletRow& row) {
  const LimitTrials trials(row.x);
  if (!trials.is_limit()) return RowInMulti(parameters, row, trials, 0).Loss();
  double loss = 0;
  std::vector<double> gradients;
  DecideTriplet(parameters, Dtype::kF64, row, 1, &loss, &gradients);
  return loss;
}

void DecideTripletTerm(const TripletMarginParameters& parameters, const TripletRow& row, Total* total) {
  double loss = 0;
  std::vector<double> gradients;
  DecideTriplet(parameters, Dtype::kF64, row, 1, &loss, &gradients);
  // Beyond binary64 a finite loss makes the sum leave its range, to be decided whole.
  const bool finite = IsFinite(row) || std::isfinite(loss);
  (finite ? total->sum.hi : total->special) = loss;
  total->error = finite ? std::fabs(loss) * 0x1p-53 : 0;
}

void DecideTriplet(const TripletMarginParameters& parameters, Dtype dtype, const TripletRow& row,
                   double divisor, double* loss, std::vector<double>* gradients) {
  gradients->assign(row.x.size(), std::nan(""));
  *loss = std::nan("");
  if (std::any_of(row.x.begin(), row.x.end(), [](double x) { return std::isnan(x); })) return;
  const LimitTrials trials(row.x);
  std::vector<double> limits(1 + row.x.size());
  trials.FindLimit(limits, [&](std::size_t trial, double* rounded) {
    Decide([&] {
      const RowInMulti in_multi(parameters, row, trials, trial);
      bool decided = in_multi.Loss().RoundsTo(dtype, &rounded[0]);
      Multi slopes[3];
      for (std::size_t i = 0; i < row.columns; ++i) {
        in_multi.Gradients(i, slopes);
        for (std::size_t k = 0; k < 3; ++k)
          decided &= (slopes[k] / Multi(divisor)).RoundsTo(dtype, &rounded[1 + k * row.columns + i]);
      }
      return decided;
    });
  });
  *loss = limits[0];
  gradients->assign(limits.begin() + 1, limits.end());
}

}  // namespace exactloss::optimized
