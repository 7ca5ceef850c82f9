#include "oracle/consistency.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "oracle/judge.h"
#include "reference/text.h"

namespace exactloss {
namespace {

/// A problem that differs in one thing.
struct Sibling {
  std::string what;  ///< "with contiguous tensors"
  Problem problem;
};

/// A finite number that is wrong: it may be the right one of another function.
bool IsWrongNumber(const Finding& finding) {
  using enum Divergence;
  const Divergence divergence = finding.divergence;
  return Fails(finding) && finding.got &&
         (divergence == kNone || divergence == kCancellation || divergence == kWrongSign ||
          divergence == kUnderflow);
}

bool HasReduction(const LossSpec& loss, Reduction reduction) {
  return std::find(loss.reductions.begin(), loss.reductions.end(), reduction) != loss.reductions.end();
}

Problem WithLayout(Problem problem, Layout layout) {
  for (auto& tensor : problem.inputs) {
    if (tensor) tensor->layout = layout;
  }
  return problem;
}

bool IsAll(const Problem& problem, Layout layout) {
  return std::all_of(problem.inputs.begin(), problem.inputs.end(),
                     [&](const auto& tensor) { return !tensor || tensor->layout == layout; });
}

Problem WithReduction(Problem problem, Reduction reduction) {
  problem.reduction = reduction;
  return problem;
}

/// Another function of the same inputs each.
std::vector<Sibling> OtherFunctions(const Problem& problem) {
  const LossSpec& loss = *problem.loss;
  std::vector<Sibling> siblings;
  for (const Reduction reduction : loss.reductions) {
    // The gradients of `none` are those of the sum.
    if (reduction == problem.reduction || reduction == Reduction::kNone) continue;
    if (reduction == Reduction::kBatchMean && problem.inputs[0]->shape.empty()) continue;  // no batch
    siblings.push_back({Concat("reduction ", Name(reduction)), WithReduction(problem, reduction)});
  }
  for (std::size_t i = 0; i < loss.inputs.size(); ++i) {
    if (!problem.inputs[i] || loss.inputs[i].role != Role::kWeight) continue;
    siblings.push_back({Concat("no ", loss.inputs[i].name), problem});
    siblings.back().problem.inputs[i].reset();
  }
  for (std::size_t i = 0; i < loss.parameters.size(); ++i) {
    const ParameterSpec& parameter = loss.parameters[i];
    if (problem.parameters[i] == parameter.default_value) continue;
    siblings.push_back({Concat(parameter.name, " at its default"), problem});
    siblings.back().problem.parameters[i] = parameter.default_value;
  }
  // With another ignore_index a target may be no class, and with another log_target out of its domain.
  std::erase_if(siblings, [](const Sibling& sibling) { return !IsProblem(sibling.problem); });
  return siblings;
}

Answer Ask(Subject& subject, const Problem& problem) { return std::move(subject.Run({&problem, 1}).front()); }

/// Do all elements of that output pass, and is that more than a coincidence of zeros?
bool Passes(const std::vector<Finding>& findings, const std::string& output, bool trusted = false) {
  bool is_there = false;
  for (const Finding& finding : findings) {
    if (finding.output != output) continue;
    if (!Passes(finding) || (trusted && finding.mistrusted)) return false;
    is_there = true;
  }
  return is_there;
}

class Classifier {
 public:
  Classifier(const Problem& problem, const Truth& truth, Subject& subject, const Answer& answer,
             std::vector<Finding>& findings)
      : problem_(problem), truth_(truth), subject_(subject), answer_(answer), findings_(findings) {
    for (const OutputTruth& output : truth.outputs) {
      if (Any(output.spec.name, IsWrongNumber)) wrong_.push_back(output.spec.name);
    }
  }

  void Run() {
    if (wrong_.empty() || !subject_.OtherSemantics().empty()) return;
    ClassifyLayout();
    ClassifyAccumulation();
    ClassifyFunction();
  }

 private:
  template <class Is>
  bool Any(const std::string& output, Is is) const {
    return std::any_of(findings_.begin(), findings_.end(),
                       [&](const Finding& f) { return f.output == output && is(f); });
  }

  void Classify(const std::string& output, Divergence divergence, const std::string& message) {
    for (Finding& finding : findings_) {
      if (finding.output != output || !IsWrongNumber(finding)) continue;
      finding.verdict = Verdict::kDivergent;
      finding.divergence = divergence;
      finding.message = message;
    }
    std::erase(wrong_, output);
  }

  void ClassifyLayout() {
    if (IsAll(problem_, Layout::kContiguous)) return;
    const Problem contiguous = WithLayout(problem_, Layout::kContiguous);
    const std::vector<Finding> judged = JudgeWorst(contiguous, truth_, subject_, Ask(subject_, contiguous));
    for (const std::string& output : std::vector<std::string>(wrong_)) {
      if (Passes(judged, output)) Classify(output, Divergence::kLayout, "with contiguous tensors it passes");
    }
  }

  void ClassifyAccumulation() {
    const bool is_wrong = std::find(wrong_.begin(), wrong_.end(), "loss") != wrong_.end();
    const bool is_sum = problem_.reduction != Reduction::kNone && truth_.outputs[0].reduction.terms > 1;
    const auto is_of_digits = [](const Finding& f) {
      return Fails(f) && (f.divergence == Divergence::kNone || f.divergence == Divergence::kCancellation);
    };
    if (!is_wrong || !is_sum || !Any("loss", is_of_digits)) return;
    if (!HasReduction(*problem_.loss, Reduction::kNone)) return;
    if (IsOfAnother("loss")) return;  // a wrong reduction has right terms, too
    const Problem terms = WithReduction(problem_, Reduction::kNone);
    const Answer answer = Ask(subject_, terms);
    if (answer.status != AnswerStatus::kOk) return;
    if (!Passes(JudgeWorst(terms, Evaluate(terms), subject_, answer), "loss")) return;
    Classify("loss", Divergence::kAccumulation, "each of its terms passes with the reduction none");
  }

  /// The other functions, made when one is asked for.
  const std::vector<Sibling>& Siblings() {
    if (!siblings_) siblings_ = OtherFunctions(problem_), judged_.resize(siblings_->size());
    return *siblings_;
  }

  /// The answer judged as one to the sibling, where its outputs have the same shapes.
  const std::vector<Finding>& JudgedAs(std::size_t i) {
    const Problem& sibling = Siblings()[i].problem;
    if (!judged_[i]) judged_[i] = JudgeWorst(sibling, Evaluate(sibling), subject_, answer_);
    return *judged_[i];
  }

  /// What fails in a few places alone is no other function.
  bool IsWrongThroughout(const std::string& output) const {
    std::int64_t wrong = 0, right = 0;
    for (const Finding& finding : findings_) {
      if (finding.output != output) continue;
      if (Fails(finding)) {
        wrong += finding.count;
      } else if (!finding.mistrusted) {
        right += finding.count;
      }
    }
    return wrong >= right;
  }

  bool IsOfAnother(const std::string& output) {
    if (!IsWrongThroughout(output)) return false;
    for (std::size_t i = 0; i < Siblings().size(); ++i) {
      if (Passes(JudgedAs(i), output, /*trusted=*/true)) return true;
    }
    return false;
  }

  void ClassifyFunction() {
    for (std::size_t i = 0; !wrong_.empty() && i < Siblings().size(); ++i) {
      std::vector<std::string> explained;
      for (const std::string& output : wrong_) {
        if (IsWrongThroughout(output) && Passes(JudgedAs(i), output, /*trusted=*/true)) {
          explained.push_back(output);
        }
      }
      for (const std::string& output : explained) ClassifyAs(output, explained, Siblings()[i].what);
    }
  }

  void ClassifyAs(const std::string& output, const std::vector<std::string>& explained,
                  const std::string& what) {
    const bool is_loss = output == "loss";
    const bool loss_is_too = std::find(explained.begin(), explained.end(), "loss") != explained.end();
    const bool is_whole = is_loss ? explained.size() > 1 || answer_.outputs.size() == 1 : loss_is_too;
    const bool rest_passes = is_loss ? std::all_of(answer_.outputs.begin() + 1, answer_.outputs.end(),
                                                   [&](const Output& o) { return Passes(findings_, o.name); })
                                     : Passes(findings_, "loss");
    if (is_whole) {
      Classify(output, Divergence::kSemantics, Concat("it is that of ", what));
    } else if (rest_passes) {
      Classify(output, Divergence::kInconsistent,
               is_loss ? Concat("the gradient is right, and the loss is that of ", what)
                       : Concat("the loss is right, and its gradient is that of ", what));
    }
  }

  const Problem& problem_;
  const Truth& truth_;
  Subject& subject_;
  const Answer& answer_;
  std::vector<Finding>& findings_;
  std::vector<std::string> wrong_;  ///< outputs not yet explained
  std::optional<std::vector<Sibling>> siblings_;
  std::vector<std::optional<std::vector<Finding>>> judged_;
};

/// Where two answers to one problem differ; the finding is about the second.
std::optional<Finding> DifferenceOf(const Finding& first, const Output& one, const Output& other,
                                    const OutputTruth& truth) {
  std::optional<Finding> finding;
  for (std::size_t i = 0; i < std::min(one.bits.size(), other.bits.size()); ++i) {
    const double a = FromBits(one.dtype, one.bits[i]), b = FromBits(other.dtype, other.bits[i]);
    if (SameNumber(a, b)) continue;
    if (!finding) {
      finding = first;
      finding->index = static_cast<std::int64_t>(i);
      finding->got = other.bits[i];
      finding->got_dtype = other.dtype;
      finding->truth = truth.elements[i];
      finding->ulp = UlpError(other.dtype, truth.elements[i].value, b);
      finding->verdict = Verdict::kDivergent;
      finding->divergence = Divergence::kNondeterministic;
      finding->mistrusted = false;
      finding->seen_by_assert_close = false;
      finding->count = 0;
      finding->message = Concat("the same problem once more; the first answer was ", FormatHex(a));
    }
    ++finding->count;
  }
  return finding;
}

}  // namespace

bool IsProblem(const Problem& problem) {
  try {
    CheckProblem(problem);
    return true;
  } catch (const UsageError&) {
    return false;
  }
}

void ClassifyFailures(const Problem& problem, const Truth& truth, Subject& subject, const Answer& answer,
                      std::vector<Finding>& findings) {
  if (answer.status == AnswerStatus::kOk) Classifier(problem, truth, subject, answer, findings).Run();
}

void CheckRepeats(const Problem& problem, const Truth& truth, Subject& subject, const Answer& answer,
                  std::vector<Finding>& findings) {
  if (answer.status != AnswerStatus::kOk || findings.empty()) return;
  std::vector<Sibling> siblings = {{"", problem}};
  for (const Layout layout : kAllLayouts) {
    if (layout == Layout::kExpanded || IsAll(problem, layout)) continue;  // expanded slices are equal ones
    siblings.push_back({std::string(Name(layout)), WithLayout(problem, layout)});
  }
  std::vector<Problem> asked;
  for (const Sibling& sibling : siblings) asked.push_back(sibling.problem);
  const std::vector<Answer> answers = subject.Run(asked);

  std::vector<Finding> found;
  for (const Output& output : answers[0].outputs) {
    const auto same = [&](const auto& o) { return o.name == output.name; };
    const auto one = std::find_if(answer.outputs.begin(), answer.outputs.end(), same);
    const auto of = std::find_if(truth.outputs.begin(), truth.outputs.end(),
                                 [&](const OutputTruth& t) { return t.spec.name == output.name; });
    const auto first = std::find_if(findings.begin(), findings.end(),
                                    [&](const Finding& f) { return f.output == output.name && f.got; });
    if (one == answer.outputs.end() || of == truth.outputs.end() || first == findings.end()) continue;
    if (auto finding = DifferenceOf(*first, *one, output, *of)) found.push_back(std::move(*finding));
  }
  for (std::size_t i = 1; i < siblings.size(); ++i) {
    for (Finding& finding : JudgeWorst(asked[i], truth, subject, answers[i])) {
      if (!Fails(finding) || !Passes(findings, finding.output)) continue;
      finding.verdict = Verdict::kDivergent;
      finding.message = Concat("with all tensors ", siblings[i].what, " (", ClassText(finding), ")");
      finding.divergence = Divergence::kLayout;
      found.push_back(std::move(finding));
    }
  }
  std::move(found.begin(), found.end(), std::back_inserter(findings));
}

std::string BaseName(const std::string& subject) { return subject.substr(0, subject.find('+')); }

void CompareSettings(std::vector<Finding>& findings) {
  for (Finding& finding : findings) {
    if (!IsWrongNumber(finding)) continue;
    const auto other = std::find_if(findings.begin(), findings.end(), [&](const Finding& f) {
      return f.subject != finding.subject && BaseName(f.subject) == BaseName(finding.subject) &&
             f.output == finding.output;
    });
    if (other == findings.end()) continue;
    const bool passes = std::all_of(findings.begin(), findings.end(), [&](const Finding& f) {
      return f.subject != other->subject || f.output != finding.output || Passes(f);
    });
    if (!passes) continue;
    finding.verdict = Verdict::kDivergent;
    finding.divergence = Divergence::kNondeterministic;
    finding.message = Concat(other->subject, " passes here");
  }
}

}  // namespace exactloss
