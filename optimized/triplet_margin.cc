// Triplet margin loss (Balntas et al. 2016): max(d(a, p) - d(a, n) + margin, 0), d(u, v) = |u - v + eps|_p;
// with swap the nearer of d(a, n) and d(p, n) counts.
//
// Along the difference d_i a norm has the slope d_i / norm, or sgn(d_i) (|d_i| / norm)^(p - 1).
#include "optimized/losses.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "optimized/triplet_margin.cc"
#include <hwy/foreach_target.h>  // IWYU pragma: keep

#include "optimized/triplet-inl.h"

HWY_BEFORE_NAMESPACE();
namespace exactloss::optimized::HWY_NAMESPACE {

/// A row of a narrow format in doubles, at p = 2.
template <class T, bool kExact, bool kSwap>
class EuclidRow {
 public:
  static constexpr std::size_t kDistances = kSwap ? 3 : 2;

  EuclidRow(const TripletCall& call, const T* const (&x)[3])
      : call_(call), x_{x[0], x[1], x[2]}, whole_(call.columns - call.columns % kPackLanes) {
    for (std::size_t k = 0; k < 3; ++k) {
      for (std::size_t i = 0; i < kPackLanes; ++i) tail_[k][i] = T();
      if (whole_ != call.columns) std::memcpy(tail_[k], x[k] + whole_, (call.columns - whole_) * sizeof(T));
    }
    Measure();
    Decide();
  }

  const RowResult& result() const { return result_; }

  /// Stores the gradients of the columns [begin, end) from to[k] on, the tail as a whole pack; false: some
  /// are in doubt.
  HWY_NOINLINE bool Gradients(std::size_t begin, std::size_t end, T* const (&to)[3]) const {
    const Slopes slopes(*this);
    T* const anchor = to[0];
    T* const positive = to[1];
    T* const negative = to[2];
    std::uint32_t doubtful = 0;
    const std::size_t whole = std::min(end, whole_);
    const T *const a = x_[0], *const p = x_[1], *const n = x_[2];
    for (std::size_t i = begin; i < whole; i += kPackLanes)
      doubtful |= slopes.Store(a + i, p + i, n + i, i - begin, anchor, positive, negative);
    if (whole < end)
      doubtful |= slopes.Store(tail_[0], tail_[1], tail_[2], whole - begin, anchor, positive, negative);
    return doubtful == 0;
  }

 private:
  /// What the slopes of a row are made of. A copy: members of a row would be read again after every store.
  struct Slopes {
    HWY_INLINE explicit Slopes(const EuclidRow& row)
        : dtype(row.call_.dtype),
          eps(row.call_.parameters.eps),
          pull_factor(row.factor_[0]),
          push_factor(row.factor_[1]),
          other_factor(row.factor_[2]),
          pull_share(row.error_[0]),
          push_share(row.error_[1]),
          other_share(row.error_[2]),
          pull_margin(row.margin_[0]),
          push_margin(row.margin_[1]),
          other_margin(row.margin_[2]),
          anchor_counts(row.same_ ? 0.0 : 1.0) {}

    HWY_INLINE std::uint32_t Store(const T* at_a, const T* at_p, const T* at_n, std::size_t at, T* anchor,
                                   T* positive, T* negative) const {
      const Pack a = LoadPackOf(dtype, at_a), p = LoadPackOf(dtype, at_p), n = LoadPackOf(dtype, at_n);
      const Pack pull = (a - p) + eps, push = (a - n) + eps;
      const Pack pull_slope = pull * pull_factor, push_slope = push * push_factor;
      const Pack pull_error = MulAdd(Abs(pull), pull_share, pull_margin);
      const Pack push_error = MulAdd(Abs(push), push_share, push_margin);
      std::uint32_t doubtful = 0;
      if (anchor != nullptr) {
        // Not fused: equal products leave 0.
        doubtful |= Emit(pull_slope - push_slope, (pull_error + push_error) * anchor_counts, anchor + at);
      }
      Pack other_slope(0.0), other_error(0.0);
      if constexpr (kSwap) {
        const Pack other = (p - n) + eps;
        other_slope = other * other_factor;
        other_error = MulAdd(Abs(other), other_share, other_margin);
      }
      if (positive != nullptr)
        doubtful |= Emit((Pack(0.0) - other_slope) - pull_slope, pull_error + other_error, positive + at);
      if (negative != nullptr)
        doubtful |= Emit(push_slope + other_slope, push_error + other_error, negative + at);
      return doubtful;
    }
    HWY_INLINE std::uint32_t Emit(const Pack& value, const Pack& error, T* to) const {
      if constexpr (kExact) return StoreTested(dtype, value, error, to);
      StoreRounded(dtype, Round<T>(dtype, value), to);
      return HWY_LIKELY(AllTrue(IsFaithful(value, error))) ? 0 : 1;  // no NaN is
    }

    Dtype dtype;
    Pack eps, pull_factor, push_factor, other_factor, pull_share, push_share, other_share;
    Pack pull_margin, push_margin, other_margin, anchor_counts;
  };

  /// Adds the squares of a whole group of packs; which are named by constants, so that they stay in
  /// registers.
  template <std::size_t kPack>
  HWY_INLINE void AddGroup(std::size_t i, const Pack& eps, Pack (&pull)[kSumPacks], Pack (&push)[kSumPacks],
                           Pack (&other)[kSumPacks], PackMask* same) const {
    const Dtype dtype = call_.dtype;
    const std::size_t at = i + kPack * kPackLanes;
    const Pack a = LoadPackOf(dtype, x_[0] + at), p = LoadPackOf(dtype, x_[1] + at);
    const Pack n = LoadPackOf(dtype, x_[2] + at);
    const Pack to_p = (a - p) + eps, to_n = (a - n) + eps, between = (p - n) + eps;
    pull[kPack] = MulAdd(to_p, to_p, pull[kPack]);
    push[kPack] = MulAdd(to_n, to_n, push[kPack]);
    if constexpr (kSwap) other[kPack] = MulAdd(between, between, other[kPack]);
    *same = *same & (p == n);
    if constexpr (kPack + 1 < kSumPacks) AddGroup<kPack + 1>(i, eps, pull, push, other, same);
  }

  /// The norms: column i is added to lane i % kSumLanes on every target.
  HWY_NOINLINE void Measure() {
    double sums[3][kSumLanes];
    PackMask same = Pack(0.0) == 0.0;
    const Pack eps(call_.parameters.eps);
    std::size_t i = 0;
    {
      Pack pull[kSumPacks], push[kSumPacks], other[kSumPacks];
      for (std::size_t k = 0; k < kSumPacks; ++k) pull[k] = push[k] = other[k] = Pack(0.0);
      for (; i + kSumLanes <= whole_; i += kSumLanes) AddGroup<0>(i, eps, pull, push, other, &same);
      for (std::size_t k = 0; k < kSumPacks; ++k) {
        StorePack(pull[k], sums[0] + k * kPackLanes);
        StorePack(push[k], sums[1] + k * kPackLanes);
        StorePack(other[k], sums[2] + k * kPackLanes);
      }
    }
    for (; i < call_.columns; i += kPackLanes) {
      const PackMask within = FirstLanes(std::min(call_.columns - i, kPackLanes));
      const auto at = [&](std::size_t k)
                          HWY_ATTR { return LoadPackOf(call_.dtype, i < whole_ ? x_[k] + i : tail_[k]); };
      const Pack a = at(0), p = at(1), n = at(2);
      const auto add = [&](const Pack& x, const Pack& y, double* sum) HWY_ATTR {
        const Pack d = Select(within, (x - y) + eps, Pack(0.0));
        StorePack(MulAdd(d, d, LoadPack(sum)), sum);
      };
      const std::size_t lane = i % kSumLanes;
      add(a, p, sums[0] + lane);
      add(a, n, sums[1] + lane);
      add(p, n, sums[2] + lane);
      same = same & (p == n);
    }
    same_ = AllTrue(same);
    for (std::size_t of = 0; of < kDistances; ++of) {
      double* lanes = sums[of];
      for (std::size_t half = kSumLanes / 2; half > 0; half /= 2) {
        for (std::size_t lane = 0; lane < half; ++lane) lanes[lane] += lanes[lane + half];
      }
      norm_[of] = std::sqrt(lanes[0]);
    }
  }

  void Decide() {
    const double eps = std::fabs(call_.parameters.eps), margin = call_.parameters.margin;
    const double columns = static_cast<double>(call_.columns), root = std::sqrt(columns);
    const auto relative = [&](std::size_t of) {
      const double moved = eps == 0 ? 0 : eps * root / norm_[of];
      return (columns / static_cast<double>(kSumLanes) + 40) * 0x1p-53 * (1 + moved);
    };
    const auto off = [&](std::size_t of) { return norm_[of] == 0 ? 0 : norm_[of] * relative(of); };
    result_.sure = eps == 0 || (eps > 0x1p-200 && eps < 0x1p200);
    if constexpr (kSwap) {
      const double ahead = norm_[1] - norm_[2];
      if (kExact) result_.sure &= std::fabs(ahead) > 2 * (off(1) + off(2));
      result_.push = ahead < 0 ? 1 : ahead == 0 ? 0.5 : 0;
      result_.other = 1 - result_.push;
    }
    const std::size_t far = result_.push > 0 ? 1 : 2;
    const Word2 apart = optimized::TwoSum(norm_[0], -norm_[far]), loss = optimized::TwoSum(apart.hi, margin);
    const double value = loss.hi + (loss.lo + apart.lo);
    result_.error = 2 * (off(0) + off(far)) + std::fabs(value) * 0x1p-52;
    if (kExact) result_.sure &= std::fabs(value) > result_.error;
    result_.sure &= norm_[0] + norm_[far] < kInfinity;  // false for a NaN
    result_.active = value >= 0;
    if (!result_.active) {
      result_.error = 0;
      return;
    }
    result_.loss.hi = value;
    const double shares[3] = {1, result_.push, result_.other};
    for (std::size_t of = 0; of < kDistances; ++of) {
      const double factor = norm_[of] == 0 ? 0 : shares[of] / norm_[of] / call_.divisor;
      factor_[of] = Pack(factor);
      error_[of] = Pack(norm_[of] == 0 ? 0 : factor * (relative(of) + 0x1p-49));
      margin_[of] = Pack(factor * eps * 0x1p-51);
    }
    // Where positive and negative agree, the slopes along the anchor cancel.
    same_ = same_ && result_.push == 1;
  }

  const TripletCall& call_;
  const T* x_[3];
  std::size_t whole_;
  T tail_[3][kPackLanes];
  double norm_[3] = {};
  Pack factor_[3] = {}, error_[3] = {}, margin_[3] = {};  ///< of slopes: and their bounds, d_i apart and not
  bool same_ = false;
  RowResult result_;
};

template <class T>
class TripletRows {
 public:
  explicit TripletRows(const TripletCall& call) : call_(call), scale_(call.divisor) {
    std::size_t outputs = 0;
    for (const void* gradient : call.gradients) outputs += gradient != nullptr ? 1 : 0;
    streamed_ = call.rows * call.columns * outputs * sizeof(T) >= kStreamedBytes;
  }

  template <class Row>
  Total Sum(const Row& row) const {
    const Chunks chunks(call_.rows);
    Total totals[kMaxChunks];
    ForEachChunk(chunks, call_.threads, [&](std::size_t chunk) {
      for (std::size_t i = chunks.begin(chunk); i < chunks.end(chunk); ++i) totals[chunk].Add(row(i));
    });
    Total total;
    for (std::size_t i = 0; i < chunks.size; ++i) total.Add(totals[i]);
    return total;
  }

  /// Computes a row; returns what it adds to the sum.
  template <bool kExact, bool kSwap>
  Total EuclidTerm(std::size_t row) const {
    const T* x[3];
    for (std::size_t k = 0; k < 3; ++k) x[k] = RowAt(k, row);
    const EuclidRow<T, kExact, kSwap> euclid(call_, x);
    if (HWY_UNLIKELY(!euclid.result().sure)) return WordsTerm(row, true);
    if (!StoreLoss<kExact>(row, euclid.result())) return WordsTerm(row, true);
    if (!euclid.result().active) {
      Clear(row);
    } else if (HWY_UNLIKELY(!StoreGradients(euclid, row))) {
      return WordsTerm(row, true);
    }
    return TermOf(euclid.result());
  }

  /// In double words; a row that even they leave in doubt in Multi.
  HWY_NOINLINE Total WordsTerm(std::size_t row, bool store) const {
    const RowWords words = {call_.dtype, {RowAt(0, row), RowAt(1, row), RowAt(2, row)}, call_.columns};
    const TripletWords in_words(call_.parameters, words);
    bool sure = in_words.result().sure;
    if (store && sure) {
      sure = StoreLoss<true>(row, in_words.result());
      if (sure && !in_words.result().active) Clear(row);
      for (std::size_t i = 0; sure && in_words.result().active && i < call_.columns; i += kPackLanes)
        sure = StoreWords(in_words, row, i);
    }
    return sure ? TermOf(in_words.result()) : MultiTerm(row, store);
  }

  /// The rounded sum over the divisor, whatever it takes.
  double Decided() const {
    double rounded = 0;
    optimized::Decide([&] {
      Multi sum(0.0);
      for (std::size_t row = 0; row < call_.rows; ++row)
        sum = sum + TripletLoss(call_.parameters, Doubles(row));
      return (sum / Multi(call_.divisor)).RoundsTo(call_.dtype, &rounded);
    });
    return rounded;
  }

 private:
  const T* RowAt(std::size_t k, std::size_t row) const {
    const Input& input = call_.inputs[k];
    return static_cast<const T*>(input.data) +
           static_cast<std::ptrdiff_t>(row) * RowStride(input, call_.columns);
  }
  T* GradientAt(std::size_t k, std::size_t row) const {
    return call_.gradients[k] == nullptr ? nullptr
                                         : static_cast<T*>(call_.gradients[k]) + row * call_.columns;
  }
  bool StoresLoss() const { return call_.loss != nullptr && !call_.reduced; }
  void PutLoss(std::size_t row, double rounded) const {
    if (StoresLoss()) Store(call_.dtype, rounded, static_cast<T*>(call_.loss) + row);
  }

  static Total TermOf(const RowResult& result) {
    Total total;
    total.sum = result.loss;
    total.error = result.error + std::fabs(result.loss.hi) * 0x1p-100;
    return total;
  }

  /// False: in doubt.
  template <bool kTested>
  bool StoreLoss(std::size_t row, const RowResult& result) const {
    if (!StoresLoss()) return true;
    const Word2 loss = result.loss;
    double rounded = RoundTo(call_.dtype, loss);
    if constexpr (std::is_same_v<T, double>) {
      if (!(result.error <= std::fabs(loss.hi) * 0x1p-60)) return false;
    } else if (kTested) {
      rounded = RoundTo(call_.dtype, optimized::TwoSum(loss.hi, loss.lo - result.error));
      if (!(rounded == RoundTo(call_.dtype, optimized::TwoSum(loss.hi, loss.lo + result.error))))
        return false;
    }
    PutLoss(row, rounded);
    return true;
  }

  void Clear(std::size_t row) const {
    for (std::size_t k = 0; k < 3; ++k) {
      if (T* to = GradientAt(k, row)) std::memset(to, 0, call_.columns * sizeof(T));
    }
  }

  template <class Row>
  bool StoreGradients(const Row& euclid, std::size_t row) const {
    const std::size_t whole = call_.columns - call_.columns % kPackLanes;
    T* to[3];
    for (std::size_t k = 0; k < 3; ++k) to[k] = GradientAt(k, row);
    if (!streamed_ && !euclid.Gradients(0, whole, to)) return false;
    for (std::size_t begin = streamed_ ? 0 : whole; begin < call_.columns; begin += kBlock) {
      const std::size_t size = std::min(kBlock, call_.columns - begin);
      alignas(64) T buffers[3][kBlock];
      T* const buffered[3] = {to[0] == nullptr ? nullptr : buffers[0],
                              to[1] == nullptr ? nullptr : buffers[1],
                              to[2] == nullptr ? nullptr : buffers[2]};
      if (!euclid.Gradients(begin, begin + size, buffered)) return false;
      for (std::size_t k = 0; k < 3; ++k) {
        if (to[k] != nullptr) CopyOut(buffers[k], size * sizeof(T), to[k] + begin, streamed_);
      }
    }
    return true;
  }

  bool StoreWords(const TripletWords& in_words, std::size_t row, std::size_t i) const {
    WordLanes words[3];
    in_words.Gradients(i, scale_, words);
    for (std::size_t k = 0; k < 3; ++k) {
      T* to = GradientAt(k, row);
      if (to == nullptr) continue;
      for (std::size_t lane = 0; lane < kPackLanes && i + lane < call_.columns; ++lane) {
        const double hi = words[k].hi[lane], lo = words[k].lo[lane], error = words[k].error[lane];
        double rounded = hi;
        if constexpr (std::is_same_v<T, double>) {
          const double size = std::fabs(hi);
          if (!(error <= size * 0x1p-60) || !(size < kInfinity) || (size != 0 && size < 0x1p-900))
            return false;
        } else {
          rounded = RoundTo(call_.dtype, optimized::TwoSum(hi, lo - error));
          if (!(rounded == RoundTo(call_.dtype, optimized::TwoSum(hi, lo + error))) || !(error < kInfinity))
            return false;
        }
        Store(call_.dtype, rounded, to + i + lane);
      }
    }
    return true;
  }

  TripletRow Doubles(std::size_t row) const {
    TripletRow doubles;
    doubles.columns = call_.columns;
    for (std::size_t k = 0; k < 3; ++k) {
      for (std::size_t i = 0; i < call_.columns; ++i)
        doubles.x.push_back(Load(call_.dtype, RowAt(k, row) + i));
    }
    return doubles;
  }

  HWY_NOINLINE Total MultiTerm(std::size_t row, bool store) const {
    const TripletRow doubles = Doubles(row);
    double loss = 0;
    std::vector<double> gradients;
    if (store) {
      DecideTriplet(call_.parameters, call_.dtype, doubles, call_.divisor, &loss, &gradients);
      PutLoss(row, loss);
      for (std::size_t k = 0; k < 3; ++k) {
        T* to = GradientAt(k, row);
        for (std::size_t i = 0; to != nullptr && i < call_.columns; ++i)
          Store(call_.dtype, gradients[k * call_.columns + i], to + i);
      }
    }
    Total total;
    if (call_.reduced) DecideTripletTerm(call_.parameters, doubles, &total);
    return total;
  }

  const TripletCall& call_;
  Scale scale_;
  bool streamed_ = false;
};

template <class T, bool kExact>
Total SumOfRows(const TripletRows<T>& rows, const TripletCall& call) {
  if constexpr (!std::is_same_v<T, double>) {
    const bool euclid = call.parameters.p == 2 && call.columns > 1;
    if (euclid && call.parameters.swap) {
      return rows.Sum([&](std::size_t row) { return rows.template EuclidTerm<kExact, true>(row); });
    }
    if (euclid)
      return rows.Sum([&](std::size_t row) { return rows.template EuclidTerm<kExact, false>(row); });
  }
  return rows.Sum([&](std::size_t row) { return rows.WordsTerm(row, true); });
}

template <class T, bool kExact>
void RunTripletAs(const TripletCall& call) {
  const TripletRows<T> rows(call);
  const Total total = SumOfRows<T, kExact>(rows, call);
  if (!call.reduced || call.loss == nullptr) return;
  const double loss = RoundedLoss(
      total, call.dtype, call.mode, call.divisor,
      [&] { return rows.Sum([&](std::size_t row) { return rows.WordsTerm(row, false); }); },
      [&] { return rows.Decided(); });
  Store(call.dtype, loss, static_cast<T*>(call.loss));
}

void RunTriplet(const TripletCall& call) {
  if (call.dtype == Dtype::kF64) return RunTripletAs<double, true>(call);
  if (call.dtype != Dtype::kF32) return RunTripletAs<Half, true>(call);
  return call.mode == Mode::kExact ? RunTripletAs<float, true>(call) : RunTripletAs<float, false>(call);
}

}  // namespace exactloss::optimized::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "optimized/arguments.h"
#include "optimized/dispatch.h"
#include "optimized/kernels.h"

namespace exactloss::optimized {

HWY_EXPORT(RunTriplet);

Error TripletMargin(const Call& call, const Triplet& triplet, const TripletMarginParameters& parameters) {
  if (parameters.margin - parameters.margin != 0) return {"margin", "must be finite"};
  if (!(parameters.p > 0)) return {"p", "must be positive"};
  if (parameters.eps - parameters.eps != 0) return {"eps", "must be finite"};
  const bool reduced = call.reduction != Reduction::kNone;
  const std::size_t size = triplet.rows * triplet.columns;
  const Error error = CheckTensors(
      call, triplet.rows, triplet.columns,
      {{"anchor", triplet.anchor}, {"positive", triplet.positive}, {"negative", triplet.negative}},
      {{"loss", triplet.loss, reduced ? 1 : triplet.rows},
       {"anchor_gradient", triplet.anchor_gradient, size},
       {"positive_gradient", triplet.positive_gradient, size},
       {"negative_gradient", triplet.negative_gradient, size}});
  if (error) return error;

  TripletCall triplet_call;
  triplet_call.dtype = call.dtype;
  triplet_call.mode = call.mode;
  triplet_call.reduced = reduced;
  triplet_call.divisor = RowDivisor(call.reduction, triplet.rows);
  triplet_call.threads = call.threads;
  triplet_call.rows = triplet.rows;
  triplet_call.columns = triplet.columns;
  triplet_call.inputs[0] = triplet.anchor;
  triplet_call.inputs[1] = triplet.positive;
  triplet_call.inputs[2] = triplet.negative;
  triplet_call.loss = triplet.loss;
  triplet_call.gradients[0] = triplet.anchor_gradient;
  triplet_call.gradients[1] = triplet.positive_gradient;
  triplet_call.gradients[2] = triplet.negative_gradient;
  triplet_call.parameters = parameters;
  EXACTLOSS_DISPATCH(RunTriplet)(triplet_call);
  return {};
}

const Contract kTripletMarginContract = {.loss = "triplet_margin", .fast = 0.501, .exact = 0.5, .f64 = 0.51};

}  // namespace exactloss::optimized
#endif  // HWY_ONCE
