#include "oracle/contracts.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <memory>
#include <optional>
#include <utility>

#include "reference/number_text.h"
#include "reference/text.h"

namespace exactloss {
namespace {

constexpr std::string_view kAccept = "accept", kRefuse = "refuse(", kGive = "give(";

/// What a message may call a thing that is no argument.
struct Words {
  std::string_view what;
  std::vector<std::string_view> words;
};
const std::vector<Words> kWords = {{"shape", {"shape", "size", "dimension", "multi-target"}},
                                   {"dtype", {"type"}}};

/// What a message shows when an assertion of the subject's own has failed.
constexpr std::string_view kInternalError = "internal assert";

std::string Lowered(std::string_view text) {
  std::string lowered(text);
  std::transform(lowered.begin(), lowered.end(), lowered.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lowered;
}

bool DoesName(std::string_view message, std::string_view what) {
  const std::string text = Lowered(message);
  if (text.find(kInternalError) != std::string::npos) return false;
  const auto known =
      std::find_if(kWords.begin(), kWords.end(), [&](const Words& w) { return w.what == what; });
  const std::vector<std::string_view> words =
      known == kWords.end() ? std::vector<std::string_view>{what} : known->words;
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return text.find(word) != std::string::npos; });
}

/// What stands between `head` and the closing bracket; none where the word is of another form.
std::optional<std::string_view> Within(std::string_view word, std::string_view head) {
  if (!word.starts_with(head) || !word.ends_with(')')) return std::nullopt;
  return word.substr(head.size(), word.size() - head.size() - 1);
}

/// The value of a promise, a number of any dtype.
std::optional<double> ReadValue(std::string_view text) {
  if (const auto special = ReadSpecial(text)) return special;
  const auto decimal = ReadDecimal(Dtype::kF64, text);
  return decimal ? std::optional(decimal->value) : std::nullopt;
}

std::optional<Promise> ReadPromise(std::string_view word) {
  if (word == kAccept) return Promise{Promise::Kind::kAccept, {}, 0};
  if (const auto what = Within(word, kRefuse); what && !what->empty()) {
    return Promise{Promise::Kind::kRefuse, std::string(*what), 0};
  }
  if (const auto text = Within(word, kGive)) {
    if (const auto value = ReadValue(*text)) return Promise{Promise::Kind::kGive, {}, *value};
  }
  return std::nullopt;
}

/// Equal, or both NaN; a zero is one whatever its sign.
bool IsValue(double got, double wanted) { return got == wanted || (std::isnan(got) && std::isnan(wanted)); }

/// NaN without its sign.
std::string ValueText(double value) { return std::isnan(value) ? "nan" : Concat(value); }

/// What came of a call, before it is known whether that is right.
struct Outcome {
  bool kept = false;
  std::string message;
};

Outcome OutcomeOfAnswer(const Promise& promise, const Output& loss) {
  std::vector<double> values;
  for (const std::uint64_t bits : loss.bits) values.push_back(FromBits(loss.dtype, bits));
  const std::string first = values.empty() ? "an empty loss" : Concat("a loss of ", ValueText(values[0]));
  switch (promise.kind) {
    case Promise::Kind::kAccept:
      return {true, Concat("accepted: ", first)};
    case Promise::Kind::kRefuse:
      return {false, Concat("accepted: ", first)};
    case Promise::Kind::kGive:
      break;
  }
  const auto other = std::find_if(values.begin(), values.end(),
                                  [&](double value) { return !IsValue(value, promise.value); });
  if (other == values.end()) return {true, Concat("accepted: ", first)};
  return {false, Concat("accepted: a loss of ", ValueText(*other), " instead of ", ValueText(promise.value))};
}

Outcome OutcomeOfError(const Promise& promise, const std::string& message) {
  if (promise.kind != Promise::Kind::kRefuse) return {false, Concat("refused: ", message)};
  if (DoesName(message, promise.what)) return {true, Concat("refused: ", message)};
  return {false, Concat("refused without a word of ", promise.what, ": ", message)};
}

}  // namespace

bool IsContract(std::string_view line) {
  const std::string_view word = line.substr(0, line.find(' '));
  return word == kAccept || word.starts_with(kRefuse) || word.starts_with(kGive);
}

Contract ParseContract(std::string_view line) {
  const std::size_t space = std::min(line.find(' '), line.size());
  const std::string_view word = line.substr(0, space);
  std::optional<Promise> promise = ReadPromise(word);
  if (!promise) {
    throw UsageError(
        Concat("column 1: ", Quoted(word), " promises nothing; write accept, refuse(beta) or give(nan)"));
  }
  if (space == line.size()) {
    throw UsageError(Concat("column ", space + 1, ": the line ends; a call follows ", Quoted(word)));
  }
  return {std::string(line), std::move(*promise), ParseCall(line, space + 1), {}};
}

Finding JudgeContract(const Contract& contract, const Subject& subject, const Answer& answer) {
  Finding finding;
  finding.line = contract.line;
  finding.subject = subject.info().name;
  finding.loss = contract.call.loss->name;
  finding.dtype = finding.got_dtype = contract.call.dtype;
  finding.reduction = contract.call.reduction;
  finding.output = kArguments;
  finding.ulp = finding.ratio = std::nan("");
  const auto conclude = [&](const Outcome& outcome) {
    finding.verdict = outcome.kept ? Verdict::kExact : Verdict::kDivergent;
    finding.divergence = outcome.kept ? Divergence::kNone : Divergence::kContract;
    finding.message = outcome.message;
    return finding;
  };
  const auto fail = [&](Divergence divergence) {
    finding.verdict = Verdict::kDivergent;
    finding.divergence = divergence;
    finding.message = answer.message;
    return finding;
  };
  switch (answer.status) {
    case AnswerStatus::kOk:
      if (!answer.outputs[0].bits.empty()) finding.got = answer.outputs[0].bits[0];
      finding.got_dtype = answer.outputs[0].dtype;
      return conclude(OutcomeOfAnswer(contract.promise, answer.outputs[0]));
    case AnswerStatus::kError:
      return conclude(OutcomeOfError(contract.promise, answer.message));
    case AnswerStatus::kProtocol:  // outputs of another shape, as a rule: it made something of the call
      return conclude({false, Concat("accepted: ", answer.message)});
    case AnswerStatus::kCrash:
      return fail(Divergence::kCrash);
    case AnswerStatus::kTimeout:
      return fail(Divergence::kTimeout);
    case AnswerStatus::kUnsupported:
      finding.verdict = Verdict::kUnsupported;
      finding.message = answer.message;
  }
  return finding;
}

std::vector<SubjectInfo> AuditContracts(const std::vector<Contract>& contracts, const AuditOptions& options,
                                        const std::vector<Sink*>& sinks) {
  std::vector<Problem> calls;
  for (const Contract& contract : contracts) calls.push_back(contract.call);
  std::vector<SubjectInfo> subjects;
  std::vector<std::vector<Finding>> findings(contracts.size());
  for (const std::string& name : options.subjects) {
    if (options.interrupted != nullptr && options.interrupted->load()) break;
    const std::unique_ptr<Subject> subject = MakeSubject(name, options.subject);
    subjects.push_back(subject->info());
    const Answer not_asked{AnswerStatus::kUnsupported, "it checks no arguments", {}};
    const std::vector<Answer> answers =
        subject->ChecksArguments() ? subject->Run(calls) : std::vector<Answer>(calls.size(), not_asked);
    for (std::size_t i = 0; i < contracts.size(); ++i) {
      findings[i].push_back(JudgeContract(contracts[i], *subject, answers[i]));
    }
  }
  for (const std::vector<Finding>& of_contract : findings) {
    for (const Finding& finding : of_contract) {
      for (Sink* sink : sinks) sink->Write(finding);
    }
  }
  return subjects;
}

}  // namespace exactloss
