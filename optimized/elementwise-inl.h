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

#include "optimized/chunks.h"
#include "optimized/formula-inl.h"
#include "optimized/rounding-inl.h"
#include "optimized/streaming-inl.h"
#include "optimized/total.h"

HWY_BEFORE_NAMESPACE();
namespace exactloss::optimized::HWY_NAMESPACE {

/// What the driver gives to a formula.
template <class N>
struct Arguments {
  N input, target;
  N other[2];  ///< weights
};

inline constexpr std::size_t kInputs = 4, kOutputs = 3;  // outputs: loss, gradients to input and target

/// Up to kBlock consecutive elements, dense; whole packs of them may be read and written.
template <class T>
struct Slice {
  const T* inputs[kInputs];
  T* outputs[kOutputs];  ///< null: not wanted
  std::size_t size;
};

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

/// The sums of a block's terms: kSumLanes of them, on a narrow target in several packs.
inline constexpr std::size_t kSumPacks = kSumLanes / kPackLanes;
struct LaneSums {
  HWY_INLINE LaneSums() {
    for (std::size_t k = 0; k < kSumPacks; ++k) sum[k] = DoubleWord(0.0), error[k] = Pack(0.0);
  }
  DoubleWord sum[kSumPacks];
  Pack error[kSumPacks];
};

/// `divisor` and its reciprocal as every kind of number.
struct Scale {
  explicit Scale(double divisor_)
      : divisor(divisor_), inverse(1 / divisor_), lost(std::fma(-divisor, inverse, 1.0) * inverse) {}
  template <class N>
  HWY_INLINE Approx<N> Apply(const Approx<N>& a) const {
    if constexpr (std::is_same_v<N, Multi>) {
      return {a.value / Multi(divisor)};
    } else if constexpr (std::is_same_v<N, DoubleWord>) {
      return {a.value * DoubleWord(Pack(inverse), Pack(lost)),
              MulAdd(a.error, inverse, Abs(a.value.hi) * DoubleWord::kUnit)};
    } else {
      // The power of two that a batch often is costs nothing, and must not: 0 stays a proof.
      const Pack value = a.value * inverse;
      return {value, MulAdd(a.error, inverse, Abs(value) * (lost == 0 ? 0.0 : 0x1p-50))};
    }
  }
  double divisor, inverse, lost;
};

/// The rounded loss and gradients of one element, decided in Multi; infinite inputs as limits.
template <class F>
HWY_NOINLINE void DecideElement(const F& formula, Dtype dtype, const double (&inputs)[kInputs],
                                double divisor, double (&rounded)[kOutputs]) {
  const auto decide = [&](const auto& number) {
    Decide([&] {
      const Arguments<Multi> arguments = {number(0), number(1), {number(2), number(3)}};
      Terms<Multi> terms;
      formula(arguments, &terms);
      const bool loss = terms.loss.value.RoundsTo(dtype, &rounded[0]);
      const bool input = (terms.input.value / Multi(divisor)).RoundsTo(dtype, &rounded[1]);
      return (terms.target.value / Multi(divisor)).RoundsTo(dtype, &rounded[2]) && loss && input;
    });
  };
  const bool limit =
      std::any_of(std::begin(inputs), std::end(inputs), [](double x) { return std::isinf(x); });
  if (!limit) return decide([&](std::size_t i) { return Multi(inputs[i]); });
  // A limit is what numbers beyond any format agree on, whichever of several infinite inputs grows fastest.
  double agreed[kOutputs] = {};
  for (std::size_t order = 0; order < kSurrogateOrders; ++order) {
    decide([&](std::size_t i) {
      return std::isinf(inputs[i]) ? Surrogate(inputs[i], i, order) : Multi(inputs[i]);
    });
    for (std::size_t k = 0; k < kOutputs; ++k) {
      agreed[k] = order == 0 || rounded[k] == agreed[k] ? rounded[k] : std::nan("");
    }
  }
  std::copy(std::begin(agreed), std::end(agreed), std::begin(rounded));
}

/// Sixteen elements in double words: each output as hi, lo and a bound.
struct WordLanes {
  double hi[kPackLanes], lo[kPackLanes], error[kPackLanes];
};
template <class F>
HWY_NOINLINE void EvaluateWords(const F& formula, const double (&inputs)[kInputs][kPackLanes],
                                const Scale& scale, WordLanes (&outputs)[kOutputs]) {
  const auto word = [&](std::size_t i) HWY_ATTR { return DoubleWord(LoadPack(inputs[i])); };
  const Arguments<DoubleWord> arguments = {word(0), word(1), {word(2), word(3)}};
  Terms<DoubleWord> terms;
  formula(arguments, &terms);
  const auto store = [](const Approx<DoubleWord>& a, WordLanes* lanes) HWY_ATTR {
    StorePack(a.value.hi, lanes->hi);
    StorePack(a.value.lo, lanes->lo);
    StorePack(a.error, lanes->error);
  };
  store(terms.loss, &outputs[0]);
  store(scale.Apply(terms.input), &outputs[1]);
  store(scale.Apply(terms.target), &outputs[2]);
}

/// Lanes below `size`.
HWY_INLINE PackMask FirstLanes(std::size_t size) {
  static constexpr double kIndex[kSumLanes] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  return LoadPack(kIndex) < Pack(static_cast<double>(size));
}

/// The lanes of a sum, added up in one fixed order.
HWY_INLINE Total SumOfLanes(const LaneSums& sums) {
  double hi[kSumLanes], lo[kSumLanes], error[kSumLanes];
  for (std::size_t k = 0; k < kSumPacks; ++k) {
    StorePack(sums.sum[k].hi, hi + k * kPackLanes);
    StorePack(sums.sum[k].lo, lo + k * kPackLanes);
    StorePack(sums.error[k], error + k * kPackLanes);
  }
  Total total;
  for (std::size_t i = 0; i < kSumLanes; ++i) {
    total.sum = optimized::Add(total.sum, {hi[i], lo[i]});
    total.error += error[i];
  }
  return total;
}

/// A term that was decided by itself: one that overflows binary64 makes the sum leave its range, to be
/// decided whole.
template <class F>
HWY_NOINLINE Total DecideTerm(const F& formula, const double (&inputs)[kInputs]) {
  Total total;
  if (std::all_of(std::begin(inputs), std::end(inputs), [](double x) { return std::isfinite(x); })) {
    Decide([&] {
      Terms<Multi> terms;
      formula(Arguments<Multi>{inputs[0], inputs[1], {inputs[2], inputs[3]}}, &terms);
      total.sum = terms.loss.value.ToWords();
      return !terms.loss.value.is_nan();
    });
    total.error = std::fabs(total.sum.hi) * 0x1p-100;
    return total;
  }
  double rounded[kOutputs];
  DecideElement(formula, Dtype::kF64, inputs, 1.0, rounded);
  (std::isfinite(rounded[0]) ? total.sum.hi : total.special) = rounded[0];
  total.error = std::fabs(total.sum.hi) * 0x1p-53;
  return total;
}

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

template <class F, class T, bool kExact, bool kTarget>
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
    Packs(slice, &sums, &doubts, &left_out);
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

  HWY_NOINLINE void Packs(const Slice<T>& slice, LaneSums* sums, Doubts* doubts, Doubts* left_out) const {
    const F formula = formula_;
    const Dtype dtype = call_.dtype;
    LaneSums local;
    for (std::size_t i = 0; i < slice.size; i += kPackLanes) {
      Arguments<N> arguments;
      arguments.input = N(LoadPackOf(dtype, slice.inputs[0] + i));
      arguments.target = N(LoadPackOf(dtype, slice.inputs[1] + i));
      if constexpr (F::kOthers > 0) arguments.other[0] = N(LoadPackOf(dtype, slice.inputs[2] + i));
      if constexpr (F::kOthers > 1) arguments.other[1] = N(LoadPackOf(dtype, slice.inputs[3] + i));
      Sink sink{*this, slice, i, &local};
      if constexpr (std::is_same_v<N, DoubleWord>) sink.doubtful = sink.extreme = ExtremeLanes(arguments);
      formula(arguments, &sink);
      if (HWY_UNLIKELY((sink.doubtful | sink.infinite) != 0)) {
        const std::uint32_t valid = slice.size - i < kPackLanes ? (1U << (slice.size - i)) - 1 : ~0U;
        doubts->Add(i, sink.doubtful & valid);
        left_out->Add(i, sink.infinite & valid);
      }
    }
    *sums = local;
  }

  /// Takes what the formula gives for the pack at `i`, straight to memory.
  struct Sink {
    static constexpr bool kTakesTarget = kTarget;
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
        PackMask sure = Abs(a.value) < kInfinity;
        if constexpr (!requires { F::kNeverCancels; }) sure = sure & IsFaithful(a.value, a.error);
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

  /// Decides the doubtful lanes of a slice: double words first, sixteen at a time.
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

/// The sum of all terms in double words, for a reduced loss that doubles leave in doubt.
template <class F, class T>
class ElementSums {
 public:
  ElementSums(const F& formula, const ElementCall& call) : formula_(formula), call_(call) {}

  Total InWords() const {
    const Chunks chunks((size() + kPackLanes - 1) / kPackLanes);
    Total totals[kMaxChunks];
    ForEachChunk(chunks, call_.threads, [&](std::size_t chunk) {
      for (std::size_t pack = chunks.begin(chunk); pack < chunks.end(chunk); ++pack)
        totals[chunk].Add(PackSum(pack * kPackLanes));
    });
    Total total;
    for (std::size_t i = 0; i < chunks.size; ++i) total.Add(totals[i]);
    return total;
  }

  /// The rounded sum over the divisor, whatever it takes.
  double Decided() const {
    double rounded = 0;
    Decide([&] {
      Multi sum(0.0);
      for (std::size_t i = 0; i < size(); ++i) {
        double x[kInputs];
        InputsAt(i, x);
        sum = sum + LossOf(x);
      }
      return (sum / Multi(call_.divisor)).RoundsTo(call_.dtype, &rounded);
    });
    return rounded;
  }

 private:
  std::size_t size() const { return call_.rows * call_.columns; }

  /// All terms are finite, be it as limits.
  Multi LossOf(const double (&x)[kInputs]) const {
    if (std::any_of(std::begin(x), std::end(x), [](double input) { return std::isinf(input); })) {
      double rounded[kOutputs];
      DecideElement(formula_, Dtype::kF64, x, 1.0, rounded);
      return rounded[0];
    }
    Terms<Multi> terms;
    formula_(Arguments<Multi>{x[0], x[1], {x[2], x[3]}}, &terms);
    return terms.loss.value;
  }

  void InputsAt(std::size_t i, double (&x)[kInputs]) const {
    const std::size_t row = i / call_.columns, column = i % call_.columns;
    for (std::size_t k = 0; k < kInputs; ++k) {
      const Input& input = call_.inputs[k];
      const auto stride =
          input.row_stride == kDense ? static_cast<std::ptrdiff_t>(call_.columns) : input.row_stride;
      x[k] = input.data == nullptr
                 ? 1.0
                 : Load(call_.dtype, static_cast<const T*>(input.data) +
                                         static_cast<std::ptrdiff_t>(row) * stride + column);
    }
  }

  Total PackSum(std::size_t begin) const {
    double inputs[kInputs][kPackLanes];
    const std::size_t lanes = std::min(kPackLanes, size() - begin);
    for (std::size_t i = 0; i < kPackLanes; ++i) {
      double x[kInputs];
      InputsAt(begin + std::min(i, lanes - 1), x);
      for (std::size_t k = 0; k < kInputs; ++k) inputs[k][i] = x[k];
    }
    WordLanes words[kOutputs];
    EvaluateWords(formula_, inputs, Scale(1.0), words);
    Total total;
    for (std::size_t i = 0; i < lanes; ++i) {
      if (std::isfinite(words[0].hi[i])) {
        total.sum = optimized::Add(total.sum, {words[0].hi[i], words[0].lo[i]});
        total.error += words[0].error[i] + std::fabs(words[0].hi[i]) * 0x1p-100;
        continue;
      }
      double x[kInputs];
      InputsAt(begin + i, x);
      total.Add(DecideTerm(formula_, x));
    }
    return total;
  }

  const F& formula_;
  const ElementCall& call_;
};

template <class T, bool kExact, bool kTarget, class F>
void RunElementsAs(const F& formula, const ElementCall& call) {
  const Total total = ElementKernel<F, T, kExact, kTarget>(formula, call).Run();
  if (!call.reduced || call.loss == nullptr) return;
  const ElementSums<F, T> sums(formula, call);
  const double loss = RoundedLoss(
      total, call.dtype, call.mode, call.divisor, [&] { return sums.InWords(); },
      [&] { return sums.Decided(); });
  Store(call.dtype, loss, static_cast<T*>(call.loss));
}

/// Calls run.operator()<T, kExact, kTarget>(). Only float32 has kernels of its own for either mode and
/// without a slope along the target: for the rest compile time counts more.
template <class Run>
void ChooseKernel(const ElementCall& call, const Run& run) {
  const bool exact = call.mode == Mode::kExact, target = call.gradients[1] != nullptr;
  if (call.dtype == Dtype::kF64) return run.template operator()<double, true, true>();
  if (call.dtype != Dtype::kF32) return run.template operator()<Half, true, true>();
  if (exact && target) return run.template operator()<float, true, true>();
  if (exact) return run.template operator()<float, true, false>();
  if (target) return run.template operator()<float, false, true>();
  run.template operator()<float, false, false>();
}

/// The driver.
template <class F>
void RunElements(const F& formula, const ElementCall& call) {
  ChooseKernel(call, [&]<class T, bool kExact, bool kTarget>()
                         HWY_ATTR { RunElementsAs<T, kExact, kTarget>(formula, call); });
}

}  // namespace exactloss::optimized::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // EXACTLOSS_OPTIMIZED_ELEMENTWISE_INL_H_
