// Cross entropy of one place in double words.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "optimized/row_words.cc"
#include <hwy/foreach_target.h>  // IWYU pragma: keep

#include <algorithm>

#include "optimized/row_words-inl.h"

HWY_BEFORE_NAMESPACE();
namespace exactloss::optimized::HWY_NAMESPACE {
namespace {

// Below this a product's low half, or a double word's, is lost.
constexpr double kSmall = 0x1p-900, kLostHalf = 0x1p-1060;
constexpr double kDeep = 690;      // Exp of words gives none for less than exp(-690) < 2^-995
constexpr double kFarBelow = 760;  // exp(-760) < 2^-1096: nothing in binary64
// Of weights and divisor: beyond it products may leave the range of words.
constexpr double kModerate = 0x1p250;

HWY_INLINE DoubleWord Words(const Word2& x) { return {Pack(x.hi), Pack(x.lo)}; }
HWY_INLINE Word2 FirstLane(const DoubleWord& x) { return {hn::GetLane(x.hi.v), hn::GetLane(x.lo.v)}; }

/// Lanes from `i` on of `size` numbers; `fill` behind the last.
HWY_INLINE Pack LoadSome(const double* from, std::size_t i, std::size_t size, double fill) {
  if (HWY_LIKELY(i + kPackLanes <= size)) return LoadPack(from + i);
  double lanes[kPackLanes];
  for (std::size_t k = 0; k < kPackLanes; ++k) lanes[k] = i + k < size ? from[i + k] : fill;
  return LoadPack(lanes);
}

/// max - x exactly; +inf for x = -inf.
HWY_INLINE DoubleWord BelowMax(double max, const Pack& x) {
  const DoubleWord below = TwoSum(Pack(max), -x);
  const PackMask infinite = below.hi >= kInfinity;
  return {below.hi, Select(infinite, Pack(0.0), below.lo)};
}

struct WordSum {
  HWY_INLINE WordSum() : sum(Pack(0.0), Pack(0.0)) {}
  HWY_INLINE void Add(const DoubleWord& x) { sum = sum + x; }
  HWY_INLINE Word2 Total() const {
    double hi[kPackLanes], lo[kPackLanes];
    StorePack(sum.hi, hi);
    StorePack(sum.lo, lo);
    Word2 total;
    for (std::size_t k = 0; k < kPackLanes; ++k) total = optimized::Add(total, {hi[k], lo[k]});
    return total;
  }
  DoubleWord sum;
};
HWY_INLINE double TotalOf(const Pack& x) {
  double lanes[kPackLanes], total = 0;
  StorePack(x, lanes);
  for (const double lane : lanes) total += lane;
  return total;
}

}  // namespace

WordRow::WordRow(const RowCall& call) : call_(call) {
  RowSum one;
  one.Add(1.0);
  inverse_ = Divide(one, call.divisor);
}

HWY_NOINLINE void WordRow::FillWeights() {
  const std::size_t size = row_.classes;
  weight_hi_.resize(size + kPackLanes);
  weight_lo_.resize(size + kPackLanes);
  PackMask overflow = Pack(0.0) > Pack(0.0);
  for (std::size_t i = 0; i < size; i += kPackLanes) {
    const Pack x = LoadSome(row_.x, i, size, -kInfinity);
    const DoubleWord below = BelowMax(row_.max, x);
    const PackMask far = below.hi > kDeep;
    const DoubleWord weight = Select(far, DoubleWord(0.0), Exp(-Select(far, DoubleWord(0.0), below)));
    overflow = overflow | ((below.hi >= kInfinity) & (x > -kInfinity));
    StorePack(weight.hi, &weight_hi_[i]);
    StorePack(weight.lo, &weight_lo_[i]);
  }
  overflow_ = BitsOf(overflow) != 0;
  weight_hi_[row_.top] = weight_lo_[row_.top] = 0;
}

HWY_NOINLINE void WordRow::FillCoefficients() {
  const std::size_t size = row_.classes;
  c_hi_.assign(size + kPackLanes, 0.0);
  c_lo_.assign(size + kPackLanes, 0.0);
  const DoubleWord share = TwoSum(Pack(1.0), Pack(-row_.smoothing));
  const DoubleWord floor = DoubleWord(row_.smoothing) / DoubleWord(static_cast<double>(size));
  if (row_.probabilities == nullptr && row_.smoothing == 0) {
    c_hi_[row_.target] = row_.Weight(row_.target);
    return;
  }
  for (std::size_t i = 0; i < size; i += kPackLanes) {
    DoubleWord c(0.0);
    if (row_.probabilities != nullptr) {
      c = share * DoubleWord(LoadSome(row_.probabilities, i, size, 0.0));
    } else if (row_.target - i < kPackLanes) {
      double lanes[kPackLanes] = {};
      lanes[row_.target - i] = 1;
      c = share * DoubleWord(LoadPack(lanes));
    }
    if (row_.smoothing != 0) c = c + floor;
    if (row_.weight != nullptr) c = c * DoubleWord(LoadSome(row_.weight, i, size, 0.0));
    StorePack(c.hi, &c_hi_[i]);
    StorePack(c.lo, &c_lo_[i]);
  }
  for (std::size_t i = size; i < size + kPackLanes; ++i) c_hi_[i] = c_lo_[i] = 0;
}

HWY_NOINLINE void WordRow::AddUp() {
  const std::size_t size = row_.classes;
  const Word2 top{c_hi_[row_.top], c_lo_[row_.top]};
  c_hi_[row_.top] = c_lo_[row_.top] = 0;
  WordSum rest, others, value;
  Pack size_of_value(0.0), size_of_others(0.0), infinite(0.0);
  for (std::size_t i = 0; i < size; i += kPackLanes) {
    rest.Add({LoadPack(&weight_hi_[i]), LoadPack(&weight_lo_[i])});
    const DoubleWord c(LoadPack(&c_hi_[i]), LoadPack(&c_lo_[i]));
    if (AllTrue(c.hi == 0.0)) continue;
    const Pack x = LoadSome(row_.x, i, size, 0.0);
    const DoubleWord below = BelowMax(row_.max, x);
    const PackMask unbounded = (x <= -kInfinity) & !(c.hi == 0.0);
    const DoubleWord term = Select(below.hi < kInfinity, c * below, DoubleWord(0.0));
    others.Add(c);
    value.Add(term);
    size_of_value = size_of_value + Abs(term.hi);
    size_of_others = size_of_others + Abs(c.hi);
    infinite = infinite + Select(unbounded, c.hi * kInfinity, Pack(0.0));
  }
  rest_ = rest.Total();
  others_ = others.Total();
  value_ = value.Total();
  size_of_value_ = TotalOf(size_of_value);
  size_of_others_ = TotalOf(size_of_others);
  infinite_ = TotalOf(infinite);
  mass_ = optimized::Add(others_, top);
  size_of_mass_ = size_of_others_ + std::fabs(top.hi);
  c_hi_[row_.top] = top.hi;
  c_lo_[row_.top] = top.lo;
}

HWY_NOINLINE void WordRow::Prepare() {
  unit_ = DoubleWord::kUnit * (1 + static_cast<double>(row_.classes) * 0x1p-15);
  double weight = 1, least = 1;
  for (std::size_t j = 0; row_.weight != nullptr && j < row_.classes; ++j) {
    const double magnitude = std::fabs(row_.weight[j]);
    weight = magnitude <= weight ? weight : magnitude;  // a NaN as well
    if (magnitude != 0) least = std::min(least, magnitude);
  }
  const double scale = std::fabs(inverse_.value.hi);
  extreme_ = !(weight < kModerate && least > 1 / kModerate && scale < kModerate && scale > 1 / kModerate);
  lost_half_ = kLostHalf * weight * std::max(1.0, scale);
  FillWeights();
  FillCoefficients();
  AddUp();
  log_ = FirstLane(Log1p(Words(rest_)));
}

WordRow::Value WordRow::Loss() const {
  const DoubleWord curved = Words(mass_) * Words(log_);
  const Word2 loss = FirstLane(Words(value_) + curved);
  double error = (size_of_value_ + size_of_mass_ * log_.hi) * unit_;
  if (rest_.hi < kSmall && row_.classes > 1) error += size_of_mass_ * 2 * kSmall;
  if (error != 0) error += lost_half_;
  return {loss, overflow_ || extreme_ ? kInfinity : error};  // NOLINT(bugprone-narrowing-conversions)
}

/// The slope along the top: others - mass rest / (1 + rest).
WordRow::Value WordRow::Top() const {
  const DoubleWord share = Words(rest_) / (Words(rest_) + 1.0), inverse = Words(inverse_.value);
  const double scale = std::fabs(inverse_.value.hi), hi = rest_.hi / (1 + rest_.hi);
  double error = (size_of_others_ + size_of_mass_ * hi) * scale * unit_;
  if (rest_.hi < kSmall && row_.classes > 1) error += size_of_mass_ * scale * 2 * kSmall;
  if (error != 0) error += lost_half_;
  return {FirstLane((Words(others_) - Words(mass_) * share) * inverse), error};
}

HWY_NOINLINE void WordRow::Inputs(const std::size_t (&index)[kPackLanes], Lanes* lanes) const {
  double x[kPackLanes], hi[kPackLanes], lo[kPackLanes], c_hi[kPackLanes], c_lo[kPackLanes];
  for (std::size_t k = 0; k < kPackLanes; ++k) {
    const std::size_t j = index[k];
    x[k] = row_.x[j];
    hi[k] = weight_hi_[j];
    lo[k] = weight_lo_[j];
    c_hi[k] = c_hi_[j];
    c_lo[k] = c_lo_[j];
  }
  const DoubleWord inverse = Words(inverse_.value);
  const DoubleWord scale = Words(mass_) / (Words(rest_) + 1.0) * inverse;
  const double magnitude = size_of_mass_ / (1 + rest_.hi) * std::fabs(inverse_.value.hi);
  const DoubleWord drawn = scale * DoubleWord(LoadPack(hi), LoadPack(lo));
  const DoubleWord taken = DoubleWord(LoadPack(c_hi), LoadPack(c_lo)) * inverse;
  const DoubleWord slope = drawn - taken;
  Pack error = MulAdd(LoadPack(hi), Pack(magnitude), Abs(taken.hi)) * unit_;
  // What an exponential that is too small for words may be wrong by.
  const Pack below = Pack(row_.max) - LoadPack(x);
  const PackMask none = (below >= kInfinity) | ((below > kFarBelow) & (Pack(magnitude) <= 1.0));
  const PackMask tiny = (LoadPack(hi) < kSmall) & (!none);
  error = error + Select(tiny, Pack(magnitude * 2 * kSmall), Pack(0.0));
  error = error + Select(error == 0.0, Pack(0.0), Pack(lost_half_));
  StorePack(slope.hi, lanes->hi);
  StorePack(slope.lo, lanes->lo);
  StorePack(error, lanes->error);
}

HWY_NOINLINE void WordRow::Targets(const std::size_t (&index)[kPackLanes], Lanes* lanes) const {
  double x[kPackLanes], weight[kPackLanes];
  for (std::size_t k = 0; k < kPackLanes; ++k) {
    x[k] = row_.x[index[k]];
    weight[k] = row_.Weight(index[k]);
  }
  const DoubleWord share = TwoSum(Pack(1.0), Pack(-row_.smoothing));
  const DoubleWord factor = share * DoubleWord(LoadPack(weight)) * Words(inverse_.value);
  const DoubleWord below = BelowMax(row_.max, LoadPack(x));
  const PackMask zero = factor.hi == 0.0, infinite = LoadPack(x) <= -kInfinity;
  const DoubleWord slope = factor * (below + Words(log_));
  Pack error = Abs(slope.hi) * unit_;
  if (rest_.hi < kSmall && row_.classes > 1) error = error + Abs(factor.hi) * (2 * kSmall);
  error = error + lost_half_;
  const Pack hi = Select(infinite, factor.hi * kInfinity, slope.hi);
  StorePack(Select(zero, Pack(0.0), hi), lanes->hi);
  StorePack(Select(zero | infinite, Pack(0.0), slope.lo), lanes->lo);
  StorePack(Select(zero | infinite, Pack(0.0), error), lanes->error);
}

/// Infinities of the row, and outputs without a limit.
void WordRow::Settle(RowOutput::Kind kind, std::size_t index, Value* value) const {
  if (kind == RowOutput::Kind::kLoss && infinite_ != 0) {
    *value = {{infinite_, 0}, 0};
    return;
  }
  if (row_.kind != RowProblem::Kind::kSeveral) return;
  const bool taken =
      kind == RowOutput::Kind::kTarget ? value->value.hi != 0 || value->error != 0 : size_of_mass_ != 0;
  if (taken && (kind == RowOutput::Kind::kLoss || row_.IsTop(index))) *value = {{kNan, 0}, 0};
}

void WordRow::DecidePending(const std::vector<RowOutput>& outputs, std::vector<double>* rounded) {
  pending_.clear();
  for (const std::size_t at : pending_at_) pending_.push_back(outputs[at]);
  decided_.resize(pending_.size());
  DecideRow(call_, row_, pending_, decided_.data());
  for (std::size_t k = 0; k < pending_.size(); ++k) (*rounded)[pending_at_[k]] = decided_[k];
  pending_at_.clear();
}

void WordRow::Resolve(std::size_t place, const std::vector<RowOutput>& outputs, std::vector<double>* rounded,
                      RowSum* sum) {
  rounded->resize(outputs.size());
  row_ = LoadProblem(call_, place, &memory_);
  if (row_.kind == RowProblem::Kind::kNan) {
    std::fill(rounded->begin(), rounded->end(), kNan);
    sum->special = kNan;
    return;
  }
  Prepare();
  for (std::size_t first = 0; first < outputs.size();) {
    const RowOutput::Kind kind = outputs[first].kind;
    std::size_t index[kPackLanes], size = 0;
    while (size < kPackLanes && first + size < outputs.size() && outputs[first + size].kind == kind) {
      index[size] = outputs[first + size].index;
      ++size;
    }
    for (std::size_t k = size; k < kPackLanes; ++k) index[k] = index[0];
    Lanes lanes;
    if (kind == RowOutput::Kind::kInput) Inputs(index, &lanes);
    if (kind == RowOutput::Kind::kTarget) Targets(index, &lanes);
    for (std::size_t k = 0; k < size; ++k) {
      Value value;
      if (kind == RowOutput::Kind::kLoss) {
        value = Loss();
      } else if (kind == RowOutput::Kind::kInput && index[k] == row_.top) {
        value = Top();
      } else {
        value = {{lanes.hi[k], lanes.lo[k]}, lanes.error[k]};
      }
      if (extreme_) value.error = kInfinity;
      if (kind != RowOutput::Kind::kLoss && value.error != 0)
        value.error += std::fabs(value.value.hi) * (inverse_.error / std::fabs(inverse_.value.hi));
      Settle(kind, index[k], &value);
      if (!RoundsTo(call_.dtype, value.value, value.error, &(*rounded)[first + k]))
        pending_at_.push_back(first + k);
    }
    first += size;
  }
  if (!pending_at_.empty()) DecidePending(outputs, rounded);

  Value loss = Loss();
  Settle(RowOutput::Kind::kLoss, 0, &loss);
  const bool finite = std::isfinite(loss.value.hi) && std::isfinite(loss.value.lo);
  if (finite ? loss.error < kInfinity : loss.error == 0) {
    sum->Add(loss.value.hi);
    if (finite) sum->Add(loss.value.lo, loss.error);
    return;
  }
  RowCall wide = call_;
  wide.dtype = Dtype::kF64;
  double value = 0;
  DecideRow(wide, row_, {{RowOutput::Kind::kLoss, 0}}, &value);
  if (std::isfinite(value)) {
    sum->Add(value, std::fabs(value) * 0x1p-53 + 0x1p-1074);
  } else {
    sum->error = kInfinity;  // it overflows by itself; with others, or divided, it may not
  }
}

}  // namespace exactloss::optimized::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
