// A sample of what the program false_alarms counts: a correct subject is never found wrong.
#include "tests/oracle/false_alarms.h"

#include <gtest/gtest.h>

namespace exactloss {
namespace {

TEST(FalseAlarms, OfCorrectSubjectsThereAreNone) {
  const FalseAlarms result = CountFalseAlarms(1000, 7, 2);
  EXPECT_EQ(result.problems, 1000U);
  EXPECT_GT(result.elements, 10'000U);
  EXPECT_EQ(result.count, 0U);
  for (const std::string& alarm : result.alarms) ADD_FAILURE() << alarm;
}

}  // namespace
}  // namespace exactloss
