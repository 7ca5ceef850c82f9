#include "oracle/fill_draw.h"

#include <Random123/philox.h>

#include <algorithm>
#include <cmath>

namespace exactloss {
namespace {

// ln 2 as a number of 33 bits, which an exponent times is exact, and the rest.
constexpr double kLn2High = 0x1.62e42feep-1;
constexpr double kLn2Low = 0x1.a39ef35793c76p-33;
constexpr double kLog2E = 0x1.71547652b82fep+0;
constexpr double kSqrtHalf = 0x1.6a09e667f3bcdp-1;

}  // namespace

double PortableExp(double x) {
  constexpr double kLargest = 710, kSmallest = -746;  // beyond them infinity and 0
  constexpr int kTerms = 14;                          // (ln 2 / 2)^14 / 14! < 2^-57
  if (std::isnan(x)) return x;
  x = std::clamp(x, kSmallest, kLargest);
  const double exponent = std::nearbyint(x * kLog2E);
  const double rest = (x - exponent * kLn2High) - exponent * kLn2Low;
  double sum = 1;
  for (int k = kTerms; k > 0; --k) sum = 1 + rest * sum / k;
  return std::ldexp(sum, static_cast<int>(exponent));
}

double PortableLog(double x) {
  constexpr int kLastTerm = 21;  // of the series of atanh: s^22 < 2^-55
  int exponent = 0;
  double fraction = std::frexp(x, &exponent);
  if (fraction < kSqrtHalf) {
    fraction *= 2;
    --exponent;
  }
  const double s = (fraction - 1) / (fraction + 1), square = s * s;
  double sum = 0;
  for (int k = kLastTerm; k > 0; k -= 2) sum = 1.0 / k + square * sum;
  return exponent * kLn2High + (2 * s * sum + exponent * kLn2Low);
}

double PortableSigmoid(double x) {
  if (x >= 0) return 1 / (1 + PortableExp(-x));
  const double power = PortableExp(x);
  return power / (1 + power);
}

std::uint64_t HashOf(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

std::uint64_t Draw::Bits() {
  const unsigned lane = position_ % kLanes;
  if (lane == 0) {
    using Philox = r123::Philox4x64;
    const std::uint64_t place = std::uint64_t{input_} << 8 | static_cast<std::uint64_t>(purpose_);
    const Philox::ctr_type counter = {{key_.index, place, at_, position_ / kLanes}};
    const Philox::key_type key = {{key_.seed, key_.cell}};
    const Philox::ctr_type block = Philox()(counter, key);
    std::copy(block.begin(), block.end(), lanes_);
  }
  ++position_;
  return lanes_[lane];
}

double Draw::Uniform() { return std::ldexp(static_cast<double>(Bits() >> 11), -53); }

/// Marsaglia's polar method.
double Draw::Normal() {
  for (;;) {
    const double u = 2 * Uniform() - 1, v = 2 * Uniform() - 1, square = u * u + v * v;
    if (square < 1 && square > 0) return u * std::sqrt(-2 * PortableLog(square) / square);
  }
}

}  // namespace exactloss
