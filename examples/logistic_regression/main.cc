// Logistic regression by gradient descent: the loss and the gradient of every logit come from one call,
// correctly rounded, and so the whole training has the same bits for any number of threads.
#include <exactloss/losses.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <vector>

namespace {

using namespace exactloss::optimized;

constexpr std::size_t kSamples = 20000, kFeatures = 8;
constexpr int kSteps = 100;
constexpr float kRate = 2;

struct Data {
  std::vector<float> features;  ///< kSamples x kFeatures
  std::vector<float> targets;   ///< 0 or 1
};

/// Two classes on either side of a plane, with some noise between them.
Data MakeData(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto uniform = [&] { return static_cast<float>(random() >> 40) * 0x1p-23F - 1; };  // [-1, 1)
  Data data;
  for (std::size_t i = 0; i < kSamples; ++i) {
    float sum = uniform() / 4;
    for (std::size_t j = 0; j < kFeatures; ++j) {
      data.features.push_back(uniform());
      sum += data.features.back() * static_cast<float>(j + 1) / kFeatures;
    }
    data.targets.push_back(sum > 0 ? 1.0F : 0.0F);
  }
  return data;
}

struct Model {
  std::vector<float> weights = std::vector<float>(kFeatures);
  float bias = 0;
  bool operator==(const Model&) const = default;

  std::vector<float> Logits(const Data& data) const {
    std::vector<float> logits(kSamples, bias);
    for (std::size_t i = 0; i < kSamples; ++i) {
      for (std::size_t j = 0; j < kFeatures; ++j) logits[i] += weights[j] * data.features[i * kFeatures + j];
    }
    return logits;
  }
};

Model Train(const Data& data, int threads, const char* target) {
  std::printf("%d thread(s) of %s\n", threads, target);
  UseTarget(target);
  Model model;
  for (int step = 0; step <= kSteps; ++step) {
    const std::vector<float> logits = model.Logits(data);
    std::vector<float> gradient(kSamples);
    float loss = 0;
    const Call call = {.mode = Mode::kExact, .reduction = Reduction::kMean, .threads = threads};
    const Pair pair = {.columns = kSamples,
                       .input = {logits.data()},
                       .target = {data.targets.data()},
                       .loss = &loss,
                       .input_gradient = gradient.data()};
    if (const Error error = BceWithLogits(call, pair)) {
      std::fprintf(stderr, "%s %s\n", error.argument, error.reason);
      std::exit(1);
    }
    if (step % 20 == 0) std::printf("  step %3d: loss %.6f = %a\n", step, loss, loss);
    for (std::size_t i = 0; i < kSamples; ++i) {
      const float change = kRate * gradient[i];
      model.bias -= change;
      for (std::size_t j = 0; j < kFeatures; ++j)
        model.weights[j] -= change * data.features[i * kFeatures + j];
    }
  }
  return model;
}

}  // namespace

int main() {
  const Data data = MakeData(1);
  const char* const best = TargetName(0);
  const char* const last = TargetName(TargetCount() - 1);
  const Model model = Train(data, 1, best);
  if (Train(data, 4, best) != model || Train(data, 4, last) != model) {
    std::puts("other bits");
    return 1;
  }

  const std::vector<float> logits = model.Logits(data);
  std::size_t right = 0;
  for (std::size_t i = 0; i < kSamples; ++i) right += (logits[i] > 0) == (data.targets[i] == 1);
  std::printf("the same bits; accuracy %.4f\n", static_cast<double>(right) / kSamples);
}
