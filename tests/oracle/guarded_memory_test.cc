#include "oracle/guarded_memory.h"

#include <gtest/gtest.h>

#include <cstring>

#include "oracle/float_environment.h"

namespace exactloss {
namespace {

/// Reads where the compiler cannot tell that nobody wants it.
int ReadAt(const std::byte* at) { return static_cast<int>(*static_cast<const volatile std::byte*>(at)); }

class Guarded : public testing::TestWithParam<std::size_t> {};

TEST_P(Guarded, EndsAtAPageThatCannotBeRead) {
  const std::size_t size = GetParam();
  const GuardedMemory memory(size, GuardedMemory::Side::kBack);
  std::memset(memory.data(), 1, size);
  EXPECT_DEATH(ReadAt(memory.data() + size), "");
}

TEST_P(Guarded, BeginsBehindAPageThatCannotBeRead) {
  const GuardedMemory memory(GetParam(), GuardedMemory::Side::kFront);
  std::memset(memory.data(), 1, GetParam());
  EXPECT_DEATH(ReadAt(memory.data() - 1), "");
}

INSTANTIATE_TEST_SUITE_P(GuardedMemory, Guarded, testing::Values(1, 7, 4096, 10000));

TEST(FloatEnvironment, IsPutBackAndNamed) {
  const FloatEnvironment before;
  EXPECT_EQ(before.Restored(), "");
  std::fesetround(FE_DOWNWARD);
  EXPECT_EQ(before.Restored().substr(0, 8), "rounding");
  EXPECT_EQ(std::fegetround(), FE_TONEAREST);
  EXPECT_EQ(before.Restored(), "");
}

}  // namespace
}  // namespace exactloss
