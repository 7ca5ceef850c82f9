// How a tensor lies in the memory that a subject sees: a layout as an offset, strides, and bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "reference/problem.h"

namespace exactloss {

/// What an element is in memory, little-endian: a number of a dtype, or a class index (64 bits, signed).
class ElementType {
 public:
  static ElementType Of(const Problem& problem, std::size_t input);
  static ElementType ClassIndex() { return {}; }
  static ElementType Number(Dtype dtype) { return ElementType(dtype); }

  std::string_view name() const { return dtype_ ? Name(*dtype_) : kClassIndexType; }
  int size() const { return dtype_ ? SizeInBytes(*dtype_) : 8; }
  std::uint64_t Encode(double value) const;
  double Decode(std::uint64_t bits) const;

 private:
  ElementType() = default;
  explicit ElementType(Dtype dtype) : dtype_(dtype) {}
  std::optional<Dtype> dtype_;
};

/// Every buffer starts at a multiple of this many bytes.
inline constexpr std::size_t kAlignment = 64;

/// What no element covers, the gaps of a strided tensor among it: a NaN in each dtype, a class index of -1.
inline constexpr std::byte kUnwritten{0xff};

/// A tensor's place in a buffer of its own.
struct MemoryImage {
  std::size_t first = 0;              ///< bytes from the start of the buffer to element 0
  std::size_t size = 0;               ///< bytes of the buffer, rounded up to the alignment
  std::vector<std::int64_t> strides;  ///< in elements
};

MemoryImage ImageOf(const Shape& shape, Layout layout, ElementType type);

/// Writes the tensor into its buffer of image.size bytes; those that no element covers stay as they are.
void Store(const Tensor& tensor, ElementType type, const MemoryImage& image, std::span<std::byte> buffer);

/// The values of a tensor of that shape in such a buffer, row-major.
std::vector<double> Load(const Shape& shape, ElementType type, const MemoryImage& image,
                         std::span<const std::byte> buffer);

/// The bits of the elements of a contiguous tensor.
std::vector<std::uint64_t> LoadBits(Dtype dtype, std::span<const std::byte> buffer);

}  // namespace exactloss
