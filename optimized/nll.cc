// Negative log-likelihood: -w[t] x[t]. One class of a row takes part: there is nothing for SIMD to do, the
// time is that of writing zeros.
#include <algorithm>
#include <cstring>

#include "optimized/chunks.h"
#include "optimized/kernels.h"
#include "optimized/losses.h"
#include "optimized/row_arguments.h"

namespace exactloss::optimized {
namespace {

template <class T>
class NllKernel {
 public:
  explicit NllKernel(const RowCall& call) : call_(call) {}

  void Run() const {
    const Chunks chunks(call_.places());
    RowSum sums[kMaxChunks], total;
    ForEachChunk(chunks, call_.threads,
                 [&](std::size_t chunk) { Part(chunks.begin(chunk), chunks.end(chunk), &sums[chunk]); });
    if (!call_.reduced || call_.loss == nullptr) return;
    for (std::size_t i = 0; i < chunks.size; ++i) total.Add(sums[i]);
    const Quotient mean = Divide(total, call_.divisor);
    double rounded = mean.value.hi;
    if (total.special == 0 && !HasNoWeight(call_)) {
      const bool sure = RoundsTo(call_.dtype, mean.value, mean.error, &rounded) && total.IsFinite();
      if (!sure && (call_.mode == Mode::kExact || !total.IsFinite())) rounded = DecideNllSum(call_);
    } else if (total.special == 0) {
      rounded = std::numeric_limits<double>::quiet_NaN();
    }
    Store(call_.dtype, rounded, static_cast<T*>(call_.loss));
  }

 private:
  void Part(std::size_t begin, std::size_t end, RowSum* sum) const {
    auto* gradient = static_cast<T*>(call_.gradients[0]);
    const bool dense = call_.inner == 1;
    if (gradient != nullptr && dense)
      std::memset(static_cast<void*>(gradient + begin * call_.classes), 0,
                  (end - begin) * call_.classes * sizeof(T));
    double last_weight = 0, last_slope = 0;
    bool known = false;
    for (std::size_t place = begin; place < end; ++place) {
      const std::size_t n = place / call_.inner, i = place % call_.inner;
      T* row = gradient == nullptr ? nullptr : gradient + n * call_.classes * call_.inner + i;
      if (row != nullptr && !dense) {
        for (std::size_t j = 0; j < call_.classes; ++j) row[j * call_.inner] = T{};
      }
      double loss = 0, lost = 0;
      if (!call_.IsIgnored(place)) {
        const auto target = static_cast<std::size_t>(call_.target[place]);
        const double x = Load(call_.dtype, static_cast<const T*>(call_.input.data) +
                                               static_cast<std::ptrdiff_t>(n) * call_.input.row_stride +
                                               target * call_.inner + i);
        const double weight =
            call_.weight == nullptr ? 1 : Load(call_.dtype, static_cast<const T*>(call_.weight) + target);
        loss = std::isinf(x) && weight == 0 ? 0 : 0 - weight * x;  // the limit
        if (std::is_same_v<T, double>)
          lost = std::isfinite(loss) && std::isfinite(x) ? std::fma(-weight, x, -loss) : 0;
        if (row != nullptr) {
          if (!known || !(weight == last_weight)) last_slope = Slope(weight);
          last_weight = weight;
          known = true;
          Store(call_.dtype, last_slope, row + target * call_.inner);
        }
      }
      if (call_.loss == nullptr) continue;
      if (call_.reduced) {
        sum->Add(loss);
        if (lost != 0) sum->Add(lost);
      } else {
        Store(call_.dtype, RoundTo(call_.dtype, loss), static_cast<T*>(call_.loss) + place);
      }
    }
  }

  double Slope(double weight) const {
    if (HasNoWeight(call_)) return std::numeric_limits<double>::quiet_NaN();
    RowSum over;
    over.Add(-weight);
    const Quotient slope = Divide(over, call_.divisor);
    double rounded = slope.value.hi;
    const bool sure = RoundsTo(call_.dtype, slope.value, slope.error, &rounded);
    return sure || !std::isfinite(rounded) || call_.mode == Mode::kFast ? rounded
                                                                        : DecideNllSlope(call_, weight);
  }

  const RowCall& call_;
};

}  // namespace

Error Nll(const Call& call, const ClassRows& rows, const NllParameters& parameters) {
  if (rows.target_probabilities.data != nullptr) return {"target_probabilities", "must be null"};
  RowCall row_call;
  if (const Error error = CheckRows(call, rows, parameters.ignore_index, &row_call)) return error;
  switch (call.dtype) {
    case Dtype::kF64:
      NllKernel<double>(row_call).Run();
      break;
    case Dtype::kF32:
      NllKernel<float>(row_call).Run();
      break;
    default:
      NllKernel<Half>(row_call).Run();
  }
  return {};
}

const Contract kNllContract = {.loss = "nll", .fast = 0.501, .exact = 0.5, .f64 = 0.51};

}  // namespace exactloss::optimized
