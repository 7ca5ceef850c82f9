// The fast tier held to the interval tier: the same nearest number, and a truth inside the enclosure. Points
// come from where it would hurt: dense bits, few significant bits (midpoints and exact ties), saturated and
// tiny inputs, neighbours of a target, of a threshold and of the zero of a gradient.
//
//   fast_oracle_check [POINTS of each loss [SEED [LOSS]]]
#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <random>
#include <string>
#include <vector>

#include "oracle/fast_oracle.h"
#include "reference/truth.h"

namespace exactloss {
namespace {

constexpr std::size_t kBlock = FastOracle::kMostElements;
constexpr Dtype kDtypes[] = {Dtype::kF32, Dtype::kBF16, Dtype::kF16};

/// Parameters of a loss that are worth a visit; the default comes first.
std::vector<std::vector<double>> ParametersOf(const LossSpec& loss) {
  std::vector<double> defaults;
  for (const ParameterSpec& p : loss.parameters) defaults.push_back(p.default_value);
  std::vector<std::vector<double>> all = {defaults};
  if (loss.name == "smooth_l1") all.insert(all.end(), {{0}, {0.7}, {0x1p-20}});
  if (loss.name == "huber") all.insert(all.end(), {{0.7}, {100}});
  if (loss.name == "bce") all.push_back({-5});
  if (loss.name == "kl_div") all.push_back({1});
  if (loss.name.find("focal") != std::string_view::npos) {
    all.insert(all.end(), {{0.25, 0}, {0.5, 1}, {0.1, 0.5}, {0.9, 1.5}, {0.25, 5}, {-1, 2}});
  }
  return all;
}

class Points {
 public:
  Points(const LossSpec& loss, Dtype dtype, const std::vector<double>& parameters, std::uint64_t seed)
      : loss_(loss), dtype_(dtype), parameters_(parameters), random_(seed) {}

  /// One element of each input.
  std::vector<double> Draw() {
    std::vector<double> v;
    for (const InputSpec& spec : loss_.inputs) {
      const bool is_bounded = spec.unbounded_if.empty() || parameters_[0] == 0;
      double x = Number();
      if (v.size() == 1 && Below(4) == 0) x = Neighbour(v[0]);  // x = t and round it
      if (v.size() == 1 && Below(3) == 0) x = std::array{0.0, 0.5, 1.0}[Below(3)];
      if (v.size() == 1 && Below(8) == 0) x = Neighbour(1 / (1 + std::exp(-v[0])));  // a gradient's zero
      if (v.size() == 1 && Below(8) == 0 && !parameters_.empty()) x = Neighbour(v[0] + parameters_[0]);
      if (v.size() >= 2 && Below(2) == 0) x = 1;
      const double min = is_bounded ? spec.min : -INFINITY, max = is_bounded ? spec.max : INFINITY;
      if (min >= 0) x = std::fabs(x);
      if (max <= 1 && x > 1) x = x >= 2 ? RoundTo(dtype_, 1 / x) : 1;
      v.push_back(std::clamp(RoundTo(dtype_, x), min, max));
    }
    return v;
  }

 private:
  std::uint64_t Below(std::uint64_t n) { return random_() % n; }

  double Number() {
    const FloatFormat& format = FormatOf(dtype_);
    const double sign = Below(2) == 0 ? 1 : -1;
    switch (Below(4)) {
      case 0: {  // dense bits
        const double x = FromBits(dtype_, Below(std::uint64_t{1} << format.bits));
        return std::isfinite(x) ? x : 0;
      }
      case 1:  // few bits: squares, quotients and halves are midpoints
        return sign *
               RoundTo(dtype_, std::ldexp(static_cast<double>(1 + Below(1U << (format.precision / 2 + 2))),
                                          static_cast<int>(Below(60)) - 40));
      case 2:  // where sigmoids live
        return sign * static_cast<double>(Below(1U << 24)) * 0x1p-24 *
               std::array{1.0, 10.0, 100.0, 400.0}[Below(4)];
      default:  // an odd multiple of a small unit, subnormals among them
        return sign * std::ldexp(static_cast<double>(2 * Below(1U << (format.precision - 1)) + 1),
                                 format.min_exponent - format.precision + 1 + static_cast<int>(Below(30)));
    }
  }

  double Neighbour(double x) {
    double at = RoundTo(dtype_, x);
    for (std::uint64_t i = Below(3); i > 0; --i) at = NextUp(dtype_, at);
    for (std::uint64_t i = Below(3); i > 0; --i) at = NextDown(dtype_, at);
    return std::isfinite(at) ? at : 0;
  }

  const LossSpec& loss_;
  const Dtype dtype_;
  const std::vector<double>& parameters_;
  std::mt19937_64 random_;
};

struct Count {
  std::uint64_t outputs = 0, asked = 0, wrong = 0;
  double fast_seconds = 0, interval_seconds = 0;
};

double CpuSeconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

/// Is the nearest number that of the truth, and does the enclosure hold it but for 2^-30 of the smallest
/// number? The 106 bits of the interval tier's enclosure do not tell the sides of a midpoint apart where the
/// tail does.
bool Agrees(Dtype dtype, const ElementTruth& truth, const FastOutput& fast, std::size_t i) {
  bool is_unique = false;
  const double nearest = Nearest(dtype, truth.value, &is_unique), got = fast.nearest[i];
  const bool is_nearest = is_unique ? got == nearest : UlpError(dtype, truth.value, got) <= 0.5 + 0x1p-30;
  if (!is_nearest || truth.kink) return false;
  if (std::isinf(got)) return true;  // exp(t) stays finite
  const double off = AbsoluteError(Dtype::kF64, truth.value, fast.head[i]);
  return off <= (std::fabs(fast.tail[i]) + fast.radius[i]) * 1.000001 + MinSubnormal(dtype) * 0x1p-30;
}

void Check(const LossSpec& loss, Dtype dtype, const std::vector<double>& parameters, std::uint64_t points,
           std::uint64_t seed, Count* count) {
  const FastOracle oracle(loss, dtype, parameters);
  Points source(loss, dtype, parameters, seed);
  std::array<FastOutput, FastOracle::kOutputs> outputs;
  for (std::uint64_t done = 0; done < points; done += kBlock) {
    Problem problem = MakeProblem(loss, dtype, Reduction::kNone);
    problem.parameters = parameters;
    std::array<std::vector<float>, FastOracle::kInputs> arrays;
    std::array<FastInput, FastOracle::kInputs> inputs = {};
    for (std::size_t k = 0; k < loss.inputs.size(); ++k) {
      problem.inputs[k].emplace().shape = {static_cast<std::int64_t>(kBlock)};
      arrays[k].resize(kBlock);
      inputs[k].data = arrays[k].data();
    }
    for (std::size_t i = 0; i < kBlock; ++i) {
      const std::vector<double> v = source.Draw();
      for (std::size_t k = 0; k < v.size(); ++k) {
        arrays[k][i] = static_cast<float>(v[k]);
        problem.inputs[k]->values.push_back(v[k]);
      }
    }
    double start = CpuSeconds();
    oracle.Evaluate(kBlock, inputs, {&outputs[0], &outputs[1], &outputs[2]});
    count->fast_seconds += CpuSeconds() - start;
    start = CpuSeconds();
    const Truth truth = Evaluate(problem);
    count->interval_seconds += CpuSeconds() - start;
    for (std::size_t k = 0; k < truth.outputs.size(); ++k) {
      for (std::size_t i = 0; i < kBlock; ++i) {
        ++count->outputs;
        if (std::isnan(outputs[k].nearest[i])) {
          ++count->asked;
        } else if (!Agrees(dtype, truth.outputs[k].elements[i], outputs[k], i) && count->wrong++ < 5) {
          Problem one = problem;
          for (auto& tensor : one.inputs)
            tensor = Tensor{{1}, {tensor->values[i]}, Layout::kContiguous, "", ""};
          std::printf("  %s %s: fast %a (%a + %a +- %a), truth %s\n", FormatProblem(one).c_str(),
                      truth.outputs[k].spec.name.c_str(), static_cast<double>(outputs[k].nearest[i]),
                      outputs[k].head[i], outputs[k].tail[i], outputs[k].radius[i],
                      ToDecimal(truth.outputs[k].elements[i].value).c_str());
        }
      }
    }
  }
}

int Main(int count, char** arguments) {
  const std::uint64_t points = count > 1 ? std::strtoull(arguments[1], nullptr, 10) : 100'000;
  const std::uint64_t seed = count > 2 ? std::strtoull(arguments[2], nullptr, 10) : 1;
  const std::string only = count > 3 ? arguments[3] : "";
  std::uint64_t wrong = 0, outputs = 0;
  for (const LossSpec& loss : Catalogue()) {
    if (!FastOracle::Has(loss, {}) || (!only.empty() && only != loss.name)) continue;
    const auto parameters = ParametersOf(loss);
    Count total;
    for (std::size_t p = 0; p < parameters.size(); ++p) {
      for (const Dtype dtype : kDtypes) {
        // Half of the points are f32's at the default parameters.
        const bool is_main = p == 0 && dtype == Dtype::kF32;
        const std::uint64_t share = is_main ? points / 2 : points / 2 / (3 * parameters.size() - 1);
        Check(loss, dtype, parameters[p], share, seed + p, &total);
      }
    }
    const auto rate = [&](double seconds) { return static_cast<double>(total.outputs) / seconds; };
    std::printf(
        "%-16s %10llu outputs, %llu disagree, %.3g asked; fast %.3g outputs/s, interval %.3g: x %.0f\n",
        std::string(loss.name).c_str(), static_cast<unsigned long long>(total.outputs),
        static_cast<unsigned long long>(total.wrong),
        static_cast<double>(total.asked) / static_cast<double>(total.outputs), rate(total.fast_seconds),
        rate(total.interval_seconds), total.interval_seconds / total.fast_seconds);
    std::fflush(stdout);
    wrong += total.wrong;
    outputs += total.outputs;
  }
  std::printf("%llu outputs, %llu disagree\n", static_cast<unsigned long long>(outputs),
              static_cast<unsigned long long>(wrong));
  return outputs > 0 && wrong == 0 ? 0 : 1;
}

}  // namespace
}  // namespace exactloss

int main(int count, char** arguments) { return exactloss::Main(count, arguments); }
