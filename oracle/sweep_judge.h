// Counts the answers of every subject at the points of a chunk.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "oracle/fast_judge.h"
#include "oracle/fast_oracle.h"
#include "oracle/sweep_points.h"

namespace exactloss {

/// The answers of a subject to a chunk: for each output that is judged its bits; null: not given.
struct Answers {
  AnswerStatus status = AnswerStatus::kOk;
  std::vector<const std::byte*> outputs;
};

class SweepJudge {
 public:
  /// `outputs`: those judged, as indices into OutputsOf.
  SweepJudge(const SweepPlan& plan, const SweepCase& of, std::vector<std::size_t> outputs,
             const std::vector<std::unique_ptr<Subject>>& subjects);

  /// Adds to `tally`; worst answers have an ulp that is right to 2^-20, and no line yet.
  void Count(const Points& points, const std::vector<Answers>& answers, CaseTally* tally);

  /// Line, truth and proven ulp of a worst answer.
  void Prove(std::size_t subject, std::size_t output, AnswersOfKind* answers) const;

 private:
  struct Doubt {
    std::size_t point, subject, output;
    double got;
    std::uint64_t bits;
  };

  void CountBlock(const Points& points, std::size_t begin, std::size_t size,
                  const std::vector<Answers>& answers);
  void Compare(const Points& points, std::size_t begin, std::size_t size, std::size_t subject,
               std::size_t output, const std::byte* bits);
  void Refused(const Points& points, std::size_t begin, std::size_t size, std::size_t subject,
               std::size_t output);
  void JudgeOne(const Points& points, const Doubt& doubt, std::optional<double> gauge);
  void AskGauges(const Points& points);
  void AskTruths(const Points& points);
  void CheckSample(const Points& points, std::size_t begin, std::size_t size);
  void Tell(const Points& points, const Doubt& doubt, const SweptAnswer& answer);
  Problem ProblemAt(const Points& points, const std::vector<std::size_t>& at) const;
  Problem ProblemAt(std::uint64_t ordinal) const;
  const ElementRules& RulesOf(std::size_t subject, std::size_t output) const {
    return rules_[subject * outputs_.size() + output];
  }

  const SweepPlan& plan_;
  const SweepCase& case_;
  const std::vector<std::size_t> outputs_;
  std::optional<FastOracle> oracle_;
  std::array<float, FastOracle::kInputs> fixed_ = {};
  std::vector<float> values_;        ///< of every pattern of a 16-bit dtype
  std::vector<ElementRules> rules_;  ///< subject by subject, for each its outputs
  std::array<FastOutput, FastOracle::kOutputs> truths_;
  std::size_t block_ = 0;  ///< where truths_ begin
  std::vector<Doubt> without_gauge_, without_truth_;
  CaseTally* tally_ = nullptr;
};

}  // namespace exactloss
