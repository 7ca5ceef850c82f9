// Overlap losses in Multi: what doubles and double words leave in doubt, and samples far out of their range.
#include <algorithm>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "optimized/arguments.h"
#include "optimized/limit_trials.h"
#include "optimized/multi.h"
#include "optimized/overlap.h"

namespace exactloss::optimized {
namespace {

/// sigmoid(x) and its complement; softplus(-|x|).
struct Sides {
  explicit Sides(const Multi& x, bool log) {
    const bool negative = x < Multi(0.0);
    magnitude = Abs(x);
    // Further out exp would underflow to an interval that holds 0, which may divide.
    const Multi minus = -Select(magnitude > Multi(0x1p60), Multi(0x1p60), magnitude);
    const Multi small = Exp(minus), major = Multi(1.0) / (small + Multi(1.0)), minor = small * major;
    p = Select(negative, minor, major);
    q = Select(negative, major, minor);
    if (log) softplus = Log1p(small);
  }
  Multi magnitude, p, q, softplus;
};

struct Sums {
  Multi e, d, n, b;
};

}  // namespace

OverlapElement OverlapElementAt(const ElementCall& call, std::size_t index) {
  const std::size_t row = index / call.columns, column = index % call.columns;
  const auto at = [&](const Input& input) {
    return LoadFrom(call.dtype, input.data,
                    static_cast<std::ptrdiff_t>(row) * RowStride(input, call.columns) +
                        static_cast<std::ptrdiff_t>(column));
  };
  return {at(call.inputs[0]), at(call.inputs[1])};
}

Error CheckOverlap(const Call& call, const Pair& pair, double smooth, bool per_sample, OverlapCall* overlap) {
  if (!(smooth >= 0 && std::isfinite(smooth))) return {"smooth", "must be finite and not negative"};
  if (const Error error = CheckPair(call, pair, 1, {}, overlap)) return error;
  overlap->smooth = smooth;
  overlap->per_sample = per_sample;
  overlap->divisor = RowDivisor(call.reduction, overlap->samples());
  if (overlap->reduced || pair.columns == 0) return {};
  // With Reduction::kNone the loss has one number a sample: if that overlaps anything, it is the loss that
  // does.
  const std::size_t size = pair.rows * pair.columns;
  return CheckTensors(call, pair.rows, pair.columns, {{"input", pair.input}, {"target", pair.target}},
                      {{"input_gradient", pair.input_gradient, size},
                       {"target_gradient", pair.target_gradient, size},
                       {"loss", pair.loss, overlap->samples()}});
}

/// A sample whose infinite inputs are sought as limits.
struct OverlapDecision::Cache {
  Cache(const OverlapCall& call_, std::size_t sample)
      : call(call_), size(call_.sample_size()), trials(ValuesOf(call_, sample)) {}

  /// Each element's x and t.
  static std::vector<double> ValuesOf(const OverlapCall& call, std::size_t sample) {
    std::vector<double> values;
    for (std::size_t i = 0; i < call.sample_size(); ++i) {
      const OverlapElement element = OverlapElementAt(call, sample * call.sample_size() + i);
      values.insert(values.end(), {element.x, element.t});
    }
    return values;
  }

  std::pair<Multi, Multi> At(std::size_t trial, std::size_t i) const {
    return {trials.At(trial, 2 * i), trials.At(trial, 2 * i + 1)};
  }

  /// At the present precision.
  const Sums& SumsOf(std::size_t trial) {
    const auto key = std::make_pair(trial, static_cast<std::int64_t>(mpfr_get_default_prec()));
    if (const auto found = sums.find(key); found != sums.end()) return found->second;
    Sums& r = sums[key];
    r.d = r.n = Multi(call.smooth);
    for (std::size_t i = 0; i < size; ++i) {
      const auto [x, t] = At(trial, i);
      const Sides sides(x, call.bce_weight != 0);
      const Multi other = Multi(1.0) - t;
      r.e = r.e + sides.p * other + sides.q * t;
      r.d = r.d + sides.p + t;
      r.n = r.n + Multi(2.0) * sides.p * t;
      if (call.bce_weight == 0) continue;
      r.b = r.b + (x < Multi(0.0) ? t : other) * sides.magnitude + sides.softplus;
    }
    return r;
  }

  Multi LossOf(std::size_t trial) {
    const Sums& r = SumsOf(trial);
    const Multi dice = Multi(call.dice_weight) * (r.e / r.d);
    if (call.bce_weight == 0) return dice;
    return dice + Multi(call.bce_weight) * r.b / Multi(static_cast<double>(size));
  }

  /// Calls evaluate(trial, rounded) until it is decided, for every trial.
  template <class Evaluate>
  void Limit(std::span<double> rounded, const Evaluate& evaluate) const {
    trials.FindLimit(rounded,
                     [&](std::size_t trial, double* r) { Decide([&] { return evaluate(trial, r); }); });
  }

  const OverlapCall& call;
  std::size_t size;
  LimitTrials trials;
  std::map<std::pair<std::size_t, std::int64_t>, Sums> sums;
};

OverlapDecision::OverlapDecision(const OverlapCall& call, std::size_t sample)
    : cache_(std::make_unique<Cache>(call, sample)) {}
OverlapDecision::~OverlapDecision() = default;

void OverlapDecision::Gradients(std::size_t lane, double (&rounded)[2]) {
  const OverlapCall& call = cache_->call;
  cache_->Limit(rounded, [&](std::size_t trial, double* r) {
    const Sums& sums = cache_->SumsOf(trial);
    const auto [x, t] = cache_->At(trial, lane);
    const Sides sides(x, false);
    const Multi factor = Multi(call.dice_weight), divisor = sums.d * sums.d * Multi(call.divisor);
    const Multi twice = Multi(2.0) * sums.d;
    Multi along_x = factor * (sides.p * sides.q * (sums.n - twice * t) / divisor);
    Multi along_t = factor * ((sums.n - twice * sides.p) / divisor);
    if (call.bce_weight != 0) {
      const Multi share = Multi(call.bce_weight), count(static_cast<double>(cache_->size));
      along_x = along_x + share * (sides.p - t) / count;
      along_t = along_t - share * x / count;
    }
    const bool first = along_x.RoundsTo(call.dtype, &r[0]);
    return along_t.RoundsTo(call.dtype, &r[1]) && first;
  });
}

double OverlapDecision::Loss() {
  double rounded[1];
  cache_->Limit(rounded, [&](std::size_t trial, double* r) {
    return cache_->LossOf(trial).RoundsTo(cache_->call.dtype, &r[0]);
  });
  return rounded[0];
}

double OverlapDecision::Reduced(const OverlapCall& call) {
  double special = 0, rounded = 0;
  for (std::size_t sample = 0; sample < call.samples(); ++sample) {
    OverlapDecision decision(call, sample);
    if (!decision.cache_->trials.is_limit()) continue;
    const double loss = decision.Loss();
    if (!std::isfinite(loss)) special += loss;
  }
  if (special != 0) return special;
  Decide([&] {
    Multi sum(0.0);
    for (std::size_t sample = 0; sample < call.samples(); ++sample) sum = sum + Cache(call, sample).LossOf(0);
    return (sum / Multi(call.divisor)).RoundsTo(call.dtype, &rounded);
  });
  return rounded;
}

}  // namespace exactloss::optimized
