// Error-guided search: problems bred from those that did worst. An archive keeps one problem for each output,
// class, octave of the error and binade of the result, so that different failures stay alive beside the
// largest.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "oracle/fill_draw.h"
#include "oracle/finding.h"
#include "oracle/fuzz.h"
#include "oracle/subject.h"

namespace exactloss {

/// What a problem did in one output.
struct Outcome {
  std::string kind;       ///< output, class, subject: kinds are kept apart
  int error = 0, at = 0;  ///< octave of the error, binade of the result
  double score = 0;       ///< larger is worse for the subject
  double second = 0;      ///< another measure of the same
};

class Archive {
 public:
  struct Elite {
    Problem problem;
    double score, second;
  };

  /// Keeps the problem if its place is free or holds a larger one; says whether it did.
  bool Offer(const Outcome& outcome, const Problem& problem);
  /// Half of the time any, half of the time the best of three; each kind alike. Null while there is none.
  const Elite* Parent(Draw& draw) const;
  std::size_t size() const { return size_; }

 private:
  using Place = std::pair<int, int>;
  std::map<std::string, std::map<Place, Elite>> kinds_;
  std::size_t size_ = 0;
};

/// Where problems come from and what is made of the answers; for one thread.
class Quest {
 public:
  virtual ~Quest() = default;
  /// Problem number `number`, of a fill or bred.
  virtual Problem Next(const Archive& archive, std::uint64_t number) = 0;
  /// One answer for each subject.
  virtual std::vector<Outcome> Score(const Problem& problem, const std::vector<Answer>& answers) = 0;
  /// The problem came into the archive.
  virtual void Keep(const Problem& problem, const std::vector<Answer>& answers) = 0;
};

/// Asks `cases` problems, or until `stop`; returns how many it asked.
std::uint64_t Search(Quest& quest, const Subjects& subjects, std::uint64_t cases,
                     const std::function<bool()>& stop);

/// Of an island, a loss in a dtype: what the fuzzer draws and mutations of what did worst, held to the truth.
class TruthQuest : public Quest {
 public:
  /// `island` selects one loss and dtype; the subjects outlive it.
  TruthQuest(const Selection& island, const Subjects& subjects);
  Problem Next(const Archive& archive, std::uint64_t number) override;
  std::vector<Outcome> Score(const Problem& problem, const std::vector<Answer>& answers) override;
  void Keep(const Problem& problem, const std::vector<Answer>& answers) override;
  /// What fails, of what came into the archive.
  std::vector<Finding>& findings() { return findings_; }

 protected:
  Draw DrawFor(std::uint64_t number) const;
  const Subjects& subjects_;
  const FuzzProblems fills_;

 private:
  const std::uint64_t seed_;
  std::vector<Finding> findings_;
};

/// The two subjects against each other, without the truth until the end.
class DifferenceQuest : public TruthQuest {
 public:
  using TruthQuest::TruthQuest;
  std::vector<Outcome> Score(const Problem& problem, const std::vector<Answer>& answers) override;
  void Keep(const Problem& problem, const std::vector<Answer>& answers) override;

  struct Difference {
    std::string output;
    std::int64_t index = 0;
    double ulp = 0;  ///< numbers of the dtype between the two
    Problem problem;
  };
  /// The largest of each output, the largest first.
  std::vector<Difference> Largest() const;

 private:
  std::map<std::string, Difference> largest_;
};

/// The order of the terms of a reduced loss, and their sizes: what the sum alone does.
class OrderQuest : public TruthQuest {
 public:
  using TruthQuest::TruthQuest;
  Problem Next(const Archive& archive, std::uint64_t number) override;
  std::vector<Outcome> Score(const Problem& problem, const std::vector<Answer>& answers) override;
  void Keep(const Problem& problem, const std::vector<Answer>& answers) override;

  struct Order {
    Finding worst;         ///< of the loss
    double otherwise = 0;  ///< its error with the same terms in a random order, the median of five
    Problem problem;
  };
  /// One for each subject; none where it never answered.
  std::vector<std::optional<Order>>& worst() { return worst_; }
  /// Fills in `otherwise`.
  void AskOtherwise();

 private:
  std::vector<std::optional<Order>> worst_ = std::vector<std::optional<Order>>(subjects_.size());
};

}  // namespace exactloss
