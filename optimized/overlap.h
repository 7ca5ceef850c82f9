// What the overlap losses agree on: the call, the sums of a sample and what its outputs are made of. No SIMD
// here.
//
// With p = sigmoid(x), q = 1 - p, s = smooth and the sums of a sample
//   E = sum(p (1 - t) + q t),   D = sum(p + t) + s,   N = 2 sum(p t) + s = D - E,   B = sum bce_with_logits,
// of which none cancels while t lies in [0, 1], the loss is v E / D + u B / n, the slope along x
// p q (level - tilt t) + share (p - t), and along t level - tilt p - share x; level = v N / D^2, tilt = 2 v /
// D, share = u / n. Dice has v = 1, u = 0.
#pragma once

#include <cmath>
#include <memory>
#include <mutex>

#include "optimized/total.h"

namespace exactloss::optimized {

struct OverlapCall : ElementCall {
  double smooth = 0, dice_weight = 1, bce_weight = 0;
  bool per_sample = false;  ///< a sample is a row, not all of them

  std::size_t samples() const { return per_sample ? rows : 1; }
  std::size_t sample_size() const { return per_sample ? columns : rows * columns; }
};

struct OverlapSums {
  Total e, d, n, b;          ///< E, D - s, (N - s) / 2, B
  bool has_targets = false;  ///< some t is not 0

  void Add(const OverlapSums& other) {
    e.Add(other.e);
    d.Add(other.d);
    n.Add(other.n);
    b.Add(other.b);
    has_targets |= other.has_targets;
  }
};

/// What the slopes of a sample are made of, each with a bound of its error.
struct OverlapSlopes {
  Word2 tilt, level, share;
  double tilt_error = 0, level_error = 0;
};

inline Word2 Times(Word2 a, Word2 b) {
  const double product = a.hi * b.hi;
  return TwoSum(product, std::fma(a.hi, b.hi, -product) + (a.hi * b.lo + a.lo * b.hi));
}
inline Word2 Over(Word2 a, Word2 b) {
  const double first = a.hi / b.hi;
  const Word2 product = Times(b, {first, 0}), rest = Add(a, {-product.hi, -product.lo});
  return TwoSum(first, (rest.hi + rest.lo) / b.hi);
}

/// The sums of a sample as intervals of MPFR numbers, and what they decide.
class OverlapDecision {
 public:
  explicit OverlapDecision(const OverlapCall& call, std::size_t sample);
  ~OverlapDecision();

  /// The rounded gradients of the element at `lane` of the sample.
  void Gradients(std::size_t lane, double (&rounded)[2]);
  /// The rounded loss of the sample alone.
  double Loss();
  /// The rounded reduced loss of all samples.
  static double Reduced(const OverlapCall& call);

 private:
  struct Cache;
  std::unique_ptr<Cache> cache_;
};

/// Elements as doubles, of any layout and storage.
struct OverlapElement {
  double x, t;
};
OverlapElement OverlapElementAt(const ElementCall& call, std::size_t index);

/// Fills `overlap`, or says what is wrong.
Error CheckOverlap(const Call& call, const Pair& pair, double smooth, bool per_sample, OverlapCall* overlap);

}  // namespace exactloss::optimized
