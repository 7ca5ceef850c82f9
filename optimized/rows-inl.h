// The driver of losses of rows of classes: rows in place where their classes are dense, else copied, a few
// places at a time; and the pieces that kernels of a row are made of.
#if defined(EXACTLOSS_OPTIMIZED_ROWS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef EXACTLOSS_OPTIMIZED_ROWS_INL_H_
#undef EXACTLOSS_OPTIMIZED_ROWS_INL_H_
#else
#define EXACTLOSS_OPTIMIZED_ROWS_INL_H_
#endif

#include <algorithm>
#include <cstring>
#include <memory>

#include "optimized/chunks.h"
#include "optimized/functions-inl.h"
#include "optimized/rounding-inl.h"
#include "optimized/rows.h"
#include "optimized/streaming-inl.h"

HWY_BEFORE_NAMESPACE();
namespace exactloss::optimized::HWY_NAMESPACE {

/// Classes that are worked on together. A lane adds up kRowBlock / kSumLanes of them before its sum goes into
/// words.
inline constexpr std::size_t kRowBlock = 128;
inline constexpr std::size_t kRowPacks = kSumLanes / kPackLanes;

/// Memory that is on the stack while it suffices.
template <class T, std::size_t kOnStack>
class Scratch {
 public:
  T* Get(std::size_t size) {
    if (size <= kOnStack) return stack_;
    if (size > size_) {
      heap_ = std::make_unique_for_overwrite<T[]>(size);
      size_ = size;
    }
    return heap_.get();
  }

 private:
  alignas(64) T stack_[kOnStack];
  std::unique_ptr<T[]> heap_;
  std::size_t size_ = 0;
};

HWY_INLINE Pack ExpOfMinus(const Pack& x) {
  const ExpParts parts = SplitExpOfMinus(x);
  return MulAdd(parts.excess, parts.power, parts.power);
}

/// `size` elements of which whole groups of kSumLanes may be read: where they lie, or copied, `fill` behind
/// them.
template <class T>
HWY_INLINE const T* WholeGroups(const T* from, std::size_t size, T fill, T* buffer) {
  if (HWY_LIKELY(size % kSumLanes == 0)) return from;
  std::memcpy(static_cast<void*>(buffer), from, size * sizeof(T));
  for (std::size_t i = size; i % kSumLanes != 0; ++i) buffer[i] = fill;
  return buffer;
}
HWY_INLINE std::size_t RoundedUp(std::size_t size) { return (size + kSumLanes - 1) / kSumLanes * kSumLanes; }

/// The largest element, the smallest that is not -inf, and the smallest magnitude that is not 0.
struct RowRange {
  /// A bound of (max - x) - its double, in units of 2^-53. Those of a narrow format mostly are exact: their
  /// digits lie above the difference's last.
  double LostInDifferences() const {
    const double range = max - min;
    return least >= range * 0x1p-28 ? 0 : std::min(range, 708.0);
  }

  double max, min, least;
};
template <class T>
HWY_NOINLINE RowRange RangeOf(Dtype dtype, const T* x, std::size_t size) {
  Pack max(-kInfinity), min(kInfinity), least(kInfinity);
  const auto take = [&](const Pack& v) HWY_ATTR {
    max = Max(v, max);
    min = Min(Select(v == -kInfinity, Pack(kInfinity), v), min);
    least = Min(Select(v == 0.0, Pack(kInfinity), Abs(v)), least);
  };
  std::size_t i = 0;
  for (; i + kPackLanes <= size; i += kPackLanes) take(LoadPackOf(dtype, x + i));
  for (; i < size; ++i) take(Pack(Load(dtype, x + i)));
  double high[kPackLanes], low[kPackLanes], lowest[kPackLanes];
  StorePack(max, high);
  StorePack(min, low);
  StorePack(least, lowest);
  return {*std::max_element(high, high + kPackLanes), *std::min_element(low, low + kPackLanes),
          *std::min_element(lowest, lowest + kPackLanes)};
}
template <>
HWY_NOINLINE RowRange RangeOf<float>(Dtype,  // NOLINT(misc-definitions-in-headers): once a target
                                     const float* x, std::size_t size) {
  using D = hn::CappedTag<float, kSumLanes>;
  const D d;
  constexpr std::size_t kLanes = hn::MaxLanes(D());
  const auto zero = hn::Zero(d), infinity = hn::Set(d, static_cast<float>(kInfinity));
  const auto masked = hn::Neg(infinity);
  auto max = masked, min = infinity, least = infinity;
  std::size_t i = 0;
  for (; i + 2 * kLanes <= size; i += 2 * kLanes) {
    const auto a = hn::LoadU(d, x + i), b = hn::LoadU(d, x + i + kLanes);
    max = hn::Max(hn::Max(a, b), max);
    const auto a_min = hn::IfThenElse(hn::Eq(a, masked), infinity, a);
    const auto b_min = hn::IfThenElse(hn::Eq(b, masked), infinity, b);
    min = hn::Min(hn::Min(a_min, b_min), min);
    const auto a_least = hn::IfThenElse(hn::Eq(a, zero), infinity, hn::Abs(a));
    const auto b_least = hn::IfThenElse(hn::Eq(b, zero), infinity, hn::Abs(b));
    least = hn::Min(hn::Min(a_least, b_least), least);
  }
  float high[kLanes], low[kLanes], lowest[kLanes];
  hn::StoreU(max, d, high);
  hn::StoreU(min, d, low);
  hn::StoreU(least, d, lowest);
  RowRange range = {*std::max_element(high, high + kLanes), *std::min_element(low, low + kLanes),
                    *std::min_element(lowest, lowest + kLanes)};
  for (; i < size; ++i) {
    const double v = static_cast<double>(x[i]);
    range.max = v > range.max ? v : range.max;
    range.min = v < range.min && v > -kInfinity ? v : range.min;
    range.least = v != 0 && std::fabs(v) < range.least ? std::fabs(v) : range.least;
  }
  return range;
}

/// The largest element alone.
HWY_NOINLINE inline float MaxOf(const float* x, std::size_t size) {
  const hn::CappedTag<float, kSumLanes> d;
  constexpr std::size_t kLanes = hn::MaxLanes(decltype(d)());
  auto max0 = hn::Set(d, -static_cast<float>(kInfinity)), max1 = max0;
  std::size_t i = 0;
  for (; i + 2 * kLanes <= size; i += 2 * kLanes) {
    max0 = hn::Max(hn::LoadU(d, x + i), max0);
    max1 = hn::Max(hn::LoadU(d, x + i + kLanes), max1);
  }
  float high[kLanes];
  hn::StoreU(hn::Max(max0, max1), d, high);
  float max = *std::max_element(high, high + kLanes);
  for (; i < size; ++i) max = x[i] > max ? x[i] : max;
  return max;
}

/// The first place of an element that is there.
template <class T>
HWY_NOINLINE std::size_t FindElement(Dtype dtype, const T* x, std::size_t size, double element) {
  std::size_t i = 0;
  for (; i + 2 * kPackLanes <= size; i += 2 * kPackLanes) {
    const PackMask first = LoadPackOf(dtype, x + i) == element;
    const PackMask second = LoadPackOf(dtype, x + i + kPackLanes) == element;
    if (BitsOf(first | second) != 0) break;
  }
  while (i + 1 < size && Load(dtype, x + i) != element) ++i;
  return i;
}

/// A sum of many numbers in kSumLanes lanes, the sums of blocks in words: right to 2^-49 of the magnitudes.
class LaneSum {
 public:
  HWY_INLINE LaneSum() {
    for (std::size_t k = 0; k < kRowPacks; ++k) hi_[k] = lo_[k] = Pack(0.0);
  }
  /// At most kRowBlock numbers, whole groups.
  template <class T>
  HWY_INLINE void Add(const T* block, std::size_t size) {
    const auto load = [](const T* from) HWY_ATTR { return LoadPackOf(Dtype::kF32, from); };
    Pack sum[kRowPacks];
    for (std::size_t k = 0; k < kRowPacks; ++k) sum[k] = load(block + k * kPackLanes);
    for (std::size_t i = kSumLanes; i < size; i += kSumLanes) {
      for (std::size_t k = 0; k < kRowPacks; ++k) sum[k] = sum[k] + load(block + i + k * kPackLanes);
    }
    for (std::size_t k = 0; k < kRowPacks; ++k) {
      const Pack total = hi_[k] + sum[k], part = total - hi_[k];
      lo_[k] = lo_[k] + ((hi_[k] - (total - part)) + (sum[k] - part));
      hi_[k] = total;
    }
  }
  HWY_INLINE double Total() const {
    double lanes[kSumLanes];
    for (std::size_t k = 0; k < kRowPacks; ++k) {
      // Infinities have no low word.
      const Pack sum = hi_[k] + lo_[k];
      StorePack(Select(Abs(hi_[k]) < kInfinity, sum, hi_[k]), lanes + k * kPackLanes);
    }
    for (std::size_t half = kSumLanes / 2; half > 0; half /= 2) {
      for (std::size_t i = 0; i < half; ++i) lanes[i] += lanes[i + half];
    }
    return lanes[0];
  }

 private:
  Pack hi_[kRowPacks], lo_[kRowPacks];
};

/// The tensors of one place, dense, null where there are none.
template <class T>
struct RowTensors {
  const T* x;
  const T* probabilities;
  T* gradients[2];
  std::size_t place;
};

/// Calls kernel.Row(tensors, sum) for every place that takes part, and gives the sum of their losses.
/// `Kernel` is made once a chunk. Ignored places get zeros.
template <class Kernel, class T>
class RowDriver {
 public:
  explicit RowDriver(const RowCall& call) : call_(call) {}

  RowSum Run() const {
    const std::size_t parts = (call_.inner + kTogether - 1) / kTogether;
    const Chunks chunks(call_.rows * parts);
    RowSum sums[kMaxChunks], total;
    ForEachChunk(chunks, call_.threads, [&](std::size_t chunk) {
      Kernel kernel(call_);
      Scratch<T, 4096> memory;
      for (std::size_t item = chunks.begin(chunk); item < chunks.end(chunk); ++item) {
        if (call_.inner == 1) {
          InPlace(item, &kernel, &sums[chunk]);
        } else {
          const std::size_t first = item % parts * kTogether;
          Copied(item / parts, first, std::min(kTogether, call_.inner - first), &memory, &kernel,
                 &sums[chunk]);
        }
      }
    });
    for (std::size_t i = 0; i < chunks.size; ++i) total.Add(sums[i]);
    return total;
  }

 private:
  static constexpr std::size_t kTogether = 16;  ///< places: a line of float32

  T* Gradient(std::size_t k, std::size_t row) const {
    auto* gradient = static_cast<T*>(call_.gradients[k]);
    return gradient == nullptr ? nullptr : gradient + row * call_.classes * call_.inner;
  }
  static const T* RowOf(const Input& input, std::size_t row) {
    if (input.data == nullptr) return nullptr;
    return static_cast<const T*>(input.data) + static_cast<std::ptrdiff_t>(row) * input.row_stride;
  }

  void InPlace(std::size_t row, Kernel* kernel, RowSum* sum) const {
    const RowTensors<T> tensors = {
        RowOf(call_.input, row), RowOf(call_.probabilities, row), {Gradient(0, row), Gradient(1, row)}, row};
    Place(tensors, kernel, sum);
  }

  void Place(const RowTensors<T>& tensors, Kernel* kernel, RowSum* sum) const {
    if (HWY_LIKELY(!call_.IsIgnored(tensors.place))) return kernel->Row(tensors, sum);
    for (T* gradient : tensors.gradients) {
      if (gradient != nullptr) std::memset(static_cast<void*>(gradient), 0, call_.classes * sizeof(T));
    }
    if (!call_.reduced && call_.loss != nullptr)
      Store(call_.dtype, 0.0, static_cast<T*>(call_.loss) + tensors.place);
  }

  /// Some places of one row whose classes lie `inner` apart.
  void Copied(std::size_t row, std::size_t first, std::size_t size, Scratch<T, 4096>* memory, Kernel* kernel,
              RowSum* sum) const {
    const std::size_t classes = call_.classes, inner = call_.inner;
    T* const dense = memory->Get(4 * kTogether * classes);
    T* const copies[4] = {dense, dense + kTogether * classes, dense + 2 * kTogether * classes,
                          dense + 3 * kTogether * classes};
    const T* const inputs[2] = {RowOf(call_.input, row), RowOf(call_.probabilities, row)};
    for (std::size_t k = 0; k < 2; ++k) {
      for (std::size_t j = 0; inputs[k] != nullptr && j < classes; ++j) {
        for (std::size_t i = 0; i < size; ++i) copies[k][i * classes + j] = inputs[k][j * inner + first + i];
      }
    }
    for (std::size_t i = 0; i < size; ++i) {
      RowTensors<T> tensors = {copies[0] + i * classes, nullptr, {nullptr, nullptr}, row * inner + first + i};
      if (inputs[1] != nullptr) tensors.probabilities = copies[1] + i * classes;
      for (std::size_t k = 0; k < 2; ++k) {
        if (call_.gradients[k] != nullptr) tensors.gradients[k] = copies[2 + k] + i * classes;
      }
      Place(tensors, kernel, sum);
    }
    for (std::size_t k = 0; k < 2; ++k) {
      T* const gradient = Gradient(k, row);
      for (std::size_t j = 0; gradient != nullptr && j < classes; ++j) {
        for (std::size_t i = 0; i < size; ++i)
          gradient[j * inner + first + i] = copies[2 + k][i * classes + j];
      }
    }
  }

  const RowCall& call_;
};

}  // namespace exactloss::optimized::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // EXACTLOSS_OPTIMIZED_ROWS_INL_H_
