// Work that is cut into chunks whose number depends on its size alone, so that sums come out the same for any
// number of threads.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <thread>

namespace exactloss::optimized {

inline constexpr std::size_t kMaxChunks = 64;

/// Chunk `index` of `count` items (blocks, rows): items [begin, end).
struct Chunks {
  explicit Chunks(std::size_t count_) : count(count_), size(std::min(count_, kMaxChunks)) {}
  std::size_t begin(std::size_t index) const { return count * index / size; }
  std::size_t end(std::size_t index) const { return count * (index + 1) / size; }

  std::size_t count, size;
};

/// Calls work(chunk) for every chunk, in up to `threads` threads (0: one a core).
template <class Work>
void ForEachChunk(const Chunks& chunks, int threads, const Work& work) {
  if (threads == 0) threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  const std::size_t workers = std::min(static_cast<std::size_t>(threads), chunks.size);
  if (workers <= 1) {
    for (std::size_t i = 0; i < chunks.size; ++i) work(i);
    return;
  }
  std::atomic<std::size_t> next{0};
  const auto loop = [&] {
    for (std::size_t i = next++; i < chunks.size; i = next++) work(i);
  };
  std::thread others[kMaxChunks];
  std::size_t started = 0;
  try {
    for (; started + 1 < workers; ++started) others[started] = std::thread(loop);
  } catch (const std::exception&) {  // no more threads to be had: those there are do the work
  }
  loop();
  for (std::size_t i = 0; i < started; ++i) others[i].join();
}

}  // namespace exactloss::optimized
