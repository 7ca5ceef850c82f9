// Causes: failed findings that share subject, loss, output, dtype, class and the range of the truth, with the
// one that tells most and the simplest.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "oracle/audit.h"

namespace exactloss {

struct Cause {
  Finding worst;     ///< the largest ulp; the shortest line among equals
  Finding simplest;  ///< the shortest line; of a problem that the audit did not ask if it was shrunk
  std::uint64_t elements = 0;
  std::uint64_t findings = 0;  ///< problems in which it was met
};

/// Where in the range of its dtype a truth lies: the binades, in a few groups.
enum class Range : std::uint8_t { kNone, kZero, kSubnormal, kSmall, kOrdinary, kLarge, kInfinite, kNan };

/// Small is below u, large above 1 / u. kNone where there is no truth.
Range RangeOf(const Finding& finding);
std::string_view Name(Range range);

/// Keeps the causes of what fails; what passes, and what was not decided or not asked, is none.
class Grouping : public Sink {
 public:
  void Write(const Finding& finding) override;
  /// In the order of the subjects as they came, then the losses, then the largest ulp first.
  std::vector<Cause> Causes() const;
  /// The same, to be made simpler; in no order that means anything.
  std::vector<Cause*> All();
  /// Of each subject, loss and class the cause with the simplest finding, to be made simpler still.
  std::vector<Cause*> Leading();

 private:
  using Key = std::tuple<std::size_t, std::size_t, std::string, Dtype, Verdict, Divergence, Range>;
  std::map<Key, Cause> causes_;
  std::vector<std::string> subjects_, losses_;  ///< in the order in which they came
};

/// Does `a` say more than `b`? A larger ulp does, then a shorter line. An ulp of NaN is the least.
bool TellsMore(const Finding& a, const Finding& b);

/// Is the line the better example? One of finite inputs is, then the shorter.
bool IsSimpler(const std::string& a, const std::string& b);

/// Larger is worse: what fails is worse than what is not decided, and that than what passes.
int Severity(Verdict verdict);

}  // namespace exactloss
