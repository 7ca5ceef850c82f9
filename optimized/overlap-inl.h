// The driver of overlap losses, in two passes over a sample: its sums, then the gradients. Narrow formats go
// through packs of doubles, binary64 through double words. Lanes that doubles leave in doubt are tried in
// double words with sums right to some 2^-58, then with sums in double words, then in Multi; each of these
// sums is made when the first lane of a sample asks for it.
#if defined(EXACTLOSS_OPTIMIZED_OVERLAP_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef EXACTLOSS_OPTIMIZED_OVERLAP_INL_H_
#undef EXACTLOSS_OPTIMIZED_OVERLAP_INL_H_
#else
#define EXACTLOSS_OPTIMIZED_OVERLAP_INL_H_
#endif

#include <algorithm>
#include <cmath>
#include <cstring>

#include "optimized/elementwise-inl.h"
#include "optimized/overlap.h"

HWY_BEFORE_NAMESPACE();
namespace exactloss::optimized::HWY_NAMESPACE {

// --- in overlap.cc, once for all storage formats

/// Up to kBlock elements as doubles; whole packs of them may be read.
struct OverlapWords {
  alignas(64) double x[kBlock];
  alignas(64) double t[kBlock];
  std::size_t size;
};
/// The sums of a block in double words.
OverlapSums SumOverlapWords(const OverlapWords& words, bool bce);
/// D - s and (N - s) / 2 of a block, right to some 2^-58.
OverlapSums SumOverlapRefined(const OverlapWords& words);
/// The gradients of a block of binary64; the lanes that are in doubt.
void OverlapGradientWords(const OverlapWords& words, const OverlapSlopes& slopes, bool bce,
                          double* const (&outputs)[2], Doubts* doubts);

/// A sample: its sums, and what they decide. Its functions may be called from several threads.
class OverlapSample {
 public:
  OverlapSample(const OverlapCall& call, std::size_t sample);

  /// To be called before the others.
  void SetSums(const OverlapSums& sums);
  bool is_nan() const { return is_nan_; }
  /// False: nothing but Multi will do.
  bool is_regular() const { return is_regular_; }
  const OverlapSlopes& slopes() const { return slopes_[0]; }

  /// The loss with a bound of its error, or its limit as the total's special term.
  Total Loss();
  /// The rounded loss of the sample alone.
  double RoundedLoss();
  /// Writes the rounded gradients of some lanes of a block to `outputs` (may be null), which begin with it.
  void Resolve(std::size_t block, const std::uint16_t* lanes, std::size_t size, void* const (&outputs)[2]);
  /// The loss from sums in double words.
  Total LossInWords();

 private:
  static constexpr std::size_t kLevels = 3;  ///< the first pass, refined, double words

  bool HasNan() const;
  double LimitOfCrossEntropy() const;
  bool SlopesOf(const OverlapSums& sums, OverlapSlopes* slopes) const;
  Total LossOf(const OverlapSums& sums) const;
  const OverlapSums& WordSums();
  OverlapSlopes SlopesAt(std::size_t level);
  OverlapDecision& Decision();
  void Load(std::size_t begin, std::size_t size, OverlapWords* words) const;

  const OverlapCall& call_;
  std::size_t sample_, begin_, size_;
  bool is_nan_ = false, is_regular_ = false;
  OverlapSums sums_, word_sums_;
  OverlapSlopes slopes_[kLevels];
  bool has_slopes_[kLevels] = {}, usable_[kLevels] = {}, has_word_sums_ = false;
  std::unique_ptr<OverlapDecision> decision_;
  std::mutex mutex_;
};

void StoreOverlapLoss(const OverlapCall& call, const Total& total);

// --- the passes

template <class T, bool kExact, bool kBce>
class OverlapKernel {
 public:
  static constexpr bool kWords = std::is_same_v<T, double>;

  explicit OverlapKernel(const OverlapCall& call) : call_(call), size_(call.sample_size()) {
    const std::size_t outputs = (call.gradients[0] != nullptr) + (call.gradients[1] != nullptr);
    wanted_ = outputs != 0;
    streamed_ = call.rows * call.columns * outputs * sizeof(T) >= kStreamedBytes;
  }

  void Run() const {
    Total total;
    if (call_.samples() == 1) {
      total = Sample(0, call_.threads);
    } else {
      const Chunks chunks(call_.samples());
      Total totals[kMaxChunks];
      ForEachChunk(chunks, call_.threads, [&](std::size_t chunk) {
        for (std::size_t i = chunks.begin(chunk); i < chunks.end(chunk); ++i) totals[chunk].Add(Sample(i, 1));
      });
      for (std::size_t i = 0; i < chunks.size; ++i) total.Add(totals[i]);
    }
    if (call_.loss != nullptr && call_.reduced) StoreOverlapLoss(call_, total);
  }

 private:
  // The sides of the logistic function are right to 2^-48.9: exp to 2^-49.5, and four roundings. Their
  // product and what multiplies it has a few more; the terms of cross entropy have those of the logarithm. A
  // term passes through the additions of a group, then of the groups of a block.
  static constexpr double kLaneUnit = 1.25 * 0x1p-48;
  static constexpr std::size_t kGroup = kBlock / 8;
  static constexpr std::size_t kAdditions = kGroup / kSumLanes + 8 + 1;
  static constexpr double kSumUnit = (kBce ? 0x1p-47 : 0x1p-48) + 0x1p-53 * static_cast<double>(kAdditions);

  struct Buffers {
    alignas(64) T inputs[2][kBlock];
    alignas(64) T outputs[2][kBlock];
  };

  std::size_t Blocks() const { return (size_ + kBlock - 1) / kBlock; }
  std::size_t SizeOf(std::size_t block) const { return std::min(kBlock, size_ - block * kBlock); }

  /// The loss of a sample, if it is to be reduced.
  Total Sample(std::size_t index, int threads) const {
    OverlapSample sample(call_, index);
    const std::size_t begin = index * size_;
    const Chunks chunks(Blocks());
    OverlapSums all;
    if (chunks.count == 1) {
      all = BlockSums(begin, size_);
    } else {
      OverlapSums sums[kMaxChunks];
      ForEachChunk(chunks, threads, [&](std::size_t chunk) {
        for (std::size_t block = chunks.begin(chunk); block < chunks.end(chunk); ++block)
          sums[chunk].Add(BlockSums(begin + block * kBlock, SizeOf(block)));
      });
      for (std::size_t i = 0; i < chunks.size; ++i) all.Add(sums[i]);
    }
    sample.SetSums(all);
    if (wanted_) {
      ForEachChunk(chunks, threads, [&](std::size_t chunk) {
        for (std::size_t block = chunks.begin(chunk); block < chunks.end(chunk); ++block)
          BlockGradients(&sample, block, begin + block * kBlock, SizeOf(block));
      });
    }
    if (call_.loss == nullptr) return {};
    if (call_.reduced) return sample.Loss();
    Store(call_.dtype, sample.RoundedLoss(), static_cast<T*>(call_.loss) + index);
    return {};
  }

  HWY_NOINLINE OverlapSums BlockSums(std::size_t begin, std::size_t size) const {
    Buffers buffers;
    const T* x = DenseBlock(call_, 0, begin, size, buffers.inputs[0]);
    const T* t = DenseBlock(call_, 1, begin, size, buffers.inputs[1]);
    if constexpr (kWords) {
      OverlapWords words;
      Copy(x, t, size, &words);
      return SumOverlapWords(words, kBce);
    } else {
      return PackSums(x, t, size);
    }
  }

  static void Copy(const double* x, const double* t, std::size_t size, OverlapWords* words) {
    const std::size_t padded = (size + kPackLanes - 1) / kPackLanes * kPackLanes;
    std::copy_n(x, padded, words->x);
    std::copy_n(t, padded, words->t);
    words->size = size;
  }

  template <class P>
  struct Terms {
    P both, wrong, mass, cross, spread;  ///< p t, p (1 - t) + (1 - p) t, p + t, the cross entropy, t (1 - t)
  };
  template <class P>
  static HWY_INLINE void Evaluate(const P& x, const P& t, Terms<P>* terms) {
    const Logistic<P> logistic(x);
    const P p = logistic.Sigmoid(), q = logistic.Complement(), other = P(1.0) - t;
    Put(p * t, &terms->both);
    Put(MulAdd(p, other, q * t), &terms->wrong);
    Put(p + t, &terms->mass);
    Put(t * other, &terms->spread);
    if constexpr (kBce) {
      const P share = Select(logistic.negative, t, other);
      // An infinite logit of its own class costs nothing.
      Put(Select(share == P(0.0), P(0.0), share * logistic.magnitude) + logistic.log, &terms->cross);
    }
  }

  /// Adds the terms of the elements from `i` on to their lanes.
  static HWY_INLINE void AddTo(std::size_t i, const Pack& a, LaneSums* sums) {
    DoubleWord& sum = sums->sum[i / kPackLanes % kSumPacks];
    sum.hi = sum.hi + a;
  }
  static HWY_INLINE void AddTo(std::size_t i, const Quick& a, LaneSums* sums) {
#pragma GCC unroll 4
    for (std::size_t k = 0; k < kQuickPacks; ++k) AddTo(i + k * kPackLanes, a.part[k], sums);
  }
  static HWY_INLINE Pack LeastOf(const Pack& a, const Pack& least) { return Min(a, least); }
  static HWY_INLINE Pack LeastOf(const Quick& a, Pack least) {
#pragma GCC unroll 4
    for (std::size_t k = 0; k < kQuickPacks; ++k) least = Min(a.part[k], least);
    return least;
  }

  OverlapSums PackSums(const T* xs, const T* ts, std::size_t size) const {
    const Dtype dtype = call_.dtype;
    LaneSums e, d, n, b;
    Pack lowest(0.0), highest(0.0);  // of t (1 - t), and of -t
    for (std::size_t begin = 0; begin < size; begin += kGroup) {
      const std::size_t end = std::min(begin + kGroup, size);
      LaneSums group_e, group_d, group_n, group_b;
      const auto add = [&](std::size_t i, const auto& terms, [[maybe_unused]] const auto& t) HWY_ATTR {
        if constexpr (kExact) {
          lowest = LeastOf(terms.spread, lowest);
          highest = LeastOf(-t, highest);
        }
        AddTo(i, terms.wrong, &group_e);
        AddTo(i, terms.mass, &group_d);
        AddTo(i, terms.both, &group_n);
        if constexpr (kBce) AddTo(i, terms.cross, &group_b);
      };
      std::size_t i = begin;
      for (; i + kQuickLanes <= end; i += kQuickLanes) {
        Terms<Quick> terms;
        const Quick t = LoadQuickOf(dtype, ts + i);
        Evaluate(LoadQuickOf(dtype, xs + i), t, &terms);
        add(i, terms, t);
      }
      for (; i < end; i += kPackLanes) {
        Terms<Pack> terms;
        const Pack t = LoadPackOf(dtype, ts + i);
        Evaluate(LoadPackOf(dtype, xs + i), t, &terms);
        if (HWY_UNLIKELY(size - i < kPackLanes)) {
          const PackMask valid = FirstLanes(size - i);
          terms.both = Select(valid, terms.both, 0.0);
          terms.wrong = Select(valid, terms.wrong, 0.0);
          terms.mass = Select(valid, terms.mass, 0.0);
          if constexpr (kBce) terms.cross = Select(valid, terms.cross, 0.0);
        }
        add(i, terms, t);
      }
      for (std::size_t k = 0; k < kSumPacks; ++k) {
        e.sum[k].hi = e.sum[k].hi + group_e.sum[k].hi;
        d.sum[k].hi = d.sum[k].hi + group_d.sum[k].hi;
        n.sum[k].hi = n.sum[k].hi + group_n.sum[k].hi;
        if constexpr (kBce) b.sum[k].hi = b.sum[k].hi + group_b.sum[k].hi;
      }
    }
    OverlapSums sums = {SumOfLanes(e), SumOfLanes(d), SumOfLanes(n), SumOfLanes(b), true};
    if constexpr (kExact) {
      if (HWY_LIKELY(AllTrue(lowest >= Pack(0.0)))) {
        // No term is negative: the sums are those of the magnitudes.
        for (Total* total : {&sums.e, &sums.d, &sums.n, &sums.b}) total->error = total->sum.hi * kSumUnit;
        sums.has_targets = !AllTrue(highest == Pack(0.0));
      } else {
        AddErrors(xs, ts, size, &sums);
      }
    }
    return sums;
  }

  /// Targets beyond [0, 1]: sums of magnitudes bound the errors.
  HWY_NOINLINE void AddErrors(const T* xs, const T* ts, std::size_t size, OverlapSums* sums) const {
    double e = 0, d = 0, n = 0, b = 0;
    for (std::size_t i = 0; i < size; ++i) {
      const double x = Load(call_.dtype, xs + i), t = Load(call_.dtype, ts + i);
      const double small = std::exp(-std::fabs(x)), major = 1 / (1 + small), minor = small * major;
      const double p = x < 0 ? minor : major, q = x < 0 ? major : minor;
      e += p * std::fabs(1 - t) + q * std::fabs(t);
      d += p + std::fabs(t);
      n += p * std::fabs(t);
      const double share = std::fabs(x < 0 ? t : 1 - t);
      if (share != 0) b += share * std::fabs(x);
      b += small;
    }
    sums->e.error = e * kSumUnit;
    sums->d.error = d * kSumUnit;
    sums->n.error = n * kSumUnit;
    sums->b.error = b * kSumUnit;
  }

  HWY_NOINLINE void BlockGradients(OverlapSample* sample, std::size_t block, std::size_t begin,
                                   std::size_t size) const {
    Buffers buffers;
    const bool buffered = size % kPackLanes != 0 || streamed_;
    T* outputs[2];
    for (std::size_t k = 0; k < 2; ++k) {
      outputs[k] = static_cast<T*>(call_.gradients[k]);
      if (outputs[k] != nullptr) outputs[k] = buffered ? buffers.outputs[k] : outputs[k] + begin;
    }
    if (HWY_UNLIKELY(sample->is_nan())) {
      T nan;
      Store(call_.dtype, kNan, &nan);
      for (T* output : outputs) {
        if (output != nullptr) std::fill_n(output, size, nan);
      }
    } else {
      Doubts doubts;
      if (HWY_LIKELY(sample->is_regular())) {
        const T* x = DenseBlock(call_, 0, begin, size, buffers.inputs[0]);
        const T* t = DenseBlock(call_, 1, begin, size, buffers.inputs[1]);
        if constexpr (kWords) {
          OverlapWords words;
          Copy(x, t, size, &words);
          OverlapGradientWords(words, sample->slopes(), kBce, outputs, &doubts);
        } else if (outputs[1] != nullptr) {
          PackGradients<true>(x, t, size, sample->slopes(), outputs, &doubts);
        } else {
          PackGradients<false>(x, t, size, sample->slopes(), outputs, &doubts);
        }
      } else {
        for (std::size_t i = 0; i < size; ++i) doubts.lanes[i] = static_cast<std::uint16_t>(i);
        doubts.size = size;
      }
      if (HWY_UNLIKELY(doubts.size != 0))
        sample->Resolve(block, doubts.lanes, doubts.size, {outputs[0], outputs[1]});
    }
    if (!buffered) return;
    for (std::size_t k = 0; k < 2; ++k) {
      if (outputs[k] != nullptr)
        CopyOut(outputs[k], size * sizeof(T), static_cast<T*>(call_.gradients[k]) + begin, streamed_);
    }
  }

  /// The slopes as doubles, with their errors.
  struct Constants {
    double tilt, level, share, tilt_error, level_error, share_error;
  };

  template <bool kTarget>
  void PackGradients(const T* xs, const T* ts, std::size_t size, const OverlapSlopes& slopes,
                     T* const (&outputs)[2], Doubts* doubts) const {
    const Constants constants = {slopes.tilt.hi,
                                 slopes.level.hi,
                                 slopes.share.hi,
                                 slopes.tilt_error + std::fabs(slopes.tilt.hi) * kLaneUnit,
                                 slopes.level_error + std::fabs(slopes.level.hi) * kLaneUnit,
                                 std::fabs(slopes.share.hi) * kLaneUnit};
    const Dtype dtype = call_.dtype;
    for (std::size_t begin = 0; begin < size; begin += kQuickLanes) {
      const std::size_t end = std::min(begin + kQuickLanes, size);
      if (!kTarget && end - begin == kQuickLanes) {
        const Logistic<Quick> logistic(LoadQuickOf(dtype, xs + begin));
        const Approx<Quick> slope = InputSlope(constants, logistic, LoadQuickOf(dtype, ts + begin));
        if (HWY_LIKELY(EmitAll(dtype, slope, outputs[0] + begin))) continue;
      }
      for (std::size_t i = begin; i < end; i += kPackLanes) {
        const Pack x = LoadPackOf(dtype, xs + i), t = LoadPackOf(dtype, ts + i);
        const Logistic<Pack> logistic(x);
        std::uint32_t doubtful = 0;
        if (!kTarget || outputs[0] != nullptr)
          doubtful = Emit(dtype, InputSlope(constants, logistic, t), outputs[0] + i);
        if constexpr (kTarget) doubtful |= Emit(dtype, TargetSlope(constants, logistic, x), outputs[1] + i);
        if (HWY_UNLIKELY(doubtful != 0)) {
          const std::uint32_t valid = size - i < kPackLanes ? (1U << (size - i)) - 1 : ~0U;
          doubts->Add(i, doubtful & valid);
        }
      }
    }
  }

  template <class P>
  static HWY_INLINE Approx<P> InputSlope(const Constants& c, const Logistic<P>& logistic, const P& t) {
    const P both = logistic.minor * logistic.major;
    const P slope = both * NegMulAdd(P(c.tilt), t, P(c.level));
    const P error = both * MulAdd(Abs(t), P(c.tilt_error), P(c.level_error));
    if constexpr (kBce) {
      const P wrong = Select(logistic.negative, t, P(1.0) - t), pull = wrong - logistic.minor;
      return WithError(MulAdd(P(c.share), Select(logistic.negative, -pull, pull), slope),
                       MulAdd(P(c.share_error), Abs(wrong) + logistic.minor, error));
    } else {
      return WithError(slope, error);
    }
  }
  static HWY_INLINE Approx<Pack> TargetSlope(const Constants& c, const Logistic<Pack>& logistic,
                                             const Pack& x) {
    const Pack p = logistic.Sigmoid();
    Approx<Pack> slope = {NegMulAdd(Pack(c.tilt), p, Pack(c.level)),
                          MulAdd(p, Pack(c.tilt_error), Pack(c.level_error))};
    if constexpr (kBce) {
      slope.value = NegMulAdd(Pack(c.share), x, slope.value);
      slope.error = MulAdd(Pack(c.share_error), Min(logistic.magnitude, Pack(0x1p500)), slope.error);
    }
    return slope;
  }

  /// False if a lane is in doubt.
  static HWY_INLINE bool EmitAll(Dtype dtype, const Approx<Quick>& a, T* to) {
    if constexpr (kExact) return AllTrue(StoreCertain(dtype, a.value, a.error, to));
    StoreRounded(dtype, a.value, to);
    return true;
  }
  static HWY_INLINE std::uint32_t Emit(Dtype dtype, const Approx<Pack>& a, T* to) {
    if constexpr (kExact) {
      return StoreTested(dtype, a.value, a.error, to);
    } else {
      StoreRounded(dtype, Round<T>(dtype, a.value), to);
      return 0;
    }
  }

  const OverlapCall& call_;
  std::size_t size_;
  bool wanted_, streamed_;
};

template <bool kBce>
void RunOverlap(const OverlapCall& call) {
  const bool exact = call.mode == Mode::kExact;
  if (call.dtype == Dtype::kF64) return OverlapKernel<double, true, kBce>(call).Run();
  if (call.dtype != Dtype::kF32) return OverlapKernel<Half, true, kBce>(call).Run();
  return exact ? OverlapKernel<float, true, kBce>(call).Run() : OverlapKernel<float, false, kBce>(call).Run();
}

}  // namespace exactloss::optimized::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // EXACTLOSS_OPTIMIZED_OVERLAP_INL_H_
