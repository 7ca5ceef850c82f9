// Values that a formula detaches, held while its variables move: what a difference quotient needs of them.
#pragma once

#include <cstddef>
#include <vector>

namespace exactloss {

/// While it lives, detached numbers of this scalar are those of its first pass over a formula.
template <class T>
class Holding {
 public:
  Holding() { current_ = this; }
  ~Holding() { current_ = nullptr; }
  Holding(const Holding&) = delete;
  Holding& operator=(const Holding&) = delete;

  /// Before every pass but the first.
  void Rewind() {
    replays_ = true;
    next_ = 0;
  }

  /// What Detach(x) is: x itself where nothing is held.
  static T Of(const T& x) { return current_ == nullptr ? x : current_->Hold(x); }

 private:
  T Hold(const T& x) {
    if (replays_) return held_.at(next_++);
    held_.push_back(x);
    return x;
  }

  static inline thread_local Holding* current_ = nullptr;

  std::vector<T> held_;
  std::size_t next_ = 0;
  bool replays_ = false;
};

}  // namespace exactloss
