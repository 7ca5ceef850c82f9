// The driver of losses of box pairs: a pack holds one corner of several rows; rows whose rounded results stay
// in doubt are decided as box_rows-inl.h does it.
#if defined(EXACTLOSS_OPTIMIZED_BOX_DRIVER_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef EXACTLOSS_OPTIMIZED_BOX_DRIVER_INL_H_
#undef EXACTLOSS_OPTIMIZED_BOX_DRIVER_INL_H_
#else
#define EXACTLOSS_OPTIMIZED_BOX_DRIVER_INL_H_
#endif

#include "optimized/box_rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace exactloss::optimized::HWY_NAMESPACE {

template <class F, class T, bool kExact, bool kTarget>
class BoxKernel {
 public:
  BoxKernel(const F& formula, const ElementCall& call)
      : formula_(formula), call_(call), rows_(formula, call) {
    reduced_ = call.reduced && call.loss != nullptr;
    const std::size_t numbers = (call.gradients[0] != nullptr ? kCorners : 0) +
                                (call.gradients[1] != nullptr ? kCorners : 0) +
                                (call.loss != nullptr && !call.reduced ? 1 : 0);
    streamed_ = call.rows * numbers * sizeof(T) >= kStreamedBytes;
  }

  Total Run() const {
    const Chunks chunks((call_.rows + kBoxRows - 1) / kBoxRows);
    Total totals[kMaxChunks];
    ForEachChunk(chunks, call_.threads, [&](std::size_t chunk) {
      for (std::size_t block = chunks.begin(chunk); block < chunks.end(chunk); ++block) {
        totals[chunk].Add(Block(block * kBoxRows, std::min(kBoxRows, call_.rows - block * kBoxRows)));
      }
    });
    Total total;
    for (std::size_t i = 0; i < chunks.size; ++i) total.Add(totals[i]);
    return total;
  }

 private:
  struct Rows {
    const T* inputs[2];
    T* loss;
    T* gradients[2];
    std::size_t size;
  };
  /// Room for rows that cannot be worked on in place.
  struct Buffers {
    alignas(64) T inputs[2][kBoxRows * kCorners];
    alignas(64) T loss[kBoxRows];
    alignas(64) T gradients[2][kBoxRows * kCorners];
  };

  T* GradientAt(std::size_t k, std::size_t row) const {
    return call_.gradients[k] == nullptr ? nullptr : static_cast<T*>(call_.gradients[k]) + row * kCorners;
  }

  Total Block(std::size_t begin, std::size_t size) const {
    Buffers buffers;
    const bool padded = size % kPackLanes != 0, buffered = padded || streamed_;
    T* loss = call_.loss == nullptr || call_.reduced ? nullptr : static_cast<T*>(call_.loss) + begin;
    Rows rows;
    rows.size = size;
    rows.loss = loss == nullptr || !buffered ? loss : buffers.loss;
    for (std::size_t k = 0; k < 2; ++k) {
      rows.inputs[k] = InputAt(call_.inputs[k], begin, size, padded, buffers.inputs[k]);
      T* gradient = GradientAt(k, begin);
      rows.gradients[k] = gradient == nullptr || !buffered ? gradient : buffers.gradients[k];
    }

    LaneSums sums;
    Doubts doubts, left_out;
    Total total;
    if constexpr (std::is_same_v<T, double>) {
      total = Words(rows, begin);
    } else {
      Packs(rows, &sums, &doubts, &left_out);
      total = SumOfLanes(sums);
      if (HWY_UNLIKELY(doubts.size != 0)) Resolve(rows, begin, doubts);
      for (std::size_t i = 0; i < left_out.size; ++i)
        total.Add(rows_.Term(begin + left_out.lanes[i], nullptr, 0));
    }
    if (buffered) {
      if (loss != nullptr) CopyOut(rows.loss, size * sizeof(T), loss, streamed_);
      for (std::size_t k = 0; k < 2; ++k) {
        if (rows.gradients[k] != nullptr)
          CopyOut(rows.gradients[k], size * kCorners * sizeof(T), GradientAt(k, begin), streamed_);
      }
    }
    return total;
  }

  /// Where the rows lie, or a dense copy of them; whole packs of rows may be read of either.
  const T* InputAt(const Input& input, std::size_t begin, std::size_t size, bool padded, T* buffer) const {
    const std::ptrdiff_t stride = RowStride(input, kCorners);
    const T* data = static_cast<const T*>(input.data) + static_cast<std::ptrdiff_t>(begin) * stride;
    if (!padded && stride == std::ptrdiff_t{kCorners}) return data;
    for (std::size_t i = 0; i < size; ++i)
      std::memcpy(buffer + i * kCorners, data + static_cast<std::ptrdiff_t>(i) * stride,
                  kCorners * sizeof(T));
    for (std::size_t i = size; i % kPackLanes != 0; ++i)
      std::memcpy(buffer + i * kCorners, buffer + (size - 1) * kCorners, kCorners * sizeof(T));
    return buffer;
  }

  /// Takes what the formula gives for the rows from `i` on, straight to memory. All it needs are its own
  /// members: what a pointer leads to would be read again after every store.
  struct Sink {
    static constexpr bool kTakesTarget = kTarget;
    HWY_INLINE void Loss(const Approx<Pack>& a) {
      // A row whose loss has no bound has no gradient that counts either.
      const PackMask sure = Abs(kExact ? MulAdd(a.error, 0x1p20, Abs(a.value)) : a.value) < limit;
      if (HWY_UNLIKELY(!AllTrue(sure))) unsure = BitsOf(!sure);
      if (reduced) {
        AddTo(a, sure);
      } else if (loss != nullptr) {
        const Rounded<T> low = Round<T>(dtype, kExact ? a.value - a.error : a.value);
        StoreRounded(dtype, low, loss + i);
        if (HWY_UNLIKELY(!Same(low, a))) doubtful |= Differing(low, a);
      }
    }
    HWY_INLINE void Input(const Approx<Pack>& x1, const Approx<Pack>& y1, const Approx<Pack>& x2,
                          const Approx<Pack>& y2) {
      if (input != nullptr) Emit(scale.Apply(x1), scale.Apply(y1), scale.Apply(x2), scale.Apply(y2), input);
    }
    HWY_INLINE void Target(const Approx<Pack>& x1, const Approx<Pack>& y1, const Approx<Pack>& x2,
                           const Approx<Pack>& y2) {
      if (target != nullptr) Emit(scale.Apply(x1), scale.Apply(y1), scale.Apply(x2), scale.Apply(y2), target);
    }
    HWY_INLINE void Emit(const Approx<Pack>& x1, const Approx<Pack>& y1, const Approx<Pack>& x2,
                         const Approx<Pack>& y2, T* to) {
      const Rounded<T> low_x1 = Low(x1), low_y1 = Low(y1), low_x2 = Low(x2), low_y2 = Low(y2);
      StoreCorners(dtype, low_x1, low_y1, low_x2, low_y2, to + i * kCorners);
      const bool same = Same(low_x1, x1) & Same(low_y1, y1) & Same(low_x2, x2) & Same(low_y2, y2);
      if (HWY_UNLIKELY(!same))
        doubtful |=
            Differing(low_x1, x1) | Differing(low_y1, y1) | Differing(low_x2, x2) | Differing(low_y2, y2);
    }
    HWY_INLINE Rounded<T> Low(const Approx<Pack>& a) const {
      return Round<T>(dtype, kExact ? a.value - a.error : a.value);
    }
    HWY_INLINE Rounded<T> High(const Approx<Pack>& a) const {
      return Round<T>(dtype, kExact ? a.value + a.error : a.value);
    }
    HWY_INLINE bool Same(const Rounded<T>& low, const Approx<Pack>& a) const {
      if constexpr (!kExact) return AllTrue(IsFaithful(a.value, a.error));  // no NaN is
      return SameLanes(low, High(a));
    }
    HWY_INLINE std::uint32_t Differing(const Rounded<T>& low, const Approx<Pack>& a) const {
      if constexpr (!kExact) return BitsOf(!IsFaithful(a.value, a.error));
      return DifferentLanes(low, High(a));
    }

    /// Adds the lanes that are sure, of as many as there are rows.
    HWY_INLINE void AddTo(const Approx<Pack>& a, const PackMask& sure) {
      PackMask added = sure;
      if (HWY_UNLIKELY(size - i < kPackLanes)) added = sure & FirstLanes(size - i);
      const std::size_t k = i / kPackLanes % kSumPacks;
      sums->sum[k].hi = sums->sum[k].hi + Select(added, a.value, Pack(0.0));
      if constexpr (kExact) {
        sums->error[k] =
            sums->error[k] + Select(added, MulAdd(Abs(a.value), kLaneSumUnit, a.error), Pack(0.0));
      }
    }

    Dtype dtype;
    Scale scale;
    double limit;  ///< of losses that doubles may decide
    bool reduced;
    T *loss, *input, *target;
    LaneSums* sums;
    std::size_t size, i = 0;
    std::uint32_t doubtful = 0, unsure = 0;
  };

  HWY_NOINLINE void Packs(const Rows& rows, LaneSums* sums, Doubts* doubts, Doubts* left_out) const {
    const F formula = formula_;
    const Dtype dtype = call_.dtype;
    const T *const input = rows.inputs[0], *const target = rows.inputs[1];
    LaneSums local;
    Sink sink{dtype,
              rows_.scale(),
              formula.AreTame() ? kInfinity : -1,
              reduced_,
              rows.loss,
              rows.gradients[0],
              rows.gradients[1],
              &local,
              rows.size};
    for (; sink.i < sink.size; sink.i += kPackLanes) {
      BoxArguments<Pack> boxes;
      LoadCorners(dtype, input + sink.i * kCorners, &boxes.a);
      LoadCorners(dtype, target + sink.i * kCorners, &boxes.b);
      formula(boxes, &sink);
      if (HWY_UNLIKELY((sink.doubtful | sink.unsure) != 0)) {
        const std::size_t left = sink.size - sink.i;
        const std::uint32_t valid = left < kPackLanes ? (1U << left) - 1 : ~0U;
        doubts->Add(sink.i, (sink.doubtful | sink.unsure) & valid);
        if (reduced_) left_out->Add(sink.i, sink.unsure & valid);
        sink.doubtful = sink.unsure = 0;
      }
    }
    *sums = local;
  }

  HWY_NOINLINE void Resolve(const Rows& rows, std::size_t begin, const Doubts& doubts) const {
    for (std::size_t first = 0; first < doubts.size; first += kPackLanes) {
      const std::size_t lanes = std::min(kPackLanes, doubts.size - first);
      WordLanes words[kRowOutputs];
      rows_.Evaluate([&](std::size_t i) { return begin + doubts.lanes[first + i]; }, lanes, rows_.scale(),
                     words);
      for (std::size_t i = 0; i < lanes; ++i) ResolveAt(rows, begin, doubts.lanes[first + i], words, i);
    }
  }
  void ResolveAt(const Rows& rows, std::size_t begin, std::size_t row, const WordLanes (&words)[kRowOutputs],
                 std::size_t lane) const {
    T* const gradients[2] = {rows.gradients[0] == nullptr ? nullptr : rows.gradients[0] + row * kCorners,
                             rows.gradients[1] == nullptr ? nullptr : rows.gradients[1] + row * kCorners};
    rows_.Resolve(begin + row, words, lane, rows.loss == nullptr ? nullptr : rows.loss + row, gradients);
  }

  /// binary64: all in double words.
  Total Words(const Rows& rows, std::size_t begin) const {
    Total total;
    for (std::size_t i = 0; i < rows.size; i += kPackLanes) {
      const std::size_t lanes = std::min(kPackLanes, rows.size - i);
      WordLanes words[kRowOutputs];
      rows_.Evaluate([&](std::size_t lane) { return begin + i + lane; }, lanes, rows_.scale(), words);
      for (std::size_t lane = 0; lane < lanes; ++lane) {
        ResolveAt(rows, begin, i + lane, words, lane);
        if (reduced_) total.Add(rows_.Term(begin + i + lane, &words[0], lane));
      }
    }
    return total;
  }

  const F& formula_;
  const ElementCall& call_;
  BoxRows<T, F> rows_;
  bool streamed_, reduced_;
};

/// The sum of all losses where doubles leave it in doubt.
template <class F, class T>
class BoxSums {
 public:
  BoxSums(const F& formula, const ElementCall& call) : formula_(formula), call_(call), rows_(formula, call) {}

  Total InWords() const {
    const Chunks chunks((call_.rows + kPackLanes - 1) / kPackLanes);
    Total totals[kMaxChunks];
    ForEachChunk(chunks, call_.threads, [&](std::size_t chunk) {
      for (std::size_t pack = chunks.begin(chunk); pack < chunks.end(chunk); ++pack) {
        const std::size_t begin = pack * kPackLanes, lanes = std::min(kPackLanes, call_.rows - begin);
        WordLanes words[kRowOutputs];
        rows_.Evaluate([&](std::size_t i) { return begin + i; }, lanes, Scale(1.0), words);
        for (std::size_t i = 0; i < lanes; ++i) totals[chunk].Add(rows_.Term(begin + i, &words[0], i));
      }
    });
    Total total;
    for (std::size_t i = 0; i < chunks.size; ++i) total.Add(totals[i]);
    return total;
  }

  /// At the precision that is set.
  Multi InMulti() const {
    Multi sum(0.0);
    for (std::size_t row = 0; row < call_.rows; ++row) {
      double x[kRowInputs];
      rows_.Load(row, x);
      sum = sum + BoxLoss(F::kInMulti, formula_, x);
    }
    return sum;
  }

  /// The rounded sum over the divisor, whatever it takes.
  double Decided() const {
    double rounded = 0;
    Decide([&] { return (InMulti() / Multi(call_.divisor)).RoundsTo(call_.dtype, &rounded); });
    return rounded;
  }

 private:
  const F& formula_;
  const ElementCall& call_;
  BoxRows<T, F> rows_;
};

template <class T, bool kExact, bool kTarget, class F>
void RunBoxesAs(const F& formula, const ElementCall& call) {
  const Total total = BoxKernel<F, T, kExact, kTarget>(formula, call).Run();
  if (!call.reduced || call.loss == nullptr) return;
  const BoxSums<F, T> sums(formula, call);
  const double loss = RoundedLoss(
      total, call.dtype, call.mode, call.divisor, [&] { return sums.InWords(); },
      [&] { return sums.Decided(); });
  Store(call.dtype, loss, static_cast<T*>(call.loss));
}

/// The driver. Only float32 has kernels of its own for either mode and without a slope along the target: for
/// the rest compile time counts more.
template <class F>
void RunBoxes(const F& formula, const ElementCall& call) {
  const bool exact = call.mode == Mode::kExact, target = call.gradients[1] != nullptr;
  if (call.dtype == Dtype::kF64) return RunBoxesAs<double, true, true>(formula, call);
  if (call.dtype != Dtype::kF32) return RunBoxesAs<Half, true, true>(formula, call);
  if (exact && target) return RunBoxesAs<float, true, true>(formula, call);
  if (exact) return RunBoxesAs<float, true, false>(formula, call);
  if (target) return RunBoxesAs<float, false, true>(formula, call);
  RunBoxesAs<float, false, false>(formula, call);
}

}  // namespace exactloss::optimized::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // EXACTLOSS_OPTIMIZED_BOX_DRIVER_INL_H_
