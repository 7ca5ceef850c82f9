// The functions of packs and of double words are as right as kernels take them to be, on every target.
#include "tests/optimized/function_samples.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tests/optimized/functions_test.cc"
#include <hwy/foreach_target.h>  // IWYU pragma: keep

#include "optimized/double_word-inl.h"

HWY_BEFORE_NAMESPACE();
namespace exactloss::optimized::HWY_NAMESPACE {

/// Evaluates a function of packs (of double words) at single points.
template <class F>
Words OfPacks(F function, double x, double y) {
  double lanes[kPackLanes];
  StorePack(function(Pack(x), Pack(y)), lanes);
  return {lanes[0], 0};
}
template <class F>
Words OfWords(F function, double x, double y) {
  double hi[kPackLanes], lo[kPackLanes];
  const DoubleWord result = function(DoubleWord(x), DoubleWord(y));
  StorePack(result.hi, hi);
  StorePack(result.lo, lo);
  return {hi[0], lo[0]};
}

#define EXACTLOSS_FUNCTION(CALL)                                                                         \
  Evaluations {                                                                                          \
    [](double x, double y) HWY_ATTR {                                                                    \
      return OfPacks([](const Pack& a, [[maybe_unused]] const Pack& b) HWY_ATTR { return CALL; }, x, y); \
    },                                                                                                   \
        [](double x, double y) HWY_ATTR {                                                                \
          return OfWords([](const DoubleWord& a, [[maybe_unused]] const DoubleWord& b)                   \
                             HWY_ATTR { return CALL; },                                                  \
                         x, y);                                                                          \
        }                                                                                                \
  }

const Functions& TheFunctions() {
  static const Functions kFunctions = {
      {"exp", EXACTLOSS_FUNCTION(Exp(a))},
      {"expm1", EXACTLOSS_FUNCTION(Expm1(a))},
      {"log", EXACTLOSS_FUNCTION(Log(a))},
      {"log1p", EXACTLOSS_FUNCTION(Log1p(a))},
      {"log1p of [0, 1]", EXACTLOSS_FUNCTION(Log1pOfUnit(a))},
      {"sqrt", EXACTLOSS_FUNCTION(Sqrt(a))},
      {"atan", EXACTLOSS_FUNCTION(AtanRatio(a, b))},
      {"quotient", EXACTLOSS_FUNCTION(a / b)},
  };
  return kFunctions;
}

}  // namespace exactloss::optimized::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <gtest/gtest.h>

#include "optimized/dispatch.h"
#include "optimized/losses.h"

namespace exactloss::optimized {

HWY_EXPORT(TheFunctions);

namespace {

TEST(Functions, AreRightToTheBoundsThatKernelsTakeForGranted) {
  for (std::size_t i = 0; i < TargetCount(); ++i) {
    ASSERT_TRUE(UseTarget(TargetName(i)));
    for (const auto& [name, evaluations] : EXACTLOSS_DISPATCH(TheFunctions)()) {
      const Worst packs = WorstError(name, evaluations.packs, 20'000),
                  words = WorstError(name, evaluations.words, 3'000);
      EXPECT_LT(packs.error, 0x1p-49)
          << name << " of packs, " << TargetName(i) << " at " << packs.x << ", " << packs.y;
      EXPECT_LT(words.error, 0x1p-94)
          << name << " of double words, " << TargetName(i) << " at " << words.x << ", " << words.y;
      std::printf("%-8s %-16s 2^%.2f  2^%.2f\n", TargetName(i), name.c_str(), std::log2(packs.error),
                  std::log2(words.error));
    }
  }
  UseTarget(nullptr);
}

}  // namespace
}  // namespace exactloss::optimized
#endif  // HWY_ONCE
