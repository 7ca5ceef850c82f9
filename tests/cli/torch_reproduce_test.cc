#include <gtest/gtest.h>

#include "tests/cli/program.h"
#include "tests/cli/reproduce.h"

namespace exactloss {
namespace {

TEST(Reproduce, FindingsOfLibTorch) { ExpectReproducible({"libtorch"}, {"--profile", "smoke"}, 100); }

TEST(LibTorch, IsAskedWithoutASubject) {
  const Ran ran = Exactloss({"run", "bce_with_logits f32 none input=0x1.4p+4 target=0x1p+0"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_NE(ran.out.find("2.06115362031438070323898279888e-9"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("\n  libtorch  "), std::string::npos) << ran.out;
}

TEST(LibTorch, AnAuditHasThePitfallsBesideIt) {
  const Ran ran = Exactloss({"audit", "--profile", "smoke", "--loss", "bce_with_logits"});
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_NE(ran.out.find("\npitfalls: "), std::string::npos) << ran.out;
  EXPECT_NE(LinesOf(ran.out).back().find(" failed in pitfalls, "), std::string::npos) << ran.out;
}

}  // namespace
}  // namespace exactloss
