// The report of a gradcheck on the terminal: digits of the truth, gradients against it, and where the
// classical check and the truth disagree.
#pragma once

#include <cstdint>
#include <map>
#include <ostream>
#include <string>
#include <vector>

#include "oracle/gradcheck.h"

namespace exactloss {

/// What the legs say of one gradient of a loss.
struct LegRow {
  std::string loss, output;
  std::uint64_t compared = 0, closed = 0;  ///< elements: by differences, and by a closed form too
  double closed_digits = kMostDigits, difference_digits = kMostDigits;  ///< the least
  std::map<LeftOut, std::uint64_t> left_out = {};
};

/// A subject's gradient of a loss in one dtype: elements.
struct GradientRow {
  std::string loss, output;
  Dtype dtype = Dtype::kF64;
  Finding worst = {};
  std::uint64_t checked = 0;            ///< by the classical check
  std::uint64_t wrong = 0, missed = 0;  ///< of these wrong, and passed by it
  std::uint64_t right = 0, alarms = 0;  ///< right in f64, and failed by it
};

/// Elements that the truth and the classical check judge differently, and a simple example.
struct Disagreement {
  GradientFinding example;  ///< of the shortest line
  std::uint64_t elements = 0;
  double ulp = 0;  ///< the largest
};

class GradcheckReport {
 public:
  explicit GradcheckReport(std::size_t subjects) : subjects_(subjects) {}

  void Add(const GradcheckResult& result);

  bool LegsAreApart() const { return !apart_.empty(); }
  void WriteLegs(std::ostream& out) const;
  void WriteSubject(std::size_t subject, const SubjectInfo& info, std::ostream& out) const;
  /// "legs: 1234 elements agree, 0 apart; libtorch: 12 wrong gradients, 3 of them pass gradcheck; ..."
  std::string LastLine(const std::vector<SubjectInfo>& subjects) const;

 private:
  struct OfSubject {
    std::vector<GradientRow> rows;
    std::vector<Disagreement> missed, alarms;
    std::uint64_t problems = 0, missed_problems = 0;  ///< with a wrong gradient; of these, passed whole
    std::uint64_t unanswered = 0;                     ///< problems
  };

  void AddLeg(const GradcheckResult& result, const LegAgreement& leg);
  static void AddFinding(const GradientFinding& found, OfSubject& subject);

  std::vector<LegRow> legs_;
  std::vector<std::string> apart_;  ///< element and line
  std::uint64_t agreed_ = 0;        ///< elements
  std::vector<OfSubject> subjects_;
};

/// A result of the Taylor remainder test in one line, and the counts of all of them.
class TaylorReport {
 public:
  /// `subjects` are the names of those that were asked.
  void Add(const TaylorProblem& problem, const std::vector<std::string>& subjects, std::ostream& out);
  std::string LastLine() const;

 private:
  std::map<TaylorVerdict, std::uint64_t> verdicts_;
  std::uint64_t left_out_ = 0;
};

}  // namespace exactloss
