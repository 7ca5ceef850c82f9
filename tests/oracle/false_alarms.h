// Correct subjects, on which the judge may find nothing: the truth rounded to the dtype, and the truth in f64
// rounded once more, as of code that computes in f64 and returns the dtype.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace exactloss {

struct FalseAlarms {
  std::uint64_t problems = 0;
  std::uint64_t elements = 0;       ///< judged, of both subjects
  std::uint64_t undecided = 0;      ///< elements whose truth is not proven
  std::vector<std::string> alarms;  ///< what is above `accurate`, the first few of them with their lines
  std::vector<std::string> doubts;  ///< what is undecided, likewise
  std::uint64_t count = 0;          ///< of all alarms
};

/// Judges `problems` problems, spread evenly over every loss, dtype, reduction and fill, on so many threads.
FalseAlarms CountFalseAlarms(std::uint64_t problems, std::uint64_t seed, int jobs);

}  // namespace exactloss
