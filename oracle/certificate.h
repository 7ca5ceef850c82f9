// A certificate: what a sweep looked at, and what it found. Two of one sweep's shards add up to one, whatever
// the order, and to the bits of what the whole would have said.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "oracle/finding.h"
#include "oracle/subject.h"

namespace exactloss {

/// Answers of one kind, and the worst of them: the first of those with the largest ulp.
struct AnswersOfKind {
  std::uint64_t count = 0;
  double ulp = 0;             ///< of the worst; 0 where nothing applies (exact, unsupported)
  std::uint64_t ordinal = 0;  ///< of the worst among the points of its case
  std::uint64_t got = 0;      ///< its bits
  std::string line, truth;    ///< its repro line, and the truth there in decimal; once it is proven

  bool IsWorseThan(const AnswersOfKind& other) const {
    return ulp != other.ulp ? ulp > other.ulp : ordinal < other.ordinal;
  }
};

using Kind = std::pair<Verdict, Divergence>;

/// One output of one subject.
struct OutputTally {
  std::map<Kind, AnswersOfKind> kinds;
  /// ulp errors of what is not exact (which is within 1/2 ulp): how many from this edge on, below the next.
  std::map<double, std::uint64_t> histogram;
};

/// The lower edge of an ulp error: it and two bits after its first. 0 below 1/4; infinity is its own.
double HistogramEdge(double ulp);

struct CaseTally {
  std::uint64_t points = 0;          ///< inputs in the domain of the loss
  std::uint64_t outside = 0;         ///< inputs that are not
  std::uint64_t nans_left_out = 0;   ///< NaNs that differ in their payload alone from one that is a point
  std::uint64_t asked = 0;           ///< points that the fast tier left to the interval tier
  std::uint64_t checked = 0;         ///< outputs of the fast tier held to the interval tier
  std::uint64_t off = 0;             ///< how many of those it gives the lie to
  std::vector<OutputTally> outputs;  ///< subject by subject, for each its outputs
};

/// Half-open ranges, ascending, apart from each other.
class Ranges {
 public:
  void Add(std::uint64_t number) { Add(number, number + 1); }
  void Add(std::uint64_t begin, std::uint64_t end);
  bool Contains(std::uint64_t number) const;
  bool Overlaps(const Ranges& other) const;
  std::uint64_t Count() const;
  const std::map<std::uint64_t, std::uint64_t>& ranges() const { return ranges_; }

 private:
  std::map<std::uint64_t, std::uint64_t> ranges_;  ///< end by begin
};

struct Certificate {
  // What was swept. Certificates of one sweep are equal in this.
  std::string program;  ///< "exactloss 0.1.0"
  std::string command;  ///< that makes the whole
  std::string cpu;
  std::string loss, dtype;
  std::vector<std::string> varied;   ///< inputs
  std::uint64_t stride = 1;          ///< every how many points; 1: all there are
  std::vector<std::string> cases;    ///< what the rest is fixed at: "target=0x1p+0 gamma=0x1p+1"
  std::vector<std::string> outputs;  ///< judged: "loss", "grad:input"
  std::vector<SubjectInfo> subjects;
  std::uint64_t points_per_chunk = 0, chunks = 0;  ///< of all cases

  // What was found.
  Ranges done;                     ///< chunks
  std::vector<CaseTally> tallies;  ///< for each case

  bool IsComplete() const { return done.Count() == chunks; }
};

/// What makes the two certificates of different sweeps ("the loss is mse, and that of the other l1"); "" if
/// nothing does.
std::string DifferenceOf(const Certificate& a, const Certificate& b);

/// Throws UsageError for what is of another sweep, or counts a chunk again.
void Merge(const Certificate& part, Certificate* whole);

void Add(const CaseTally& part, CaseTally* whole);

}  // namespace exactloss
