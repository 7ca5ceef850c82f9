// Work on several threads whose results come in order.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace exactloss {

/// Makes the results 0 ... count - 1 with `jobs` threads. Each thread calls make(thread) for its own work, a
/// function from a number to its result; take(result) is called in order on the thread that calls Run, and so
/// is `tick`, with the number of results that are done, ten times a second. What a thread throws, Run throws.
template <class Result>
class InOrder {
 public:
  using Work = std::function<Result(std::uint64_t)>;

  /// So many results of each thread (`window`) may wait for one before them.
  InOrder(std::uint64_t count, int jobs, const std::atomic<bool>* interrupted, std::uint64_t window = 64)
      : count_(count),
        jobs_(std::clamp<std::uint64_t>(count, 1, static_cast<std::uint64_t>(std::max(jobs, 1)))),
        window_(window),
        interrupted_(interrupted) {}

  /// Returns how many results were taken: all, unless it was interrupted.
  std::uint64_t Run(const std::function<Work(std::size_t)>& make, const std::function<void(Result)>& take,
                    const std::function<void(std::uint64_t)>& tick) {
    std::vector<std::jthread> threads;
    for (std::size_t thread = 0; thread < jobs_; ++thread) {
      threads.emplace_back([this, &make, thread] { Labour(make, thread); });
    }
    try {
      TakeAll(take, tick);
    } catch (...) {
      Fail();
    }
    threads.clear();
    if (failure_) std::rethrow_exception(failure_);
    return taken_;
  }

 private:
  void TakeAll(const std::function<void(Result)>& take, const std::function<void(std::uint64_t)>& tick) {
    constexpr auto kTick = std::chrono::milliseconds(100);
    std::unique_lock lock(mutex_);
    while (!failure_) {
      if (const auto next = results_.find(taken_); next != results_.end()) {
        Result result = std::move(next->second);
        results_.erase(next);
        ++taken_;
        changed_.notify_all();
        lock.unlock();
        take(std::move(result));
      } else if (finished_ == jobs_) {
        return;
      } else {
        changed_.wait_for(lock, kTick);
        const std::uint64_t done = taken_ + results_.size();
        lock.unlock();
        if (tick) tick(done);
      }
      lock.lock();
    }
  }

  void Fail() {
    const std::scoped_lock lock(mutex_);
    if (!failure_) failure_ = std::current_exception();
    changed_.notify_all();
  }

  void Labour(const std::function<Work(std::size_t)>& make, std::size_t thread) {
    try {
      const Work work = make(thread);
      for (std::uint64_t number = 0; Begin(&number);) {
        Result result = work(number);
        const std::scoped_lock lock(mutex_);
        results_.emplace(number, std::move(result));
        changed_.notify_all();
      }
    } catch (...) {
      Fail();
    }
    const std::scoped_lock lock(mutex_);
    ++finished_;
    changed_.notify_all();
  }

  /// The next number; false at the end, an interruption or a failure.
  bool Begin(std::uint64_t* number) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return failure_ || begun_ < taken_ + window_ * jobs_; });
    if (failure_ || begun_ == count_ || (interrupted_ != nullptr && interrupted_->load())) return false;
    *number = begun_++;
    return true;
  }

  const std::uint64_t count_, jobs_, window_;
  const std::atomic<bool>* interrupted_;
  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by the mutex:
  std::map<std::uint64_t, Result> results_;
  std::uint64_t begun_ = 0, taken_ = 0, finished_ = 0;
  std::exception_ptr failure_;
};

}  // namespace exactloss
