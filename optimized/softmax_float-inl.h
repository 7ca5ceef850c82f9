// Cross entropy of one long row of float32 in mode fast: exponentials in floats, sums in doubles. For targets
// with FMA: it makes what roundings lose cheap to know.
#if defined(EXACTLOSS_OPTIMIZED_SOFTMAX_FLOAT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef EXACTLOSS_OPTIMIZED_SOFTMAX_FLOAT_INL_H_
#undef EXACTLOSS_OPTIMIZED_SOFTMAX_FLOAT_INL_H_
#else
#define EXACTLOSS_OPTIMIZED_SOFTMAX_FLOAT_INL_H_
#endif

#include "optimized/softmax_row-inl.h"

HWY_BEFORE_NAMESPACE();
namespace exactloss::optimized::HWY_NAMESPACE {

using DF = hn::CappedTag<float, kSumLanes>;
using DFI = hn::RebindToSigned<DF>;
using VF = hn::VFromD<DF>;
inline constexpr std::size_t kFloatLanes = hn::MaxLanes(DF());

/// 2^64 exp(x - max) for x <= max, as a float and what it lost in rounding: right to 0.25 2^-23 of itself.
/// The difference is not rounded. Where it is below -120 the result stays where it is there: it is 0 in
/// float32.
HWY_INLINE VF ScaledExpBelow(VF x, VF max, VF* HWY_RESTRICT rounding) {
  const DF d;
  const auto set = [&](float c) HWY_ATTR { return hn::Set(d, c); };
  const VF difference = hn::Sub(x, max), part = hn::Sub(difference, x);
  const VF lost = hn::Sub(hn::Sub(x, hn::Sub(difference, part)), hn::Add(max, part));
  const auto far = hn::Lt(difference, set(-120.0F));
  const VF y = hn::IfThenElse(far, set(-120.0F), difference);
  // exp(r) = 1 + r + r^2 p(r), |r| <= ln(2) / 2, p of Cephes (Moshier 1989).
  const VF shifted = hn::MulAdd(y, set(0x1.715476p0F), set(0x1.8p23F));
  const VF k = hn::Sub(shifted, set(0x1.8p23F));
  const VF near = hn::NegMulAdd(k, set(0x1.63p-1F), y);
  const VF r = hn::Add(hn::MulAdd(k, set(0x1.bd0106p-13F), near), hn::IfThenZeroElse(far, lost));
  const VF r2 = hn::Mul(r, r);
  const VF high = hn::MulAdd(set(1.9875691500e-4F), r, set(1.3981999507e-3F));
  const VF middle = hn::MulAdd(set(8.3334519073e-3F), r, set(4.1665795894e-2F));
  const VF low = hn::MulAdd(set(1.6666665459e-1F), r, set(5.0000001201e-1F));
  const VF p = hn::MulAdd(hn::MulAdd(high, r2, middle), r2, low);
  const VF excess = hn::MulAdd(r2, p, r);
  const auto biased = hn::Add(hn::BitCast(DFI(), shifted), hn::Set(DFI(), 127 + 64));
  const VF power = hn::BitCast(d, hn::ShiftLeft<23>(biased));
  const VF result = hn::MulAdd(excess, power, power);
  *rounding = hn::MulSub(excess, power, hn::Sub(result, power));
  return result;
}

class FloatKernel {
 public:
  explicit FloatKernel(const RowCall& call)
      : call_(call),
        doubles_(call),
        inverse_(1 / (call.divisor.sum.hi + call.divisor.sum.lo + call.divisor.special)) {
    streamed_ = call.inner == 1 && call.gradients[0] != nullptr &&
                call.places() * call.classes * sizeof(float) >= kStreamedBytes;
  }

  HWY_NOINLINE void Row(const RowTensors<float>& row, RowSum* sum) {
    const std::size_t classes = call_.classes;
    const auto target = static_cast<std::size_t>(call_.target[row.place]);
    const double mass =
        call_.weight == nullptr ? 1 : static_cast<double>(static_cast<const float*>(call_.weight)[target]);
    const double max = static_cast<double>(MaxOf(row.x, classes)), scale = std::fabs(mass * inverse_);
    // Beyond it the scaled exponentials would not do.
    if (HWY_UNLIKELY(!(std::fabs(max) < kInfinity) || !(scale < 0x1p20 && scale > 0x1p-40)))
      return doubles_.Row(row, sum);
    const std::size_t top = FindElement(call_.dtype, row.x, classes, max);
    float* const weights = weights_.Get(2 * RoundedUp(classes));
    const double rest = AddUp(row.x, static_cast<float>(max), top, weights);
    if (HWY_UNLIKELY(!(rest < kInfinity))) return doubles_.Row(row, sum);
    const double below = max - static_cast<double>(row.x[target]);
    if (call_.loss != nullptr) {
      const double loss = mass * (below + hn::GetLane(Log1p(Pack(rest)).v));
      if (call_.reduced) {
        sum->Add(loss);
      } else {
        static_cast<float*>(call_.loss)[row.place] = static_cast<float>(loss);
      }
    }
    if (row.gradients[0] == nullptr) return;
    const double factor = mass * inverse_ / (1 + rest);
    Single singles[2] = {{top, factor},
                         {target, -factor * (1 + rest - hn::GetLane(ExpOfMinus(Pack(below)).v))}};
    if (below == 0) singles[target == top ? 0 : 1] = {target, -factor * rest};
    Gradient(weights, factor, singles, target == top ? 1 : 2, row.gradients[0]);
  }

 private:
  struct Single {
    std::size_t index;
    double slope;
  };

  /// The sum of all exponentials but the top's.
  HWY_NOINLINE double AddUp(const float* x, float max, std::size_t top, float* weights) const {
    alignas(64) float buffer[kRowBlock];
    const VF vmax = hn::Set(DF(), max);
    VF correction = hn::Zero(DF());  // so small that floats will do
    LaneSum rest;
    for (std::size_t begin = 0; begin < call_.classes; begin += kRowBlock) {
      const std::size_t size = std::min(kRowBlock, call_.classes - begin), whole = RoundedUp(size);
      const float* const from = WholeGroups(x + begin, size, max, buffer);
      float *const e = weights + begin, *const lost = e + RoundedUp(call_.classes);
      for (std::size_t i = 0; i < whole; i += kFloatLanes) {
        VF rounding;
        hn::StoreU(ScaledExpBelow(hn::LoadU(DF(), from + i), vmax, &rounding), DF(), e + i);
        hn::StoreU(rounding, DF(), lost + i);
        correction = hn::Add(correction, rounding);
      }
      for (std::size_t i = size; i < whole; ++i) e[i] = 0;  // the top and the padding lost nothing
      if (top - begin < size) e[top - begin] = 0;
      rest.Add(e, whole);
    }
    return (rest.Total() + SumOfLanes(correction)) * 0x1p-64;
  }

  static double SumOfLanes(VF x) {
    float lanes[kFloatLanes];
    hn::StoreU(x, DF(), lanes);
    double sum = 0;
    for (const float lane : lanes) sum += static_cast<double>(lane);
    return sum;
  }

  HWY_NOINLINE void Gradient(const float* weights, double factor, const Single* singles, std::size_t count,
                             float* gradient) {
    const DF d;
    const float* const lost = weights + RoundedUp(call_.classes);
    // In two parts, as the exponentials: nothing is lost before the last rounding.
    const double scaled = factor * 0x1p-64;
    const auto first = static_cast<float>(scaled);
    const VF hi = hn::Set(d, first), lo = hn::Set(d, static_cast<float>(scaled - static_cast<double>(first)));
    for (std::size_t begin = 0; begin < call_.classes; begin += kOutputBlock) {
      const std::size_t size = std::min(kOutputBlock, call_.classes - begin);
      float* const block = streamed_ || size % kFloatLanes != 0 ? buffer_ : gradient + begin;
      for (std::size_t i = 0; i < size; i += kFloatLanes) {
        const VF e = hn::LoadU(d, weights + begin + i), rounding = hn::LoadU(d, lost + begin + i);
        hn::StoreU(hn::MulAdd(e, hi, hn::MulAdd(e, lo, hn::Mul(rounding, hi))), d, block + i);
      }
      for (std::size_t k = 0; k < count; ++k) {
        if (singles[k].index - begin < size)
          block[singles[k].index - begin] = static_cast<float>(singles[k].slope);
      }
      if (block == buffer_) CopyOut(block, size * sizeof(float), gradient + begin, streamed_);
    }
  }

  static constexpr std::size_t kOutputBlock = 8 * kRowBlock;

  const RowCall& call_;
  SoftmaxKernel<float, false, false> doubles_;
  double inverse_;
  bool streamed_;
  alignas(64) float buffer_[kOutputBlock];
  Scratch<float, 2048> weights_;
};

}  // namespace exactloss::optimized::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // EXACTLOSS_OPTIMIZED_SOFTMAX_FLOAT_INL_H_
