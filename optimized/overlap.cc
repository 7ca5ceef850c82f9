// Overlap losses in double words: binary64, and what doubles leave in doubt.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "optimized/overlap.cc"
#include <hwy/foreach_target.h>  // IWYU pragma: keep

#include "optimized/overlap-inl.h"

HWY_BEFORE_NAMESPACE();
namespace exactloss::optimized::HWY_NAMESPACE {
namespace {

/// Of sums of numbers that may underflow: no format tells it from 0 after the division.
constexpr double kFloor = 0x1p-900;
/// exp(-kFar) is below every bound of a sum; further out double words underflow.
constexpr double kFar = 680;
constexpr double kWordUnit = 2 * DoubleWord::kUnit, kRefinedUnit = 0x1p-57;

/// sigmoid(-|x|) and sigmoid(|x|) from exp(-|x|).
struct WordSides {
  explicit HWY_INLINE WordSides(const DoubleWord& small)
      : major(DoubleWord(1.0) / (small + 1.0)), minor(small * major) {}
  DoubleWord major, minor;
};

/// Lane sums of double words and of the magnitudes of what they add up.
struct WordLaneSums {
  HWY_INLINE WordLaneSums() {}  // NOLINT(modernize-use-equals-default): a defaulted one is for no target
  HWY_INLINE void Add(std::size_t k, const PackMask& valid, const DoubleWord& term, const Pack& magnitude) {
    sums.sum[k] = sums.sum[k] + Select(valid, term, DoubleWord(0.0));
    sums.error[k] = MulAdd(Select(valid, magnitude, Pack(0.0)), kWordUnit, sums.error[k]);
  }
  LaneSums sums;
};

/// exp(x), -kFar <= x <= 0, of a narrow format: right to 2^-59.
HWY_INLINE DoubleWord RefinedExp(const Pack& x) {
  // 1 / 4! .. 1 / 15!
  static constexpr double kTail[] = {0x1.5555555555555p-5,  0x1.1111111111111p-7,  0x1.6c16c16c16c17p-10,
                                     0x1.a01a01a01a01ap-13, 0x1.a01a01a01a01ap-16, 0x1.71de3a556c734p-19,
                                     0x1.27e4fb7789f5cp-22, 0x1.ae64567f544e4p-26, 0x1.1eed8eff8d898p-29,
                                     0x1.6124613a86d09p-33, 0x1.93974a8c07c9dp-37, 0x1.ae7f3e733b81fp-41};
  const Pack shifted = MulAdd(x, 0x1.71547652b82fep0, kShift), k = shifted - kShift;
  const DoubleWord r = TwoSum(NegMulAdd(k, kLn2High, x), -(k * kLn2Low));  // the first difference is exact
  // 1 + r + r^2 / 2 + r^3 / 6 in double words, each part less than the one before it; the rest is below
  // 2^-10.
  DoubleWord square = TwoProduct(r.hi, r.hi);
  square.lo = MulAdd(r.hi + r.hi, r.lo, square.lo);
  const DoubleWord product = TwoProduct(square.hi, r.hi);
  const Pack product_lo = MulAdd(square.hi, r.lo, MulAdd(square.lo, r.hi, product.lo));
  DoubleWord cube = TwoProduct(product.hi, Pack(0x1.5555555555555p-3));
  cube.lo = MulAdd(product.hi, 0x1.5555555555555p-57, MulAdd(product_lo, 0x1.5555555555555p-3, cube.lo));
  const DoubleWord first = FastTwoSum(r.hi, square.hi * 0.5), second = FastTwoSum(first.hi, cube.hi);
  const DoubleWord third = FastTwoSum(Pack(1.0), second.hi);
  const Pack small = (first.lo + second.lo) + (r.lo + (MulAdd(square.lo, 0.5, cube.lo) + third.lo));
  const Pack tail = square.hi * square.hi * Polynomial(r.hi, kTail);
  const DoubleWord power = FastTwoSum(third.hi, tail + small);
  return Scaled(power, PowerOfTwo(shifted));
}

/// 1 / (1 + small), right to 2^-100.
HWY_INLINE DoubleWord RefinedMajor(const DoubleWord& small) {
  DoubleWord one = FastTwoSum(Pack(1.0), small.hi);
  one.lo = one.lo + small.lo;
  const Pack first = Pack(1.0) / one.hi;
  const DoubleWord product = TwoProduct(first, one.hi);
  const Pack rest = ((1.0 - product.hi) - product.lo) - first * one.lo;
  return FastTwoSum(first, first * rest);
}

/// Adds a to sum; what it lost to lost.
HWY_INLINE void AddCompensated(const DoubleWord& a, DoubleWord* sum) {
  const DoubleWord next = TwoSum(sum->hi, a.hi);
  sum->hi = next.hi;
  sum->lo = sum->lo + (next.lo + a.lo);
}

struct WordSlopes {
  Approx<DoubleWord> input, target;
};
/// Beyond `far` the logistic function stays where it is there.
HWY_INLINE WordSlopes SlopesOfWords(const OverlapSlopes& slopes, bool bce, double far, const Pack& x,
                                    const Pack& t) {
  const PackMask negative = IsNegative(x);
  const Pack magnitude = Abs(x);
  const WordSides sides(Exp(DoubleWord(-Select(magnitude > far, Pack(far), magnitude))));
  const DoubleWord p = Select(negative, sides.minor, sides.major), both = sides.minor * sides.major;
  const DoubleWord tilt(Pack(slopes.tilt.hi), Pack(slopes.tilt.lo));
  const DoubleWord level(Pack(slopes.level.hi), Pack(slopes.level.lo));
  const Pack tilt_error(slopes.tilt_error + std::fabs(slopes.tilt.hi) * kWordUnit);
  const Pack level_error(slopes.level_error + std::fabs(slopes.level.hi) * kWordUnit);
  WordSlopes r;
  r.input = {both * (level - tilt * DoubleWord(t)), both.hi * MulAdd(Abs(t), tilt_error, level_error)};
  r.target = {level - tilt * p, MulAdd(p.hi, tilt_error, level_error)};
  if (bce) {
    const DoubleWord share(Pack(slopes.share.hi), Pack(slopes.share.lo));
    const Pack share_error(std::fabs(slopes.share.hi) * kWordUnit);
    const DoubleWord wrong = Select(negative, DoubleWord(t), TwoSum(Pack(1.0), -t));
    const DoubleWord pull = wrong - sides.minor;
    r.input.value = r.input.value + share * Select(negative, -pull, pull);
    r.input.error = MulAdd(share_error, Abs(wrong.hi) + sides.minor.hi, r.input.error);
    r.target.value = r.target.value - share * DoubleWord(x);
    r.target.error = MulAdd(share_error, magnitude, r.target.error);
  }
  return r;
}

template <class T>
void LoadRun(Dtype dtype, const void* data, std::ptrdiff_t offset, std::size_t size, double* to) {
  const T* from = static_cast<const T*>(data) + offset;
  for (std::size_t i = 0; i < size; ++i) to[i] = Load(dtype, from + i);
}

bool IsSureLoss(const OverlapCall& call, const Total& total, double divisor) {
  if (!total.IsFinite()) return false;
  if (call.dtype == Dtype::kF64) return total.error <= std::fabs(total.sum.hi) * 0x1p-60;
  return call.mode == Mode::kFast || total.IsSure(call.dtype, divisor);
}

}  // namespace

HWY_NOINLINE OverlapSums SumOverlapWords(const OverlapWords& words, bool bce) {
  WordLaneSums e, d, n, b;
  Pack largest(0.0);
  for (std::size_t i = 0; i < words.size; i += kPackLanes) {
    const std::size_t k = i / kPackLanes % kSumPacks;
    const PackMask valid = FirstLanes(words.size - i);
    const Pack x = LoadPack(words.x + i), t = LoadPack(words.t + i), magnitude = Abs(x);
    const PackMask negative = IsNegative(x);
    const DoubleWord small = Exp(DoubleWord(-Select(magnitude > kFar, Pack(kFar), magnitude)));
    const WordSides sides(small);
    const DoubleWord p = Select(negative, sides.minor, sides.major);
    const DoubleWord q = Select(negative, sides.major, sides.minor);
    const DoubleWord other = TwoSum(Pack(1.0), -t), target(t);
    const Pack size_of_t = Abs(t);
    e.Add(k, valid, p * other + q * target, MulAdd(p.hi, Abs(other.hi), q.hi * size_of_t));
    d.Add(k, valid, p + target, p.hi + size_of_t);
    n.Add(k, valid, p * target, p.hi * size_of_t);
    largest = Max(size_of_t, largest);
    if (bce) {
      const DoubleWord share = Select(negative, target, other), log = Log1pOfUnit(small);
      const DoubleWord line = Select(share.hi == 0.0, DoubleWord(0.0), share * DoubleWord(magnitude));
      b.Add(k, valid, line + log, Abs(line.hi) + log.hi);
    }
  }
  return {SumOfLanes(e.sums), SumOfLanes(d.sums), SumOfLanes(n.sums), SumOfLanes(b.sums),
          !AllTrue(largest == Pack(0.0))};
}

HWY_NOINLINE OverlapSums SumOverlapRefined(const OverlapWords& words) {
  LaneSums d, n;
  Pack largest(0.0);
  for (std::size_t i = 0; i < words.size; i += kPackLanes) {
    const std::size_t k = i / kPackLanes % kSumPacks;
    const PackMask valid = FirstLanes(words.size - i);
    const Pack x = LoadPack(words.x + i), t = Select(valid, LoadPack(words.t + i), Pack(0.0));
    const Pack magnitude = Abs(x);
    const DoubleWord small = RefinedExp(-Select(magnitude > kFar, Pack(kFar), magnitude));
    const DoubleWord major = RefinedMajor(small);
    const DoubleWord side = Select(IsNegative(x), small * major, major);
    const DoubleWord p = Select(valid, side, DoubleWord(0.0));
    const DoubleWord product = TwoProduct(p.hi, t);
    AddCompensated(p, &d.sum[k]);
    AddCompensated(DoubleWord(t), &d.sum[k]);
    AddCompensated({product.hi, MulAdd(p.lo, t, product.lo)}, &n.sum[k]);
    const Pack size_of_t = Abs(t);
    d.error[k] = MulAdd(p.hi + size_of_t, kRefinedUnit, d.error[k]);
    n.error[k] = MulAdd(p.hi * size_of_t, kRefinedUnit, n.error[k]);
    largest = Max(size_of_t, largest);
  }
  return {{}, SumOfLanes(d), SumOfLanes(n), {}, !AllTrue(largest == Pack(0.0))};
}

HWY_NOINLINE void OverlapGradientWords(const OverlapWords& words, const OverlapSlopes& slopes, bool bce,
                                       double* const (&outputs)[2], Doubts* doubts) {
  for (std::size_t i = 0; i < words.size; i += kPackLanes) {
    const WordSlopes r = SlopesOfWords(slopes, bce, kInfinity, LoadPack(words.x + i), LoadPack(words.t + i));
    std::uint32_t doubtful = 0;
    const auto emit = [&](const Approx<DoubleWord>& a, double* to) HWY_ATTR {
      if (to == nullptr) return;
      StorePack(a.value.hi, to + i);
      const Pack magnitude = Abs(a.value.hi);
      const PackMask sure = (a.error <= magnitude * 0x1p-60) & (magnitude < kInfinity) &
                            ((magnitude == 0.0) | (magnitude >= 0x1p-700));
      if (HWY_UNLIKELY(!AllTrue(sure))) doubtful |= BitsOf(!sure);
    };
    emit(r.input, outputs[0]);
    emit(r.target, outputs[1]);
    const std::size_t rest = words.size - i;
    if (HWY_UNLIKELY(doubtful != 0))
      doubts->Add(i, rest < kPackLanes ? doubtful & ((1U << rest) - 1) : doubtful);
  }
}

OverlapSample::OverlapSample(const OverlapCall& call, std::size_t sample)
    : call_(call), sample_(sample), begin_(sample * call.sample_size()), size_(call.sample_size()) {}

void OverlapSample::SetSums(const OverlapSums& sums) {
  sums_ = sums;
  if (call_.dtype == Dtype::kF64) {
    word_sums_ = sums;
    has_word_sums_ = true;
  }
  is_nan_ = !std::isfinite(sums.d.sum.hi) && HasNan();
  if (is_nan_) return;
  has_slopes_[0] = true;
  usable_[0] = is_regular_ = SlopesOf(sums, &slopes_[0]);
}

bool OverlapSample::HasNan() const {
  for (std::size_t i = 0; i < size_; ++i) {
    const OverlapElement element = OverlapElementAt(call_, begin_ + i);
    if (element.x != element.x || element.t != element.t) return true;
  }
  return false;
}

bool OverlapSample::SlopesOf(const OverlapSums& sums, OverlapSlopes* slopes) const {
  const auto moderate = [](double x, double bound) {
    return std::fabs(x) >= 1 / bound && std::fabs(x) <= bound;
  };
  const Word2 smooth = {call_.smooth, 0}, d = Add(sums.d.sum, smooth);
  const Word2 n = Add({2 * sums.n.sum.hi, 2 * sums.n.sum.lo}, smooth);
  const double d_error = sums.d.error + (std::fabs(sums.d.sum.hi) + call_.smooth) * 0x1p-95;
  const double n_error = 2 * sums.n.error + (2 * std::fabs(sums.n.sum.hi) + call_.smooth) * 0x1p-95 +
                         (sums.has_targets ? kFloor : 0);
  const double v = call_.dice_weight, u = call_.bce_weight, part = d_error / std::fabs(d.hi);
  const bool usable = size_ != 0 && moderate(d.hi, 0x1p150) && part <= 0x1p-8 && std::isfinite(n.hi) &&
                      (v == 0 || moderate(v, 0x1p200)) && (u == 0 || moderate(u, 0x1p200));
  if (!usable) return false;
  const Word2 weight = Over({v, 0}, {call_.divisor, 0}), square = Times(d, d);
  slopes->tilt = Over({2 * weight.hi, 2 * weight.lo}, d);
  slopes->level = Times(weight, Over(n, square));
  slopes->share = Over({u, 0}, {static_cast<double>(size_), 0});
  slopes->tilt_error = std::fabs(slopes->tilt.hi) * (1.01 * part + 0x1p-93);
  slopes->level_error = std::fabs(weight.hi) / square.hi * 1.02 * n_error +
                        std::fabs(slopes->level.hi) * (2.05 * part + 0x1p-93);
  if (!sums.has_targets && call_.smooth == 0) slopes->level_error = 0;
  return true;
}

Total OverlapSample::LossOf(const OverlapSums& sums) const {
  Total total;
  total.sum.hi = kNan;  // for Multi to decide
  if (!is_regular_) return total;
  const Word2 e = sums.e.sum, d = Add(sums.d.sum, {call_.smooth, 0}), quotient = Over(e, d);
  const double d_error = sums.d.error + (std::fabs(sums.d.sum.hi) + call_.smooth) * 0x1p-95;
  const double part = d_error / std::fabs(d.hi), v = call_.dice_weight, u = call_.bce_weight;
  if (!(part <= 0x1p-8)) return total;
  const Word2 dice = Times({v, 0}, quotient);
  total.sum = dice;
  total.error = std::fabs(dice.hi) * (1.01 * part + 0x1p-93) +
                std::fabs(v) * 1.01 * (sums.e.error + kFloor) / std::fabs(d.hi);
  if (u == 0) return total;
  const auto count = static_cast<double>(size_);
  const Word2 cross = Times({u, 0}, Over(sums.b.sum, {count, 0}));
  total.sum = Add(dice, cross);
  total.error += std::fabs(cross.hi) * 0x1p-93 + std::fabs(u) * 1.01 * (sums.b.error + kFloor) / count +
                 std::fabs(dice.hi) * 0x1p-93;
  return total;
}

/// An infinity, if infinite logits of another class than theirs make it one; else 0.
double OverlapSample::LimitOfCrossEntropy() const {
  bool negative = false, positive = false;
  for (std::size_t i = 0; i < size_; ++i) {
    const OverlapElement element = OverlapElementAt(call_, begin_ + i);
    if (!std::isinf(element.x)) continue;
    const double share = element.x < 0 ? element.t : 1 - element.t;
    negative = negative || share < 0;
    positive = positive || share > 0;
  }
  if (negative == positive) return 0;
  return std::copysign(kInfinity, (positive ? 1 : -1) * call_.bce_weight);
}

Total OverlapSample::Loss() {
  Total total;
  if (is_nan_) {
    total.special = kNan;
    return total;
  }
  if (is_regular_ && call_.bce_weight != 0 && !std::isfinite(sums_.b.sum.hi + sums_.b.sum.lo)) {
    total.special = LimitOfCrossEntropy();
    if (total.special != 0) return total;
  }
  return LossOf(sums_);
}

Total OverlapSample::LossInWords() {
  OverlapSlopes slopes;
  is_regular_ = SlopesOf(WordSums(), &slopes);
  return LossOf(WordSums());
}

double OverlapSample::RoundedLoss() {
  Total total = Loss();
  if (total.special != 0) return total.special;
  if (!IsSureLoss(call_, total, 1) && call_.dtype != Dtype::kF64 && is_regular_) total = LossInWords();
  return IsSureLoss(call_, total, 1) ? total.Rounded(call_.dtype, 1) : Decision().Loss();
}

void OverlapSample::Load(std::size_t begin, std::size_t size, OverlapWords* words) const {
  for (std::size_t k = 0; k < 2; ++k) {
    double* to = k == 0 ? words->x : words->t;
    const Input& input = call_.inputs[k];
    const std::ptrdiff_t stride = RowStride(input, call_.columns);
    for (std::size_t i = 0; i < size;) {
      const std::size_t row = (begin + i) / call_.columns, column = (begin + i) % call_.columns;
      const std::size_t run = std::min(size - i, call_.columns - column);
      const auto offset = static_cast<std::ptrdiff_t>(row) * stride + static_cast<std::ptrdiff_t>(column);
      if (call_.dtype == Dtype::kF64) {
        LoadRun<double>(call_.dtype, input.data, offset, run, to + i);
      } else if (call_.dtype == Dtype::kF32) {
        LoadRun<float>(call_.dtype, input.data, offset, run, to + i);
      } else {
        LoadRun<Half>(call_.dtype, input.data, offset, run, to + i);
      }
      i += run;
    }
    for (std::size_t i = size; i % kPackLanes != 0; ++i) to[i] = to[size - 1];
  }
  words->size = size;
}

const OverlapSums& OverlapSample::WordSums() {
  if (!has_word_sums_) {
    OverlapWords words;
    for (std::size_t i = 0; i < size_; i += kBlock) {
      Load(begin_ + i, std::min(kBlock, size_ - i), &words);
      word_sums_.Add(SumOverlapWords(words, call_.bce_weight != 0));
    }
    has_word_sums_ = true;
  }
  return word_sums_;
}

/// Under the lock.
OverlapSlopes OverlapSample::SlopesAt(std::size_t level) {
  if (!has_slopes_[level]) {
    has_slopes_[level] = true;
    OverlapSums sums;
    if (level == 1) {
      OverlapWords words;
      for (std::size_t i = 0; i < size_; i += kBlock) {
        Load(begin_ + i, std::min(kBlock, size_ - i), &words);
        sums.Add(SumOverlapRefined(words));
      }
    } else {
      sums = WordSums();
    }
    usable_[level] = SlopesOf(sums, &slopes_[level]);
  }
  return slopes_[level];
}

OverlapDecision& OverlapSample::Decision() {
  if (decision_ == nullptr) decision_ = std::make_unique<OverlapDecision>(call_, sample_);
  return *decision_;
}

void OverlapSample::Resolve(std::size_t block, const std::uint16_t* lanes, std::size_t size,
                            void* const (&outputs)[2]) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto store = [&](std::size_t k, std::size_t lane, double rounded) {
    if (outputs[k] != nullptr) StoreTo(call_.dtype, rounded, outputs[k], lane);
  };
  const bool words = is_regular_ && call_.dtype != Dtype::kF64;
  double last_x = kNan, last_t = kNan, last[2] = {};  // neighbours are often equal
  for (std::size_t first = 0; first < size; first += kPackLanes) {
    const std::size_t count = std::min(kPackLanes, size - first);
    double x[kPackLanes], t[kPackLanes];
    for (std::size_t i = 0; i < kPackLanes; ++i) {
      const std::size_t lane = lanes[first + std::min(i, count - 1)];
      const OverlapElement element = OverlapElementAt(call_, begin_ + block * kBlock + lane);
      x[i] = element.x;
      t[i] = element.t;
    }
    std::uint32_t undecided = (1U << count) - 1;
    for (std::size_t level = 1; level < kLevels && words && undecided != 0; ++level) {
      const OverlapSlopes slopes = SlopesAt(level);
      if (!usable_[level]) continue;
      // Further out no narrow format tells the difference.
      const WordSlopes r = SlopesOfWords(slopes, call_.bce_weight != 0, kFar, LoadPack(x), LoadPack(t));
      double hi[2][kPackLanes], lo[2][kPackLanes], error[2][kPackLanes];
      for (std::size_t k = 0; k < 2; ++k) {
        const Approx<DoubleWord>& a = k == 0 ? r.input : r.target;
        StorePack(a.value.hi, hi[k]);
        StorePack(a.value.lo, lo[k]);
        StorePack(a.error, error[k]);
      }
      for (std::uint32_t bits = undecided; bits != 0; bits &= bits - 1) {
        const auto i = static_cast<std::size_t>(__builtin_ctz(bits));
        double rounded[2] = {};
        bool sure = true;
        for (std::size_t k = 0; k < 2; ++k) {
          if (outputs[k] == nullptr) continue;
          rounded[k] = RoundTo(call_.dtype, optimized::TwoSum(hi[k][i], lo[k][i] - error[k][i]));
          sure =
              sure && rounded[k] == RoundTo(call_.dtype, optimized::TwoSum(hi[k][i], lo[k][i] + error[k][i]));
        }
        if (!sure) continue;
        for (std::size_t k = 0; k < 2; ++k) store(k, lanes[first + i], rounded[k]);
        undecided &= ~(1U << i);
      }
    }
    for (; undecided != 0; undecided &= undecided - 1) {
      const auto i = static_cast<std::size_t>(__builtin_ctz(undecided));
      if (!(x[i] == last_x && t[i] == last_t) || std::isinf(x[i]) || std::isinf(t[i])) {
        Decision().Gradients(block * kBlock + lanes[first + i], last);
        last_x = x[i];
        last_t = t[i];
      }
      for (std::size_t k = 0; k < 2; ++k) store(k, lanes[first + i], last[k]);
    }
  }
}

void StoreOverlapLoss(const OverlapCall& call, const Total& total) {
  Total better = total;
  double rounded = total.special;
  if (rounded == 0) {
    if (!IsSureLoss(call, total, call.divisor) && call.dtype != Dtype::kF64) {
      better = {};
      for (std::size_t i = 0; i < call.samples(); ++i) better.Add(OverlapSample(call, i).LossInWords());
    }
    rounded = IsSureLoss(call, better, call.divisor) ? better.Rounded(call.dtype, call.divisor)
                                                     : OverlapDecision::Reduced(call);
  }
  StoreTo(call.dtype, rounded, call.loss, 0);
}

}  // namespace exactloss::optimized::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
