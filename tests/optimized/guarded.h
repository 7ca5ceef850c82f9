// Memory whose neighbours cannot be touched: a page without access before and behind it.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <stdexcept>

namespace exactloss::optimized {

class Guarded {
 public:
  enum class Side { kFront, kBack };

  /// `bytes` that begin right behind the front page, or end right before the back page.
  Guarded(std::size_t bytes, Side side) : page_(static_cast<std::size_t>(sysconf(_SC_PAGESIZE))) {
    inner_ = (bytes / page_ + 1) * page_;
    map_ = static_cast<std::byte*>(
        mmap(nullptr, inner_ + 2 * page_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    if (map_ == MAP_FAILED) throw std::runtime_error("mmap failed");
    mprotect(map_, page_, PROT_NONE);
    mprotect(map_ + page_ + inner_, page_, PROT_NONE);
    data_ = map_ + page_ + (side == Side::kFront ? 0 : inner_ - bytes);
  }
  ~Guarded() { munmap(map_, inner_ + 2 * page_); }
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;

  template <class T>
  T* as() const {
    return reinterpret_cast<T*>(data_);
  }

 private:
  std::size_t page_, inner_ = 0;
  std::byte* map_ = nullptr;
  std::byte* data_ = nullptr;
};

}  // namespace exactloss::optimized
