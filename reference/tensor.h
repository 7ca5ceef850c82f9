// A tensor of a problem: logical shape, values in row-major order, and how it lies in memory.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace exactloss {

/// How a subject receives the tensor. The truth does not depend on it.
enum class Layout : std::uint8_t {
  kContiguous,  ///< row-major, aligned
  kStrided,     ///< every other element of a buffer twice as long in the last dimension
  kTransposed,  ///< column-major: the strides of the reversed shape
  kExpanded,    ///< stride 0 in dimension 0: one slice that stands for all (the slices are equal)
  kMisaligned,  ///< row-major, the first element one element past an aligned address
};

inline constexpr Layout kAllLayouts[] = {Layout::kContiguous, Layout::kStrided, Layout::kTransposed,
                                         Layout::kExpanded, Layout::kMisaligned};

std::string_view Name(Layout layout);

using Shape = std::vector<std::int64_t>;

/// The number of elements; 1 for the shape of a scalar (no dimensions).
std::int64_t ElementCount(const Shape& shape);

/// The type of class indices, where one is named.
inline constexpr std::string_view kClassIndexType = "i64";

struct Tensor {
  Shape shape;
  std::vector<double> values;  ///< row-major; each a number of the problem's dtype, or a class index
  Layout layout = Layout::kContiguous;
  std::string source;  ///< "normal#7.3" if a fill made it and a line names it so; else empty
  std::string type;    ///< "f64", "i64": elements of another type than the loss wants; else empty

  std::int64_t size() const { return static_cast<std::int64_t>(values.size()); }
};

}  // namespace exactloss
