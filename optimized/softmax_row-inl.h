// Cross entropy of one row of a narrow format in doubles. With m the largest logit, e_j = exp(x_j - m) and
// `rest` the sum of all e_j but one that is 1, lse - m = log1p(rest), softmax = e / (1 + rest) and 1 -
// softmax of the top = rest / (1 + rest): nothing cancels, however far one class dominates.
#if defined(EXACTLOSS_OPTIMIZED_SOFTMAX_ROW_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef EXACTLOSS_OPTIMIZED_SOFTMAX_ROW_INL_H_
#undef EXACTLOSS_OPTIMIZED_SOFTMAX_ROW_INL_H_
#else
#define EXACTLOSS_OPTIMIZED_SOFTMAX_ROW_INL_H_
#endif

#include "optimized/row_words-inl.h"
#include "optimized/rows-inl.h"

HWY_BEFORE_NAMESPACE();
namespace exactloss::optimized::HWY_NAMESPACE {

/// All outputs of a place by way of words: binary64, and rows that are not finite.
template <class T>
class WordKernel {
 public:
  explicit WordKernel(const RowCall& call) : call_(call), words_(call) {}

  HWY_NOINLINE void Row(const RowTensors<T>& row, RowSum* sum) {
    if (outputs_.empty()) {
      outputs_.push_back({RowOutput::Kind::kLoss, 0});
      for (const RowOutput::Kind kind : {RowOutput::Kind::kInput, RowOutput::Kind::kTarget}) {
        if (call_.gradients[kind == RowOutput::Kind::kTarget] == nullptr) continue;
        for (std::size_t j = 0; j < call_.classes; ++j) outputs_.push_back({kind, j});
      }
    }
    words_.Resolve(row.place, outputs_, &rounded_, sum);
    Store(row, outputs_);
  }

  /// Those outputs alone.
  HWY_NOINLINE void Some(const RowTensors<T>& row, const std::vector<RowOutput>& outputs) {
    RowSum ignored;
    words_.Resolve(row.place, outputs, &rounded_, &ignored);
    Store(row, outputs);
  }

 private:
  void Store(const RowTensors<T>& row, const std::vector<RowOutput>& outputs) const {
    for (std::size_t k = 0; k < outputs.size(); ++k) {
      if (outputs[k].kind != RowOutput::Kind::kLoss) {
        T* const gradient = row.gradients[outputs[k].kind == RowOutput::Kind::kTarget];
        optimized::Store(call_.dtype, rounded_[k], gradient + outputs[k].index);
      } else if (!call_.reduced && call_.loss != nullptr) {
        optimized::Store(call_.dtype, rounded_[k], static_cast<T*>(call_.loss) + row.place);
      }
    }
  }

  const RowCall& call_;
  WordRow words_;
  std::vector<RowOutput> outputs_;
  std::vector<double> rounded_;
};

/// kGeneral: every class may have a coefficient; else the target's weight alone.
template <class T, bool kExact, bool kGeneral>
class SoftmaxKernel {
 public:
  explicit SoftmaxKernel(const RowCall& call)
      : call_(call),
        dtype_(call.dtype),
        inverse_(1 / (call.divisor.sum.hi + call.divisor.sum.lo + call.divisor.special)),
        share_(1 - call.smoothing),
        floor_(call.smoothing / static_cast<double>(call.classes)) {
    const std::size_t outputs = (call.gradients[0] != nullptr) + (call.gradients[1] != nullptr);
    streamed_ = call.inner == 1 && outputs * call.places() * call.classes * sizeof(T) >= kStreamedBytes &&
                call.classes >= 2 * kRowBlock;
  }

  HWY_NOINLINE void Row(const RowTensors<T>& row, RowSum* sum) {
    const std::size_t classes = call_.classes;
    const RowRange range = RangeOf(dtype_, row.x, classes);
    if (HWY_UNLIKELY(!(std::fabs(range.max) < kInfinity))) return Slow(row, sum);
    max_ = range.max;
    top_ = FindElement(dtype_, row.x, classes, range.max);
    double* const weights = Keeps(row) ? weights_.Get(RoundedUp(classes)) : nullptr;
    const Sums sums = AddUp(row, weights);
    if (HWY_UNLIKELY(!(sums.rest + sums.size_of_others + std::fabs(sums.top) < kInfinity)))
      return Slow(row, sum);
    rest_ = sums.rest;
    log_ = hn::GetLane(Log1p(Pack(rest_)).v);
    unit_ = kBaseUnit + range.LostInDifferences() * 0x1p-51;
    others_ = sums.others;  // 0 where the target alone counts and is the top
    size_of_others_ = sums.size_of_others;
    if constexpr (!kGeneral) {
      target_ = static_cast<std::size_t>(call_.target[row.place]);
      mass_ = Weight(target_);
      size_of_mass_ = std::fabs(mass_);
    } else {
      mass_ = others_ + sums.top;
      size_of_mass_ = size_of_others_ + std::fabs(sums.top);
    }
    Loss(row, sums, sum);
    if (row.gradients[0] != nullptr) InputGradient(row, weights);
    if (kGeneral && row.gradients[1] != nullptr) TargetGradient(row);
    if (HWY_UNLIKELY(!doubts_.empty())) {
      Words().Some(row, doubts_);
      doubts_.clear();
    }
  }

 private:
  /// Errors of exponential, sum, quotient, logarithm and the last products, of the magnitudes that an output
  /// is made of; a difference of logits that is not exact adds 2^-53 of itself to an exponential and as much
  /// to the sum.
  static constexpr double kBaseUnit = 0x1p-47;

  struct Sums {
    double rest, others, size_of_others, value, size_of_value, top;
  };

  bool Keeps(const RowTensors<T>& row) const { return row.gradients[0] != nullptr; }
  double Weight(std::size_t j) const {
    return call_.weight == nullptr ? 1 : Load(dtype_, static_cast<const T*>(call_.weight) + j);
  }

  WordKernel<T>& Words() {
    if (words_ == nullptr) words_ = std::make_unique<WordKernel<T>>(call_);
    return *words_;
  }
  HWY_NOINLINE void Slow(const RowTensors<T>& row, RowSum* sum) { Words().Row(row, sum); }

  /// c_j of a block; 0 behind its end.
  HWY_NOINLINE void Coefficients(const RowTensors<T>& row, std::size_t begin, std::size_t size,
                                 double* c) const {
    alignas(64) T buffers[2][kRowBlock];
    const T* probabilities = row.probabilities == nullptr
                                 ? nullptr
                                 : WholeGroups(row.probabilities + begin, size, T{}, buffers[0]);
    const T* weight = call_.weight == nullptr
                          ? nullptr
                          : WholeGroups(static_cast<const T*>(call_.weight) + begin, size, T{}, buffers[1]);
    const bool by_index = probabilities == nullptr;
    const std::size_t target = by_index ? static_cast<std::size_t>(call_.target[row.place]) : 0;
    for (std::size_t i = 0; i < size; i += kPackLanes) {
      Pack coefficient(floor_);
      if (!by_index) coefficient = MulAdd(LoadPackOf(dtype_, probabilities + i), Pack(share_), coefficient);
      if (weight != nullptr) coefficient = coefficient * LoadPackOf(dtype_, weight + i);
      StorePack(coefficient, c + i);
    }
    if (by_index && target - begin < size) c[target - begin] = (share_ + floor_) * Weight(target);
    for (std::size_t i = size; i < RoundedUp(size); ++i) c[i] = 0;
  }

  HWY_NOINLINE Sums AddUp(const RowTensors<T>& row, double* weights) const {
    alignas(64) T buffer[kRowBlock];
    alignas(64) double block[kRowBlock], c[kRowBlock], products[kRowBlock];
    T masked;
    Store(dtype_, -kInfinity, &masked);
    const Pack max(max_);
    LaneSum rest, others, size_of_others, value, size_of_value;
    Sums sums = {};
    for (std::size_t begin = 0; begin < call_.classes; begin += kRowBlock) {
      const std::size_t size = std::min(kRowBlock, call_.classes - begin), whole = RoundedUp(size);
      const T* x = WholeGroups(row.x + begin, size, masked, buffer);
      double* const e = weights == nullptr ? block : weights + begin;
      for (std::size_t i = 0; i < whole; i += kPackLanes)
        StorePack(ExpOfMinus(max - LoadPackOf(dtype_, x + i)), e + i);
      for (std::size_t i = size; i < whole; ++i) e[i] = 0;
      const std::size_t top = top_ - begin;
      if (top < size) e[top] = 0;
      rest.Add(e, whole);
      if constexpr (kGeneral) {
        Coefficients(row, begin, size, c);
        for (std::size_t i = 0; i < whole; i += kPackLanes) {
          const Pack a = LoadPack(c + i);
          StorePack(Select(a == 0.0, Pack(0.0), a * (max - LoadPackOf(dtype_, x + i))), products + i);
        }
        value.Add(products, whole);
        Magnitudes(products, whole);
        size_of_value.Add(products, whole);
        if (top < size) {
          sums.top = c[top];
          c[top] = 0;
        }
        others.Add(c, whole);
        Magnitudes(c, whole);
        size_of_others.Add(c, whole);
      }
    }
    sums.rest = rest.Total();
    sums.others = others.Total();
    sums.size_of_others = size_of_others.Total();
    sums.value = value.Total();
    sums.size_of_value = size_of_value.Total();
    return sums;
  }
  static HWY_INLINE void Magnitudes(double* x, std::size_t size) {
    for (std::size_t i = 0; i < size; i += kPackLanes) StorePack(Abs(LoadPack(x + i)), x + i);
  }

  void Loss(const RowTensors<T>& row, const Sums& sums, RowSum* sum) {
    if (call_.loss == nullptr) return;
    double value = sums.value, size_of_value = sums.size_of_value;
    if constexpr (!kGeneral) {
      const double x = Load(dtype_, row.x + target_);
      value = mass_ == 0 ? 0 : mass_ * (max_ - x);
      size_of_value = std::fabs(value);
    }
    const double loss = value + mass_ * log_;
    const double error = std::isinf(loss) ? 0 : (size_of_value + size_of_mass_ * log_) * unit_;
    if (call_.reduced) return sum->Add(loss, error);
    Emit({RowOutput::Kind::kLoss, 0}, loss, error, static_cast<T*>(call_.loss) + row.place);
  }

  void Emit(const RowOutput& output, double value, double error, T* to) {
    const double low = RoundTo(dtype_, kExact ? value - error : value);
    Store(dtype_, low, to);
    const bool sure =
        kExact ? low == RoundTo(dtype_, value + error) : !kGeneral || error <= std::fabs(value) * kFaithful;
    if (!sure) doubts_.push_back(output);
  }

  /// A pack of outputs; the lanes below `size` count.
  HWY_INLINE void Emit(RowOutput::Kind kind, std::size_t index, std::size_t size, const Pack& value,
                       const Pack& error, T* to) {
    std::uint32_t bits = 0;
    if constexpr (kExact) {
      bits = StoreTested(dtype_, value, error, to);
    } else {
      StoreRounded(dtype_, Round<T>(dtype_, value), to);
      if constexpr (kGeneral) bits = BitsOf(!(error <= Abs(value) * kFaithful));
    }
    if (HWY_UNLIKELY(bits != 0)) Doubt(kind, index, size, bits);
  }
  /// Mode fast: an error of so much of a float32 before it is rounded. Coefficients may cancel further; the
  /// target's alone does not.
  static constexpr double kFaithful = 0x1p-26;
  HWY_NOINLINE void Doubt(RowOutput::Kind kind, std::size_t index, std::size_t size, std::uint32_t bits) {
    for (std::size_t i = 0; i < std::min(size, kPackLanes); ++i) {
      if ((bits >> i) & 1 && !(kind == RowOutput::Kind::kInput && IsSingle(index + i)))
        doubts_.push_back({kind, index + i});
    }
  }
  /// Classes whose slopes are computed one by one.
  bool IsSingle(std::size_t j) const { return j == top_ || (!kGeneral && j == target_); }

  /// Where a block of an output is written first: in place, or in the buffer.
  T* BlockOf(T* gradient, std::size_t begin, std::size_t size) {
    return streamed_ || size % kPackLanes != 0 ? buffer_ : gradient + begin;
  }
  void Finish(const T* block, T* gradient, std::size_t begin, std::size_t size) const {
    if (block == buffer_) CopyOut(block, size * sizeof(T), gradient + begin, streamed_);
  }

  HWY_NOINLINE void InputGradient(const RowTensors<T>& row, const double* weights) {
    const double scale = mass_ * inverse_ / (1 + rest_);
    const Pack factor(scale), unit(std::fabs(size_of_mass_ * inverse_ / (1 + rest_)) * unit_);
    alignas(64) double c[kRowBlock];
    T* const gradient = row.gradients[0];
    for (std::size_t begin = 0; begin < call_.classes; begin += kOutputBlock) {
      const std::size_t size = std::min(kOutputBlock, call_.classes - begin);
      T* const block = BlockOf(gradient, begin, size);
      if constexpr (kGeneral) {
        for (std::size_t part = 0; part < size; part += kRowBlock) {
          const std::size_t length = std::min(kRowBlock, size - part);
          Coefficients(row, begin + part, length, c);
          for (std::size_t i = 0; i < length; i += kPackLanes) {
            const Pack e = LoadPack(weights + begin + part + i), taken = LoadPack(c + i) * inverse_;
            Emit(RowOutput::Kind::kInput, begin + part + i, length - i, MulAdd(e, factor, -taken),
                 MulAdd(e, unit, Abs(taken) * 0x1p-49), block + part + i);
          }
        }
      } else {
        for (std::size_t i = 0; i < size; i += kPackLanes) {
          const Pack e = LoadPack(weights + begin + i);
          Emit(RowOutput::Kind::kInput, begin + i, size - i, e * factor, e * unit, block + i);
        }
      }
      Singles(begin, size, weights, block);
      Finish(block, gradient, begin, size);
    }
  }

  void Singles(std::size_t begin, std::size_t size, const double* weights, T* block) {
    const double scale = std::fabs(inverse_), under = 1 + rest_;
    if (top_ - begin < size) {
      T* const to = block + (top_ - begin);
      const RowOutput output = {RowOutput::Kind::kInput, top_};
      if (!kGeneral && target_ != top_) {
        const double slope = mass_ / under * inverse_;
        Emit(output, slope, std::fabs(slope) * unit_, to);
      } else {
        const double drawn = rest_ / under;
        Emit(output, (others_ - mass_ * drawn) * inverse_,
             (size_of_others_ * kCoefficientUnit + size_of_mass_ * drawn * unit_) * scale, to);
      }
    }
    if (!kGeneral && target_ != top_ && target_ - begin < size) {
      const double drawn = weights[target_] / under;
      Emit({RowOutput::Kind::kInput, target_}, mass_ * (drawn - 1) * inverse_,
           size_of_mass_ * (0x1p-50 + drawn * unit_) * scale, block + (target_ - begin));
    }
  }
  static constexpr double kCoefficientUnit = 0x1p-48;

  /// w_j (1 - s) (lse - x_j)
  HWY_NOINLINE void TargetGradient(const RowTensors<T>& row) {
    alignas(64) T buffers[2][kRowBlock];
    const Pack max(max_), log(log_), share(share_ * inverse_);
    T* const gradient = row.gradients[1];
    for (std::size_t begin = 0; begin < call_.classes; begin += kOutputBlock) {
      const std::size_t size = std::min(kOutputBlock, call_.classes - begin);
      T* const block = BlockOf(gradient, begin, size);
      for (std::size_t part = 0; part < size; part += kRowBlock) {
        const std::size_t length = std::min(kRowBlock, size - part), at = begin + part;
        const T* x = WholeGroups(row.x + at, length, T{}, buffers[0]);
        const T* weight = call_.weight == nullptr ? nullptr
                                                  : WholeGroups(static_cast<const T*>(call_.weight) + at,
                                                                length, T{}, buffers[1]);
        for (std::size_t i = 0; i < length; i += kPackLanes) {
          Pack factor = share;
          if (weight != nullptr) factor = factor * LoadPackOf(dtype_, weight + i);
          const Pack slope =
              Select(factor == 0.0, Pack(0.0), factor * ((max - LoadPackOf(dtype_, x + i)) + log));
          const Pack error = Select(Abs(slope) < kInfinity, Abs(slope) * unit_, Pack(0.0));
          Emit(RowOutput::Kind::kTarget, at + i, length - i, slope, error, block + part + i);
        }
      }
      Finish(block, gradient, begin, size);
    }
  }

  static constexpr std::size_t kOutputBlock = 8 * kRowBlock;

  const RowCall& call_;
  Dtype dtype_;
  double inverse_, share_, floor_;
  bool streamed_;
  // The row.
  double max_ = 0, rest_ = 0, log_ = 0, unit_ = 0;
  double mass_ = 0, size_of_mass_ = 0, others_ = 0, size_of_others_ = 0;
  std::size_t top_ = 0, target_ = 0;
  std::vector<RowOutput> doubts_;
  std::unique_ptr<WordKernel<T>> words_;
  alignas(64) T buffer_[kOutputBlock];
  Scratch<double, 1024> weights_;
};

}  // namespace exactloss::optimized::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // EXACTLOSS_OPTIMIZED_SOFTMAX_ROW_INL_H_
