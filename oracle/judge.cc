#include "oracle/judge.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "oracle/element_judge.h"
#include "oracle/vector_kinks.h"
#include "reference/text.h"

namespace exactloss {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

/// Are the truths of the output one and the same value that says little?
bool IsTrivial(Dtype dtype, const OutputTruth& output) {
  if (output.elements.empty()) return false;
  const std::optional<double> first = TrivialValue(dtype, output.elements[0]);
  return first && std::all_of(output.elements.begin(), output.elements.end(), [&](const ElementTruth& truth) {
           const std::optional<double> value = TrivialValue(dtype, truth);
           return value && SameNumber(*value, *first);
         });
}

bool IsZero(Dtype dtype, const OutputTruth& output) {
  return IsTrivial(dtype, output) && TrivialValue(dtype, output.elements[0]) == 0;
}

/// Does no prediction move the loss?
bool IsSaturated(const Problem& problem, const Truth& truth) {
  bool has_gradient = false;
  for (const OutputTruth& output : truth.outputs) {
    const std::size_t input = output.spec.input;
    if (input == OutputSpec::kLoss || problem.loss->inputs[input].role != Role::kPrediction) continue;
    if (!IsZero(problem.dtype, output)) return false;
    has_gradient = true;
  }
  return has_gradient;
}

/// Is `a` farther from the truth than `b`? An error that does not apply is the least.
bool IsWorse(double ulp_a, double ulp_b) { return std::isnan(ulp_b) ? !std::isnan(ulp_a) : ulp_a > ulp_b; }

/// The worst element of its kind, and how many there are of the kind.
struct Kept {
  Judgement judgement;
  std::int64_t index = 0, count = 0;
};

class ProblemJudge {
 public:
  ProblemJudge(const Problem& problem, const Truth& truth, const Subject& subject, const Answer& answer,
               bool every_element)
      : problem_(problem), truth_(truth), subject_(subject), answer_(answer), every_element_(every_element) {}

  std::vector<Finding> Run() {
    if (answer_.status != AnswerStatus::kOk) {
      JudgeStatus();
      return std::move(findings_);
    }
    JudgeVectors();
    for (const OutputTruth& wanted : truth_.outputs) {
      const Output* output = Find(wanted.spec.name);
      if (output == nullptr) {
        Finding& finding = Add(wanted.spec.name, Verdict::kUnsupported, Divergence::kNone);
        finding.message = Concat("the subject does not return ", wanted.spec.name);
      } else if (const std::string breach = Breach(wanted.spec, *output); !breach.empty()) {
        Finding& finding = Add(wanted.spec.name, Verdict::kDivergent, Divergence::kContract);
        finding.message = breach;
        finding.seen_by_assert_close = true;
        finding.got_dtype = output->dtype;
        if (!output->bits.empty()) finding.got = output->bits[0];
      } else {
        JudgeOutput(wanted, *output);
      }
    }
    return std::move(findings_);
  }

 private:
  const Output* Find(const std::string& name) const {
    const auto output = std::find_if(answer_.outputs.begin(), answer_.outputs.end(),
                                     [&](const Output& o) { return o.name == name; });
    return output == answer_.outputs.end() ? nullptr : &*output;
  }

  /// A finding of a whole output, or of a whole problem under the name of the loss.
  Finding& Add(const std::string& output, Verdict verdict, Divergence divergence) {
    Finding& finding = findings_.emplace_back();
    finding.subject = subject_.info().name;
    finding.loss = problem_.loss->name;
    finding.dtype = finding.got_dtype = problem_.dtype;
    finding.reduction = problem_.reduction;
    finding.output = output;
    finding.verdict = verdict;
    finding.divergence = divergence;
    finding.ulp = finding.ratio = kNan;
    return finding;
  }

  void JudgeStatus() {
    const auto add = [&](Verdict verdict, Divergence divergence) {
      Finding& finding = Add("loss", verdict, divergence);
      finding.message = answer_.message;
      finding.seen_by_assert_close = verdict == Verdict::kDivergent;  // there is nothing to compare
    };
    switch (answer_.status) {
      case AnswerStatus::kOk:
        return;
      case AnswerStatus::kUnsupported:
        return add(Verdict::kUnsupported, Divergence::kNone);
      case AnswerStatus::kError:
      case AnswerStatus::kProtocol:
        return add(Verdict::kDivergent, Divergence::kContract);
      case AnswerStatus::kCrash:
        return add(Verdict::kDivergent, Divergence::kCrash);
      case AnswerStatus::kTimeout:
        return add(Verdict::kDivergent, Divergence::kTimeout);
    }
  }

  /// What makes the output none of that shape and dtype; empty if nothing does.
  std::string Breach(const OutputSpec& wanted, const Output& output) const {
    if (output.dtype != problem_.dtype) {
      return Concat("it returned ", wanted.name, " as ", Name(output.dtype), " instead of ",
                    Name(problem_.dtype));
    }
    const auto count = static_cast<std::size_t>(ElementCount(wanted.shape));
    if (output.shape != wanted.shape || output.bits.size() != count) {
      return Concat("it returned ", wanted.name, " with shape ", ShapeText(output.shape), " and ",
                    output.bits.size(), " elements instead of shape ", ShapeText(wanted.shape));
    }
    return {};
  }

  Bound BoundFor(const OutputTruth& wanted) const {
    return BoundOf(wanted, subject_.SummationOf(problem_, wanted.spec));
  }

  ElementRules RulesOf(const OutputTruth& wanted) const {
    const Bound bound = BoundFor(wanted);
    const bool is_loss = wanted.spec.input == OutputSpec::kLoss;
    return {.dtype = problem_.dtype,
            .roundings = bound.Roundings(problem_.dtype),
            .underflows = bound.underflows,
            .declared_ulp = subject_.DeclaredUlp(problem_, wanted.spec),
            .is_non_negative = is_loss && problem_.loss->non_negative,
            .is_another_function = !subject_.OtherSemantics().empty()};
  }

  /// A gradient of several inputs that are tied, as a vector: see vector_kinks.h.
  void JudgeVectors() {
    std::vector<GotGradient> gradients;
    for (const OutputTruth& wanted : truth_.outputs) {
      const Output* output = Find(wanted.spec.name);
      if (wanted.spec.input == OutputSpec::kLoss) continue;
      if (output == nullptr || !Breach(wanted.spec, *output).empty()) return;
      gradients.push_back({&wanted, output, RulesOf(wanted)});
    }
    breaches_ = JudgeVectorKinks(problem_, gradients);
  }

  /// Is the element the one that a vector which is no subgradient is charged to?
  const VectorBreach* BreachAt(const std::string& output, std::size_t index) const {
    const auto breach = std::find_if(breaches_.begin(), breaches_.end(), [&](const VectorBreach& b) {
      return b.output == output && b.index == static_cast<std::int64_t>(index);
    });
    return breach == breaches_.end() ? nullptr : &*breach;
  }

  std::string MessageOf(const OutputTruth& wanted, std::size_t i, Divergence divergence) const {
    if (divergence == Divergence::kSemantics) return subject_.OtherSemantics();
    if (divergence != Divergence::kWrongSubgradient) return {};
    if (const VectorBreach* breach = BreachAt(wanted.spec.name, i)) return breach->message;
    const Enclosure& allowed = wanted.elements[i].allowed;
    return Concat("a subgradient lies in [", ToDecimal(allowed.lower, 6), ", ", ToDecimal(allowed.upper, 6),
                  "]");
  }

  void JudgeOutput(const OutputTruth& wanted, const Output& output) {
    const bool is_loss = wanted.spec.input == OutputSpec::kLoss;
    const Bound bound = BoundFor(wanted);
    const ElementRules rules = RulesOf(wanted);
    const bool proves_little =
        IsTrivial(problem_.dtype, wanted) || (is_loss && IsSaturated(problem_, truth_));
    std::vector<Kept> kept;
    for (std::size_t i = 0; i < wanted.elements.size(); ++i) {
      Judgement judgement = JudgeElement(rules, wanted.elements[i], FromBits(problem_.dtype, output.bits[i]));
      if (BreachAt(wanted.spec.name, i) != nullptr) {
        judgement.verdict = Verdict::kDivergent;
        judgement.divergence = Divergence::kWrongSubgradient;
      }
      judgement.mistrusted = judgement.mistrusted || (proves_little && Passes(judgement.verdict));
      Keep(kept, judgement, static_cast<std::int64_t>(i));
    }
    for (const Kept& one : kept) {
      const auto i = static_cast<std::size_t>(one.index);
      const Judgement& judgement = one.judgement;
      Finding& finding = Add(wanted.spec.name, judgement.verdict, judgement.divergence);
      finding.index = one.index;
      finding.ulp = judgement.ulp;
      finding.ratio = judgement.ratio;
      finding.allowed_ratio = judgement.allowed_ratio;
      finding.bound = bound;
      finding.got = output.bits[i];
      finding.truth = wanted.elements[i];
      finding.seen_by_assert_close = judgement.seen_by_assert_close;
      finding.mistrusted = judgement.mistrusted;
      finding.message = MessageOf(wanted, i, judgement.divergence);
      finding.count = one.count;
    }
  }

  void Keep(std::vector<Kept>& kept, const Judgement& judgement, std::int64_t index) const {
    const auto same =
        std::find_if(kept.begin(), every_element_ ? kept.begin() : kept.end(), [&](const Kept& k) {
          return k.judgement.verdict == judgement.verdict && k.judgement.divergence == judgement.divergence &&
                 k.judgement.mistrusted == judgement.mistrusted;
        });
    if (every_element_ || same == kept.end()) {
      kept.push_back({judgement, index, 1});
      return;
    }
    ++same->count;
    if (IsWorse(judgement.ulp, same->judgement.ulp)) same->judgement = judgement, same->index = index;
  }

  const Problem& problem_;
  const Truth& truth_;
  const Subject& subject_;
  const Answer& answer_;
  const bool every_element_;
  std::vector<Finding> findings_;
  std::vector<VectorBreach> breaches_;
};

}  // namespace

std::vector<Finding> Judge(const Problem& problem, const Truth& truth, const Subject& subject,
                           const Answer& answer) {
  return ProblemJudge(problem, truth, subject, answer, /*every_element=*/true).Run();
}

std::vector<Finding> JudgeWorst(const Problem& problem, const Truth& truth, const Subject& subject,
                                const Answer& answer) {
  return ProblemJudge(problem, truth, subject, answer, /*every_element=*/false).Run();
}

std::vector<Finding> KeepWorst(std::vector<Finding> findings) {
  std::vector<Finding> kept;
  for (Finding& finding : findings) {
    const auto same = std::find_if(kept.begin(), kept.end(), [&](const Finding& k) {
      return k.output == finding.output && k.verdict == finding.verdict &&
             k.divergence == finding.divergence && k.mistrusted == finding.mistrusted;
    });
    if (same == kept.end()) {
      kept.push_back(std::move(finding));
      continue;
    }
    finding.count += same->count;
    same->count = finding.count;
    if (IsWorse(finding.ulp, same->ulp)) *same = std::move(finding);
  }
  return kept;
}

}  // namespace exactloss
