// The points of a sweep, chunk by chunk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "oracle/sweep.h"

namespace exactloss {

/// So many points go to a subject at once.
inline constexpr std::uint64_t kPointsPerChunk = std::uint64_t{1} << 18;

/// How many points a case has, and how many chunks.
std::uint64_t PointsOf(const SweepPlan& plan);
std::uint64_t ChunksOf(const SweepPlan& plan);

/// Of a chunk the points that are in the domain of the loss, or those of them with a NaN: a subject that
/// refuses a NaN refuses all that comes with it.
struct Points {
  std::vector<std::uint64_t> ordinals;
  struct Input {
    std::vector<float> values;
    std::vector<std::uint16_t> halves;  ///< the bits, of a dtype of 16
  };
  std::vector<Input> inputs;  ///< one for each that is varied

  std::size_t size() const { return ordinals.size(); }
  const std::byte* Bits(std::size_t input) const;
  void Resize(std::size_t size, bool has_halves);
};

class PointSource {
 public:
  explicit PointSource(const SweepPlan& plan);
  /// Chunk `number` of a case. Returns how many of its points are outside the domain, or are a NaN like the
  /// others: of f32's those with 12 zeros at the end are read, of pairs' those without payload.
  struct LeftOut {
    std::uint64_t outside = 0, nans = 0;
  };
  LeftOut Read(std::uint64_t number, Points* numbers, Points* nans) const;

 private:
  const SweepPlan& plan_;
  std::vector<float> values_;     ///< of every pattern of a 16-bit dtype
  std::uint64_t nan_payload_;     ///< bits that are 0 in the NaNs that are read
  std::vector<float> min_, max_;  ///< of the varied inputs
};

/// The value of varied input `k` at a point.
double ValueAt(const SweepPlan& plan, std::uint64_t ordinal, std::size_t k);

}  // namespace exactloss
