// Rows of three vectors. With p = 2 a row of a narrow format goes through packs of doubles; every other row,
// and one that they leave in doubt, through double words.
#if defined(EXACTLOSS_OPTIMIZED_TRIPLET_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef EXACTLOSS_OPTIMIZED_TRIPLET_INL_H_
#undef EXACTLOSS_OPTIMIZED_TRIPLET_INL_H_
#else
#define EXACTLOSS_OPTIMIZED_TRIPLET_INL_H_
#endif

#include <algorithm>
#include <cmath>

#include "optimized/elementwise-inl.h"
#include "optimized/triplet.h"

HWY_BEFORE_NAMESPACE();
namespace exactloss::optimized::HWY_NAMESPACE {

/// What a row comes to: its loss, the shares of its distances in the slopes, and bounds.
struct RowResult {
  Word2 loss;
  double error = 0;
  double push = 1, other = 0;  ///< shares of d(anchor, negative) and d(positive, negative)
  bool active = false, sure = false;
};

/// Three vectors, whatever they are stored as. Columns beyond the last are zeros.
struct RowWords {
  Dtype dtype;
  const void* x[3];
  std::size_t columns;

  HWY_INLINE Pack At(std::size_t k, std::size_t i) const {
    if (columns - i >= kPackLanes) {
      switch (dtype) {
        case Dtype::kF64:
          return LoadPackOf(dtype, static_cast<const double*>(x[k]) + i);
        case Dtype::kF32:
          return LoadPackOf(dtype, static_cast<const float*>(x[k]) + i);
        default:
          return LoadPackOf(dtype, static_cast<const Half*>(x[k]) + i);
      }
    }
    double lanes[kPackLanes] = {};
    for (std::size_t lane = 0; i + lane < columns; ++lane) lanes[lane] = Single(k, i + lane);
    return LoadPack(lanes);
  }
  double Single(std::size_t k, std::size_t i) const {
    return LoadFrom(dtype, x[k], static_cast<std::ptrdiff_t>(i));
  }
};

/// A row in double words, at any p. Differences hold all digits, so bounds are shares of the values.
class TripletWords {
 public:
  TripletWords(const TripletMarginParameters& parameters, const RowWords& row)
      : parameters_(parameters), row_(row), p_(row.columns == 1 ? 1 : parameters.p) {
    const double eps = std::fabs(parameters.eps);
    result_.sure = eps == 0 || (eps > 0x1p-200 && eps < 0x1p200);
    Measure(0);
    Measure(1);
    if (parameters.swap) Measure(2);
    ShareOut();
  }

  const RowResult& result() const { return result_; }

  /// The gradients to the three vectors in the columns from i on.
  HWY_NOINLINE void Gradients(std::size_t i, const Scale& scale, WordLanes (&outputs)[3]) const {
    const Approx<DoubleWord> pull = Slope(0, i, 1.0), push = Slope(1, i, result_.push);
    const Approx<DoubleWord> other = parameters_.swap ? Slope(2, i, result_.other) : Zero();
    Put(scale, pull.value - push.value, pull.error + push.error, &outputs[0]);
    Put(scale, -(pull.value + other.value), pull.error + other.error, &outputs[1]);
    Put(scale, push.value + other.value, push.error + other.error, &outputs[2]);
  }

 private:
  static HWY_INLINE Approx<DoubleWord> Zero() { return {DoubleWord(0.0), Pack(0.0)}; }

  static HWY_INLINE void Put(const Scale& scale, const DoubleWord& value, const Pack& error, WordLanes* to) {
    const Approx<DoubleWord> a =
        scale.Apply(Approx<DoubleWord>{value, MulAdd(Abs(value.hi), 0x1p-98, error)});
    StorePack(a.value.hi + 0.0, to->hi);  // no -0
    StorePack(a.value.lo, to->lo);
    StorePack(Select(a.error > 0.0, a.error, Pack(0.0)), to->error);
  }

  HWY_INLINE DoubleWord Difference(std::size_t of, std::size_t i) const {
    const Pack a = row_.At(of == 2 ? 1 : 0, i), b = row_.At(of == 0 ? 1 : 2, i);
    const DoubleWord d = TwoSum(a, -b) + DoubleWord(parameters_.eps);
    return row_.columns - i >= kPackLanes ? d : Select(FirstLanes(row_.columns - i), d, DoubleWord(0.0));
  }

  /// |x|^e for x != 0, and what that costs of itself.
  static HWY_INLINE Approx<DoubleWord> Power(const DoubleWord& x, const DoubleWord& e, double rounded_e) {
    const DoubleWord log = Log(Abs(x)), power = Exp(log * e);
    const Pack share = MulAdd(Abs(log.hi), std::fabs(rounded_e) * 0x1p-93, Pack(0x1p-93));
    return {power, Abs(power.hi) * share};
  }

  /// A NaN does not vanish in it.
  static HWY_INLINE DoubleWord Larger(const DoubleWord& a, const DoubleWord& b) {
    const PackMask kept = (b < a) | (b == a) | !IsNumber(a.hi);
    return Select(kept, a, b);
  }

  static HWY_INLINE DoubleWord Lanes(const DoubleWord& a, bool largest) {
    double hi[kPackLanes], lo[kPackLanes];
    StorePack(a.hi, hi);
    StorePack(a.lo, lo);
    DoubleWord all(hi[0], lo[0]);
    for (std::size_t i = 1; i < kPackLanes; ++i) {
      const DoubleWord next(hi[i], lo[i]);
      all = largest ? Larger(all, next) : all + next;
    }
    return all;
  }

  HWY_NOINLINE void Measure(std::size_t of) {
    DoubleWord most(0.0), sum(0.0);
    for (std::size_t i = 0; i < row_.columns; i += kPackLanes) {
      const DoubleWord d = Difference(of, i), size = Abs(d);
      // A NaN must not vanish in a maximum.
      most = Larger(most, size);
      if (p_ == 1) sum = sum + size;
      if (p_ == 2) sum = sum + d * d;
    }
    most = Lanes(most, true);
    const double top = Head(most), columns = static_cast<double>(row_.columns);
    result_.sure &= top == 0 || (top > 0x1p-300 && top < 0x1p300);
    relative_[of] = (columns / static_cast<double>(kPackLanes) + 40) * 0x1p-100;
    zero_[of] = top == 0;
    norm_[of] = DoubleWord(0.0);
    if (zero_[of]) return;
    if (p_ == kInfinity) {
      norm_[of] = most;
      result_.sure &= Near(of, most) == 1;  // a tie is for Multi
    } else if (p_ == 1) {
      norm_[of] = Lanes(sum, false);
    } else if (p_ == 2) {
      norm_[of] = Sqrt(Lanes(sum, false));
    } else {
      norm_[of] = most * Rest(of, most);
    }
    inverse_[of] = DoubleWord(1.0) / norm_[of];
  }

  /// How many magnitudes are the largest, or all but that.
  std::size_t Near(std::size_t of, const DoubleWord& most) const {
    std::size_t near = 0;
    for (std::size_t i = 0; i < row_.columns; i += kPackLanes) {
      const PackMask is_near = Abs(Difference(of, i)).hi >= most.hi * (1 - 0x1p-40);
      near += static_cast<std::size_t>(__builtin_popcount(BitsOf(is_near)));
    }
    return near;
  }

  /// (sum (|d| / most)^p)^(1/p)
  DoubleWord Rest(std::size_t of, const DoubleWord& most) {
    DoubleWord sum(0.0);
    for (std::size_t i = 0; i < row_.columns; i += kPackLanes) {
      const DoubleWord ratio = Abs(Difference(of, i)) / most;
      const PackMask zero = ratio.hi == 0.0;
      const DoubleWord power = Power(Select(zero, DoubleWord(1.0), ratio), DoubleWord(p_), p_).value;
      sum = sum + Select(zero, DoubleWord(0.0), power);
    }
    sum = Lanes(sum, false);
    const double log = std::fabs(std::log(Head(sum))), columns = static_cast<double>(row_.columns);
    relative_[of] = 0x1p-91 * (columns + log + 1) * (1 + 1 / p_);
    return Power(sum, DoubleWord(1.0) / DoubleWord(p_), 1 / p_).value;
  }

  static double Head(const DoubleWord& a) { return hn::GetLane(a.hi.v); }

  void ShareOut() {
    const auto off = [&](std::size_t of) { return relative_[of] * Head(norm_[of]); };
    if (parameters_.swap) {
      const double ahead = Head(norm_[1] - norm_[2]), margin = 2 * (off(1) + off(2));
      result_.sure &= std::fabs(ahead) > margin;
      result_.push = ahead < 0 ? 1 : 0;
      result_.other = 1 - result_.push;
    }
    const std::size_t far = result_.push > 0 ? 1 : 2;
    const DoubleWord loss = norm_[0] - norm_[far] + DoubleWord(parameters_.margin);
    const double size = Head(norm_[0]) + Head(norm_[far]) + std::fabs(parameters_.margin);
    result_.error = 2 * (off(0) + off(far)) + size * 0x1p-98;
    result_.active = Head(loss) > 0;
    result_.sure &= std::fabs(Head(loss)) > result_.error;  // false for a NaN
    if (!result_.active) result_.error = 0;
    if (result_.active) result_.loss = {hn::GetLane(loss.hi.v), hn::GetLane(loss.lo.v)};
  }

  HWY_INLINE Approx<DoubleWord> Slope(std::size_t of, std::size_t i, double share) const {
    if (share == 0 || zero_[of]) return Zero();
    const DoubleWord d = Difference(of, i);
    const DoubleWord sign(Select(d.hi == 0.0, Pack(0.0), CopySign(Pack(share), d.hi)));
    if (p_ == 1) return {sign, Pack(0.0)};
    if (p_ == kInfinity) {
      const PackMask largest = Abs(d).hi >= norm_[of].hi * (1 - 0x1p-40);
      return {Select(largest, sign, DoubleWord(0.0)), Pack(0.0)};
    }
    const double relative = relative_[of];
    if (p_ == 2) {
      const DoubleWord slope = d * inverse_[of];
      return {Scaled(slope, share), Abs(slope.hi) * (relative + 0x1p-96)};
    }
    const PackMask zero = d.hi == 0.0;
    const DoubleWord ratio = Select(zero, DoubleWord(1.0), Abs(d) * inverse_[of]);
    const DoubleWord exponent = DoubleWord(p_) - DoubleWord(1.0);
    const Approx<DoubleWord> power = Power(ratio, exponent, p_ - 1);
    const Pack error = power.error + Abs(power.value.hi) * (std::fabs(p_ - 1) * (relative + 0x1p-94));
    return {power.value * sign, Select(zero, Pack(0.0), error)};
  }

  const TripletMarginParameters& parameters_;
  const RowWords& row_;
  double p_;
  DoubleWord norm_[3], inverse_[3];
  double relative_[3] = {};
  bool zero_[3] = {};
  RowResult result_;
};

}  // namespace exactloss::optimized::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // EXACTLOSS_OPTIMIZED_TRIPLET_INL_H_
