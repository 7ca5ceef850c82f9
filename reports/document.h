// report.json: one versioned document that says all of an audit but the single findings: what was run with
// what, the counts, the causes (worst first) and the rows. reports/schema/report.schema.json is its JSON
// Schema. Numbers of a dtype stand as in JSON Lines: hex, bits and decimal, never as JSON numbers.
//
//   {"format": "exactloss report", "version": 1, "run": {...}, "summary": [...], "causes": [...], "rows":
//   [...]}
#pragma once

#include <ostream>
#include <string>

#include "reports/report.h"

namespace exactloss {

/// Raised whenever a reader of the version before would misread what is written.
inline constexpr int kDocumentVersion = 1;

void WriteDocument(const Report& report, std::ostream& out);

/// What a comparison needs of a report.
struct Document {
  RunInfo run;
  Rows rows;  ///< the truth of a finding is the number of the dtype nearest to it
};

/// Throws UsageError, one line that names the file, for what is no such document: another version, cut off,
/// a key too many or too few, a name that there is not.
Document ReadDocument(const std::string& path);

}  // namespace exactloss
