// Findings as JSON Lines: one object a line, numbers by their bits, so that NaN, infinities and -0 survive.
//
//   {"line": ..., "subject", "loss", "dtype", "reduction", "fill", "output", "index", "verdict", "class",
//    "ulp", "ratio", "allowed_ratio", "got": {"hex", "bits", "decimal"}, "truth": {...}, "impact",
//    "assert_close", "mistrusted", "message", "count"}
//
// `ulp` and `ratio` are numbers, or the strings "inf" and "nan". `got` is null when there was no answer, and
// has a "dtype" when that is not the problem's. `truth` is the number of the dtype nearest to it, with its
// decimal to 30 digits; where it is a set, or not proven, "lower" and "upper" are its ends. `assert_close` is
// "passes" or "fails".
#pragma once

#include <ostream>
#include <string>

#include "oracle/audit.h"
#include "reports/grouping.h"

namespace exactloss {

/// Without the line feed.
std::string ToJsonLine(const Finding& finding);

/// A cause, with the finding that tells most and the simplest. `size`: OrdinaryBatches::SizeOf.
std::string ToJsonLine(const Cause& cause, double size);

class JsonLines : public Sink {
 public:
  /// The stream outlives the sink.
  explicit JsonLines(std::ostream& out) : out_(out) {}
  void Write(const Finding& finding) override { out_ << ToJsonLine(finding) << '\n'; }

 private:
  std::ostream& out_;
};

}  // namespace exactloss
