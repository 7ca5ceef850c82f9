#include "oracle/sweep_points.h"

#include <algorithm>
#include <bit>
#include <limits>

namespace exactloss {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::uint64_t PatternAt(const SweepPlan& plan, std::uint64_t ordinal, std::size_t k) {
  const auto bits = static_cast<unsigned>(FormatOf(plan.dtype).bits);
  return ordinal >> (bits * k) & ((std::uint64_t{1} << bits) - 1);
}

}  // namespace

std::uint64_t PointsOf(const SweepPlan& plan) {
  const auto bits = static_cast<unsigned>(FormatOf(plan.dtype).bits);
  return ((std::uint64_t{1} << (bits * plan.varied.size())) + plan.stride - 1) / plan.stride;
}

std::uint64_t ChunksOf(const SweepPlan& plan) {
  return (PointsOf(plan) + kPointsPerChunk - 1) / kPointsPerChunk;
}

double ValueAt(const SweepPlan& plan, std::uint64_t ordinal, std::size_t k) {
  return FromBits(plan.dtype, PatternAt(plan, ordinal, k));
}

PointSource::PointSource(const SweepPlan& plan)
    : plan_(plan), nan_payload_(plan.dtype == Dtype::kF32 ? 0xfff : 0) {
  if (plan.varied.size() > 1) nan_payload_ = (std::uint64_t{1} << (FormatOf(plan.dtype).precision - 2)) - 1;
  for (const std::size_t input : plan.varied) {
    const InputSpec& spec = plan.loss->inputs[input];
    bool is_bounded = true;
    for (std::size_t i = 0; i < plan.loss->parameters.size(); ++i) {
      // Cases that differ in this are different sweeps: CheckPlan.
      if (plan.loss->parameters[i].name == spec.unbounded_if) is_bounded = plan.cases[0].parameters[i] == 0;
    }
    min_.push_back(static_cast<float>(is_bounded ? spec.min : -kInfinity));
    max_.push_back(static_cast<float>(is_bounded ? spec.max : kInfinity));
  }
  if (FormatOf(plan.dtype).bits > 16) return;
  for (std::uint64_t pattern = 0; pattern < 1U << 16; ++pattern) {
    values_.push_back(static_cast<float>(FromBits(plan.dtype, pattern)));
  }
}

const std::byte* Points::Bits(std::size_t input) const {
  const Input& of = inputs[input];
  return reinterpret_cast<const std::byte*>(of.halves.empty() ? static_cast<const void*>(of.values.data())
                                                              : of.halves.data());
}

void Points::Resize(std::size_t size, bool has_halves) {
  ordinals.resize(size);
  for (Input& input : inputs) {
    input.values.resize(size);
    if (has_halves) input.halves.resize(size);
  }
}

PointSource::LeftOut PointSource::Read(std::uint64_t number, Points* numbers, Points* nans) const {
  const std::size_t varied = plan_.varied.size();
  const std::uint64_t begin = number * kPointsPerChunk;
  const std::uint64_t end = std::min(begin + kPointsPerChunk, PointsOf(plan_));
  const bool has_halves = !values_.empty();
  for (Points* points : {numbers, nans}) {
    points->inputs.resize(varied);
    points->Resize(end - begin, has_halves);
  }
  const auto bits = static_cast<unsigned>(FormatOf(plan_.dtype).bits);
  const std::uint64_t all = (std::uint64_t{1} << bits) - 1;
  LeftOut left_out;
  std::size_t count[2] = {0, 0};
  for (std::uint64_t i = begin; i < end; ++i) {
    const std::uint64_t ordinal = i * plan_.stride;
    std::uint64_t patterns[2];
    float values[2];
    bool is_nan = false, is_inside = true, is_read = true;
    for (std::size_t k = 0; k < varied; ++k) {
      patterns[k] = ordinal >> (bits * k) & all;
      values[k] =
          has_halves ? values_[patterns[k]] : std::bit_cast<float>(static_cast<std::uint32_t>(patterns[k]));
      if (values[k] != values[k]) {
        is_nan = true;
        is_read = is_read && (patterns[k] & nan_payload_) == 0;
      }
      is_inside = is_inside && !(values[k] < min_[k] || values[k] > max_[k]);
    }
    if (!is_inside || !is_read) {
      ++(is_inside ? left_out.nans : left_out.outside);
      continue;
    }
    Points& points = is_nan ? *nans : *numbers;
    const std::size_t at = count[is_nan ? 1 : 0]++;
    points.ordinals[at] = ordinal;
    for (std::size_t k = 0; k < varied; ++k) {
      points.inputs[k].values[at] = values[k];
      if (has_halves) points.inputs[k].halves[at] = static_cast<std::uint16_t>(patterns[k]);
    }
  }
  numbers->Resize(count[0], has_halves);
  nans->Resize(count[1], has_halves);
  return left_out;
}

}  // namespace exactloss
