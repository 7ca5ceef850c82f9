// Every float there is, as input of a loss: how many results of mode exact are not the correctly rounded
// ones, and how far mode fast goes off. The oracle shares nothing with the kernels: libm in double with a
// bound, error-free sums and products where the result may be exact, and the proven truth where the bound
// leaves a float in doubt. A sample of the oracle's own values is held to that truth as well.
//
//   exhaustive [--loss NAME]... [--stride N] [--threads N] [--target NAME|all]
//
// NAME is that of a loss, or the beginning of a case as it is printed.
#include <algorithm>
#include <atomic>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "optimized/losses.h"
#include "reference/truth.h"

namespace exactloss {
namespace {

// --- The oracle -------------------------------------------------------------------------------------------

/// |value - truth| <= bound.
struct Near {
  double value = 0, bound = 0;
};
enum Output { kLoss, kGradient, kOutputs };
constexpr const char* kOutputNames[] = {"loss", "gradient"};

/// A handful of roundings, and functions of libm that are right to 2^-51, of terms of one sign.
Near Rounded(double value) { return {value, std::fabs(value) * 0x1p-48}; }

/// Strictly between `value` and its neighbour towards zero, so that no rounding to float tells it from that.
Near JustInside(double value) { return {std::nextafter(value, 0.0), 0}; }

/// head + rest, |rest| below an ulp of head: to odd, which no rounding to float takes for another number.
Near Odd(double head, double rest) {
  const auto bits = std::bit_cast<std::uint64_t>(head);
  if (rest == 0 || (bits & 1) != 0) return {head, 0};
  return {std::bit_cast<double>((rest > 0) == (head > 0) ? bits + 1 : bits - 1), 0};
}

/// head + rest == a + b
struct Sum {
  Sum(double a, double b) : head(a + b) {
    const double part = head - a;
    rest = (a - (head - part)) + (b - part);
  }
  double head, rest;
};

/// What the logistic losses are made of; nothing cancels.
struct Sides {
  explicit Sides(double x) : magnitude(std::fabs(x)), e(std::exp(-magnitude)), log(std::log1p(e)) {
    const double major = 1 / (1 + e), minor = e * major;
    const bool negative = std::signbit(x);
    p = negative ? minor : major;
    q = negative ? major : minor;
  }
  double magnitude, e, log, p, q;  ///< |x|, exp(-|x|), softplus(-|x|), sigmoid(x), sigmoid(-x)
};

struct Parameters {
  float target = 0;
  double first = 0, second = 0;  ///< beta; alpha and gamma
};

/// Targets 0, 1/2 and 1.
void BceWithLogits(double x, const Parameters& of, Near (&near)[kOutputs]) {
  const Sides sides(x);
  const double t = of.target, share = std::signbit(x) ? t : 1 - t;
  near[kLoss] = Rounded(share * sides.magnitude + sides.log);
  if (t != 0.5) {
    near[kGradient] = Rounded(t == 0 ? sides.p : -sides.q);
  } else if (sides.magnitude < 0x1p-30) {  // x / 4 - x^3 / 48 + ...
    near[kGradient] = JustInside(x / 4);
  } else {
    near[kGradient] = Rounded(std::copysign(std::expm1(-sides.magnitude) / (2 * (1 + sides.e)), x));
  }
}

/// Alpha 1/4, gamma 2, targets 0 and 1: a u^2 b of the side u that is wrong.
void SigmoidFocal(double x, const Parameters& of, Near (&near)[kOutputs]) {
  const bool one = of.target == 1;
  const double y = one ? -x : x, a = one ? of.first : 1 - of.first, sign = one ? -1 : 1;
  const Sides sides(y);
  const double b = (std::signbit(y) ? 0 : y) + sides.log, u = sides.p;
  // a (y + e) (1 - e)^2 is just below a y, which may be a midpoint.
  near[kLoss] = y > 38 ? JustInside(a * y) : Rounded(a * u * u * b);
  near[kGradient] = Rounded(sign * a * u * u * (2 * sides.q * b + u));
}

void Mse(double x, const Parameters& of, Near (&near)[kOutputs]) {
  const Sum d(x, -static_cast<double>(of.target));
  const double square = d.head * d.head, low = std::fma(d.head, d.head, -square);
  const double cross = 2 * d.head * d.rest, rest = low + cross;
  // Of what follows the cross term nothing may turn the sign of the rest.
  const bool sure = d.rest == 0 || std::fabs(rest) > (std::fabs(low) + std::fabs(cross)) * 0x1p-40;
  near[kLoss] = sure ? Odd(square, rest) : Rounded(square);
  near[kGradient] = Odd(2 * d.head, 2 * d.rest);
}

void SmoothL1(double x, const Parameters& of, Near (&near)[kOutputs]) {
  const Sum d(x, -static_cast<double>(of.target));
  const double beta = of.first, distance = std::fabs(d.head), rest = d.head < 0 ? -d.rest : d.rest;
  if (distance < beta || (distance == beta && rest < 0)) {
    const bool half = beta == 1;
    Mse(x, of, near);
    const Near square = near[kLoss];
    near[kLoss] = half ? Near{square.value / 2, square.bound / 2} : Rounded(square.value / (2 * beta));
    near[kGradient] = half ? Odd(d.head, d.rest) : Rounded(d.head / beta);
  } else {
    const Sum linear(distance, -beta / 2);
    near[kLoss] = Odd(linear.head, linear.rest + rest);
    near[kGradient] = {std::copysign(1.0, d.head), 0};
  }
}

// --- The cases --------------------------------------------------------------------------------------------

struct Case {
  const char* loss;
  Parameters parameters;
  std::vector<double> spelled;  ///< the parameters of the catalogue
  void (*oracle)(double x, const Parameters& of, Near (&near)[kOutputs]);
  optimized::Error (*kernel)(const optimized::Call&, const optimized::Pair&, const Parameters&);

  std::string name() const {
    std::string text = std::string(loss) + " target " + FormatHex(parameters.target);
    for (const double value : spelled) text.append(" ").append(FormatHex(value));
    return text;
  }
};

optimized::Error RunBce(const optimized::Call& call, const optimized::Pair& pair, const Parameters&) {
  return optimized::BceWithLogits(call, pair);
}
optimized::Error RunMse(const optimized::Call& call, const optimized::Pair& pair, const Parameters&) {
  return optimized::Mse(call, pair);
}
optimized::Error RunSmoothL1(const optimized::Call& call, const optimized::Pair& pair, const Parameters& of) {
  return optimized::SmoothL1(call, pair, {of.first});
}
optimized::Error RunFocal(const optimized::Call& call, const optimized::Pair& pair, const Parameters& of) {
  return optimized::SigmoidFocal(call, pair, {of.first, of.second});
}

const Case kCases[] = {
    {"bce_with_logits", {0}, {}, BceWithLogits, RunBce},
    {"bce_with_logits", {1}, {}, BceWithLogits, RunBce},
    {"bce_with_logits", {0.5}, {}, BceWithLogits, RunBce},
    {"mse", {0}, {}, Mse, RunMse},
    {"mse", {0.7F}, {}, Mse, RunMse},
    {"smooth_l1", {0, 1}, {1}, SmoothL1, RunSmoothL1},
    {"smooth_l1", {0, 0.7}, {0.7}, SmoothL1, RunSmoothL1},
    {"sigmoid_focal", {0, 0.25, 2}, {0.25, 2}, SigmoidFocal, RunFocal},
    {"sigmoid_focal", {1, 0.25, 2}, {0.25, 2}, SigmoidFocal, RunFocal},
};

Truth TruthOf(const Case& c, float x) {
  Problem problem = MakeProblem(*FindLoss(c.loss), Dtype::kF32, Reduction::kNone);
  if (!c.spelled.empty()) problem.parameters = c.spelled;
  for (std::size_t k = 0; k < 2; ++k) {
    Tensor& tensor = problem.inputs[k].emplace();
    tensor.shape = {1};
    tensor.values = {static_cast<double>(k == 0 ? x : c.parameters.target)};
  }
  return Evaluate(problem);
}

// --- The run ----------------------------------------------------------------------------------------------

float FloatOf(std::uint64_t bits) { return std::bit_cast<float>(static_cast<std::uint32_t>(bits)); }
bool Same(float a, float b) { return a == b || (a != a && b != b); }

/// |got - truth| in ulps of the truth; infinity counts as 2^128.
double Ulps(float got, double truth) {
  const auto finite = [](double v) { return std::isinf(v) ? std::copysign(0x1p128, v) : v; };
  if (std::isnan(got) || std::isnan(truth)) return HUGE_VAL;
  const int exponent = truth == 0 ? -126 : std::clamp(std::ilogb(truth), -126, 127);
  return std::fabs(finite(got) - finite(truth)) / std::ldexp(1.0, exponent - 23);
}

struct Tally {
  std::uint64_t escalated = 0, undecided = 0, misrounded = 0, fast_misrounded = 0;
  float misrounded_at = 0;
  double worst = 0;  ///< ulp, of mode fast where it is not the nearest float
  float worst_at = 0;

  void Add(const Tally& other) {
    if (misrounded == 0) misrounded_at = other.misrounded_at;
    escalated += other.escalated;
    undecided += other.undecided;
    misrounded += other.misrounded;
    fast_misrounded += other.fast_misrounded;
    if (other.worst > worst) worst = other.worst, worst_at = other.worst_at;
  }
};

struct Count {
  std::uint64_t points = 0, checked = 0, off = 0;  ///< of the checked, how many are beyond their bound
  Tally outputs[kOutputs];

  void Add(const Count& other) {
    points += other.points;
    checked += other.checked;
    off += other.off;
    for (int k = 0; k < kOutputs; ++k) outputs[k].Add(other.outputs[k]);
  }
};

struct Options {
  std::vector<std::string> cases;  ///< beginnings of their names
  std::uint64_t stride = 1;
  unsigned threads = 1;
  std::string target = optimized::TargetName(0);
};

constexpr std::uint64_t kFloats = std::uint64_t{1} << 32;
constexpr std::size_t kBlock = std::size_t{1} << 13;
constexpr std::uint64_t kChecks = 500;

class Sweep {
 public:
  Sweep(const Case& c, const Options& options) : case_(c), options_(options) {}

  Count Run() {
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < options_.threads; ++i) threads.emplace_back([&] { Work(); });
    for (std::thread& thread : threads) thread.join();
    return total_;
  }

 private:
  struct Computed {
    std::vector<float> of[kOutputs];
  };

  void Work() {
    optimized::UseTarget(options_.target.c_str());
    Count count;
    const std::uint64_t step = kBlock * options_.stride;
    for (std::uint64_t begin = next_.fetch_add(step); begin < kFloats; begin = next_.fetch_add(step)) {
      Block(begin, &count);
    }
    const std::lock_guard<std::mutex> lock(mutex_);
    total_.Add(count);
  }

  Computed Kernel(optimized::Mode mode, const std::vector<float>& x) const {
    Computed computed;
    for (auto& output : computed.of) output.resize(x.size());
    optimized::Call call;
    call.mode = mode;
    call.reduction = optimized::Reduction::kNone;
    optimized::Pair pair;
    pair.columns = x.size();
    pair.input.data = x.data();
    const std::vector<float> targets(x.size(), case_.parameters.target);
    pair.target.data = targets.data();
    pair.loss = computed.of[kLoss].data();
    pair.input_gradient = computed.of[kGradient].data();
    if (const optimized::Error error = case_.kernel(call, pair, case_.parameters)) {
      std::fprintf(stderr, "%s %s\n", error.argument, error.reason);
      std::exit(1);
    }
    return computed;
  }

  void Block(std::uint64_t begin, Count* count) const {
    std::vector<float> x;
    for (std::uint64_t bits = begin; bits < kFloats && x.size() < kBlock; bits += options_.stride)
      x.push_back(FloatOf(bits));
    const Computed exact = Kernel(optimized::Mode::kExact, x), fast = Kernel(optimized::Mode::kFast, x);
    const std::uint64_t points = kFloats / options_.stride;
    const std::uint64_t check_every = std::max<std::uint64_t>(1, points / kChecks);
    for (std::size_t i = 0; i < x.size(); ++i) {
      Near near[kOutputs];
      const bool finite = std::isfinite(x[i]);
      if (finite) {
        case_.oracle(x[i], case_.parameters, near);
      } else {
        for (Near& n : near) n = {x[i] != x[i] ? std::nan("") : 0, HUGE_VAL};
      }
      for (int k = 0; k < kOutputs; ++k)
        Judge(x[i], k, near[k], exact.of[k][i], fast.of[k][i], &count->outputs[k]);
      if ((begin / options_.stride + i) % check_every == check_every / 2) Check(x[i], near, count);
    }
    count->points += x.size();
  }

  void Judge(float x, int k, const Near& near, float exact, float fast, Tally* tally) const {
    auto low = static_cast<float>(near.value - near.bound),
         high = static_cast<float>(near.value + near.bound);
    double truth = near.value;
    if (!(low == high) && x == x) {  // a NaN is checked once, by Check
      const Truth proven = TruthOf(case_, x);
      const Enclosure& value = proven.outputs[static_cast<std::size_t>(k)].elements[0].value;
      bool unique = true;
      low = static_cast<float>(Nearest(Dtype::kF32, value, &unique));
      truth = ToDouble(value);
      ++tally->escalated;
      if (!unique && !std::isnan(truth)) ++tally->undecided;
    }
    if (!Same(exact, low)) {
      if (tally->misrounded++ == 0) tally->misrounded_at = x;
    }
    if (Same(fast, low)) return;
    ++tally->fast_misrounded;
    const double ulps = Ulps(fast, truth);
    if (ulps > tally->worst) tally->worst = ulps, tally->worst_at = x;
  }

  /// Whether the oracle itself is where it says.
  void Check(float x, const Near (&near)[kOutputs], Count* count) const {
    const Truth proven = TruthOf(case_, x);
    for (std::size_t k = 0; k < kOutputs; ++k) {
      const ElementTruth& element = proven.outputs[k].elements[0];
      const double nearest = Nearest(Dtype::kF32, element.value), bound = near[k].bound;
      const auto rounded = static_cast<float>(near[k].value);  // an enclosure may leave two beside a midpoint
      const bool right = x != x          ? nearest != nearest
                         : std::isinf(x) ? true
                         : bound == 0    ? UlpError(Dtype::kF32, element.value, rounded) <= 0.5 + 0x1p-30
                                         : AbsoluteError(Dtype::kF64, element.value, near[k].value) <= bound;
      ++count->checked;
      if (!right || !element.proven) ++count->off;
    }
  }

  const Case& case_;
  const Options& options_;
  std::atomic<std::uint64_t> next_{0};
  std::mutex mutex_;
  Count total_;
};

std::string HexOf(float x) {
  char text[64];
  std::snprintf(text, sizeof text, "%08x (%.9g)", std::bit_cast<std::uint32_t>(x), static_cast<double>(x));
  return text;
}

/// Prints the certificate; true if it says what was promised.
bool Certify(const Case& c, const Options& options) {
  const auto start = std::chrono::steady_clock::now();
  const std::clock_t cpu_start = std::clock();
  const Count count = Sweep(c, options).Run();
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
  const double cpu = static_cast<double>(std::clock() - cpu_start) / CLOCKS_PER_SEC;
  std::printf("%s, %s: %llu floats, %.1f s, %.1f s of CPU; oracle checked %llu times, %llu off\n",
              c.name().c_str(), options.target.c_str(), static_cast<unsigned long long>(count.points),
              wall.count(), cpu, static_cast<unsigned long long>(count.checked),
              static_cast<unsigned long long>(count.off));
  bool good = count.off == 0;
  for (int k = 0; k < kOutputs; ++k) {
    const Tally& tally = count.outputs[k];
    std::printf(
        "  %-8s exact: %llu misrounded%s; fast: %llu misrounded, %.6f ulp at most%s; %llu escalated, %llu "
        "undecided\n",
        kOutputNames[k], static_cast<unsigned long long>(tally.misrounded),
        tally.misrounded == 0 ? "" : (", at " + HexOf(tally.misrounded_at)).c_str(),
        static_cast<unsigned long long>(tally.fast_misrounded), std::max(tally.worst, 0.5),
        tally.fast_misrounded == 0 ? "" : (" at " + HexOf(tally.worst_at)).c_str(),
        static_cast<unsigned long long>(tally.escalated), static_cast<unsigned long long>(tally.undecided));
    good = good && tally.misrounded == 0 && tally.undecided == 0 && tally.worst <= 1;
  }
  std::fflush(stdout);
  return good;
}

int Main(int count, char** arguments) {
  Options options;
  for (int i = 1; i + 1 < count; i += 2) {
    const std::string option = arguments[i], value = arguments[i + 1];
    if (option == "--loss") {
      options.cases.push_back(value);
    } else if (option == "--stride") {
      options.stride = std::max(1ULL, std::stoull(value));
    } else if (option == "--threads") {
      options.threads = static_cast<unsigned>(std::max(1UL, std::stoul(value)));
    } else if (option == "--target") {
      options.target = value;
    } else {
      std::fprintf(stderr, "exhaustive [--loss NAME]... [--stride N] [--threads N] [--target NAME|all]\n");
      return 4;
    }
  }
  std::vector<std::string> targets = {options.target};
  if (options.target == "all") {
    targets.clear();
    for (std::size_t i = 0; i < optimized::TargetCount(); ++i) targets.emplace_back(optimized::TargetName(i));
  }
  bool good = true, any = false;
  for (const std::string& target : targets) {
    options.target = target;
    if (!optimized::UseTarget(target.c_str())) {
      std::fprintf(stderr, "no target %s\n", target.c_str());
      return 4;
    }
    for (const Case& c : kCases) {
      const auto& wanted = options.cases;
      const auto is_named = [&](const std::string& begin) { return c.name().starts_with(begin); };
      if (!wanted.empty() && std::none_of(wanted.begin(), wanted.end(), is_named)) continue;
      any = true;
      good = Certify(c, options) && good;
    }
  }
  if (!any) std::fprintf(stderr, "no such case\n");
  return any && good ? 0 : 1;
}

}  // namespace
}  // namespace exactloss

int main(int count, char** arguments) { return exactloss::Main(count, arguments); }
