// Memory whose neighbours cannot be touched: a page without access before and behind it. Who reads or writes
// past its end, in whatever library, dies at once.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <new>
#include <utility>

namespace exactloss {

class GuardedMemory {
 public:
  enum class Side { kFront, kBack };

  GuardedMemory() = default;
  /// `bytes` that begin right behind the front page, or end right before the back page.
  GuardedMemory(std::size_t bytes, Side side) {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    const std::size_t inner = (bytes / page + 1) * page;
    size_ = inner + 2 * page;
    void* map = mmap(nullptr, size_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED) throw std::bad_alloc();
    map_ = static_cast<std::byte*>(map);
    if (mprotect(map_ + page, inner, PROT_READ | PROT_WRITE) != 0) {
      munmap(map_, size_);
      throw std::bad_alloc();
    }
    data_ = map_ + page + (side == Side::kFront ? 0 : inner - bytes);
  }
  ~GuardedMemory() {
    if (map_ != nullptr) munmap(map_, size_);
  }
  GuardedMemory(GuardedMemory&& other) noexcept { *this = std::move(other); }
  GuardedMemory& operator=(GuardedMemory&& other) noexcept {
    std::swap(size_, other.size_);
    std::swap(map_, other.map_);
    std::swap(data_, other.data_);
    return *this;
  }

  std::byte* data() const { return data_; }
  template <class T>
  T* as() const {
    return reinterpret_cast<T*>(data_);
  }

 private:
  std::size_t size_ = 0;
  std::byte* map_ = nullptr;
  std::byte* data_ = nullptr;
};

/// The setting of a host's environment that asks it for guard pages round the tensors that it gives a loss.
inline constexpr const char* kGuardVariable = "EXACTLOSS_GUARD";
inline bool WantsGuardPages() {
  static const bool wants = std::getenv(kGuardVariable) != nullptr;
  return wants;
}

/// Mostly the back, where over-reads are; of the tensor alone, so that a problem is the same in any company.
inline GuardedMemory::Side SideFor(std::size_t elements) {
  return elements % 4 == 0 ? GuardedMemory::Side::kFront : GuardedMemory::Side::kBack;
}

}  // namespace exactloss
