// A host of our own making, right but where the first number of its problem is one of these.
#include <sys/resource.h>
#include <unistd.h>

#include <cfenv>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <thread>

#include "oracle/serve.h"
#include "tests/oracle/fakes.h"

#ifdef __x86_64__
#include <xmmintrin.h>
#endif

namespace exactloss {
namespace {

void TakeAllMemory() {
  constexpr rlim_t kLimit = rlim_t{8} << 30;
  const rlimit limit{kLimit, kLimit};
  setrlimit(RLIMIT_AS, &limit);
  std::vector<std::unique_ptr<char[]>> blocks;
  for (;;) blocks.push_back(std::unique_ptr<char[]>(new char[std::size_t{1} << 28]));
}

// NOLINTNEXTLINE(misc-no-recursion): that is its purpose
int Recurse(int depth) {
  volatile char frame[4096];
  frame[0] = static_cast<char>(depth);
  return depth < 0 ? 0 : Recurse(depth + 1) + frame[0];
}

void FlushToZero() {
#ifdef __x86_64__
  _mm_setcsr(_mm_getcsr() | 0x8040U);
#endif
}

void Misbehave(int how) {
  switch (how) {
    case 1001:
      std::raise(SIGSEGV);
      break;
    case 1002:
      std::abort();
    case 1003:
      std::this_thread::sleep_for(std::chrono::hours(1));
      break;
    case 1004:
      std::_Exit(3);
    case 1005:
      TakeAllMemory();
      break;
    case 1006:
      std::exit(Recurse(0));
    case 1007:
      FlushToZero();
      break;
    case 1008:
      std::fesetround(FE_UPWARD);
      break;
    case 1009:
      throw std::runtime_error("no such luck");
    case 1010:
      kill(getpid(), SIGKILL);
      break;
    case 1011:
      std::cout << "loss = 0.25\n" << std::flush;
      break;
    case 1012:
      std::cout << "{\"type\":\"answer\",\"id\":" << std::flush;
      std::_Exit(0);
    default:
      break;
  }
}

}  // namespace
}  // namespace exactloss

int main() {
  exactloss::FunctionSubject subject([](const exactloss::Problem& problem) {
    exactloss::Answer answer = exactloss::RoundedTruth(problem);
    exactloss::Misbehave(static_cast<int>(problem.inputs[0]->values[0]));
    return answer;
  });
  exactloss::Serve(subject, std::cin, std::cout);
}
