// Cross entropy and negative log-likelihood of the library against the proven truth.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <vector>

#include "reference/truth.h"
#include "tests/optimized/row_case.h"

namespace exactloss::tests {
namespace {

using optimized::Mode;

constexpr int kCases = 500;

/// Calls `test` for every SIMD target of this CPU.
template <class Test>
void ForEachTarget(const Test& test) {
  for (std::size_t i = 0; i < optimized::TargetCount(); ++i) {
    ASSERT_TRUE(optimized::UseTarget(optimized::TargetName(i)));
    SCOPED_TRACE(optimized::TargetName(i));
    test();
  }
  optimized::UseTarget(nullptr);
}

/// The largest term that a gradient is made of, where it may cancel.
double LargestTerm(const RowCase& c) {
  double mass = 0, largest = 1;
  for (const double weight : c.weight) largest = std::fmax(largest, weight);
  if (c.reduction != Reduction::kMean) return 2 * largest;
  for (const std::int64_t target : c.target) {
    if (target != c.ignore_index) mass += c.weight.empty() ? 1 : c.weight[static_cast<std::size_t>(target)];
  }
  if (c.target.empty()) mass = static_cast<double>(c.rows * c.inner);
  return 2 * largest / mass;
}

struct Worst {
  double fast = 0, f64 = 0;
  std::size_t misrounded = 0, elements = 0;
};

void Compare(const RowCase& c, Mode mode, const OutputTruth& truth, const std::vector<double>& got,
             Worst* worst) {
  ASSERT_EQ(truth.elements.size(), got.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    const ElementTruth& element = truth.elements[i];
    if (!element.proven) continue;
    bool unique = true;
    const double nearest = Nearest(c.dtype, element.value, &unique);
    bool right = false;
    ++worst->elements;
    if (c.dtype == Dtype::kF64) {
      const double ulp = UlpError(c.dtype, element.value, got[i]);
      worst->f64 = std::fmax(worst->f64, ulp);
      right = ulp <= 0.51;
    } else if (mode == Mode::kExact) {
      right = got[i] == nearest || (std::isnan(nearest) && std::isnan(got[i]));
      // 106 bits do not tell on which side of the middle of two numbers the truth lies.
      if (!unique) right = UlpError(c.dtype, element.value, got[i]) <= 0.5;
      worst->misrounded += !right;
    } else {
      const double ulp = UlpError(c.dtype, element.value, got[i]);
      right = ulp <= (c.is_nll ? 0.501 : 2);
      // Where it cancels an ulp is one of the terms.
      if (!right && truth.spec.input != OutputSpec::kLoss)
        right = AbsoluteError(c.dtype, element.value, got[i]) <= std::ldexp(LargestTerm(c), -44);
      if (c.smoothing == 0 && c.probabilities.empty()) worst->fast = std::fmax(worst->fast, ulp);
    }
    EXPECT_TRUE(right) << truth.spec.name << "[" << i << "] " << FormatHex(got[i]) << " instead of "
                       << FormatHex(nearest) << " = " << ToDecimal(element.value) << ", mode "
                       << static_cast<int>(mode) << "\n"
                       << FormatProblem(ProblemOf(c)).substr(0, 1500);
    if (!right) return;
  }
}

bool HasNegative(const std::vector<double>& x) {
  return std::any_of(x.begin(), x.end(), [](double v) { return v < 0; });
}

void Compare(const RowCase& c, const Truth& truth, Worst* worst) {
  ForEachTarget([&] {
    for (const Mode mode : {Mode::kExact, Mode::kFast}) {
      if (mode == Mode::kFast && HasNegative(c.weight)) continue;  // sums that cancel
      const RowOutputs outputs = RunCase(c, mode);
      for (const OutputTruth& output : truth.outputs) {
        Compare(c, mode, output,
                output.spec.input == OutputSpec::kLoss ? outputs.loss
                : output.spec.name == "grad:input"     ? outputs.input_gradient
                                                       : outputs.target_gradient,
                worst);
      }
    }
  });
}

class EachDtype : public testing::TestWithParam<Dtype> {};

TEST_P(EachDtype, IsRight) {
  std::mt19937_64 random(11);
  Worst worst;
  for (int k = 0; k < kCases && !HasFailure(); ++k) {
    const RowCase c = DrawCase(random, GetParam(), k % 8 == 0 ? 300 : 40);
    Compare(c, Evaluate(ProblemOf(c)), &worst);
  }
  RecordProperty("worst_fast", std::to_string(worst.fast));
  std::printf("%zu elements, misrounded %zu, fast %.4f ulp, f64 %.4f ulp\n", worst.elements, worst.misrounded,
              worst.fast, worst.f64);
}

/// Equal logits give results that are the middle of two numbers: 511/512 in bf16, 4095/4096 in f16.
TEST_P(EachDtype, Ties) {
  std::mt19937_64 random(3);
  Worst worst;
  for (const std::size_t classes : {2, 4, 512, 2048, 4096}) {
    RowCase c = DrawCase(random, GetParam(), 2);
    c.is_nll = false;
    c.rows = 2;
    c.inner = 1;
    c.classes = classes;
    c.reduction = Reduction::kNone;
    c.smoothing = 0;
    c.weight.clear();
    c.probabilities.clear();
    c.target = {0, static_cast<std::int64_t>(classes) - 1};
    DrawLogits(random, RowStyle::kEqual, &c);
    Compare(c, Evaluate(ProblemOf(c)), &worst);
  }
}

INSTANTIATE_TEST_SUITE_P(Rows, EachDtype, testing::ValuesIn(kAllDtypes),
                         [](const auto& test) { return std::string(Name(test.param)); });

/// Two classes d apart: of four million d those whose loss or gradient comes nearest to the middle of two
/// floats.
TEST(Rows, NearMiddles) {
  struct Near {
    double distance;
    float d;
  };
  const auto distance = [](double y) {
    const double scaled = std::ldexp(y, 24 - std::ilogb(y) - 1);  // an integer and a half at a middle
    return std::fabs(scaled - std::floor(scaled) - 0.5);
  };
  for (const bool of_loss : {false, true}) {
    std::vector<Near> nearest;
    float d = 2.5F;
    // NOLINTNEXTLINE(cert-flp30-c): every float from d on
    for (int k = 0; k < 1 << 22; ++k, d = std::nextafter(d, 100.0F)) {
      const double e = std::exp(-static_cast<double>(d));
      const double from = distance(of_loss ? std::log1p(e) : e / (1 + e));
      if (from < 0x1p-16) nearest.push_back({from, d});
    }
    std::sort(nearest.begin(), nearest.end(),
              [](const Near& a, const Near& b) { return a.distance < b.distance; });
    RowCase c;
    c.rows = std::min<std::size_t>(nearest.size(), 64);
    c.classes = 2;
    for (std::size_t k = 0; k < c.rows; ++k) {
      c.target.push_back(0);
      c.x.insert(c.x.end(), {nearest[k].d, 0.0});
    }
    Worst worst;
    Compare(c, Evaluate(ProblemOf(c)), &worst);
  }
}

/// The same bits for any number of threads, and in mode exact for any target and any order of the rows.
TEST(Rows, Reductions) {
  std::mt19937_64 random(5);
  for (int k = 0; k < 6; ++k) {
    RowCase c = DrawCase(random, k % 2 == 0 ? Dtype::kF32 : Dtype::kBF16, 2);
    c.is_nll = k == 4;
    c.rows = 300;
    c.inner = 1;
    c.classes = 3 + random() % 60;
    c.reduction = k % 3 == 0 ? Reduction::kSum : Reduction::kMean;
    c.probabilities.clear();
    c.weight.clear();
    c.target.clear();
    for (std::size_t j = 0; j < c.classes; ++j)
      c.weight.push_back(RoundTo(c.dtype, std::ldexp(1 + static_cast<double>(j), -static_cast<int>(j))));
    for (std::size_t n = 0; n < c.rows; ++n)
      c.target.push_back(n % 11 == 0 ? c.ignore_index : static_cast<std::int64_t>(random() % c.classes));
    DrawLogits(random, RowStyle::kNormal, &c);
    const Truth truth = Evaluate(ProblemOf(c));
    const double right = Nearest(c.dtype, truth.outputs[0].elements[0].value);
    std::vector<std::size_t> order(c.rows);
    std::iota(order.begin(), order.end(), 0);
    std::shuffle(order.begin(), order.end(), random);
    RowCase shuffled = c;
    for (std::size_t n = 0; n < c.rows; ++n) {
      shuffled.target[n] = c.target[order[n]];
      std::copy_n(c.x.begin() + static_cast<std::ptrdiff_t>(order[n] * c.classes), c.classes,
                  shuffled.x.begin() + static_cast<std::ptrdiff_t>(n * c.classes));
    }
    ForEachTarget([&] {
      const double fast = RunCase(c, Mode::kFast).loss[0];
      for (const int threads : {1, 2, 3, 7}) {
        EXPECT_EQ(RunCase(c, Mode::kExact, threads).loss[0], right);
        EXPECT_EQ(RunCase(shuffled, Mode::kExact, threads).loss[0], right);
        EXPECT_EQ(RunCase(c, Mode::kFast, threads).loss[0], fast);
      }
    });
  }
}

/// Memory between pages that may not be touched, at its front or its back.
class Guarded {
 public:
  Guarded(std::size_t size, std::size_t shift, bool at_back)
      : page_(static_cast<std::size_t>(getpagesize())) {
    inside_ = (size + shift + page_ - 1) / page_ * page_ + page_;
    base_ = static_cast<unsigned char*>(
        mmap(nullptr, inside_ + 2 * page_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    EXPECT_EQ(mprotect(base_ + page_, inside_, PROT_READ | PROT_WRITE), 0);
    data_ = base_ + page_ + (at_back ? inside_ - size - shift : shift);
  }
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;
  ~Guarded() { munmap(base_, inside_ + 2 * page_); }
  unsigned char* data() { return data_; }
  /// All but `size` bytes at the data is 0.
  bool IsCleanAround(std::size_t size) const {
    const unsigned char *begin = base_ + page_, *end = begin + inside_;
    return std::all_of(begin, static_cast<const unsigned char*>(data_),
                       [](unsigned char b) { return b == 0; }) &&
           std::all_of(static_cast<const unsigned char*>(data_) + size, end,
                       [](unsigned char b) { return b == 0; });
  }

 private:
  std::size_t page_, inside_;
  unsigned char *base_, *data_;
};

TEST(Rows, Guards) {
  std::mt19937_64 random(9);
  ForEachTarget([&] {
    for (std::size_t classes = 1; classes <= 67; classes += classes < 34 ? 1 : 11) {
      for (const Dtype dtype : {Dtype::kF32, Dtype::kBF16, Dtype::kF64}) {
        for (std::size_t shift = 0; shift < 16; shift += classes < 20 ? 1 : 5) {
          const bool at_back = shift % 2 == 0, by_index = random() % 2 == 0;
          const std::size_t inner = random() % 4 == 0 ? 3 : 1, rows = 2,
                            unit = static_cast<std::size_t>(SizeInBytes(dtype));
          const std::size_t size = rows * classes * inner * unit, places = rows * inner;
          Guarded x(size, at_back ? shift / 2 * unit : shift * unit, at_back), p(size, 0, at_back),
              w(classes * unit, 0, at_back), t(places * 8, 0, at_back), loss(places * unit, 0, at_back),
              gradient(size, at_back ? shift / 2 * unit : shift * unit, at_back), slope(size, 0, at_back);
          const auto fill = [&](Guarded& memory, std::size_t count) {
            std::vector<double> values(count);
            for (double& value : values) value = RoundTo(dtype, static_cast<double>(random() % 100) / 64);
            const auto bytes = ToBytes(dtype, values);
            std::memcpy(memory.data(), bytes.data(), bytes.size());
          };
          fill(x, size / unit), fill(p, size / unit), fill(w, classes);
          for (std::size_t k = 0; k < places; ++k) {
            const auto target = static_cast<std::int64_t>(random() % classes);
            std::memcpy(t.data() + 8 * k, &target, 8);
          }
          optimized::ClassRows call_rows;
          call_rows.rows = rows;
          call_rows.classes = classes;
          call_rows.inner = inner;
          call_rows.input.data = x.data();
          call_rows.weight = w.data();
          if (by_index) {
            call_rows.target = reinterpret_cast<const std::int64_t*>(t.data());
          } else {
            call_rows.target_probabilities.data = p.data();
            call_rows.target_gradient = slope.data();
          }
          call_rows.loss = loss.data();
          call_rows.input_gradient = gradient.data();
          optimized::Call call;
          call.dtype = static_cast<optimized::Dtype>(dtype);
          call.reduction = optimized::Reduction::kNone;
          for (const Mode mode : {Mode::kFast, Mode::kExact}) {
            call.mode = mode;
            EXPECT_FALSE(optimized::CrossEntropy(call, call_rows));
            if (by_index) {
              EXPECT_FALSE(optimized::Nll(call, call_rows));
            }
          }
          EXPECT_TRUE(gradient.IsCleanAround(size));
          EXPECT_TRUE(slope.IsCleanAround(size));
          EXPECT_TRUE(loss.IsCleanAround(places * unit));
        }
      }
    }
  });
}

/// Long rows, whose outputs go around the cache, and strided ones.
TEST(Rows, LongRows) {
  std::mt19937_64 random(13);
  const std::size_t rows = 9, classes = 300007, stride = classes + 5;
  std::vector<float> x(rows * stride), gradient(rows * classes + 1), tight(classes);
  std::vector<std::int64_t> target(rows);
  for (float& value : x) value = static_cast<float>(std::normal_distribution<double>(0, 3)(random));
  for (std::int64_t& value : target) value = static_cast<std::int64_t>(random() % classes);
  ForEachTarget([&] {
    for (const Mode mode : {Mode::kFast, Mode::kExact}) {
      optimized::Call call;
      call.mode = mode;
      call.reduction = optimized::Reduction::kSum;
      optimized::ClassRows all;
      all.rows = rows;
      all.classes = classes;
      all.input = {x.data(), static_cast<std::ptrdiff_t>(stride)};
      all.target = target.data();
      all.input_gradient = gradient.data() + 1;
      ASSERT_FALSE(optimized::CrossEntropy(call, all));
      for (std::size_t n = 0; n < rows; n += 4) {
        optimized::ClassRows one = all;
        one.rows = 1;
        one.input = {x.data() + n * stride};
        one.target = &target[n];
        one.input_gradient = tight.data();
        ASSERT_FALSE(optimized::CrossEntropy(call, one));
        // NOLINTNEXTLINE(bugprone-suspicious-memory-comparison): the same bits
        EXPECT_EQ(std::memcmp(tight.data(), gradient.data() + 1 + n * classes, classes * sizeof(float)), 0);
        double sum = 0, rest = 0;
        for (std::size_t j = 0; j < classes; ++j) sum += std::exp(static_cast<double>(x[n * stride + j]));
        for (std::size_t j = 0; j < classes; ++j) {
          const double p = std::exp(static_cast<double>(x[n * stride + j])) / sum;
          const double right = p - (j == static_cast<std::size_t>(target[n]) ? 1 : 0);
          rest = std::fmax(rest, std::fabs(static_cast<double>(tight[j]) - right) / std::fabs(right));
        }
        EXPECT_LT(rest, mode == Mode::kExact ? 0x1.001p-24 : 0x1p-22);
      }
    }
  });
}

TEST(Rows, Arguments) {
  float x[6] = {1, 2, 3, 4, 5, 6}, gradient[6] = {7, 7, 7, 7, 7, 7}, loss = 7;
  std::int64_t target[2] = {0, 2};
  optimized::Call call;
  optimized::ClassRows rows;
  rows.rows = 2;
  rows.classes = 3;
  rows.input.data = x;
  rows.target = target;
  rows.loss = &loss;
  rows.input_gradient = gradient;
  const auto wrong = [&](const char* argument, const optimized::Call& c, const optimized::ClassRows& r,
                         double smoothing = 0) {
    const optimized::Error error = optimized::CrossEntropy(c, r, {-100, smoothing});
    EXPECT_STREQ(error.argument, argument);
    EXPECT_EQ(loss, 7);
    EXPECT_TRUE(std::all_of(gradient, gradient + 6, [](float g) { return g == 7; }));
  };
  const auto with = [&](const auto& change) {
    optimized::ClassRows changed = rows;
    change(&changed);
    return changed;
  };
  using Changed = optimized::ClassRows*;
  wrong("input", call, with([](Changed r) { r->input.data = nullptr; }));
  wrong("input", call, with([](Changed r) { r->input.row_stride = 2; }));
  wrong("target", call, with([](Changed r) { r->target = nullptr; }));
  wrong("target_probabilities", call, with([&](Changed r) { r->target_probabilities.data = x; }));
  wrong("target_gradient", call, with([&](Changed r) { r->target_gradient = x; }));
  wrong("input_gradient", call, with([&](Changed r) { r->input_gradient = x + 1; }));
  wrong("input_gradient", call, with([&](Changed r) { r->loss = gradient + 3; }));
  wrong("label_smoothing", call, rows, 1.5);
  wrong("label_smoothing", call, rows, std::nan(""));
  for (const std::int64_t index : {3, -1}) {
    target[1] = index;
    wrong("target", call, rows);
  }
  target[1] = 1;
  optimized::Call bad = call;
  bad.reduction = optimized::Reduction::kBatchMean;
  wrong("reduction", bad, rows);
  bad = call;
  bad.threads = -1;
  wrong("threads", bad, rows);
  EXPECT_FALSE(optimized::CrossEntropy(call, rows));
  EXPECT_STREQ(optimized::Nll(call, with([&](Changed r) {
                                r->target = nullptr;
                                r->target_probabilities.data = x;
                              }))
                   .argument,
               "target_probabilities");
}

}  // namespace
}  // namespace exactloss::tests
