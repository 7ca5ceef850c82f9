#include "oracle/naive.h"

#include <algorithm>
#include <utility>

#include "oracle/broadcast.h"
#include "oracle/naive_forms.h"
#include "reference/text.h"

namespace exactloss {
namespace {

constexpr std::string_view kPrefix = "naive/";

/// What a form computes, before the terms are reduced.
struct FormTerms {
  std::vector<Rounded> values;
  std::vector<Rounded> input_slopes;
  std::vector<Rounded> target_slopes;  ///< empty: none
};

class Computation {
 public:
  Computation(const Problem& problem, const NaiveForm& form, Reduction reduction)
      : problem_(problem), form_(form), reduction_(reduction) {}

  Answer Run() {
    const FormTerms terms = form_.element != nullptr ? Elements() : Rows();
    Answer answer;
    for (const OutputSpec& spec : OutputsOf(problem_)) {
      if (spec.input == OutputSpec::kLoss) {
        answer.outputs.push_back(ToOutput(spec, Reduce(terms.values)));
      } else if (spec.input == 0) {
        answer.outputs.push_back(ToOutput(spec, terms.input_slopes));
      } else if (!terms.target_slopes.empty()) {
        answer.outputs.push_back(ToOutput(spec, terms.target_slopes));
      }
    }
    return answer;
  }

 private:
  Rounded Number(double value) const { return {problem_.dtype, value}; }

  FormTerms Elements() {
    const Tensor& input = *problem_.inputs[0];
    SetDivisor(static_cast<double>(input.size()));
    const Tensor& target = *problem_.input("target");
    FormTerms terms;
    for (std::int64_t i = 0; i < input.size(); ++i) {
      const auto at = static_cast<std::size_t>(i);
      const NaiveTerm term = form_.element(Number(input.values[at]), Number(target.values[at]),
                                           WeightOfElement(i), Number(1 / divisor_));
      terms.values.push_back(term.value);
      terms.input_slopes.push_back(term.input_slope);
      if (term.target_slope) terms.target_slopes.push_back(*term.target_slope);
    }
    return terms;
  }

  Rounded WeightOfElement(std::int64_t i) const {
    if (!Takes("weight") || !problem_.input("weight")) return Number(1);
    const Tensor& weight = *problem_.input("weight");
    return Number(weight.values[BroadcastIndex(problem_.inputs[0]->shape, weight.shape, i)]);
  }

  FormTerms Rows() {
    const Tensor& input = *problem_.inputs[0];
    const bool has_batch = input.shape.size() > 1;
    const std::int64_t classes = input.shape[has_batch];
    std::int64_t inner = 1;  // elements from one class of a row to the next
    for (std::size_t k = 2; k < input.shape.size(); ++k) inner *= input.shape[k];
    const std::int64_t rows = input.size() / classes;
    const auto at = [&](std::int64_t row, std::int64_t c) {
      return static_cast<std::size_t>((row / inner * classes + c) * inner + row % inner);
    };

    std::vector<std::int64_t> targets;
    Rounded mass = Number(0);
    for (std::int64_t row = 0; row < rows; ++row) {
      targets.push_back(TargetOf(row, classes, [&](std::int64_t c) { return at(row, c); }));
      if (!IsIgnored(targets.back())) mass = mass + WeightOfClass(targets.back());
    }
    SetDivisor(mass.value());

    FormTerms terms{{}, std::vector<Rounded>(input.values.size(), Number(0)), {}};
    for (std::int64_t row = 0; row < rows; ++row) {
      const std::int64_t target = targets[static_cast<std::size_t>(row)];
      if (IsIgnored(target)) {
        terms.values.push_back(Number(0));
        continue;
      }
      NaiveRow logits{{}, static_cast<std::size_t>(target), WeightOfClass(target), Number(1 / divisor_)};
      for (std::int64_t c = 0; c < classes; ++c) logits.logits.push_back(Number(input.values[at(row, c)]));
      const NaiveRowTerm term = form_.classes(logits);
      terms.values.push_back(term.value);
      for (std::int64_t c = 0; c < classes; ++c) {
        terms.input_slopes[at(row, c)] = term.slopes[static_cast<std::size_t>(c)];
      }
    }
    return terms;
  }

  /// The class index of a row, or the likeliest class where the form takes probabilities.
  template <class At>
  std::int64_t TargetOf(std::int64_t row, std::int64_t classes, At at) const {
    if (const auto& indices = problem_.input("target")) {
      return static_cast<std::int64_t>(indices->values[static_cast<std::size_t>(row)]);
    }
    const std::vector<double>& p = problem_.input("target_probabilities")->values;
    std::int64_t likeliest = 0;
    for (std::int64_t c = 1; c < classes; ++c) {
      if (p[at(c)] > p[at(likeliest)]) likeliest = c;
    }
    return likeliest;
  }

  bool IsIgnored(std::int64_t target) const {
    return static_cast<double>(target) == problem_.parameter("ignore_index");
  }
  Rounded WeightOfClass(std::int64_t c) const {
    const auto& weight = problem_.input("weight");
    return Number(weight ? weight->values[static_cast<std::size_t>(c)] : 1);
  }

  void SetDivisor(double of_mean) {
    divisor_ = reduction_ == Reduction::kMean ? of_mean : 1;
    if (reduction_ == Reduction::kBatchMean) divisor_ = static_cast<double>(problem_.inputs[0]->shape[0]);
  }

  std::vector<Rounded> Reduce(const std::vector<Rounded>& terms) const {
    if (reduction_ == Reduction::kNone) return terms;
    Rounded sum = Number(0);
    for (const Rounded& term : terms) sum = sum + term;
    return {Number(sum.value() / divisor_)};
  }

  Output ToOutput(const OutputSpec& spec, const std::vector<Rounded>& numbers) const {
    Output output{spec.name, problem_.dtype, spec.shape, {}};
    for (const Rounded& number : numbers) output.bits.push_back(ToBits(problem_.dtype, number.value()));
    return output;
  }

  bool Takes(std::string_view name) const {
    return std::find(form_.takes.begin(), form_.takes.end(), name) != form_.takes.end();
  }

  const Problem& problem_;
  const NaiveForm& form_;
  const Reduction reduction_;
  double divisor_ = 1;
};

/// Why the form does not do this problem of its loss; empty if it does.
std::string WhyNot(const Problem& problem, const NaiveForm& form) {
  const auto takes = [&](std::string_view name) {
    return std::find(form.takes.begin(), form.takes.end(), name) != form.takes.end();
  };
  const LossSpec& loss = *problem.loss;
  for (std::size_t i = 0; i < loss.inputs.size(); ++i) {
    if (problem.inputs[i] && !takes(loss.inputs[i].name)) return Concat("it has no ", loss.inputs[i].name);
  }
  for (std::size_t i = 0; i < loss.parameters.size(); ++i) {
    const ParameterSpec& parameter = loss.parameters[i];
    if (problem.parameters[i] != parameter.default_value && !takes(parameter.name)) {
      return Concat("it has no ", parameter.name);
    }
  }
  return {};
}

class NaiveSubject : public Subject {
 public:
  explicit NaiveSubject(const std::string& form) {
    info_.name = std::string(kPrefix) + form;
    for (const NaiveForm& row : NaiveFormTable()) {
      if (row.name == form) rows_.push_back(&row);
    }
    std::string losses;
    for (const NaiveForm* row : rows_) losses += Concat(losses.empty() ? "" : ", ", row->loss);
    info_.details["losses"] = losses;
    info_.summation.order = SummationOrder::kSequential;
  }

  const SubjectInfo& info() const override { return info_; }
  std::string OtherSemantics() const override { return std::string(rows_[0]->other_semantics); }

  std::vector<Answer> Run(std::span<const Problem> problems) override {
    std::vector<Answer> answers;
    answers.reserve(problems.size());
    for (const Problem& problem : problems) answers.push_back(Run(problem));
    return answers;
  }

 private:
  Answer Run(const Problem& problem) const {
    const auto row = std::find_if(rows_.begin(), rows_.end(),
                                  [&](const NaiveForm* form) { return form->loss == problem.loss->name; });
    if (row == rows_.end()) {
      return Unsupported(Concat("it is a form of ", info_.details.at("losses"), " alone"));
    }
    const NaiveForm& form = **row;
    if (const std::string why = WhyNot(problem, form); !why.empty()) return Unsupported(why);
    Reduction reduction = problem.reduction;
    if (!form.reductions.empty()) {
      const auto other = std::find_if(form.reductions.begin(), form.reductions.end(),
                                      [&](const auto& pair) { return pair.first == problem.reduction; });
      if (other == form.reductions.end()) {
        return Unsupported(Concat("it has no other reduction for ", Name(problem.reduction)));
      }
      reduction = other->second;
    }
    try {
      return Computation(problem, form, reduction).Run();
    } catch (const NaiveRefusal& refusal) {
      return {AnswerStatus::kError, std::string(refusal.message), {}};
    }
  }

  static Answer Unsupported(std::string why) { return {AnswerStatus::kUnsupported, std::move(why), {}}; }

  SubjectInfo info_;
  std::vector<const NaiveForm*> rows_;
};

}  // namespace

std::vector<std::string> NaiveForms() {
  std::vector<std::string> names;
  for (const NaiveForm& row : NaiveFormTable()) {
    if (names.empty() || names.back() != row.name) names.emplace_back(row.name);
  }
  return names;
}

std::unique_ptr<Subject> MakeNaiveSubject(const std::string& form) {
  const std::vector<std::string> forms = NaiveForms();
  if (std::find(forms.begin(), forms.end(), form) == forms.end()) {
    const std::vector<std::string_view> names(forms.begin(), forms.end());
    throw UsageError(Concat("no naive form ", Quoted(form), "; ", Suggestion(form, names)));
  }
  return std::make_unique<NaiveSubject>(form);
}

}  // namespace exactloss
