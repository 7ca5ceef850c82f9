#include "oracle/memory_image.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <set>

namespace exactloss {
namespace {

Tensor Iota(const Shape& shape, Layout layout) {
  Tensor tensor{shape, std::vector<double>(static_cast<std::size_t>(ElementCount(shape))), layout, "", ""};
  for (std::size_t i = 0; i < tensor.values.size(); ++i) tensor.values[i] = static_cast<double>(i);
  return tensor;
}

/// One slice for all, as an expanded tensor must be.
void RepeatFirstSlice(Tensor* tensor) {
  if (tensor->shape.empty() || tensor->values.empty()) return;
  const std::size_t slice = tensor->values.size() / static_cast<std::size_t>(tensor->shape[0]);
  for (std::size_t i = slice; i < tensor->values.size(); ++i) tensor->values[i] = tensor->values[i - slice];
}

TEST(MemoryImage, EachLayoutOfAMatrix) {
  const ElementType f32 = ElementType::Number(Dtype::kF32);
  const auto strides = [&](Layout layout) { return ImageOf({2, 3}, layout, f32).strides; };
  using Strides = std::vector<std::int64_t>;
  EXPECT_EQ(strides(Layout::kContiguous), (Strides{3, 1}));
  EXPECT_EQ(strides(Layout::kStrided), (Strides{6, 2}));
  EXPECT_EQ(strides(Layout::kTransposed), (Strides{1, 2}));
  EXPECT_EQ(strides(Layout::kExpanded), (Strides{0, 1}));
  EXPECT_EQ(strides(Layout::kMisaligned), (Strides{3, 1}));
  EXPECT_EQ(ImageOf({2, 3}, Layout::kContiguous, f32).first, 0U);
  EXPECT_EQ(ImageOf({2, 3}, Layout::kMisaligned, f32).first, 4U);
  EXPECT_EQ(ImageOf({2, 3}, Layout::kMisaligned, ElementType::Number(Dtype::kF16)).first, 2U);
}

TEST(MemoryImage, BytesOfAStridedTensor) {
  const ElementType bf16 = ElementType::Number(Dtype::kBF16);
  const Tensor tensor{{2}, {1, -2}, Layout::kStrided, "", ""};
  const MemoryImage image = ImageOf(tensor.shape, tensor.layout, bf16);
  ASSERT_EQ(image.size, kAlignment);
  std::vector<std::byte> buffer(image.size, kUnwritten);
  Store(tensor, bf16, image, buffer);
  const std::vector<int> want = {0x80, 0x3f, 0xff, 0xff, 0x00, 0xc0, 0xff, 0xff};
  for (std::size_t i = 0; i < want.size(); ++i) EXPECT_EQ(std::to_integer<int>(buffer[i]), want[i]) << i;
}

TEST(MemoryImage, ClassIndices) {
  const ElementType index = ElementType::ClassIndex();
  EXPECT_EQ(index.name(), "i64");
  EXPECT_EQ(index.Encode(-100), static_cast<std::uint64_t>(-100));
  EXPECT_EQ(index.Decode(index.Encode(-100)), -100);
}

TEST(MemoryImage, GapsAreNanInEveryDtype) {
  for (const Dtype dtype : kAllDtypes) {
    const std::vector<std::byte> gap(8, kUnwritten);
    for (const std::uint64_t bits : LoadBits(dtype, gap)) EXPECT_TRUE(std::isnan(FromBits(dtype, bits)));
  }
}

RC_GTEST_PROP(MemoryImage, WhatIsStoredIsLoaded, ()) {
  const auto shape =
      *rc::gen::container<Shape>(*rc::gen::inRange(0, 5), rc::gen::inRange<std::int64_t>(0, 6));
  const auto layout =
      *rc::gen::elementOf(std::vector<Layout>(std::begin(kAllLayouts), std::end(kAllLayouts)));
  const auto dtype = *rc::gen::elementOf(std::vector<Dtype>(std::begin(kAllDtypes), std::end(kAllDtypes)));
  const ElementType type = *rc::gen::element(ElementType::Number(dtype), ElementType::ClassIndex());
  Tensor tensor = Iota(shape, layout);
  for (double& value : tensor.values) value = std::fmod(value, 100);
  if (layout == Layout::kExpanded) RepeatFirstSlice(&tensor);

  const MemoryImage image = ImageOf(shape, layout, type);
  RC_ASSERT(image.size % kAlignment == 0U);
  std::vector<std::byte> buffer(image.size);
  Store(tensor, type, image, buffer);
  RC_ASSERT(Load(shape, type, image, buffer) == tensor.values);
}

RC_GTEST_PROP(MemoryImage, NoTwoElementsShareAPlace, ()) {
  const auto shape =
      *rc::gen::container<Shape>(*rc::gen::inRange(0, 5), rc::gen::inRange<std::int64_t>(1, 6));
  const auto layout =
      *rc::gen::element(Layout::kContiguous, Layout::kStrided, Layout::kTransposed, Layout::kMisaligned);
  // Values that tell the elements apart: a place that two of them shared would lose one.
  const Tensor tensor = Iota(shape, layout);
  const MemoryImage image = ImageOf(shape, layout, ElementType::ClassIndex());
  std::vector<std::byte> buffer(image.size);
  Store(tensor, ElementType::ClassIndex(), image, buffer);
  const std::vector<double> values = Load(shape, ElementType::ClassIndex(), image, buffer);
  RC_ASSERT(std::set<double>(values.begin(), values.end()).size() == tensor.values.size());
}

}  // namespace
}  // namespace exactloss
