// What doubt costs: bce_with_logits, loss and gradient, at targets that leave its gradient next to nothing.
// Times are of the CPU of one thread; `element` is that of one element.
#include <benchmark/benchmark.h>

#include <cmath>
#include <random>
#include <vector>

#include "optimized/losses.h"

namespace exactloss::optimized {
namespace {

constexpr std::size_t kSize = 1 << 16;

/// The target of a logit x.
using Target = float (*)(float x, std::mt19937& random);

float Label(float, std::mt19937& random) { return static_cast<float>(random() % 2); }
float Soft(float, std::mt19937& random) { return std::generate_canonical<float, 24>(random); }
float Sigmoid(float x, std::mt19937&) {
  return static_cast<float>(1 / (1 + std::exp(-static_cast<long double>(x))));
}
float Above(float x, std::mt19937& random) { return std::nextafter(Sigmoid(x, random), 2.0F); }
float Below(float x, std::mt19937& random) { return std::nextafter(Sigmoid(x, random), -1.0F); }

void Doubt(benchmark::State& state, Target target, Mode mode) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal(0, 3);
  std::vector<float> x(kSize), t(kSize), loss(kSize), gradient(kSize);
  for (std::size_t i = 0; i < kSize; ++i) {
    x[i] = normal(random);
    t[i] = target(x[i], random);
  }
  Call call;
  call.mode = mode;
  call.reduction = Reduction::kNone;
  Pair pair;
  pair.columns = kSize;
  pair.input.data = x.data();
  pair.target.data = t.data();
  pair.loss = loss.data();
  pair.input_gradient = gradient.data();
  for (auto step : state) benchmark::DoNotOptimize(BceWithLogits(call, pair));
  using benchmark::Counter;
  state.counters["element"] = Counter(kSize, Counter::kIsIterationInvariantRate | Counter::kInvert);
}

BENCHMARK_CAPTURE(Doubt, exact_label, Label, Mode::kExact);
BENCHMARK_CAPTURE(Doubt, exact_soft, Soft, Mode::kExact);
BENCHMARK_CAPTURE(Doubt, exact_sigmoid, Sigmoid, Mode::kExact);
BENCHMARK_CAPTURE(Doubt, exact_sigmoid_above, Above, Mode::kExact);
BENCHMARK_CAPTURE(Doubt, exact_sigmoid_below, Below, Mode::kExact);
BENCHMARK_CAPTURE(Doubt, fast_label, Label, Mode::kFast);
BENCHMARK_CAPTURE(Doubt, fast_sigmoid, Sigmoid, Mode::kFast);

}  // namespace
}  // namespace exactloss::optimized

BENCHMARK_MAIN();
