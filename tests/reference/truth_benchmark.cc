// What the truth costs: value, gradient and gauge of each loss at ordinary binary32 inputs.
//
// Times are of the CPU of one thread. Each row also says what one mpfr_exp and one mpfr_mul of 128 bits took
// right after it, and the cost of a term in units of that mpfr_exp (`exps`), which other machines have too.
#include <benchmark/benchmark.h>
#include <mpfr.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <limits>
#include <random>
#include <string>

#include "reference/truth.h"

namespace exactloss {
namespace {

/// Inputs as a network has them: boxes overlap, probabilities lie within (0, 1).
class OrdinaryInputs {
 public:
  void Fill(Problem& problem, const Shape& shape) {
    for (std::size_t i = 0; i < problem.inputs.size(); ++i) {
      const InputSpec& spec = problem.loss->inputs[i];
      const bool is_index = spec.role == Role::kClassIndex;
      if (spec.optional && !is_index) continue;
      Tensor& tensor = problem.inputs[i].emplace();
      const bool boxes = problem.loss->family == Family::kBoxes || spec.name.ends_with("boxes");
      tensor.shape = boxes ? Shape{shape[0], 4} : is_index ? Shape{shape[0]} : shape;
      for (std::int64_t k = 0; k < ElementCount(tensor.shape); ++k) {
        double low = -4, high = 4;
        if (boxes) low = k % 4 < 2 ? 0 : 50, high = low + 50;
        if (spec.min == 0) low = 0, high = 1;
        if (is_index) high = static_cast<double>(shape[1]);
        const double value = low + (high - low) * Uniform();
        tensor.values.push_back(is_index ? std::floor(std::fabs(value)) : RoundTo(Dtype::kF32, value));
      }
    }
    CheckProblem(problem);
  }

 private:
  double Uniform() { return std::ldexp(static_cast<double>(bits_() >> 11), -53); }

  std::mt19937_64 bits_;
};

Problem OrdinaryProblem(std::string_view loss, Reduction reduction, const Shape& shape) {
  Problem problem = MakeProblem(*FindLoss(loss), Dtype::kF32, reduction);
  for (std::size_t i = 0; i < problem.parameters.size(); ++i) {
    if (problem.loss->parameters[i].name == "per_sample") problem.parameters[i] = 1;
  }
  OrdinaryInputs().Fill(problem, shape);
  return problem;
}

double ThreadSeconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// Nanoseconds of function(result, x), x a binary32 number with 128 bits; the best of some batches.
template <class Function>
double Nanoseconds(Function function) {
  constexpr int kBatches = 5, kCalls = 400;
  mpfr_t x, result;
  mpfr_inits2(128, x, result, nullptr);
  double best = std::numeric_limits<double>::max();
  for (int batch = 0; batch < kBatches; ++batch) {
    const double start = ThreadSeconds();
    for (int call = 1; call <= kCalls; ++call) {
      mpfr_set_flt(x, -4.F * static_cast<float>(call) / kCalls, MPFR_RNDN);
      function(result, x);
    }
    best = std::min(best, (ThreadSeconds() - start) / kCalls);
  }
  mpfr_clears(x, result, nullptr);
  return 1e9 * best;
}

void Measure(benchmark::State& state, const Problem& problem, std::int64_t terms) {
  const double start = ThreadSeconds();
  for (auto step : state) benchmark::DoNotOptimize(Evaluate(problem));
  const double ns = 1e9 * (ThreadSeconds() - start) / static_cast<double>(state.iterations() * terms);
  const double exp_ns = Nanoseconds([](mpfr_ptr y, mpfr_srcptr x) { mpfr_exp(y, x, MPFR_RNDD); });
  state.SetItemsProcessed(state.iterations() * terms);
  state.counters["exps"] = ns / exp_ns;
  state.counters["exp_ns"] = exp_ns;
  state.counters["mul_ns"] = Nanoseconds([](mpfr_ptr y, mpfr_srcptr x) { mpfr_mul(y, x, x, MPFR_RNDD); });
}

/// Many terms, so that what a problem costs by itself does not show.
void LossTerms(benchmark::State& state, std::string_view loss, const Shape& shape) {
  const bool has_none = FindLoss(loss)->reductions[0] == Reduction::kNone;
  Measure(state, OrdinaryProblem(loss, has_none ? Reduction::kNone : Reduction::kMean, shape), shape[0]);
}

/// One row. An item is a class.
void ClassRow(benchmark::State& state) {
  Measure(state, OrdinaryProblem("cross_entropy", Reduction::kNone, {1, state.range(0)}), state.range(0));
  state.SetComplexityN(state.range(0));
}
BENCHMARK(ClassRow)->Arg(1000)->RangeMultiplier(8)->Range(2048, 131072)->Complexity(benchmark::oN);

void Mean(benchmark::State& state, std::string_view loss) {
  Measure(state, OrdinaryProblem(loss, Reduction::kMean, {state.range(0)}), state.range(0));
  state.SetComplexityN(state.range(0));
}
BENCHMARK_CAPTURE(Mean, mse, "mse")->RangeMultiplier(32)->Range(1 << 10, 1 << 20)->Complexity(benchmark::oN);
BENCHMARK_CAPTURE(Mean, bce_with_logits, "bce_with_logits")
    ->RangeMultiplier(32)
    ->Range(1 << 10, 1 << 20)
    ->Complexity(benchmark::oN);

/// Every loss of the catalogue: an item is an element, a box, a row of classes, a triplet or a sample.
void RegisterLosses() {
  constexpr std::int64_t kTerms = 256;
  const auto add = [](std::string_view loss, const Shape& shape, const std::string& note) {
    benchmark::RegisterBenchmark(("Loss/" + std::string(loss) + note).c_str(),
                                 [=](benchmark::State& state) { LossTerms(state, loss, shape); });
  };
  for (const LossSpec& loss : Catalogue()) {
    switch (loss.family) {
      case Family::kClassRows:
        for (const std::int64_t classes : {4, 16}) {
          add(loss.name, {kTerms, classes}, "/classes:" + std::to_string(classes));
        }
        break;
      case Family::kTriplet:
      case Family::kOverlap:
        add(loss.name, {kTerms, 3}, "/elements:3");
        break;
      default:
        add(loss.name, {kTerms}, "");
    }
  }
}

}  // namespace
}  // namespace exactloss

int main(int argc, char** argv) {
  exactloss::RegisterLosses();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
}
