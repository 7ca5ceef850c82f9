// SIGINT and SIGTERM ask for an end: what runs is finished, and what is there is written.
#pragma once

#include <atomic>

namespace exactloss {

/// Set by the first of these signals; the second kills the program at once.
const std::atomic<bool>& Interrupted();

void CatchInterrupts();

}  // namespace exactloss
