// What a failure does to who uses the loss: a wrong gradient trains wrong, a wrong value reports wrong. Its
// size is told in ordinary ones: |got - truth| over the size of that output in an ordinary batch, which is
// the median over the first kOrdinaryProblems problems of the fill `normal` at seed 1, with the same loss,
// dtype and reduction, of the truth's largest magnitude. (For a reduced loss that is the loss itself.)
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>

#include "oracle/finding.h"

namespace exactloss {

enum class Impact : std::uint8_t {
  kNone,          ///< it passes, or there was no answer
  kReportsWrong,  ///< the value only
  kTrainsWrong,   ///< a gradient: NaN, infinite, zero, of the wrong sign, or off by more than is explained
};

std::string_view Name(Impact impact);  ///< "trains wrong", ...; "" for kNone

Impact ImpactOf(const Finding& finding);

inline constexpr std::uint64_t kOrdinaryProblems = 5;

/// The sizes of outputs in ordinary batches, each worked out when it is first asked for. For one thread.
class OrdinaryBatches {
 public:
  /// The error of the finding in ordinary ones; NaN where there is none: no answer, NaN, nothing ordinary.
  double SizeOf(const Finding& finding);

 private:
  using Key = std::tuple<std::string, Dtype, Reduction>;
  std::map<Key, std::map<std::string, double>> sizes_;  ///< by output
};

}  // namespace exactloss
