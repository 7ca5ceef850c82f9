#include "reference/tensor.h"

#include <functional>
#include <iterator>
#include <numeric>

namespace exactloss {
namespace {

constexpr std::string_view kNames[] = {"contiguous", "strided", "transposed", "expanded", "misaligned"};
static_assert(std::size(kNames) == std::size(kAllLayouts));

}  // namespace

std::string_view Name(Layout layout) { return kNames[static_cast<std::size_t>(layout)]; }

std::int64_t ElementCount(const Shape& shape) {
  return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
}

}  // namespace exactloss
