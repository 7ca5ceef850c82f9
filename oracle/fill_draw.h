// Random numbers from counters alone, and functions that give the same bits on every machine: a fill may not
// depend on the mathematical library.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace exactloss {

/// e^x and log x (x > 0, finite) within a few ulps, by IEEE 754 operations alone.
double PortableExp(double x);
double PortableLog(double x);
double PortableSigmoid(double x);

/// What keys all draws of one problem.
struct DrawKey {
  std::uint64_t seed;
  std::uint64_t cell;   ///< HashOf what tells one cell of a selection from another
  std::uint64_t index;  ///< of the problem in its cell
};

/// FNV-1a.
std::uint64_t HashOf(std::string_view text);

/// What a sequence of draws decides.
enum class Purpose : std::uint8_t { kElement, kRow, kProblem };

/// The sequence of random numbers at one place: Philox4x64-10, its counter the place and the position.
/// Two draws may not stand in one expression: C++ leaves their order open, and the bits would depend on the
/// compiler.
class Draw {
 public:
  Draw(const DrawKey& key, Purpose purpose, std::size_t input, std::uint64_t at)
      : key_(key), input_(input), at_(at), purpose_(purpose) {}

  std::uint64_t Bits();
  std::uint64_t Below(std::uint64_t n) { return Bits() % n; }
  bool OneIn(std::uint64_t n) { return Below(n) == 0; }
  double Sign() { return OneIn(2) ? 1 : -1; }
  double Uniform();  ///< in [0, 1), a multiple of 2^-53
  double Uniform(double low, double high) { return low + (high - low) * Uniform(); }
  double Normal();

  /// An integer in [low, high].
  std::int64_t Between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(Below(static_cast<std::uint64_t>(high - low) + 1));
  }

  template <class Range>
  auto Pick(const Range& range) {
    return *(std::begin(range) + static_cast<std::ptrdiff_t>(Below(std::size(range))));
  }
  template <class T>
  T Pick(std::initializer_list<T> range) {
    return *(range.begin() + Below(range.size()));
  }

 private:
  static constexpr unsigned kLanes = 4;

  DrawKey key_;
  std::size_t input_;
  std::uint64_t at_;
  Purpose purpose_;
  unsigned position_ = 0;
  std::uint64_t lanes_[kLanes] = {};
};

}  // namespace exactloss
