// The focal losses where exp(-|x|) is all that keeps a result off a midpoint of two numbers, against their
// formulas in MPFR at more bits than that.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <random>

#include "optimized/losses.h"
#include "tests/optimized/number.h"

namespace exactloss::optimized {
namespace {

constexpr int kBits = 16'000;
constexpr double kNearest[] = {60, 4300}, kFarthest = 5000;  // exp(-5000) is 2^-7214

struct Outputs {
  Number loss, input, target;
};

Outputs Focal(double x_, double t_, double alpha, double gamma) {
  const Number x = x_, t = t_, one = 1;
  const Number p = one / (one + Exp(Number(-x_))), q = one / (one + Exp(x));
  const Number u = p * (one - t) + q * t, b = (one - t) * x + Softplus(Number(-x_));
  const Number a = alpha < 0 ? one : Number(alpha) * t + (one - Number(alpha)) * (one - t);
  const Number tilt = alpha < 0 ? Number(0) : Number(2) * Number(alpha) - one;
  const Number power = Pow(u, gamma), slope = Number(gamma) * power / u;
  return {a * power * b, a * (slope * p * q * (one - t - t) * b + power * (p - t)),
          tilt * power * b + a * (slope * (q - p) * b - power * x)};
}

Outputs Simple(double x_, double t_, double alpha, double gamma) {
  const Number x = x_, t = t_, one = 1;
  const Number p = one / (one + Exp(Number(-x_))), b = (one - t) * x + Softplus(Number(-x_));
  const Number s = one - Exp(Number(0) - b), power = Pow(s, gamma);
  const Number factor = Number(alpha) * (power + Number(gamma) * power / s * (one - s) * b);
  return {Number(alpha) * power * b, factor * (p - t), Number(0) - factor * x};
}

struct Loss {
  const char* name;
  Outputs (*truth)(double x, double t, double alpha, double gamma);
  Error (*kernel)(const Call&, const Pair&, const FocalParameters&);
};
const Loss kLosses[] = {{"sigmoid_focal", Focal, SigmoidFocal}, {"focal_simple", Simple, FocalSimple}};

template <class T>
T Narrowed(double x) {
  const auto narrow = static_cast<float>(x);
  if constexpr (sizeof(T) == 4) return narrow;
  return static_cast<T>(std::bit_cast<std::uint32_t>(narrow) >> 16);
}
double Widened(float x) { return x; }
double Widened(std::uint16_t x) { return std::bit_cast<float>(std::uint32_t{x} << 16); }

template <class T>
void Compare(const Loss& loss, int count) {
  constexpr double kTargets[] = {0, 1, 0, 1, 0.5, 0.25, 0.75, 0.125}, kAlphas[] = {0.25, 0.75, -1};
  constexpr double kGammas[] = {2, 1, 0.5, 0, 3, 0.3};
  std::mt19937 random(3);
  for (int i = 0; i < count; ++i) {
    const double sign = random() % 2 == 0 ? 1 : -1;
    const T x =
        Narrowed<T>(sign * std::uniform_real_distribution<double>(kNearest[i % 2], kFarthest)(random));
    const T t = Narrowed<T>(kTargets[random() % std::size(kTargets)]);
    const FocalParameters parameters = {kAlphas[random() % std::size(kAlphas)],
                                        kGammas[random() % std::size(kGammas)]};
    T got[3] = {};
    Call call;
    call.dtype = sizeof(T) == 4 ? Dtype::kF32 : Dtype::kBF16;
    call.mode = Mode::kExact;
    call.reduction = Reduction::kNone;
    const Pair pair = {1, 1, {&x}, {&t}, &got[0], &got[1], &got[2]};
    ASSERT_FALSE(loss.kernel(call, pair, parameters));
    const Outputs truth = loss.truth(Widened(x), Widened(t), parameters.alpha, parameters.gamma);
    const int precision = sizeof(T) == 4 ? 24 : 8;
    const double want[] = {truth.loss.Rounded(precision), truth.input.Rounded(precision),
                           truth.target.Rounded(precision)};
    for (int k = 0; k < 3; ++k) {
      if (std::fabs(want[k]) < 0x1p-100) continue;  // what is not far out
      EXPECT_EQ(Widened(got[k]), want[k])
          << loss.name << " output " << k << ", x " << Widened(x) << ", t " << Widened(t) << ", alpha "
          << parameters.alpha << ", gamma " << parameters.gamma;
    }
  }
}

class FarOut : public testing::TestWithParam<Loss> {
 protected:
  void SetUp() override { mpfr_set_default_prec(kBits); }
};

TEST_P(FarOut, NoMidpointIsTakenForATie) {
  Compare<float>(GetParam(), 300);
  Compare<std::uint16_t>(GetParam(), 300);
}

// sigmoid_focal bf16 none gamma=0x1.cfa2aecf75357p-6 input=-0x1p+20 target=0x0p+0: the share is e^-1048576,
// and its power e^-29661; no share at which exp stays is small enough.
TEST_P(FarOut, ASmallPowerOfAShareBelowEveryNumber) {
  for (const Mode mode : {Mode::kFast, Mode::kExact}) {
    const float x = -0x1p+20F, t = 0;
    float loss = 1, input = 1, target = 1;
    Call call;
    call.mode = mode;
    call.reduction = Reduction::kNone;
    const Pair pair = {1, 1, {&x}, {&t}, &loss, &input, &target};
    ASSERT_FALSE(GetParam().kernel(call, pair, {0.25, 0x1.cfa2aecf75357p-6}));
    EXPECT_EQ(loss, 0);
    EXPECT_EQ(input, 0);
    EXPECT_EQ(target, 0);
  }
}

INSTANTIATE_TEST_SUITE_P(Losses, FarOut, testing::ValuesIn(kLosses),
                         [](const auto& loss) { return std::string(loss.param.name); });

}  // namespace
}  // namespace exactloss::optimized
