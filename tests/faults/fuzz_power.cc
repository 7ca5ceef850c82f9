// After how many cases of its loss the fuzzer meets each seeded fault: the median of nine seeds. Writes a
// line a fault, tab between id, median, largest, seeds that met it; "> 1000" where a run of 1,000 cases did
// not.
//
//   build/release/tests/faults/fuzz_power            all losses
//   build/release/tests/faults/fuzz_power mse nll    these
//
// Exit status: 1 when the median of some fault that can be met is above 1,000; controls are met by none.
#include <algorithm>
#include <iostream>
#include <vector>

#include "oracle/consistency.h"
#include "oracle/fuzz.h"
#include "oracle/judge.h"
#include "tests/faults/fault.h"

namespace exactloss {
namespace {

constexpr std::uint64_t kCases = 1000, kSeeds = 9, kRepeatEvery = 8;

struct Hunted {
  const Fault* fault;
  std::unique_ptr<Subject> subject;
  std::vector<std::uint64_t> met = {};  ///< the number of the first case that shows it, from 1 on, by seed
};

bool Shows(const Problem& problem, const Truth& truth, Subject& subject, bool repeat) {
  const Answer answer = std::move(subject.Run({&problem, 1}).front());
  std::vector<Finding> findings = JudgeWorst(problem, truth, subject, answer);
  if (repeat) CheckRepeats(problem, truth, subject, answer, findings);
  return std::any_of(findings.begin(), findings.end(), [](const Finding& f) { return Fails(f); });
}

void Hunt(const LossSpec& loss, std::uint64_t seed, std::vector<Hunted>& hunted) {
  Selection selection;
  selection.losses = {&loss};
  selection.seed = seed;
  const FuzzProblems problems(selection);
  for (Hunted& h : hunted) h.met.push_back(kCases + 1);
  for (std::uint64_t number = 0; number < kCases; ++number) {
    const Problem problem = problems(number).problem;
    const Truth truth = Evaluate(problem);
    bool is_open = false;
    for (Hunted& h : hunted) {
      if (h.met.back() <= kCases) continue;
      if (Shows(problem, truth, *h.subject, number % kRepeatEvery == 0)) h.met.back() = number + 1;
      is_open = is_open || (h.met.back() > kCases && !IsControl(*h.fault));
    }
    if (!is_open) return;
  }
}

std::string Text(std::uint64_t cases) {
  return cases > kCases ? "> " + std::to_string(kCases) : std::to_string(cases);
}

/// Are all that can be met met?
bool HuntAll(const LossSpec& loss) {
  std::vector<Hunted> hunted;
  for (const Fault& fault : Faults()) {
    if (HasLoss(fault, loss.name)) hunted.push_back({&fault, MakeFaultSubject(fault)});
  }
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) Hunt(loss, seed, hunted);
  bool all = true;
  for (Hunted& h : hunted) {
    std::sort(h.met.begin(), h.met.end());
    const auto seeds = std::count_if(h.met.begin(), h.met.end(), [](auto met) { return met <= kCases; });
    std::cout << loss.name << '\t' << h.fault->id << '\t' << Text(h.met[kSeeds / 2]) << '\t'
              << Text(h.met.back()) << '\t' << seeds << '\n'
              << std::flush;
    const bool can_be_met = h.fault->survives.empty() && !IsControl(*h.fault);
    all = all && (IsControl(*h.fault) ? seeds == 0 : h.met[kSeeds / 2] <= kCases || !can_be_met);
  }
  return all;
}

}  // namespace
}  // namespace exactloss

int main(int argc, char** argv) {
  bool all = true;
  for (const exactloss::LossSpec& loss : exactloss::Catalogue()) {
    const auto is_it = [&](const char* name) { return loss.name == name; };
    if (argc > 1 && std::none_of(argv + 1, argv + argc, is_it)) continue;
    all = exactloss::HuntAll(loss) && all;
  }
  return all ? 0 : 1;
}
