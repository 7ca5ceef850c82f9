#include "tests/optimized/row_case.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <stdexcept>

namespace exactloss::tests {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

double Uniform(std::mt19937_64& random, double low, double high) {
  return std::uniform_real_distribution<double>(low, high)(random);
}
std::size_t Below(std::mt19937_64& random, std::size_t count) { return random() % count; }

double Finite(Dtype dtype, double x) {
  const double largest = MaxFinite(dtype);
  return RoundTo(dtype, std::fmin(std::fmax(x, -largest), largest));
}

double DrawLogit(std::mt19937_64& random, RowStyle style, Dtype dtype) {
  const double normal = std::normal_distribution<double>(0, 3)(random);
  switch (style) {
    case RowStyle::kMasked:
      return Below(random, 3) == 0 ? -kInfinity : normal;
    case RowStyle::kTies:
      return static_cast<double>(Below(random, 3));
    case RowStyle::kAnyBits: {
      for (;;) {
        const int bits = SizeInBytes(dtype) * 8;
        const double x = FromBits(dtype, bits == 64 ? random() : random() >> (64 - bits));
        if (std::isfinite(x)) return x;
      }
    }
    case RowStyle::kLarge:
      return Below(random, 2) == 0 ? -1e9 * Uniform(random, 0, 1) : normal * 100;
    case RowStyle::kTiny:
      return std::ldexp(normal, -static_cast<int>(Below(random, 140)));
    case RowStyle::kEqual:
      return 0.75;
    case RowStyle::kSpecial: {
      const std::size_t kind = Below(random, 12);
      return kind == 0 ? kInfinity : kind < 3 ? -kInfinity : normal;
    }
    default:
      return normal;
  }
}

}  // namespace

void DrawLogits(std::mt19937_64& random, RowStyle style, RowCase* drawn) {
  drawn->x.resize(drawn->size());
  for (double& x : drawn->x) x = DrawLogit(random, style, drawn->dtype);
  if (style == RowStyle::kSaturated) {
    for (std::size_t n = 0; n < drawn->rows; ++n) {
      for (std::size_t i = 0; i < drawn->inner; ++i) {
        const bool index = !drawn->target.empty() && drawn->target[drawn->place(n, i)] >= 0;
        const std::size_t top = index && Below(random, 4) != 0
                                    ? static_cast<std::size_t>(drawn->target[drawn->place(n, i)])
                                    : Below(random, drawn->classes);
        drawn->x[(n * drawn->classes + top) * drawn->inner + i] += Uniform(random, 5, 120);
      }
    }
  }
  if (style == RowStyle::kSpecial && Below(random, 3) == 0)
    drawn->x[Below(random, drawn->x.size())] = std::numeric_limits<double>::quiet_NaN();
  for (double& x : drawn->x) x = std::isfinite(x) ? Finite(drawn->dtype, x) : x;
}

RowCase DrawCase(std::mt19937_64& random, Dtype dtype, std::size_t most_classes) {
  const auto style = static_cast<RowStyle>(Below(random, 9));
  RowCase drawn;
  drawn.dtype = dtype;
  drawn.is_nll = Below(random, 5) == 0;
  drawn.reduction = static_cast<Reduction>(Below(random, 3));
  drawn.rows = 1 + Below(random, 4);
  drawn.inner = Below(random, 3) == 0 ? 1 + Below(random, 20) : 1;
  drawn.classes = Below(random, 3) == 0 ? 1 + Below(random, 5) : 1 + Below(random, most_classes);
  const bool by_index = drawn.is_nll || Below(random, 3) != 0;
  if (!drawn.is_nll && Below(random, 2) == 0)
    drawn.smoothing = Below(random, 4) == 0 ? 1 : Uniform(random, 0, 1);
  if (Below(random, 2) == 0) {
    // At infinite logits coefficients of both signs have no limit that is worth a test.
    const bool finite = style != RowStyle::kMasked && style != RowStyle::kSpecial;
    const double low = finite && Below(random, 6) == 0 ? -3 : 0;
    for (std::size_t j = 0; j < drawn.classes; ++j)
      drawn.weight.push_back(Below(random, 6) == 0 ? 0 : RoundTo(dtype, Uniform(random, low, 3)));
  }
  if (by_index) {
    drawn.ignore_index = Below(random, 2) == 0 ? -100 : 0;
    for (std::size_t k = 0; k < drawn.rows * drawn.inner; ++k) {
      drawn.target.push_back(Below(random, 8) == 0 ? drawn.ignore_index
                                                   : static_cast<std::int64_t>(Below(random, drawn.classes)));
    }
  } else {
    for (std::size_t k = 0; k < drawn.size(); ++k)
      drawn.probabilities.push_back(Below(random, 4) == 0 ? 0 : RoundTo(dtype, Uniform(random, 0, 1)));
  }
  DrawLogits(random, style, &drawn);
  return drawn;
}

Problem ProblemOf(const RowCase& c) {
  Problem problem = MakeProblem(*FindLoss(c.is_nll ? "nll" : "cross_entropy"), c.dtype, c.reduction);
  const auto size = [](std::size_t n) { return static_cast<std::int64_t>(n); };
  Shape shape = {size(c.rows), size(c.classes)}, places = {size(c.rows)};
  if (c.inner > 1) shape.push_back(size(c.inner)), places.push_back(size(c.inner));
  const auto give = [&](std::string_view name, const Shape& s, const std::vector<double>& values) {
    if (values.empty()) return;
    for (std::size_t i = 0; i < problem.inputs.size(); ++i) {
      if (problem.loss->inputs[i].name == name)
        problem.inputs[i] = Tensor{.shape = s, .values = values, .source = {}, .type = {}};
    }
  };
  give("input", shape, c.x);
  give("target", places, std::vector<double>(c.target.begin(), c.target.end()));
  give("target_probabilities", shape, c.probabilities);
  give("weight", {size(c.classes)}, c.weight);
  for (std::size_t i = 0; i < problem.parameters.size(); ++i) {
    const std::string_view name = problem.loss->parameters[i].name;
    problem.parameters[i] = name == "ignore_index" ? static_cast<double>(c.ignore_index) : c.smoothing;
  }
  return problem;
}

std::vector<unsigned char> ToBytes(Dtype dtype, const std::vector<double>& values) {
  const auto unit = static_cast<std::size_t>(SizeInBytes(dtype));
  std::vector<unsigned char> bytes(values.size() * unit);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::uint64_t bits = ToBits(dtype, values[i]);
    std::memcpy(&bytes[i * unit], &bits, unit);
  }
  return bytes;
}

double FromBytes(Dtype dtype, const unsigned char* bytes) {
  std::uint64_t bits = 0;
  std::memcpy(&bits, bytes, static_cast<std::size_t>(SizeInBytes(dtype)));
  return FromBits(dtype, bits);
}

RowOutputs RunCase(const RowCase& c, optimized::Mode mode, int threads) {
  const auto unit = static_cast<std::size_t>(SizeInBytes(c.dtype));
  const auto x = ToBytes(c.dtype, c.x), probabilities = ToBytes(c.dtype, c.probabilities),
             weight = ToBytes(c.dtype, c.weight);
  const std::size_t losses = c.reduction == Reduction::kNone ? c.rows * c.inner : 1;
  std::vector<unsigned char> loss(losses * unit, 0xAB), input_gradient(x.size(), 0xAB),
      target_gradient(probabilities.size(), 0xAB);
  optimized::ClassRows rows;
  rows.rows = c.rows;
  rows.classes = c.classes;
  rows.inner = c.inner;
  rows.input.data = x.data();
  if (!c.target.empty()) rows.target = c.target.data();
  if (!probabilities.empty()) {
    rows.target_probabilities.data = probabilities.data();
    rows.target_gradient = target_gradient.data();
  }
  if (!weight.empty()) rows.weight = weight.data();
  rows.loss = loss.data();
  rows.input_gradient = input_gradient.data();
  optimized::Call call;
  call.dtype = static_cast<optimized::Dtype>(c.dtype);
  call.mode = mode;
  call.reduction = static_cast<optimized::Reduction>(c.reduction);
  call.threads = threads;
  const optimized::Error error = c.is_nll
                                     ? optimized::Nll(call, rows, {c.ignore_index})
                                     : optimized::CrossEntropy(call, rows, {c.ignore_index, c.smoothing});
  if (error) throw std::runtime_error(std::string(error.argument) + " " + error.reason);
  RowOutputs outputs;
  const auto read = [&](const std::vector<unsigned char>& bytes, std::vector<double>* values) {
    for (std::size_t i = 0; i < bytes.size(); i += unit) values->push_back(FromBytes(c.dtype, &bytes[i]));
  };
  read(loss, &outputs.loss);
  read(input_gradient, &outputs.input_gradient);
  read(target_gradient, &outputs.target_gradient);
  return outputs;
}

}  // namespace exactloss::tests
