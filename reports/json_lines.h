// Findings as JSON Lines: one object a line, numbers by their bits, so that NaN, infinities and -0 survive.
//
// reports/schema/report.schema.json#/$defs/finding is their JSON Schema:
//
//   {"line": ..., "subject", "loss", "dtype", "reduction", "fill", "output", "index", "verdict", "class",
//    "ulp", "ratio", "got": {"hex", "bits", "decimal"}, "truth": {...}, "assert_close", "mistrusted",
//    "message", "count"}
//
// `ulp` and `ratio` are numbers, or the strings "inf" and "nan". `got` is null when there was no answer, and
// has a "dtype" when that is not the problem's. `truth` is the number of the dtype nearest to it, with its
// decimal to 30 digits; where it is a set, or not proven, "lower" and "upper" are its ends. `assert_close` is
// "passes" or "fails".
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <ostream>
#include <string>

#include "oracle/audit.h"

namespace exactloss {

nlohmann::ordered_json ToJson(const Finding& finding);

/// A number, or "inf", "-inf" or "nan": JSON has no infinities and no NaN.
nlohmann::ordered_json ErrorJson(double error);

/// One line for any JSON. Bytes that are no UTF-8, as a host's message may have, are replaced.
std::string DumpLine(const nlohmann::ordered_json& json);

/// Without the line feed.
std::string ToJsonLine(const Finding& finding);

class JsonLines : public Sink {
 public:
  /// The stream outlives the sink.
  explicit JsonLines(std::ostream& out) : out_(out) {}
  void Write(const Finding& finding) override { out_ << ToJsonLine(finding) << '\n'; }

 private:
  std::ostream& out_;
};

}  // namespace exactloss
