// The driver of element-wise losses. A block goes through packs of doubles (binary64: of double words); the
// few lanes whose rounded results stay in doubt, or that are not finite, are decided one by one in double
// words and then in Multi.
#if defined(EXACTLOSS_OPTIMIZED_ELEMENTWISE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef EXACTLOSS_OPTIMIZED_ELEMENTWISE_INL_H_
#undef EXACTLOSS_OPTIMIZED_ELEMENTWISE_INL_H_
#else
#define EXACTLOSS_OPTIMIZED_ELEMENTWISE_INL_H_
#endif

#include <algorithm>
#include <cmath>
#include <cstring>

#include "optimized/element_decision-inl.h"
#include "optimized/lane_sums-inl.h"
#include "optimized/rounding-inl.h"
#include "optimized/streaming-inl.h"

HWY_BEFORE_NAMESPACE();
namespace exactloss::optimized::HWY_NAMESPACE {

/// Up to kBlock consecutive elements, dense; whole packs of them may be read and written.
template <class T>
struct Slice {
  const T* inputs[kInputs];
  T* outputs[kOutputs];  ///< null: not wanted
  std::size_t size;
};

/// Elements that are looked at together: a look at each pack costs a third of what a cheap loss does.
inline constexpr std::size_t kGroup = 64;

/// Lanes of a block to be looked at again, and what they left out of the sum.
struct Doubts {
  std::uint16_t lanes[kBlock];
  std::size_t size = 0;
  HWY_INLINE void Add(std::size_t first, std::uint32_t bits) {
    for (; bits != 0; bits &= bits - 1) {
      lanes[size++] = static_cast<std::uint16_t>(first + static_cast<std::size_t>(__builtin_ctz(bits)));
    }
  }
};

HWY_INLINE PackMask LanesOf(std::uint32_t bits) {
  double lanes[kPackLanes];
  for (std::size_t i = 0; i < kPackLanes; ++i) lanes[i] = static_cast<double>((bits >> i) & 1);
  return LoadPack(lanes) == Pack(1.0);
}

/// Where a block of an input lies, or a dense copy of it in `buffer`; whole packs may be read of either. An
/// input that is not there is the constant 1.
template <class T>
const T* DenseBlock(const ElementCall& call, std::size_t k, std::size_t begin, std::size_t size, T* buffer) {
  const Input& input = call.inputs[k];
  if (input.data == nullptr) {
    T one;
    Store(call.dtype, 1.0, &one);
    std::fill_n(buffer, kBlock, one);
    return buffer;
  }
  const auto* data = static_cast<const T*>(input.data);
  const auto columns = static_cast<std::ptrdiff_t>(call.columns);
  const bool dense = input.row_stride == kDense || input.row_stride == columns || call.rows == 1;
  if (dense && size % kPackLanes == 0) return data + begin;
  for (std::size_t i = 0; i < size;) {
    const std::size_t row = (begin + i) / call.columns, column = (begin + i) % call.columns;
    const std::size_t run = dense ? size - i : std::min(size - i, call.columns - column);
    const auto offset = static_cast<std::ptrdiff_t>(row) * (dense ? columns : input.row_stride);
    std::memcpy(buffer + i, data + offset + static_cast<std::ptrdiff_t>(column), run * sizeof(T));
    i += run;
  }
  for (std::size_t i = size; i % kPackLanes != 0; ++i) buffer[i] = buffer[size - 1];
  return buffer;
}

template <class F, class T, bool kExact>
class ElementKernel {
 public:
  using N = std::conditional_t<std::is_same_v<T, double>, DoubleWord, Pack>;

  ElementKernel(const F& formula, const ElementCall& call)
      : formula_(formula), call_(call), scale_(call.divisor), size_(call.rows * call.columns) {
    const std::size_t outputs = (call.loss != nullptr && !call.reduced) + (call.gradients[0] != nullptr) +
                                (call.gradients[1] != nullptr);
    reduced_ = call.reduced && call.loss != nullptr;
    streamed_ = size_ * outputs * sizeof(T) >= kStreamedBytes;
  }

  /// The sum of the terms (0 unless the call is reduced), with a bound of its error.
  Total Run() const {
    const Chunks chunks((size_ + kBlock - 1) / kBlock);
    Total totals[kMaxChunks];
    ForEachChunk(chunks, call_.threads, [&](std::size_t chunk) {
      for (std::size_t block = chunks.begin(chunk); block < chunks.end(chunk); ++block) {
        totals[chunk].Add(Block(block * kBlock, std::min(kBlock, size_ - block * kBlock)));
      }
    });
    Total total;
    for (std::size_t i = 0; i < chunks.size; ++i) total.Add(totals[i]);
    return total;
  }

 private:
  /// Room for a block that cannot be worked on in place.
  struct Buffers {
    alignas(64) T inputs[kInputs][kBlock];
    alignas(64) T outputs[kOutputs][kBlock];
  };

  T* OutputAt(std::size_t k, std::size_t begin) const {
    void* output = k == 0 ? (call_.reduced ? nullptr : call_.loss) : call_.gradients[k - 1];
    return output == nullptr ? nullptr : static_cast<T*>(output) + begin;
  }

  Total Block(std::size_t begin, std::size_t size) const {
    Buffers buffers;
    Slice<T> slice;
    slice.size = size;
    const bool padded = size % kPackLanes != 0;
    for (std::size_t k = 0; k < 2 + F::kOthers; ++k)
      slice.inputs[k] = DenseBlock(call_, k, begin, size, buffers.inputs[k]);
    const bool buffered = padded || streamed_;
    for (std::size_t k = 0; k < kOutputs; ++k) {
      T* output = OutputAt(k, begin);
      slice.outputs[k] = output == nullptr || !buffered ? output : buffers.outputs[k];
    }

    LaneSums sums;
    Doubts doubts, left_out;
    for (std::size_t i = 0; i < size;) {
      i = Groups(slice, i, &sums);
      if (i == size) break;
      const std::size_t end = std::min(i + kGroup, size);
      LaneSums group;
      Packs(slice, i, end, &group, &doubts, &left_out);
      AddTo(group, &sums);
      i = end;
    }
    Total total = SumOfLanes(sums);
    if (HWY_UNLIKELY(doubts.size != 0)) Resolve(slice, doubts);
    for (std::size_t i = 0; i < left_out.size; ++i) total.Add(TermAt(slice, left_out.lanes[i]));
    if (buffered) {
      for (std::size_t k = 0; k < kOutputs; ++k) {
        if (slice.outputs[k] != nullptr)
          CopyOut(slice.outputs[k], size * sizeof(T), OutputAt(k, begin), streamed_);
      }
    }
    return total;
  }

  /// Whole groups from `begin` on without a look at single lanes, which is what nearly every group of a usual
  /// call needs. Returns where a group begins that wants that look, or an output that is left out here: that
  /// group is to be done by Packs.
  std::size_t Groups(const Slice<T>& slice, std::size_t begin, LaneSums* sums) const {
    if constexpr (std::is_same_v<N, DoubleWord> || kQuickPacks == 1) {
      return begin;
    } else {
      if (slice.outputs[1] == nullptr || slice.outputs[2] != nullptr) return begin;
      if (call_.reduced) return GroupsOf<true>(slice, begin, sums);
      return slice.outputs[0] != nullptr ? GroupsOf<false>(slice, begin, sums) : begin;
    }
  }

  template <bool kReduced>
  HWY_NOINLINE std::size_t GroupsOf(const Slice<T>& slice, std::size_t begin, LaneSums* sums) const {
    const F formula = formula_;
    const Dtype dtype = call_.dtype;
    const Slice<T> local = slice;
    const Scale scale = scale_;
    for (; begin + kGroup <= local.size; begin += kGroup) {
      GroupSink<kReduced> sink(dtype, scale, local.outputs[0], local.outputs[1]);
      for (sink.i = begin; sink.i < begin + kGroup; sink.i += kQuickLanes) Step(formula, local, &sink);
      if (HWY_UNLIKELY(!sink.IsSure())) break;
      sink.AddTo(sums);
    }
    return begin;
  }

  template <class Sink>
  static HWY_INLINE void Step(const F& formula, const Slice<T>& slice, Sink* sink) {
    const auto load = [&](std::size_t k)
                          HWY_ATTR { return LoadQuickOf(sink->dtype, slice.inputs[k] + sink->i); };
    Arguments<Quick> arguments;
    Put(load(0), &arguments.input);
    Put(load(1), &arguments.target);
    if constexpr (F::kOthers > 0) Put(load(2), &arguments.other[0]);
    if constexpr (F::kOthers > 1) Put(load(3), &arguments.other[1]);
    formula(arguments, sink);
  }

  static constexpr std::size_t kTurns = kSumLanes / kQuickLanes;  ///< to fill the lanes of a sum
  template <bool kReduced>
  struct GroupSink {
    static constexpr bool kTakesTarget = false;
    HWY_INLINE GroupSink(Dtype d, const Scale& s, T* l, T* g) : dtype(d), scale(s), loss(l), gradient(g) {
      for (std::size_t k = 0; k < kTurns; ++k) {
        Put(Quick(0.0), &sum[k]);
        Put(Quick(0.0), &error[k]);
      }
    }
    HWY_INLINE void Loss(const Approx<Quick>& a) {
      if constexpr (kReduced) {
        const std::size_t turn = i / kQuickLanes % kTurns;
        Put(sum[turn] + a.value, &sum[turn]);
        if constexpr (kExact) Put(error[turn] + MulAdd(Abs(a.value), kLaneSumUnit, a.error), &error[turn]);
      } else {
        Emit(a, a, loss + i);
      }
    }
    HWY_INLINE void Input(const Approx<Quick>& a) { Emit(a, scale.Apply(a), gradient + i); }
    HWY_INLINE void Emit(const Approx<Quick>& a, const Approx<Quick>& scaled, T* to) {
      if constexpr (kExact) {
        same = same & StoreCertain(dtype, scaled.value, scaled.error, to);
      } else {
        StoreRounded(dtype, scaled.value, to);
        sure = sure & AllPacks(ElementKernel::IsSure(a));
      }
    }
    HWY_INLINE bool IsSure() const {
      PackMask all = sure;
      if constexpr (kReduced) {
        for (std::size_t k = 0; k < kTurns; ++k) all = all & AllPacks(Abs(sum[k]) < Quick(kInfinity));
      }
      return AllTrue(all) && (!kExact || AllTrue(same));
    }
    HWY_INLINE void AddTo(LaneSums* sums) const {
      if constexpr (kReduced) {
        for (std::size_t k = 0; k < kSumPacks; ++k) {
          sums->sum[k].hi = sums->sum[k].hi + sum[k / kQuickPacks].part[k % kQuickPacks];
          if constexpr (kExact)
            sums->error[k] = sums->error[k] + error[k / kQuickPacks].part[k % kQuickPacks];
        }
      }
    }

    Dtype dtype;
    Scale scale;
    T *loss, *gradient;
    std::size_t i = 0;
    Quick sum[kTurns], error[kTurns];
    PackMask sure = Pack(0.0) == Pack(0.0);                                      ///< mode fast
    RoundedMask<T> same = Same(Round<T>(Dtype(), 0.0), Round<T>(Dtype(), 0.0));  ///< mode exact
  };

  /// The packs of [begin, end) with a look at every lane.
  HWY_NOINLINE void Packs(const Slice<T>& slice, std::size_t begin, std::size_t end, LaneSums* sums,
                          Doubts* doubts, Doubts* left_out) const {
    const F formula = formula_;
    const Dtype dtype = call_.dtype;
    LaneSums local;
    for (std::size_t i = begin; i < end; i += kPackLanes) {
      Arguments<N> arguments;
      arguments.input = N(LoadPackOf(dtype, slice.inputs[0] + i));
      arguments.target = N(LoadPackOf(dtype, slice.inputs[1] + i));
      if constexpr (F::kOthers > 0) arguments.other[0] = N(LoadPackOf(dtype, slice.inputs[2] + i));
      if constexpr (F::kOthers > 1) arguments.other[1] = N(LoadPackOf(dtype, slice.inputs[3] + i));
      Sink sink{*this, slice, i, &local};
      if constexpr (std::is_same_v<N, DoubleWord>) sink.doubtful = sink.extreme = ExtremeLanes(arguments);
      formula(arguments, &sink);
      if (HWY_UNLIKELY((sink.doubtful | sink.infinite) != 0)) {
        const std::uint32_t valid = end - i < kPackLanes ? (1U << (end - i)) - 1 : ~0U;
        doubts->Add(i, sink.doubtful & valid);
        left_out->Add(i, sink.infinite & valid);
      }
    }
    *sums = local;
  }

  /// Takes what the formula gives for the pack at `i`, straight to memory.
  struct Sink {
    static constexpr bool kTakesTarget = true;
    HWY_INLINE void Loss(const Approx<N>& a) {
      if (kernel.reduced_) {
        infinite = AddTo(a, extreme, slice.size - i, i / kPackLanes % kSumPacks, sums);
      } else {
        Emit(0, a);
      }
    }
    HWY_INLINE void Input(const Approx<N>& a) { Emit(1, kernel.scale_.Apply(a)); }
    HWY_INLINE void Target(const Approx<N>& a) { Emit(2, kernel.scale_.Apply(a)); }
    HWY_INLINE void Emit(std::size_t k, const Approx<N>& a) {
      if (slice.outputs[k] != nullptr)
        doubtful |= ElementKernel::Emit(kernel.call_.dtype, a, slice.outputs[k] + i);
    }

    const ElementKernel& kernel;
    const Slice<T>& slice;
    std::size_t i;
    LaneSums* sums;
    std::uint32_t doubtful = 0, infinite = 0, extreme = 0;
  };

  /// Inputs of binary64 whose products may leave the range of double words.
  static HWY_INLINE std::uint32_t ExtremeLanes(const Arguments<DoubleWord>& a) {
    const auto moderate = [](const DoubleWord& x) HWY_ATTR {
      const Pack magnitude = Abs(x.hi);
      return (magnitude == 0.0) | ((magnitude > 0x1p-250) & (magnitude < 0x1p250));
    };
    PackMask all = moderate(a.input) & moderate(a.target);
    if constexpr (F::kOthers > 0) all = all & moderate(a.other[0]);
    if constexpr (F::kOthers > 1) all = all & moderate(a.other[1]);
    return HWY_LIKELY(AllTrue(all)) ? 0 : BitsOf(!all);
  }

  /// Whether mode fast may leave a lane as it is.
  template <class P>
  static HWY_INLINE auto IsSure(const Approx<P>& a) {
    if constexpr (requires { F::kNeverCancels; }) {
      return Abs(a.value) < P(kInfinity);
    } else {
      return IsFaithful(a.value, a.error);
    }
  }

  /// Bits of the lanes to be looked at again.
  static HWY_INLINE std::uint32_t Emit(Dtype dtype, const Approx<N>& a, T* to) {
    if constexpr (std::is_same_v<N, DoubleWord>) {
      StorePack(a.value.hi, to);
      // Near the end of the range an error-free transformation loses what it should keep.
      const Pack magnitude = Abs(a.value.hi);
      const PackMask sure = (a.error <= magnitude * 0x1p-60) & (magnitude < kInfinity) &
                            ((magnitude == 0.0) | (magnitude >= 0x1p-700));
      return HWY_LIKELY(AllTrue(sure)) ? 0 : BitsOf(!sure);
    } else {
      if constexpr (kExact) {
        return StoreTested(dtype, a.value, a.error, to);
      } else {
        StoreRounded(dtype, Round<T>(dtype, a.value), to);
        const PackMask sure = IsSure(a);
        return HWY_LIKELY(AllTrue(sure)) ? 0 : BitsOf(!sure);
      }
    }
  }

  /// Adds the first `size` lanes but infinite ones, whose bits it returns.
  static HWY_INLINE std::uint32_t AddTo(const Approx<N>& a, std::uint32_t extreme, std::size_t size,
                                        std::size_t k, LaneSums* sums) {
    const Pack& magnitude = Head(a.value);
    PackMask finite = Abs(magnitude) < kInfinity;
    if (HWY_UNLIKELY(extreme != 0)) finite = finite & !LanesOf(extreme);
    if (HWY_UNLIKELY(size < kPackLanes)) finite = finite | !FirstLanes(size);
    PackMask added = finite;
    if (HWY_UNLIKELY(size < kPackLanes)) added = finite & FirstLanes(size);
    if constexpr (std::is_same_v<N, DoubleWord>) {
      sums->sum[k] = sums->sum[k] + Select(added, a.value, DoubleWord(0.0));
    } else {
      sums->sum[k].hi = sums->sum[k].hi + Select(added, a.value, Pack(0.0));
      // A block adds at most kBlock / kSumLanes numbers a lane.
      if constexpr (kExact) {
        sums->error[k] =
            sums->error[k] + Select(added, MulAdd(Abs(a.value), kLaneSumUnit, a.error), Pack(0.0));
      }
    }
    return HWY_LIKELY(AllTrue(finite)) ? 0 : BitsOf(!finite);
  }
  static HWY_INLINE void AddTo(const LaneSums& group, LaneSums* sums) {
    for (std::size_t k = 0; k < kSumPacks; ++k) {
      if constexpr (std::is_same_v<N, DoubleWord>) {
        sums->sum[k] = sums->sum[k] + group.sum[k];
      } else {
        sums->sum[k].hi = sums->sum[k].hi + group.sum[k].hi;
        if constexpr (kExact) sums->error[k] = sums->error[k] + group.error[k];
      }
    }
  }
  static HWY_INLINE const Pack& Head(const Pack& a) { return a; }
  static HWY_INLINE const Pack& Head(const DoubleWord& a) { return a.hi; }

  void Gather(const Slice<T>& slice, std::size_t lane, double (&inputs)[kInputs]) const {
    for (std::size_t k = 0; k < kInputs; ++k)
      inputs[k] = k < 2 + F::kOthers ? Load(call_.dtype, slice.inputs[k] + lane) : 1.0;
  }

  Total TermAt(const Slice<T>& slice, std::size_t lane) const {
    double inputs[kInputs];
    Gather(slice, lane, inputs);
    return DecideTerm(formula_, inputs);
  }

  /// Decides the doubtful lanes of a slice: double words first, a pack at a time.
  HWY_NOINLINE void Resolve(const Slice<T>& slice, const Doubts& doubts) const {
    for (std::size_t first = 0; first < doubts.size; first += kPackLanes) {
      const std::size_t lanes = std::min(kPackLanes, doubts.size - first);
      double inputs[kInputs][kPackLanes];
      WordLanes words[kOutputs];
      if constexpr (!std::is_same_v<T, double>) {
        for (std::size_t i = 0; i < kPackLanes; ++i) {
          double element[kInputs];
          Gather(slice, doubts.lanes[first + std::min(i, lanes - 1)], element);
          for (std::size_t k = 0; k < kInputs; ++k) inputs[k][i] = element[k];
        }
        EvaluateWords(formula_, inputs, scale_, words);
      }
      for (std::size_t i = 0; i < lanes; ++i) ResolveLane(slice, doubts.lanes[first + i], words, i);
    }
  }

  void ResolveLane(const Slice<T>& slice, std::size_t lane, const WordLanes (&words)[kOutputs],
                   std::size_t i) const {
    double rounded[kOutputs];
    if (!WordsDecide(slice, words, i, rounded)) {
      double inputs[kInputs];
      Gather(slice, lane, inputs);
      DecideElement(formula_, call_.dtype, inputs, call_.divisor, rounded);
    }
    for (std::size_t k = 0; k < kOutputs; ++k) {
      if (slice.outputs[k] != nullptr) Store(call_.dtype, rounded[k], slice.outputs[k] + lane);
    }
  }

  bool WordsDecide(const Slice<T>& slice, const WordLanes (&words)[kOutputs], std::size_t i,
                   double (&rounded)[kOutputs]) const {
    if constexpr (std::is_same_v<T, double>) {
      return false;
    } else {
      for (std::size_t k = 0; k < kOutputs; ++k) {
        if (slice.outputs[k] == nullptr) continue;
        const Word2 low = TwoSumOf(words[k].hi[i], words[k].lo[i] - words[k].error[i]);
        const Word2 high = TwoSumOf(words[k].hi[i], words[k].lo[i] + words[k].error[i]);
        rounded[k] = RoundTo(call_.dtype, low);
        if (!(rounded[k] == RoundTo(call_.dtype, high))) return false;
      }
      return true;
    }
  }
  static Word2 TwoSumOf(double a, double b) { return optimized::TwoSum(a, b); }

  const F& formula_;
  const ElementCall& call_;
  Scale scale_;
  std::size_t size_;
  bool streamed_, reduced_;
};

template <class T, bool kExact, class F>
void RunElementsAs(const F& formula, const ElementCall& call) {
  const Total total = ElementKernel<F, T, kExact>(formula, call).Run();
  if (!call.reduced || call.loss == nullptr) return;
  const ElementSums<F, T> sums(formula, call);
  const double loss = RoundedLoss(
      total, call.dtype, call.mode, call.divisor, [&] { return sums.InWords(); },
      [&] { return sums.Decided(); });
  Store(call.dtype, loss, static_cast<T*>(call.loss));
}

/// The driver. Only float32 has kernels of its own for either mode: for the rest compile time counts more.
template <class F>
void RunElements(const F& formula, const ElementCall& call) {
  if (call.dtype == Dtype::kF64) return RunElementsAs<double, true>(formula, call);
  if (call.dtype != Dtype::kF32) return RunElementsAs<Half, true>(formula, call);
  if (call.mode == Mode::kExact) return RunElementsAs<float, true>(formula, call);
  RunElementsAs<float, false>(formula, call);
}

}  // namespace exactloss::optimized::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // EXACTLOSS_OPTIMIZED_ELEMENTWISE_INL_H_
