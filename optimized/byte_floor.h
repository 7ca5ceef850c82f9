// The least that a loss with its gradient can cost: reading the inputs once and writing the gradient once.
#pragma once

#include <cstddef>

namespace exactloss::optimized {

/// Reads `bytes` of each input (`second` may be null) and writes as many, past the cache when they exceed it.
/// 64 divides `bytes`, and all are 64-byte aligned.
void ByteFloor(const void* first, const void* second, void* out, std::size_t bytes);

}  // namespace exactloss::optimized
