// Elements, and sums of them, that a pack of doubles leaves in doubt: in double words, and then in Multi,
// which decides everything.
#if defined(EXACTLOSS_OPTIMIZED_ELEMENT_DECISION_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef EXACTLOSS_OPTIMIZED_ELEMENT_DECISION_INL_H_
#undef EXACTLOSS_OPTIMIZED_ELEMENT_DECISION_INL_H_
#else
#define EXACTLOSS_OPTIMIZED_ELEMENT_DECISION_INL_H_
#endif

#include <algorithm>
#include <cmath>

#include "optimized/chunks.h"
#include "optimized/formula-inl.h"
#include "optimized/limit_trials.h"
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

/// `divisor` and its reciprocal as every kind of number.
struct Scale {
  explicit Scale(double divisor_)
      : divisor(divisor_),
        inverse(1 / divisor_),
        lost(std::fma(-divisor, inverse, 1.0) * inverse),
        unit(lost == 0 ? 0.0 : 0x1p-50) {}
  template <class N>
  HWY_INLINE Approx<N> Apply(const Approx<N>& a) const {
    if constexpr (std::is_same_v<N, Multi>) {
      return {a.value / Multi(divisor)};
    } else if constexpr (std::is_same_v<N, DoubleWord>) {
      return {a.value * DoubleWord(Pack(inverse), Pack(lost)),
              MulAdd(a.error, inverse, Abs(a.value.hi) * DoubleWord::kUnit)};
    } else {
      const N value = a.value * inverse;
      return WithError(value, MulAdd(a.error, inverse, Abs(value) * unit));
    }
  }
  double divisor, inverse, lost;
  /// What a pack loses: by a power of two, as a batch often is, nothing, so that 0 stays a proof.
  double unit;
};

/// The rounded loss and gradients of one element, decided in Multi; infinite inputs as limits.
template <class F>
HWY_NOINLINE void DecideElement(const F& formula, Dtype dtype, const double (&inputs)[kInputs],
                                double divisor, double (&rounded)[kOutputs]) {
  const LimitTrials trials({std::begin(inputs), std::end(inputs)});
  trials.FindLimit(rounded, [&](std::size_t trial, double* r) {
    Decide([&] {
      const auto number = [&](std::size_t i) { return trials.At(trial, i); };
      const Arguments<Multi> arguments = {number(0), number(1), {number(2), number(3)}};
      Terms<Multi> terms;
      formula(arguments, &terms);
      const bool loss = terms.loss.value.RoundsTo(dtype, &r[0]);
      const bool input = (terms.input.value / Multi(divisor)).RoundsTo(dtype, &r[1]);
      return (terms.target.value / Multi(divisor)).RoundsTo(dtype, &r[2]) && loss && input;
    });
  });
}

/// A pack of elements in double words: each output as hi, lo and a bound.
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
      const std::ptrdiff_t stride = RowStride(input, call_.columns);
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

}  // namespace exactloss::optimized::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // EXACTLOSS_OPTIMIZED_ELEMENT_DECISION_INL_H_
