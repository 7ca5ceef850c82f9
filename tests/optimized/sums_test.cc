// Sums and means of mode exact against MPFR: random ones, ones beside a midpoint of two floats, and on it.
// EXACTLOSS_SUMS multiplies their numbers.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "optimized/losses.h"
#include "tests/optimized/number.h"

namespace exactloss::optimized {
namespace {

struct Elements {
  std::vector<float> x, t;
  void Add(float x_, float t_) {
    x.push_back(x_);
    t.push_back(t_);
  }
};

struct Loss {
  const char* name;
  Error (*kernel)(const Call&, const Pair&);
  Number (*term)(const Number& x, const Number& t);
  /// Appends `count` elements whose terms add up to nearly `rest`: each cuts what is left to 2^-23 of it.
  void (*fill)(Number rest, std::size_t count, Elements* elements);
};

Number BceTerm(const Number& x, const Number& t) { return Softplus(x) - t * x; }
Number MseTerm(const Number& x, const Number& t) { return (x - t) * (x - t); }

void FillBce(Number rest, std::size_t count, Elements* elements) {
  // softplus(1) - t each
  for (std::size_t i = 0; i < count; ++i) rest = rest - Softplus(Number(1));
  for (std::size_t i = 0; i < count; ++i) {
    const float t = (Number(0) - rest).ToFloat();
    elements->Add(1, t);
    rest = rest + Number(t);
  }
}
void FillMse(Number rest, std::size_t count, Elements* elements) {
  for (std::size_t i = 0; i < count; ++i) {
    const float x = Sqrt(rest).ToFloat(MPFR_RNDD);
    elements->Add(x, 0);
    rest = rest - Number(x) * Number(x);
  }
}

const Loss kLosses[] = {
    {"bce_with_logits", [](const Call& call, const Pair& pair) { return BceWithLogits(call, pair); }, BceTerm,
     FillBce},
    {"mse", Mse, MseTerm, FillMse}};

Number SumOf(const Loss& loss, const Elements& elements) {
  Number sum;
  for (std::size_t i = 0; i < elements.x.size(); ++i) sum = sum + loss.term(elements.x[i], elements.t[i]);
  return sum;
}

/// The truth, and on every target what mode exact gives.
void ExpectRounded(const Loss& loss, const Elements& elements, bool mean, const std::string& what) {
  const auto size = static_cast<double>(elements.x.size());
  const float truth = (SumOf(loss, elements) / Number(mean ? size : 1)).ToFloat();
  Call call;
  call.mode = Mode::kExact;
  call.reduction = mean ? Reduction::kMean : Reduction::kSum;
  float got = -7;
  Pair pair;
  pair.columns = elements.x.size();
  pair.input.data = elements.x.data();
  pair.target.data = elements.t.data();
  pair.loss = &got;
  for (std::size_t i = 0; i < TargetCount(); ++i) {
    UseTarget(TargetName(i));
    ASSERT_FALSE(loss.kernel(call, pair));
    ASSERT_EQ(got, truth) << loss.name << ", " << what << ", " << size << " elements, " << TargetName(i);
  }
  UseTarget(nullptr);
}

int Times(int count) {
  const char* factor = std::getenv("EXACTLOSS_SUMS");
  return count * (factor == nullptr ? 1 : static_cast<int>(std::strtol(factor, nullptr, 10)));
}

/// What is added up has far fewer bits, or is irrational.
constexpr int kBits = 400;

class Sums : public testing::TestWithParam<Loss> {
 protected:
  void SetUp() override { mpfr_set_default_prec(kBits); }

  Elements Drawn(std::size_t size) {
    Elements elements;
    const double spread = std::exp2(Uniform(-8, 6));
    std::normal_distribution<double> normal(0, spread);
    for (std::size_t i = 0; i < size; ++i) {
      const auto t =
          static_cast<float>(random_() % 4 == 0 ? Uniform(0, 1) : static_cast<double>(random_() % 2));
      elements.Add(static_cast<float>(normal(random_)), t);
    }
    return elements;
  }
  double Uniform(double low, double high) {
    return std::uniform_real_distribution<double>(low, high)(random_);
  }

  /// Elements whose sum or mean lies `exponent` powers of two, of itself, beside a midpoint.
  Elements Planted(const Loss& loss, bool mean, int exponent) {
    const std::size_t fillers = static_cast<std::size_t>(-exponent) / 23 + 2;
    Elements elements = Drawn(1 + random_() % 100);
    const auto size = static_cast<double>(mean ? elements.x.size() + fillers : 1);
    const Number sum = SumOf(loss, elements);
    // A float above the sum, and half a step more.
    const float low = (sum / Number(size)).ToFloat() * static_cast<float>(Uniform(1.5, 3));
    const double midpoint =
        (static_cast<double>(low) + static_cast<double>(std::nextafter(low, HUGE_VALF))) / 2;
    const double away = std::ldexp(random_() % 2 == 0 ? -1 : 1, exponent) * Uniform(1, 2);
    loss.fill(Number(midpoint) * (Number(1) + Number(away)) * Number(size) - sum, fillers, &elements);
    return elements;
  }

  std::mt19937 random_{11};
};

TEST_P(Sums, RandomMeansAreCorrectlyRounded) {
  for (int i = 0; i < Times(3000); ++i) {
    ExpectRounded(GetParam(), Drawn(1 + random_() % 100), true, "mean " + std::to_string(i));
    if (HasFatalFailure()) return;
  }
}

TEST_P(Sums, BesideAMidpoint) {
  for (int i = 0; i < Times(2000); ++i) {
    // Double words decide the most; every tenth is for more digits.
    const int exponent =
        i % 10 == 0 ? -80 - static_cast<int>(random_() % 60) : -45 - static_cast<int>(random_() % 16);
    const bool mean = i % 2 == 0;
    ExpectRounded(GetParam(), Planted(GetParam(), mean, exponent), mean, "2^" + std::to_string(exponent));
    if (HasFatalFailure()) return;
  }
}

/// Differences are multiples of 2^-6, so that sums are whole numbers of 2^-12.
TEST(MseSums, OnAMidpointTheyAreEven) {
  mpfr_set_default_prec(kBits);
  std::mt19937 random(12);
  const Loss& mse = kLosses[1];
  for (int i = 0; i < Times(1000); ++i) {
    const std::size_t size = 16 + random() % 200;
    const bool mean = i % 2 == 0;
    std::vector<std::int64_t> steps;
    std::int64_t sum = 0;
    while (steps.size() + 12 < size) {
      steps.push_back(static_cast<std::int64_t>(random() % 256));
      sum += steps.back() * steps.back();
    }
    // 25 bits, the last of them set.
    const auto divisor = static_cast<std::int64_t>(mean ? size : 1);
    const std::int64_t midpoint =
        (std::int64_t{1} << 24) + static_cast<std::int64_t>(random() % (1 << 23)) * 2 + 1;
    for (std::int64_t rest = midpoint * divisor - sum; rest > 0;) {
      auto root = static_cast<std::int64_t>(std::sqrt(static_cast<double>(rest)));
      if (root * root > rest) --root;
      steps.push_back(root);
      rest -= root * root;
    }
    ASSERT_LE(steps.size(), size);
    steps.resize(size);
    Elements elements;
    for (const std::int64_t step : steps) {
      const auto t = static_cast<float>(random() % 8);
      elements.Add(t + static_cast<float>(step) / 64, t);
    }
    ExpectRounded(mse, elements, mean, "tie");
    if (HasFatalFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Losses, Sums, testing::ValuesIn(kLosses),
                         [](const auto& loss) { return std::string(loss.param.name); });

}  // namespace
}  // namespace exactloss::optimized
