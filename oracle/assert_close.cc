#include "oracle/assert_close.h"

#include <cmath>
#include <cstddef>
#include <iterator>

namespace exactloss {
namespace {

struct Tolerances {
  double relative, absolute;
};

/// torch.testing's, in the order of Dtype.
constexpr Tolerances kTolerances[] = {{1e-7, 1e-7}, {1.3e-6, 1e-5}, {1.6e-2, 1e-5}, {1e-3, 1e-5}};
static_assert(std::size(kTolerances) == std::size(kAllDtypes));

}  // namespace

bool AssertClosePasses(Dtype dtype, double got, double want) {
  if (got == want) return true;
  // torch.isclose: each operation is rounded to float, then to the dtype; so is the tolerance that is added,
  // and the one that multiplies is a float.
  const Dtype wide = dtype == Dtype::kF64 ? Dtype::kF64 : Dtype::kF32;
  const auto rounded = [&](double x) { return RoundTo(dtype, RoundTo(wide, x)); };
  const auto [relative, absolute] = kTolerances[static_cast<std::size_t>(dtype)];
  const double error = std::fabs(rounded(got - want));
  const double allowed = rounded(rounded(absolute) + std::fabs(rounded(RoundTo(wide, relative) * want)));
  return std::isfinite(error) && error <= allowed;
}

}  // namespace exactloss
