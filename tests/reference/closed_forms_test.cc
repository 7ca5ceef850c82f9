// Gradients in closed form against the same formula text at dual numbers: the intervals must meet.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "reference/gradients.h"
#include "reference/truth.h"
#include "tests/arb/points.h"
#include "tests/reference/range.h"

namespace exactloss {
namespace {

constexpr std::size_t kProblems = 150;  ///< for each dtype
constexpr int kBits[] = {256, 1024, 4096};
constexpr int kNarrowBits = 100;
constexpr std::uint64_t kSeed = 53;

// All losses, those without a closed form as well: there the two ways differ in layouts and reductions alone.
class ClosedForms : public testing::TestWithParam<std::string> {};

struct Meeting {
  bool meet = true, narrow = true;
};

Meeting Compare(const Interval& x, const Interval& y) {
  if (x.IsNan() || y.IsNan()) return {x.IsNan() == y.IsNan(), true};
  const Range a(x), b(y);
  return {Intersect(a, b), IsNarrow(a, kNarrowBits) && IsNarrow(b, kNarrowBits)};
}

TEST_P(ClosedForms, MeetDualNumbers) {
  const LossSpec& loss = *FindLoss(GetParam());
  std::size_t wide = 0, compared = 0;
  for (const Dtype dtype : kAllDtypes) {
    arb::Random random(kSeed + static_cast<std::uint64_t>(dtype));
    for (std::size_t n = 0; n < kProblems; ++n) {
      const Problem problem = arb::DrawProblem(loss, dtype, random);
      for (const int bits : kBits) {
        const EvaluationScope scope(bits);
        const std::vector<Interval> closed = TermGradients(problem), dual = DualGradients(problem);
        bool narrow = true;
        for (std::size_t i = 0; i < closed.size(); ++i) {
          const Meeting meeting = Compare(closed[i], dual[i]);
          ASSERT_TRUE(meeting.meet) << FormatProblem(problem) << "\n  gradient " << i << ": in closed form "
                                    << ToString(Range(closed[i])) << ", by dual numbers "
                                    << ToString(Range(dual[i]));
          narrow = narrow && meeting.narrow;
        }
        if (narrow) break;
        if (bits == std::end(kBits)[-1]) ++wide;
      }
      ++compared;
    }
  }
  RecordProperty("wide", static_cast<int>(wide));
  EXPECT_LE(50 * wide, compared);
}

std::vector<std::string> LossNames() {
  std::vector<std::string> names;
  for (const LossSpec& loss : Catalogue()) names.emplace_back(loss.name);
  return names;
}

INSTANTIATE_TEST_SUITE_P(Catalogue, ClosedForms, testing::ValuesIn(LossNames()),
                         [](const testing::TestParamInfo<std::string>& loss) { return loss.param; });

}  // namespace
}  // namespace exactloss
