// Cross entropy of rows of few classes: kSumLanes rows at a time, each in a lane of its own.
#if defined(EXACTLOSS_OPTIMIZED_SOFTMAX_FEW_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef EXACTLOSS_OPTIMIZED_SOFTMAX_FEW_INL_H_
#undef EXACTLOSS_OPTIMIZED_SOFTMAX_FEW_INL_H_
#else
#define EXACTLOSS_OPTIMIZED_SOFTMAX_FEW_INL_H_
#endif

#include "optimized/softmax_row-inl.h"

HWY_BEFORE_NAMESPACE();
namespace exactloss::optimized::HWY_NAMESPACE {

inline constexpr std::size_t kFewClasses = 48;

/// Targets are indices, without smoothing.
template <class T, bool kExact>
class FewClasses {
 public:
  explicit FewClasses(const RowCall& call)
      : call_(call),
        dtype_(call.dtype),
        inverse_(1 / (call.divisor.sum.hi + call.divisor.sum.lo + call.divisor.special)) {}

  static RowSum Run(const RowCall& call) {
    // A group is of one row's inner places, or of whole rows where their classes are dense.
    const std::size_t length = call.inner == 1 ? call.rows : call.inner;
    const std::size_t parts = (length + kSumLanes - 1) / kSumLanes;
    const Chunks chunks(call.inner == 1 ? parts : call.rows * parts);
    RowSum sums[kMaxChunks], total;
    ForEachChunk(chunks, call.threads, [&](std::size_t chunk) {
      FewClasses kernel(call);
      for (std::size_t item = chunks.begin(chunk); item < chunks.end(chunk); ++item) {
        const std::size_t first = item % parts * kSumLanes;
        kernel.Group(item / parts * call.inner + first, std::min(kSumLanes, length - first), &sums[chunk]);
      }
    });
    for (std::size_t i = 0; i < chunks.size; ++i) total.Add(sums[i]);
    return total;
  }

 private:
  /// Class j of the group's places lies at kSumLanes j.
  struct Lanes {
    alignas(64) T x[kFewClasses * kSumLanes];
    alignas(64) T gradient[kFewClasses * kSumLanes];
    alignas(64) double weights[kFewClasses * kSumLanes];
    std::size_t target[kSumLanes];
    // Of each place.
    alignas(64) double max[kSumLanes], range[kSumLanes], rest[kSumLanes], mass[kSumLanes], below[kSumLanes],
        target_weight[kSumLanes];
    alignas(64) double scale[kSumLanes], error[kSumLanes], loss[kSumLanes],
        loss_error[kSumLanes], slope[kSumLanes];
  };
  struct Doubt {
    std::size_t lane;
    RowOutput output;
  };

  const T* InputAt(std::size_t place) const {
    return static_cast<const T*>(call_.input.data) +
           static_cast<std::ptrdiff_t>(place / call_.inner) * call_.input.row_stride + place % call_.inner;
  }
  T* GradientAt(std::size_t place) const {
    return static_cast<T*>(call_.gradients[0]) + place / call_.inner * call_.classes * call_.inner +
           place % call_.inner;
  }

  HWY_NOINLINE void Group(std::size_t first, std::size_t size, RowSum* sum) {
    Gather(first, size);
    Weights();
    Losses();
    if (call_.gradients[0] != nullptr) Gradients();
    if (kExact || call_.loss != nullptr) StoreLosses(first, size, sum);
    std::uint32_t special = 0;
    for (std::size_t i = 0; i < size; ++i)
      special |= std::uint32_t{!(std::fabs(lanes_.max[i] + lanes_.rest[i] + lanes_.mass[i]) < kInfinity)}
                 << i;
    if (HWY_UNLIKELY(special != 0 || !doubts_.empty())) Resolve(first, size, special, sum);
    if (call_.gradients[0] != nullptr) Scatter(first, size);
  }

  HWY_NOINLINE void Gather(std::size_t first, std::size_t size) {
    const std::size_t classes = call_.classes;
    const T* const x = InputAt(first);
    if (call_.inner == 1) {
      for (std::size_t i = 0; i < size; ++i) {
        const T* const row = x + static_cast<std::ptrdiff_t>(i) * call_.input.row_stride;
        for (std::size_t j = 0; j < classes; ++j) lanes_.x[j * kSumLanes + i] = row[j];
      }
    } else {
      for (std::size_t j = 0; j < classes; ++j)
        std::memcpy(static_cast<void*>(lanes_.x + j * kSumLanes), x + j * call_.inner, size * sizeof(T));
    }
    for (std::size_t i = 0; i < kSumLanes; ++i) {
      lanes_.target[i] = 0;
      lanes_.mass[i] = 0;
      if (HWY_LIKELY(i < size && !call_.IsIgnored(first + i))) {
        lanes_.target[i] = static_cast<std::size_t>(call_.target[first + i]);
        lanes_.mass[i] = call_.weight == nullptr
                             ? 1
                             : Load(dtype_, static_cast<const T*>(call_.weight) + lanes_.target[i]);
      } else {
        for (std::size_t j = 0; j < classes; ++j) lanes_.x[j * kSumLanes + i] = T{};
      }
    }
  }

  /// exp(x_j - max), their sum but for one that is 1, and how far down the logits reach.
  HWY_NOINLINE void Weights() {
    const std::size_t classes = call_.classes;
    for (std::size_t k = 0; k < kSumLanes; k += kPackLanes) {
      const T* const x = lanes_.x + k;
      Pack max = LoadPackOf(dtype_, x), min = max;
      for (std::size_t j = 1; j < classes; ++j) {
        const Pack v = LoadPackOf(dtype_, x + j * kSumLanes);
        max = Max(v, max);
        if constexpr (kExact) min = Min(Select(v == -kInfinity, max, v), min);
      }
      Pack rest(0.0);
      PackMask found = Pack(1.0) < Pack(0.0);  // none
      for (std::size_t j = 0; j < classes; ++j) {
        const Pack below = max - LoadPackOf(dtype_, x + j * kSumLanes), e = ExpOfMinus(below);
        StorePack(e, lanes_.weights + j * kSumLanes + k);
        const PackMask is_max = below == 0.0;
        rest = rest + Select(is_max & !found, Pack(0.0), e);
        found = found | is_max;
      }
      StorePack(max, lanes_.max + k);
      StorePack(max - min, lanes_.range + k);
      StorePack(rest, lanes_.rest + k);
    }
    for (std::size_t i = 0; i < kSumLanes; ++i) {
      const std::size_t at = lanes_.target[i] * kSumLanes + i;
      lanes_.below[i] = lanes_.max[i] - Load(dtype_, lanes_.x + at);
      lanes_.target_weight[i] = lanes_.weights[at];
    }
  }

  HWY_NOINLINE void Losses() {
    for (std::size_t k = 0; k < kSumLanes; k += kPackLanes) {
      const Pack rest = LoadPack(lanes_.rest + k), mass = LoadPack(lanes_.mass + k);
      const Pack below = LoadPack(lanes_.below + k);
      const PackMask none = mass == 0.0;
      const Pack loss = Select(none, Pack(0.0), mass * (below + Log1p(rest)));
      const Pack range = LoadPack(lanes_.range + k);
      const Pack unit = MulAdd(Select(range < 708.0, range, Pack(708.0)), Pack(0x1p-51), Pack(kBaseUnit));
      StorePack(loss, lanes_.loss + k);
      StorePack(Select(Abs(loss) < kInfinity, Abs(loss) * unit, Pack(0.0)), lanes_.loss_error + k);
      const Pack under = rest + 1.0, scale = mass * inverse_ / under;
      StorePack(scale, lanes_.scale + k);
      StorePack(Abs(scale) * unit, lanes_.error + k);
      // Along the target: softmax - 1, for which the top has a form of its own.
      const Pack share = Select(below == 0.0, -rest, LoadPack(lanes_.target_weight + k) - under);
      StorePack(share * scale, lanes_.slope + k);
    }
  }
  /// As SoftmaxKernel, but up to kFewClasses numbers are added up one by one.
  static constexpr double kBaseUnit = 0x1p-45;

  HWY_NOINLINE void Gradients() {
    const std::size_t classes = call_.classes;
    for (std::size_t k = 0; k < kSumLanes; k += kPackLanes) {
      const Pack scale = LoadPack(lanes_.scale + k), error = LoadPack(lanes_.error + k);
      for (std::size_t j = 0; j < classes; ++j) {
        const Pack e = LoadPack(lanes_.weights + j * kSumLanes + k), slope = e * scale;
        T* const to = lanes_.gradient + j * kSumLanes + k;
        if constexpr (kExact) {
          const Rounded<T> low = Round<T>(dtype_, NegMulAdd(e, error, slope));
          const Rounded<T> high = Round<T>(dtype_, MulAdd(e, error, slope));
          StoreRounded(dtype_, low, to);
          if (HWY_UNLIKELY(!SameLanes(low, high))) AddDoubts(DifferentLanes(low, high), k, j);
        } else {
          StoreRounded(dtype_, Round<T>(dtype_, slope), to);
        }
      }
    }
    for (std::size_t i = 0; i < kSumLanes; ++i) {
      const double slope = lanes_.slope[i], error = std::fabs(slope) * (lanes_.error[i] / lanes_.scale[i]);
      T* const to = lanes_.gradient + lanes_.target[i] * kSumLanes + i;
      if (!kExact || lanes_.scale[i] == 0) {
        Store(dtype_, RoundTo(dtype_, slope), to);
        continue;
      }
      const double bound = std::fabs(error), low = RoundTo(dtype_, slope - bound);
      Store(dtype_, low, to);
      if (!(low == RoundTo(dtype_, slope + bound)))
        doubts_.push_back({i, {RowOutput::Kind::kInput, lanes_.target[i]}});
    }
  }
  HWY_NOINLINE void AddDoubts(std::uint32_t bits, std::size_t k, std::size_t j) {
    for (; bits != 0; bits &= bits - 1) {
      const std::size_t lane = k + static_cast<std::size_t>(__builtin_ctz(bits));
      if (lanes_.target[lane] != j) doubts_.push_back({lane, {RowOutput::Kind::kInput, j}});
    }
  }

  HWY_NOINLINE void StoreLosses(std::size_t first, std::size_t size, RowSum* sum) {
    if (call_.loss == nullptr) return;
    if (call_.reduced) {
      // One tree for every target. What is not finite stands aside.
      double value[kSumLanes], error[kSumLanes];
      for (std::size_t i = 0; i < kSumLanes; ++i) {
        const bool finite = std::fabs(lanes_.loss[i] + lanes_.rest[i]) < kInfinity;
        value[i] = finite ? lanes_.loss[i] : 0;
        error[i] = finite ? lanes_.loss_error[i] + std::fabs(lanes_.loss[i]) * 0x1p-50 : 0;
        if (!finite && IsRegular(i)) sum->Add(lanes_.loss[i]);
      }
      for (std::size_t half = kSumLanes / 2; half > 0; half /= 2) {
        for (std::size_t i = 0; i < half; ++i) value[i] += value[i + half], error[i] += error[i + half];
      }
      return sum->Add(value[0], error[0]);
    }
    auto* const losses = static_cast<T*>(call_.loss) + first;
    for (std::size_t i = 0; i < size; ++i) {
      const double loss = lanes_.loss[i], error = kExact ? lanes_.loss_error[i] : 0;
      const double low = RoundTo(dtype_, loss - error);
      Store(dtype_, low, losses + i);
      if (kExact && !(low == RoundTo(dtype_, loss + error)) && IsRegular(i))
        doubts_.push_back({i, {RowOutput::Kind::kLoss, 0}});
    }
  }
  /// Not all logits of others are; those rows are done by themselves.
  bool IsRegular(std::size_t i) const {
    return std::fabs(lanes_.max[i] + lanes_.rest[i] + lanes_.mass[i]) < kInfinity;
  }

  HWY_NOINLINE void Resolve(std::size_t first, std::size_t size, std::uint32_t special, RowSum* sum) {
    if (words_ == nullptr) words_ = std::make_unique<WordKernel<T>>(call_);
    T gradient[kFewClasses];
    const auto tensors = [&](std::size_t lane) {
      T* const to = call_.gradients[0] == nullptr ? nullptr : gradient;
      return RowTensors<T>{nullptr, nullptr, {to, nullptr}, first + lane};
    };
    for (std::size_t i = 0; i < size; ++i) {
      if (((special >> i) & 1) != 0) {
        words_->Row(tensors(i), sum);
        for (std::size_t j = 0; j < call_.classes; ++j) lanes_.gradient[j * kSumLanes + i] = gradient[j];
        continue;
      }
      outputs_.clear();
      for (const Doubt& doubt : doubts_) {
        if (doubt.lane == i) outputs_.push_back(doubt.output);
      }
      if (outputs_.empty()) continue;
      words_->Some(tensors(i), outputs_);
      for (const RowOutput& output : outputs_) {
        if (output.kind == RowOutput::Kind::kInput)
          lanes_.gradient[output.index * kSumLanes + i] = gradient[output.index];
      }
    }
    doubts_.clear();
  }

  HWY_NOINLINE void Scatter(std::size_t first, std::size_t size) const {
    const std::size_t classes = call_.classes;
    T* const gradient = GradientAt(first);
    if (call_.inner == 1) {
      for (std::size_t i = 0; i < size; ++i) {
        for (std::size_t j = 0; j < classes; ++j)
          gradient[i * classes + j] = lanes_.gradient[j * kSumLanes + i];
      }
    } else {
      for (std::size_t j = 0; j < classes; ++j)
        std::memcpy(static_cast<void*>(gradient + j * call_.inner), lanes_.gradient + j * kSumLanes,
                    size * sizeof(T));
    }
  }

  const RowCall& call_;
  Dtype dtype_;
  double inverse_;
  Lanes lanes_;
  std::vector<Doubt> doubts_;
  std::vector<RowOutput> outputs_;
  std::unique_ptr<WordKernel<T>> words_;
};

}  // namespace exactloss::optimized::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // EXACTLOSS_OPTIMIZED_SOFTMAX_FEW_INL_H_
