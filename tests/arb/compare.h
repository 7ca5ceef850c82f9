// Holds the truth of reference/ against Arb's answer.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "reference/truth.h"
#include "tests/arb/oracle.h"

namespace exactloss::arb {

struct Tally {
  std::size_t problems = 0;
  std::size_t points = 0;     ///< terms: elements, rows, samples
  std::size_t outputs = 0;    ///< numbers compared
  std::size_t kinks = 0;      ///< of them, where the one-sided derivatives differ
  std::size_t unproven = 0;   ///< of them, not compared: the reference says undecided
  std::size_t wide = 0;       ///< not compared: Arb knows no digits at its last precision
  std::size_t undecided = 0;  ///< problems not compared: Arb could not decide a comparison
};

/// What contradicts Arb, one line each; empty if nothing does. Counts in `tally`.
std::vector<std::string> Contradictions(const Problem& problem, const Truth& truth, const Answer& answer,
                                        Tally* tally);

}  // namespace exactloss::arb
