#include "oracle/gradcheck.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <span>
#include <utility>

#include "oracle/in_order.h"
#include "oracle/judge.h"
#include "reference/text.h"

namespace exactloss {
namespace {

/// A run over problems: `work(subjects, problem)` on each thread with subjects of its own.
template <class Result, class Work>
GradcheckSummary RunInOrder(const GradcheckProblems& problems, const AuditOptions& options, Work work,
                            const std::function<void(const Result&)>& take) {
  GradcheckSummary summary;
  const auto first = std::make_shared<Subjects>(
      MakeSubjects(options.subjects, options.subject));  // a name that is none is told at once
  for (const auto& subject : *first) summary.subjects.push_back(subject->info());
  const auto make = [&](std::size_t thread) {
    const auto subjects =
        thread == 0 ? first : std::make_shared<Subjects>(MakeSubjects(options.subjects, options.subject));
    return [&, subjects](std::uint64_t i) { return work(*subjects, problems.at(i)); };
  };
  const auto tick = [&](std::uint64_t done) {
    if (options.progress) options.progress(done, problems.count);
  };
  InOrder<Result> in_order(problems.count, options.jobs, options.interrupted);
  summary.problems = in_order.Run(make, take, tick);
  summary.interrupted = summary.problems < problems.count;
  return summary;
}

/// The checks by output and element.
using Checks = std::map<std::pair<std::string, std::int64_t>, ClassicalCheck>;

Checks ChecksOf(const Problem& problem, const std::vector<InputElement>& elements,
                std::span<const Answer> answers) {
  const std::vector<ClassicalCheck> checks = CheckClassically(problem, elements, answers);
  Checks by_element;
  for (std::size_t i = 0; i < elements.size(); ++i) {
    const auto& [input, index] = elements[i];
    by_element[{Concat("grad:", problem.loss->inputs[input].name), index}] = checks[i];
  }
  return by_element;
}

/// Keeps the worst of each kind.
void Keep(std::vector<GradientFinding>& kept, GradientFinding next) {
  const auto same = std::find_if(kept.begin(), kept.end(), [&](const GradientFinding& k) {
    return k.finding.output == next.finding.output && k.finding.verdict == next.finding.verdict &&
           k.finding.divergence == next.finding.divergence && k.classical.verdict == next.classical.verdict;
  });
  if (same == kept.end()) {
    kept.push_back(std::move(next));
    return;
  }
  next.finding.count += same->finding.count;
  same->finding.count = next.finding.count;
  if (next.finding.ulp > same->finding.ulp) *same = std::move(next);
}

GradcheckResult GradcheckOf(const Subjects& subjects, WrittenProblem written) {
  const Problem& problem = written.problem;
  const Truth truth = Evaluate(problem);
  GradcheckResult result;
  result.loss = problem.loss;
  for (const OutputTruth& output : truth.outputs) result.outputs.push_back(output.spec.name);
  result.legs = CompareLegs(problem, truth, kMostLegs);
  for (const auto& subject : subjects) {
    CheckedGradients& checked = result.subjects.emplace_back(CheckGradients(*subject, problem, truth));
    for (GradientFinding& found : checked.findings) found.finding.line = written.line;
  }
  result.line = std::move(written.line);
  return result;
}

std::string WhyNoTaylor(const Problem& problem) {
  std::int64_t elements = 0;
  for (const auto& tensor : problem.inputs) {
    if (!tensor) continue;
    elements += tensor->size();
    if (!std::all_of(tensor->values.begin(), tensor->values.end(), [](double x) { return std::isfinite(x); }))
      return "an input is infinite or NaN";
  }
  return elements > kMostTaylorElements ? Concat(elements, " input elements; at most ", kMostTaylorElements)
                                        : "";
}

}  // namespace

GradcheckProblems GradcheckProblems::Of(const Selection& selection) {
  return {Count(selection), [&selection](std::uint64_t i) {
            Problem problem = At(selection, i).problem;
            std::string line = FormatProblem(problem);
            return WrittenProblem{std::move(line), std::move(problem)};
          }};
}

GradcheckProblems GradcheckProblems::Of(const std::vector<WrittenProblem>& problems) {
  return {problems.size(), [&problems](std::uint64_t i) { return problems[i]; }};
}

CheckedGradients CheckGradients(Subject& subject, const Problem& problem, const Truth& truth) {
  const std::vector<InputElement> elements = ElementsToCheck(problem, kMostClassical);
  std::vector<Problem> batch = ClassicalProblems(problem, elements);
  batch.insert(batch.begin(), problem);
  const std::vector<Answer> answers = subject.Run(batch);
  const Checks checks = ChecksOf(problem, elements, std::span(answers).subspan(1));
  CheckedGradients checked;
  bool is_looked_at = false, fails = false;
  for (Finding& finding : Judge(problem, truth, subject, answers[0])) {
    const bool is_answer = answers[0].status == AnswerStatus::kOk;
    if (is_answer && finding.output == "loss") continue;
    const auto found = checks.find({finding.output, finding.index});
    const ClassicalCheck check = found == checks.end() ? ClassicalCheck{} : found->second;
    if (check.verdict == ClassicalVerdict::kPasses || check.verdict == ClassicalVerdict::kFails) {
      is_looked_at = true;
      fails = fails || check.verdict == ClassicalVerdict::kFails;
      checked.wrong = checked.wrong || Fails(finding);
    }
    Keep(checked.findings, {std::move(finding), check});
  }
  checked.passes = is_looked_at && !fails;
  return checked;
}

GradcheckSummary Gradcheck(const GradcheckProblems& problems, const AuditOptions& options,
                           const std::function<void(const GradcheckResult&)>& take) {
  return RunInOrder<GradcheckResult>(problems, options, GradcheckOf, take);
}

GradcheckSummary TaylorTests(const GradcheckProblems& problems, const std::string& name,
                             const AuditOptions& options,
                             const std::function<void(const TaylorProblem&)>& take) {
  std::vector<LossSpec> renamed = Catalogue();
  for (LossSpec& loss : renamed) loss.name = name;
  const auto work = [&](const Subjects& subjects, WrittenProblem written) {
    TaylorProblem result{std::move(written.line), {}, WhyNoTaylor(written.problem)};
    if (!name.empty()) {
      const auto place = written.problem.loss - Catalogue().data();
      written.problem.loss = &renamed[static_cast<std::size_t>(place)];
    }
    for (const auto& subject : subjects) {
      if (result.left_out.empty())
        result.subjects.push_back(TaylorTest(*subject, written.problem, kMostTaylor));
    }
    return result;
  };
  return RunInOrder<TaylorProblem>(problems, options, work, take);
}

}  // namespace exactloss
