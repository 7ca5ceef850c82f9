#include "oracle/memory_image.h"

#include <bit>
#include <cstring>

namespace exactloss {
namespace {

static_assert(std::endian::native == std::endian::little, "the subject protocol is little-endian");

std::vector<std::int64_t> RowMajor(const Shape& shape, std::int64_t last_stride) {
  std::vector<std::int64_t> strides(shape.size());
  std::int64_t stride = last_stride;
  for (std::size_t d = shape.size(); d-- > 0; stride *= shape[d]) strides[d] = stride;
  return strides;
}

std::vector<std::int64_t> ColumnMajor(const Shape& shape) {
  std::vector<std::int64_t> strides(shape.size());
  std::int64_t stride = 1;
  for (std::size_t d = 0; d < shape.size(); stride *= shape[d++]) strides[d] = stride;
  return strides;
}

/// Calls visit(position in the buffer, in bytes) for each element in row-major order.
template <class Visit>
void ForEachElement(const Shape& shape, const MemoryImage& image, int element_size, Visit visit) {
  const std::int64_t count = ElementCount(shape);
  Shape index(shape.size(), 0);
  std::int64_t position = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    visit(image.first + static_cast<std::size_t>(position * element_size));
    for (std::size_t d = shape.size(); d-- > 0;) {
      position += image.strides[d];
      if (++index[d] < shape[d]) break;
      position -= image.strides[d] * shape[d];
      index[d] = 0;
    }
  }
}

}  // namespace

ElementType ElementType::Of(const Problem& problem, std::size_t input) {
  if (const std::optional<Tensor>& tensor = problem.inputs[input]; tensor && !tensor->type.empty()) {
    const std::optional<Dtype> dtype = ParseDtype(tensor->type);
    return dtype ? Number(*dtype) : ClassIndex();
  }
  return problem.loss->inputs[input].role == Role::kClassIndex ? ClassIndex() : Number(problem.dtype);
}

std::uint64_t ElementType::Encode(double value) const {
  return dtype_ ? ToBits(*dtype_, value) : static_cast<std::uint64_t>(static_cast<std::int64_t>(value));
}

double ElementType::Decode(std::uint64_t bits) const {
  return dtype_ ? FromBits(*dtype_, bits) : static_cast<double>(static_cast<std::int64_t>(bits));
}

MemoryImage ImageOf(const Shape& shape, Layout layout, ElementType type) {
  MemoryImage image;
  image.strides = RowMajor(shape, 1);
  std::int64_t elements = ElementCount(shape);
  switch (layout) {
    case Layout::kContiguous:
      break;
    case Layout::kStrided:
      image.strides = RowMajor(shape, 2);
      elements *= 2;
      break;
    case Layout::kTransposed:
      image.strides = ColumnMajor(shape);
      break;
    case Layout::kExpanded:
      if (!shape.empty() && elements > 0) {
        image.strides[0] = 0;
        elements /= shape[0];
      }
      break;
    case Layout::kMisaligned:
      image.first = static_cast<std::size_t>(type.size());
      break;
  }
  const std::size_t bytes = image.first + static_cast<std::size_t>(elements * type.size());
  image.size = (bytes + kAlignment - 1) / kAlignment * kAlignment;
  return image;
}

void Store(const Tensor& tensor, ElementType type, const MemoryImage& image, std::span<std::byte> buffer) {
  const int size = type.size();
  const double* value = tensor.values.data();
  ForEachElement(tensor.shape, image, size, [&](std::size_t position) {
    const std::uint64_t bits = type.Encode(*value++);
    std::memcpy(&buffer[position], &bits, static_cast<std::size_t>(size));
  });
}

std::vector<double> Load(const Shape& shape, ElementType type, const MemoryImage& image,
                         std::span<const std::byte> buffer) {
  std::vector<double> values;
  ForEachElement(shape, image, type.size(), [&](std::size_t position) {
    std::uint64_t bits = 0;
    std::memcpy(&bits, &buffer[position], static_cast<std::size_t>(type.size()));
    values.push_back(type.Decode(bits));
  });
  return values;
}

std::vector<std::uint64_t> LoadBits(Dtype dtype, std::span<const std::byte> buffer) {
  const auto size = static_cast<std::size_t>(SizeInBytes(dtype));
  std::vector<std::uint64_t> bits(buffer.size() / size);
  for (std::size_t i = 0; i < bits.size(); ++i) std::memcpy(&bits[i], &buffer[i * size], size);
  return bits;
}

}  // namespace exactloss
