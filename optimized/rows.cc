#include "optimized/rows.h"

#include <algorithm>

#include "optimized/multi.h"

namespace exactloss::optimized {

Quotient Divide(const RowSum& a, const RowSum& b) {
  const Word2 over = TwoSum(a.sum.hi, a.sum.lo), under = TwoSum(b.sum.hi, b.sum.lo);
  const double first = (over.hi + a.special) / (under.hi + b.special);
  const double lost = std::fma(-first, under.hi, over.hi);
  const double second = (lost + (over.lo - first * under.lo)) / under.hi;
  if (!std::isfinite(first) || !std::isfinite(second)) return {{first, 0}, 0};
  Quotient quotient{TwoSum(first, second), 0};
  const bool exact = under.lo == 0 && lost == 0 && (over.lo == 0 || IsPowerOfTwo(std::fabs(under.hi)));
  if (!exact || a.error != 0 || b.error != 0) {
    const double divisor = std::fabs(under.hi);
    quotient.error = (a.error / divisor + std::fabs(first) * (b.error / divisor + 0x1p-98)) * (1 + 0x1p-10);
  }
  return quotient;
}

bool HasNoWeight(const RowCall& call) {
  const RowSum& divisor = call.divisor;
  return divisor.special == 0 && divisor.error == 0 && divisor.sum.hi + divisor.sum.lo == 0;
}

void StoreNoWeight(const RowCall& call) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  if (call.loss != nullptr) StoreTo(call.dtype, nan, call.loss, 0);
  const std::size_t columns = call.classes * call.inner;
  for (void* gradient : call.gradients) {
    for (std::size_t i = 0; gradient != nullptr && i < call.rows * columns; ++i) {
      const std::size_t place = i / columns * call.inner + i % call.inner;
      StoreTo(call.dtype, call.IsIgnored(place) ? 0.0 : nan, gradient, i);
    }
  }
}

double WeightOf(const RowCall& call, std::size_t index) {
  return call.weight == nullptr ? 1 : LoadFrom(call.dtype, call.weight, static_cast<std::ptrdiff_t>(index));
}

namespace {

/// The classes of a place.
void LoadRow(const RowCall& call, const Input& input, std::size_t place, std::vector<double>* row) {
  const auto inner = static_cast<std::ptrdiff_t>(call.inner);
  const auto n = static_cast<std::ptrdiff_t>(place / call.inner);
  const auto i = static_cast<std::ptrdiff_t>(place % call.inner);
  row->resize(call.classes);
  for (std::size_t j = 0; j < call.classes; ++j) {
    const std::ptrdiff_t at = n * input.row_stride + static_cast<std::ptrdiff_t>(j) * inner + i;
    (*row)[j] = LoadFrom(call.dtype, input.data, at);
  }
}

bool HasNan(const std::vector<double>& row) {
  return std::any_of(row.begin(), row.end(), [](double x) { return std::isnan(x); });
}

void SettleInfinities(std::vector<double>* x, RowProblem* row) {
  const double infinity = std::numeric_limits<double>::infinity(), max = row->max;
  std::size_t count = 0;
  for (double& logit : *x) {
    count += logit == max;
    logit = logit == max ? 0 : -infinity;
  }
  row->max = 0;
  if (count > 1) row->kind = RowProblem::Kind::kSeveral;
}

}  // namespace

RowProblem LoadProblem(const RowCall& call, std::size_t place, RowMemory* memory) {
  RowProblem row;
  row.classes = call.classes;
  row.smoothing = call.smoothing;
  LoadRow(call, call.input, place, &memory->x);
  row.x = memory->x.data();
  bool nan = HasNan(memory->x);
  if (call.target != nullptr) {
    row.target = static_cast<std::size_t>(call.target[place]);
  } else {
    LoadRow(call, call.probabilities, place, &memory->probabilities);
    row.probabilities = memory->probabilities.data();
    nan = nan || HasNan(memory->probabilities);
  }
  if (call.weight != nullptr && memory->weight.empty()) {
    for (std::size_t j = 0; j < call.classes; ++j) memory->weight.push_back(WeightOf(call, j));
  }
  if (call.weight != nullptr) row.weight = memory->weight.data();
  if (nan) {
    row.kind = RowProblem::Kind::kNan;
    return row;
  }
  const auto top = std::max_element(memory->x.begin(), memory->x.end());
  row.top = static_cast<std::size_t>(top - memory->x.begin());
  row.max = *top;
  if (std::isinf(row.max)) SettleInfinities(&memory->x, &row);
  return row;
}

namespace {

/// The divisor, from its parts if the words of its sum lost anything.
Multi DivisorOf(const RowCall& call) {
  if (call.divisor.special != 0) return Multi(call.divisor.special);
  if (call.divisor.error == 0) return Multi(call.divisor.sum.hi) + Multi(call.divisor.sum.lo);
  Multi sum;
  for (std::size_t place = 0; place < call.places(); ++place) {
    if (call.IsIgnored(place)) continue;
    sum = sum + Multi(WeightOf(call, static_cast<std::size_t>(call.target[place])));
  }
  return sum;
}

/// Cross entropy of a place at the precision of the moment. Logits of -inf have weight 0.
class MultiRow {
 public:
  explicit MultiRow(const RowProblem& row) : row_(row) {
    for (std::size_t j = 0; j < row.classes; ++j) {
      const Multi c = Coefficient(j);
      const bool zero = c == Multi(0.0);
      const bool masked = std::isinf(row.x[j]);
      any_ = any_ || !zero;
      if (j != row.top) {
        others_ = others_ + c;
        if (!masked) rest_ = rest_ + Weight(j);
      }
      if (zero) continue;
      masked ? infinite_ = infinite_ + c * Multi(std::numeric_limits<double>::infinity())
             : value_ = value_ + c * Below(j);
    }
    mass_ = others_ + Coefficient(row.top);
    log_ = Log1p(rest_);
  }

  Multi Loss() const {
    if (row_.kind == RowProblem::Kind::kNan) return Multi(kNone);
    const Multi loss = value_ + mass_ * log_;
    const bool unbounded = !(infinite_ == Multi(0.0));
    if (row_.kind == RowProblem::Kind::kSeveral && any_ && !unbounded) return Multi(kNone);
    return unbounded ? loss + infinite_ : loss;
  }
  Multi Input(std::size_t j) const {
    if (row_.kind == RowProblem::Kind::kNan) return Multi(kNone);
    if (row_.kind == RowProblem::Kind::kSeveral && any_ && row_.IsTop(j)) return Multi(kNone);
    const Multi under = Multi(1.0) + rest_;
    if (j == row_.top) return others_ - mass_ * rest_ / under;
    if (std::isinf(row_.x[j])) return -Coefficient(j);
    return mass_ * Weight(j) / under - Coefficient(j);
  }
  Multi Target(std::size_t j) const {
    if (row_.kind == RowProblem::Kind::kNan) return Multi(kNone);
    const Multi factor = (Multi(1.0) - Multi(row_.smoothing)) * Multi(row_.Weight(j));
    if (factor == Multi(0.0)) return Multi(0.0);
    if (row_.kind == RowProblem::Kind::kSeveral && row_.IsTop(j)) return Multi(kNone);
    if (std::isinf(row_.x[j])) return factor * Multi(std::numeric_limits<double>::infinity());
    return factor * (Below(j) + log_);
  }

 private:
  static constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

  Multi Below(std::size_t j) const { return Multi(row_.max) - Multi(row_.x[j]); }
  Multi Weight(std::size_t j) const { return Exp(-Below(j)); }
  Multi Coefficient(std::size_t j) const {
    const Multi share = Multi(1.0) - Multi(row_.smoothing);
    Multi c(0.0);
    if (row_.probabilities != nullptr) {
      c = share * Multi(row_.probabilities[j]);
    } else if (j == row_.target) {
      c = share;
    }
    if (row_.smoothing != 0) c = c + Multi(row_.smoothing) / Multi(static_cast<double>(row_.classes));
    return c == Multi(0.0) ? Multi(0.0) : c * Multi(row_.Weight(j));
  }

  const RowProblem& row_;
  Multi rest_, others_, mass_, value_, infinite_, log_;
  bool any_ = false;
};

}  // namespace

void DecideRow(const RowCall& call, const RowProblem& row, const std::vector<RowOutput>& outputs,
               double* rounded) {
  if (row.kind == RowProblem::Kind::kNan) {
    std::fill_n(rounded, outputs.size(), std::numeric_limits<double>::quiet_NaN());
    return;
  }
  Decide([&] {
    const MultiRow multi(row);
    const Multi divisor = DivisorOf(call);
    bool decided = true;
    for (std::size_t k = 0; k < outputs.size(); ++k) {
      const std::size_t j = outputs[k].index;
      const Multi value = outputs[k].kind == RowOutput::Kind::kLoss    ? multi.Loss()
                          : outputs[k].kind == RowOutput::Kind::kInput ? multi.Input(j) / divisor
                                                                       : multi.Target(j) / divisor;
      decided = value.RoundsTo(call.dtype, &rounded[k]) && decided;
    }
    return decided;
  });
}

namespace {

/// The rounded sum of term(place) over the divisor.
template <class Term>
double DecideSum(const RowCall& call, const Term& term) {
  double rounded = 0;
  Decide([&] {
    Multi sum;
    for (std::size_t place = 0; place < call.places(); ++place) {
      if (!call.IsIgnored(place)) sum = sum + term(place);
    }
    return (sum / DivisorOf(call)).RoundsTo(call.dtype, &rounded);
  });
  return rounded;
}

}  // namespace

double DecideCrossEntropySum(const RowCall& call) {
  RowMemory memory;
  return DecideSum(call,
                   [&](std::size_t place) { return MultiRow(LoadProblem(call, place, &memory)).Loss(); });
}

double DecideNllSum(const RowCall& call) {
  return DecideSum(call, [&](std::size_t place) {
    const auto target = static_cast<std::size_t>(call.target[place]);
    const std::ptrdiff_t at = static_cast<std::ptrdiff_t>(place / call.inner) * call.input.row_stride +
                              static_cast<std::ptrdiff_t>(target * call.inner + place % call.inner);
    return -(Multi(WeightOf(call, target)) * Multi(LoadFrom(call.dtype, call.input.data, at)));
  });
}

double DecideNllSlope(const RowCall& call, double weight) {
  double rounded = 0;
  Decide([&] { return (-Multi(weight) / DivisorOf(call)).RoundsTo(call.dtype, &rounded); });
  return rounded;
}

}  // namespace exactloss::optimized
