#include "tests/properties/campaign.h"

#include <rapidcheck.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>
#include <utility>

#include "oracle/judge.h"
#include "reference/text.h"
#include "tests/properties/generator.h"
#include "tests/properties/regressions.h"

namespace exactloss {

/// How RapidCheck shows a counterexample.
void showValue(const Problem& problem, std::ostream& out) { out << FormatProblem(problem); }

namespace {

constexpr int kCases = 100;
constexpr int kMostDiscarded = 200;  ///< for each case that counts

/// Problems of the losses of a property, which shrink to the shortest hex floats.
rc::Gen<Problem> ProblemsOf(const Property& property) {
  std::vector<const LossSpec*> losses;
  for (const LossSpec& loss : Catalogue()) {
    if (HasLoss(property, loss)) losses.push_back(&loss);
  }
  return [losses](const rc::Random& random, int) {
    rc::Random bits = random;
    const LossSpec& loss = *losses[bits.next() % losses.size()];
    const std::uint64_t seed = bits.next();
    return rc::shrinkable::shrinkRecur(
        GenerateProblem(loss, {.seed = seed, .number = bits.next()}),
        [](const Problem& problem) { return rc::seq::fromContainer(SimplerProblems(problem)); });
  };
}

rc::detail::TestParams Params() {
  rc::detail::TestParams params = rc::detail::configuration().testParams;
  if (std::getenv("RC_PARAMS") == nullptr) {
    params.seed = 1;
    params.maxSuccess = kCases;
  }
  params.maxDiscardRatio = kMostDiscarded;
  return params;
}

/// Does the judge object to an answer to any of the problems?
bool IsSeenByJudge(const Instance& instance, const std::vector<Truth>& truths, const Respondent& respondent) {
  for (std::size_t k = 0; k < instance.problems.size(); ++k) {
    Subject& subject = k > 0 && respondent.other ? *respondent.other : *respondent.subject;
    const Problem& problem = instance.problems[k];
    const std::vector<Finding> findings =
        JudgeWorst(problem, truths[k], subject, subject.Run({&problem, 1})[0]);
    if (std::any_of(findings.begin(), findings.end(), [](const Finding& f) { return Fails(f); })) return true;
  }
  return false;
}

}  // namespace

void Campaign::Add(std::unique_ptr<Subject> subject, bool is_strict, std::unique_ptr<Subject> other) {
  Respondent& respondent = respondents_.emplace_back();
  respondent.subject = std::move(subject);
  respondent.other = std::move(other);
  respondent.is_strict = is_strict;
}

std::optional<std::string> Campaign::Ask(const Property& property, const Problem& problem) {
  const std::optional<Instance> instance = property.make(problem);
  if (!instance) return {};
  return AskAll(property, problem, *instance);
}

std::string Campaign::AskAll(const Property& property, const Problem& problem, const Instance& instance) {
  const std::vector<Truth> truths = TruthsOf(instance);
  const Outcome of_truth = CheckTruth(instance, truths);
  ++cases_;
  checked_ += of_truth.checked;
  vacuous_ += of_truth.vacuous;
  if (!of_truth.violation.empty()) return "the truth: " + of_truth.violation;
  for (Respondent& respondent : respondents_) {
    Subject* const both[] = {respondent.subject.get(), respondent.other.get()};
    const Outcome outcome = CheckSubject(instance, truths, std::span(both).first(respondent.other ? 2 : 1));
    respondent.checked += outcome.checked;
    respondent.vacuous += outcome.vacuous;
    respondent.unsupported += outcome.unsupported;
    if (outcome.violation.empty()) continue;
    ++respondent.violated;
    const std::string line = RegressionLine(property, problem);
    if (respondent.example.empty() || line.size() < respondent.example.size()) respondent.example = line;
    const std::string who = respondent.subject->info().name;
    if (respondent.is_strict) return Concat(who, ": ", outcome.violation);
    if (!IsSeenByJudge(instance, truths, respondent)) {
      return Concat(who, " violates it, and the judge has no objection: ", outcome.violation);
    }
  }
  return {};
}

std::string Campaign::Run(const Property& property) {
  const std::filesystem::path list =
      std::filesystem::path(EXACTLOSS_SOURCE_DIR) / "tests/properties/regressions.txt";
  for (const Regression& regression : ReadRegressions(list)) {
    if (regression.property != &property) continue;
    const std::string failure = Ask(property, regression.problem).value_or("");
    if (!failure.empty()) return Concat(list.string(), ":", regression.line, ": ", failure);
  }
  std::string failure, line;
  const rc::Gen<Problem> problems = ProblemsOf(property);
  const rc::detail::TestParams params = Params();
  const auto result = rc::detail::checkTestable(
      [&] {
        const Problem problem = *problems;
        const std::optional<std::string> said = Ask(property, problem);
        if (!said) RC_DISCARD("it says nothing of this problem");
        if (said->empty()) return;
        failure = *said;  // of the shortest case at last: RapidCheck goes on from one that fails
        line = RegressionLine(property, problem);
        RC_FAIL(failure);
      },
      rc::detail::TestMetadata{std::string(property.name), std::string(property.what)}, params);
  if (result.template is<rc::detail::SuccessResult>()) return {};
  std::ostringstream text;
  text << property.name << ": " << property.what << "\nseed " << params.seed << ": ";
  if (line.empty()) {
    rc::detail::printResultMessage(result, text);
  } else {
    text << failure << "\nfor tests/properties/regressions.txt:\n" << line;
  }
  return text.str();
}

std::string Campaign::Report() const {
  std::ostringstream text;
  text << cases_ << " cases; the truth: " << checked_ << " claims hold, " << vacuous_ << " say nothing\n";
  for (const Respondent& r : respondents_) {
    text << "  " << r.subject->info().name << (r.other ? " and " + r.other->info().name : "") << ": "
         << r.checked << " claims, " << r.vacuous << " say nothing, " << r.unsupported << " unsupported, "
         << r.violated << " cases violated";
    if (!r.example.empty()) text << ", such as " << r.example.substr(0, 200);
    text << '\n';
  }
  return text.str();
}

}  // namespace exactloss
