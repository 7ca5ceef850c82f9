// Findings as JSON Lines: one object a line, numbers by their bits, so that NaN, infinities and -0 survive.
//
// reports/schema/report.schema.json#/$defs/finding is their JSON Schema:
//
//   {"line": ..., "subject", "loss", "dtype", "reduction", "fill", "output", "index", "verdict", "class",
//    "ulp", "ratio", "allowed_ratio", "got": {"hex", "bits", "decimal"}, "truth": {...}, "impact",
//    "assert_close", "mistrusted", "message", "known",
//    "count"}
//
// `ulp` and `ratio` are numbers, or the strings "inf" and "nan". `got` is null when there was no answer, and
// has a "dtype" when that is not the problem's. `truth` is the number of the dtype nearest to it, with its
// decimal to 30 digits; where it is a set, or not proven, "lower" and "upper" are its ends. `assert_close` is
// "passes" or "fails". `known` is the id of the known divergence that the finding is, or "".
//
// Those of a gradcheck have more, and of other kinds: docs/gradcheck.md.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <ostream>
#include <string>

#include "oracle/audit.h"
#include "oracle/gradcheck.h"
#include "reports/grouping.h"

namespace exactloss {

nlohmann::ordered_json ToJson(const Finding& finding);

/// A number, or "inf", "-inf" or "nan": JSON has no infinities and no NaN.
nlohmann::ordered_json ErrorJson(double error);

/// One line for any JSON. Bytes that are no UTF-8, as a host's message may have, are replaced.
std::string DumpLine(const nlohmann::ordered_json& json);

/// Without the line feed.
std::string ToJsonLine(const Finding& finding);
/// With a member "classical".
std::string ToJsonLine(const GradientFinding& found);
/// An element of a gradient of a result: what its legs say.
std::string ToJsonLine(const GradcheckResult& result, const LegAgreement& leg);
std::string ToJsonLine(const std::string& line, const std::string& subject, const TaylorResult& result);

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
