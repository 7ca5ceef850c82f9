// Errors over the input line: for each subject, loss, output and dtype, the largest error in each small
// interval of the prediction, and how many findings there are of each size. What a plot shows, whatever the
// number of findings.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>

#include "oracle/audit.h"

namespace exactloss {

/// Columns are a quarter of an octave wide, 0 holds |x| < 2^kLinear.
inline constexpr int kColumnsPerOctave = 4, kLinear = -10;
inline constexpr int kInfiniteColumn = 1 << 13;  ///< of the infinities, with their sign

/// The column of a number, none of NaN.
std::optional<int> ColumnOf(double x);

/// The upper ends of the histogram's bins in ulp; one more bin holds what is larger, or has no size.
inline constexpr std::array<double, 10> kBins = {0, 0.5, 1, 10, 1e2, 1e3, 1e4, 1e5, 1e6, 1e9};

struct Panel {
  struct Mark {
    Verdict verdict = Verdict::kExact;
    Divergence divergence = Divergence::kNone;
    double ulp = 0;
  };
  std::map<int, Mark> columns;  ///< the largest ulp; the more severe verdict among equals
  std::array<std::uint64_t, kBins.size() + 1> bins{};
};

class Scatter : public Sink {
 public:
  using Key = std::tuple<std::string, std::string, std::string, Dtype>;  ///< subject, loss, output, dtype
  void Write(const Finding& finding) override;
  const std::map<Key, Panel>& panels() const { return panels_; }

 private:
  std::map<Key, Panel> panels_;
  std::string line_;  ///< whose problem is at hand: those of a problem come one after the other
  std::optional<Problem> problem_;
};

/// The prediction that a finding's output element depends on; of several, by their places, the largest in
/// magnitude. None where there is no such output.
std::optional<double> PredictionAt(const Problem& problem, const std::string& output, std::int64_t index);

}  // namespace exactloss
