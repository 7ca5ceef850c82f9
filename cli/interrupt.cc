#include "cli/interrupt.h"

#include <csignal>

namespace exactloss {
namespace {

std::atomic<bool> interrupted{false};
static_assert(std::atomic<bool>::is_always_lock_free);  // a signal handler may set nothing else

void Interrupt(int /*signal*/) { interrupted = true; }

}  // namespace

const std::atomic<bool>& Interrupted() { return interrupted; }

void CatchInterrupts() {
  struct sigaction action = {};
  action.sa_handler = Interrupt;
  action.sa_flags = static_cast<int>(SA_RESETHAND) | SA_RESTART;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

}  // namespace exactloss
