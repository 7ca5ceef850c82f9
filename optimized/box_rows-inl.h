// Rows of two boxes: to and from packs, and decided one by one in double words and then in Multi.
#if defined(EXACTLOSS_OPTIMIZED_BOX_ROWS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef EXACTLOSS_OPTIMIZED_BOX_ROWS_INL_H_
#undef EXACTLOSS_OPTIMIZED_BOX_ROWS_INL_H_
#else
#define EXACTLOSS_OPTIMIZED_BOX_ROWS_INL_H_
#endif

#include "optimized/box_decision.h"
#include "optimized/elementwise-inl.h"

HWY_BEFORE_NAMESPACE();
namespace exactloss::optimized::HWY_NAMESPACE {

inline constexpr std::size_t kBoxRows = 256;  ///< that are worked on together
static_assert(kBoxRows <= kBlock && kBoxRows % kSumLanes == 0);

template <class N>
struct Corners {
  N x1, y1, x2, y2;
};
template <class N>
struct BoxArguments {
  Corners<N> a, b;  ///< input and target
};

/// One corner of several rows in each pack, out of rows of four numbers.
HWY_INLINE void LoadCorners(Dtype, const float* from, Corners<Pack>* to) {
  V32 x1, y1, x2, y2;
  hn::LoadInterleaved4(D32(), from, x1, y1, x2, y2);
  to->x1 = Pack(hn::PromoteTo(D64(), x1));
  to->y1 = Pack(hn::PromoteTo(D64(), y1));
  to->x2 = Pack(hn::PromoteTo(D64(), x2));
  to->y2 = Pack(hn::PromoteTo(D64(), y2));
}
HWY_INLINE V64 WidenHalf(Dtype dtype, hn::VFromD<DU16> narrow) {
  const auto bits = hn::PromoteTo(DU32(), narrow);
  return hn::PromoteTo(D64(), dtype == Dtype::kBF16 ? FromBrain(bits) : FromHalf(bits));
}
HWY_INLINE void LoadCorners(Dtype dtype, const Half* from, Corners<Pack>* to) {
  hn::VFromD<DU16> x1, y1, x2, y2;
  hn::LoadInterleaved4(DU16(), &from->bits, x1, y1, x2, y2);
  to->x1 = Pack(WidenHalf(dtype, x1));
  to->y1 = Pack(WidenHalf(dtype, y1));
  to->x2 = Pack(WidenHalf(dtype, x2));
  to->y2 = Pack(WidenHalf(dtype, y2));
}

HWY_INLINE void StoreCorners(Dtype, const Rounded<float>& x1, const Rounded<float>& y1,
                             const Rounded<float>& x2, const Rounded<float>& y2, float* to) {
  hn::StoreInterleaved4(x1.v, y1.v, x2.v, y2.v, D32(), to);
}
HWY_INLINE hn::VFromD<DU16> NarrowHalf(Dtype dtype, V32 x) {
  const auto bits = dtype == Dtype::kBF16 ? hn::ShiftRight<16>(hn::BitCast(DU32(), x)) : ToHalf(x);
  return hn::DemoteTo(DU16(), hn::BitCast(DI32(), bits));
}
HWY_INLINE void StoreCorners(Dtype dtype, const Rounded<Half>& x1, const Rounded<Half>& y1,
                             const Rounded<Half>& x2, const Rounded<Half>& y2, Half* to) {
  hn::StoreInterleaved4(NarrowHalf(dtype, x1.v), NarrowHalf(dtype, y1.v), NarrowHalf(dtype, x2.v),
                        NarrowHalf(dtype, y2.v), DU16(), &to->bits);
}

/// Where a formula puts what it gives, when every output is wanted.
template <class N>
struct BoxTerms {
  static constexpr bool kTakesTarget = true;
  HWY_INLINE void Loss(const Approx<N>& a) { outputs[0] = a; }
  HWY_INLINE void Input(const Approx<N>& x1, const Approx<N>& y1, const Approx<N>& x2, const Approx<N>& y2) {
    outputs[1] = x1, outputs[2] = y1, outputs[3] = x2, outputs[4] = y2;
  }
  HWY_INLINE void Target(const Approx<N>& x1, const Approx<N>& y1, const Approx<N>& x2, const Approx<N>& y2) {
    outputs[5] = x1, outputs[6] = y1, outputs[7] = x2, outputs[8] = y2;
  }

  Approx<N> outputs[kRowOutputs];
};

/// A formula in Multi: what BoxesInMulti is in the file of its loss.
template <class F>
void EvaluateInMulti(const BoxConstants& constants, const Multi (&x)[kRowInputs],
                     Multi (&outputs)[kRowOutputs]) {
  BoxTerms<Multi> terms;
  F{constants}(BoxArguments<Multi>{{x[0], x[1], x[2], x[3]}, {x[4], x[5], x[6], x[7]}}, &terms);
  for (std::size_t k = 0; k < kRowOutputs; ++k) outputs[k] = terms.outputs[k].value;
}

/// Rows in double words: each output as hi, lo and a bound.
template <class F>
HWY_NOINLINE void EvaluateRows(const F& formula, const double (&inputs)[kRowInputs][kPackLanes],
                               const Scale& scale, WordLanes (&outputs)[kRowOutputs]) {
  const auto word = [&](std::size_t i) HWY_ATTR { return DoubleWord(LoadPack(inputs[i])); };
  const BoxArguments<DoubleWord> boxes = {{word(0), word(1), word(2), word(3)},
                                          {word(4), word(5), word(6), word(7)}};
  BoxTerms<DoubleWord> terms;
  formula(boxes, &terms);
  // Beyond these the error-free transformations lose what they should keep.
  PackMask tame = Pack(0.0) == 0.0;
  for (std::size_t i = 0; i < kRowInputs; ++i) {
    const Pack size = Abs(LoadPack(inputs[i]));
    tame = tame & ((size == 0.0) | ((size > 0x1p-80) & (size < 0x1p80)));
  }
  const Pack wild = Select(tame, Pack(formula.AreTame() ? 0.0 : kInfinity), Pack(kInfinity));
  for (std::size_t k = 0; k < kRowOutputs; ++k) {
    const Approx<DoubleWord> a = k == 0 ? terms.outputs[0] : scale.Apply(terms.outputs[k]);
    StorePack(a.value.hi, outputs[k].hi);
    StorePack(a.value.lo, outputs[k].lo);
    StorePack(a.error + wild, outputs[k].error);
  }
}

template <class T, class F>
class BoxRows {
 public:
  BoxRows(const F& formula, const ElementCall& call) : formula_(formula), call_(call), scale_(call.divisor) {}

  void Load(std::size_t row, double (&x)[kRowInputs]) const {
    for (std::size_t k = 0; k < 2; ++k) {
      const Input& input = call_.inputs[k];
      const T* box =
          static_cast<const T*>(input.data) + static_cast<std::ptrdiff_t>(row) * RowStride(input, kCorners);
      for (std::size_t i = 0; i < kCorners; ++i) x[k * kCorners + i] = optimized::Load(call_.dtype, box + i);
    }
  }

  /// Up to kPackLanes rows in double words; `row_of(i)` is the i-th.
  template <class RowOf>
  void Evaluate(const RowOf& row_of, std::size_t lanes, const Scale& scale,
                WordLanes (&words)[kRowOutputs]) const {
    double inputs[kRowInputs][kPackLanes];
    for (std::size_t i = 0; i < kPackLanes; ++i) {
      double x[kRowInputs];
      Load(row_of(std::min(i, lanes - 1)), x);
      for (std::size_t k = 0; k < kRowInputs; ++k) inputs[k][i] = x[k];
    }
    EvaluateRows(formula_, inputs, scale, words);
  }

  /// The loss of a row as a term of the sum.
  Total Term(std::size_t row, const WordLanes* word, std::size_t lane) const {
    Total total;
    if (word != nullptr && std::isfinite(word->hi[lane]) && std::isfinite(word->error[lane])) {
      total.sum = {word->hi[lane], word->lo[lane]};
      total.error = word->error[lane] + std::fabs(word->hi[lane]) * 0x1p-100;
      return total;
    }
    double x[kRowInputs];
    Load(row, x);
    return DecideTerm(F::kInMulti, formula_, x);
  }

  /// Decides a row and stores what it is asked for.
  void Resolve(std::size_t row, const WordLanes (&words)[kRowOutputs], std::size_t lane, T* loss,
               T* const (&gradients)[2]) const {
    double rounded[kRowOutputs];
    if (!WordsDecide(words, lane, rounded)) {
      double x[kRowInputs];
      Load(row, x);
      DecideRow(F::kInMulti, formula_, call_.dtype, x, call_.divisor, rounded);
    }
    if (loss != nullptr) Store(call_.dtype, rounded[0], loss);
    for (std::size_t k = 0; k < 2; ++k) {
      if (gradients[k] == nullptr) continue;
      for (std::size_t i = 0; i < kCorners; ++i)
        Store(call_.dtype, rounded[1 + k * kCorners + i], gradients[k] + i);
    }
  }

  const Scale& scale() const { return scale_; }

 private:
  /// binary64: to half an ulp and a little; else the rounded results are sure.
  bool WordsDecide(const WordLanes (&words)[kRowOutputs], std::size_t i,
                   double (&rounded)[kRowOutputs]) const {
    for (std::size_t k = 0; k < kRowOutputs; ++k) {
      const double hi = words[k].hi[i], lo = words[k].lo[i], error = words[k].error[i];
      if constexpr (std::is_same_v<T, double>) {
        const double size = std::fabs(hi);
        if (!(error <= size * 0x1p-60) || !(size < kInfinity) || (size != 0 && size < 0x1p-900)) return false;
        rounded[k] = hi;
      } else {
        rounded[k] = RoundTo(call_.dtype, optimized::TwoSum(hi, lo - error));
        if (!(rounded[k] == RoundTo(call_.dtype, optimized::TwoSum(hi, lo + error)))) return false;
        // Infinities that agree may come of an infinite bound.
        if (!(error < kInfinity)) return false;
      }
    }
    return true;
  }

  const F& formula_;
  const ElementCall& call_;
  Scale scale_;
};

}  // namespace exactloss::optimized::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // EXACTLOSS_OPTIMIZED_BOX_ROWS_INL_H_
