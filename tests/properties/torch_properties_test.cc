// Every property of the LibTorch hosts that are built. Their violations are findings, not failures, as long
// as the judge sees them as well; the second problem is asked of the host without its vector units.
#include <gtest/gtest.h>

#include <iostream>

#include "oracle/subject.h"
#include "tests/properties/campaign.h"

namespace exactloss {
namespace {

TEST(TorchProperties, HoldOrTheJudgeObjects) {
  Campaign campaign;
  int hosts = 0;
  for (const std::string& name : SubjectNames()) {
    if (!name.starts_with("libtorch-")) continue;
    ++hosts;
    campaign.Add(MakeSubject(name), /*is_strict=*/false, MakeSubject(name + "+ATEN_CPU_CAPABILITY=default"));
  }
  if (hosts == 0) GTEST_SKIP() << "no LibTorch host is built; ./dev build makes one";
  for (const Property& property : Properties()) EXPECT_EQ(campaign.Run(property), "") << property.name;
  std::cout << campaign.Report();
}

}  // namespace
}  // namespace exactloss
