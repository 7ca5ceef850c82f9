// Rows: what one output of a loss did on the problems of one fill. report.json is made of them, the heat map,
// the JUnit cases and a comparison.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "oracle/audit.h"

namespace exactloss {

struct RowKey {
  std::string subject, loss;
  Dtype dtype = Dtype::kF32;
  Reduction reduction = Reduction::kNone;
  std::string output;
  std::string fill;                                 ///< "normal"; "" for repro lines
  auto operator<=>(const RowKey&) const = default;  // NOLINT(modernize-use-nullptr): clang-tidy 14 sees a 0
};

/// Elements that fail in one way, and the one that tells most.
struct Failure {
  std::uint64_t elements = 0;
  Finding worst;
};

struct Row {
  RowKey key;
  std::map<Verdict, std::uint64_t> elements = {};
  std::uint64_t mistrusted = 0;
  double passing_ulp = 0;              ///< the largest among those that pass
  std::string passing_line = {};       ///< its problem; "" where nothing passes
  std::vector<Failure> failures = {};  ///< one for each verdict and class, as they came

  /// What fails in the same way as the finding, null if nothing does.
  const Failure* Like(const Finding& finding) const;
  std::uint64_t failed() const;
  std::uint64_t passed() const;
};

class Rows : public Sink {
 public:
  void Write(const Finding& finding) override;
  /// The row of that key, new if there is none yet.
  Row& at(const RowKey& key);
  const std::vector<Row>& all() const { return rows_; }  ///< in the order in which they came

 private:
  std::vector<Row> rows_;
  std::map<RowKey, std::size_t> places_;
};

/// "normal" of "normal#1.3"
std::string FillName(const std::string& fill);

/// Is it a fill of numbers such as a network in training has?
bool IsOrdinary(const std::string& fill_name);

}  // namespace exactloss
