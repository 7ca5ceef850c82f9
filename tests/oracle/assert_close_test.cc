#include "oracle/assert_close.h"

#include <gtest/gtest.h>

#include <limits>

namespace exactloss {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

struct Last {
  Dtype dtype;
  double want;
  double got;  ///< the last number away from zero that torch 2.13.0 takes for close
};

TEST(AssertClose, EndsWhereTorchDoes) {
  const Last table[] = {
      {Dtype::kF64, 1, 0x1.0000035afe535p+0},
      {Dtype::kF64, 0, 0x1.ad7f29abcaf48p-24},
      {Dtype::kF64, -0x1.3333333333333p-2, -0x1.33333bec953f1p-2},
      {Dtype::kF32, 1, 0x1.0000bcp+0},
      {Dtype::kF32, 0, 0x1.4f8b58p-17},
      {Dtype::kF32, -0x1.333334p-2, -0x1.3335ecp-2},
      {Dtype::kF32, 0x1.a36e2ep-14, 0x1.cd5fbcp-14},
      {Dtype::kBF16, 1, 0x1.04p+0},
      {Dtype::kBF16, 0, 0x1.5p-17},
      {Dtype::kBF16, 0x1.a4p-14, 0x1.d4p-14},
      {Dtype::kBF16, 1000, 0x1.fcp+9},
      {Dtype::kF16, 1, 0x1.004p+0},
      {Dtype::kF16, 0, 0x1.5p-17},
      {Dtype::kF16, 0x1.a38p-14, 0x1.cep-14},
      {Dtype::kF16, 1000, 1001},
  };
  for (const auto& [dtype, want, got] : table) {
    const double next = got > 0 ? NextUp(dtype, got) : NextDown(dtype, got);
    EXPECT_TRUE(AssertClosePasses(dtype, got, want)) << Name(dtype) << ' ' << want;
    EXPECT_FALSE(AssertClosePasses(dtype, next, want)) << Name(dtype) << ' ' << want;
  }
  EXPECT_FALSE(AssertClosePasses(Dtype::kF32, kNaN, kNaN));
  EXPECT_FALSE(AssertClosePasses(Dtype::kF16, 65504, kInf));
  EXPECT_TRUE(AssertClosePasses(Dtype::kF16, -kInf, -kInf));
}

}  // namespace
}  // namespace exactloss
