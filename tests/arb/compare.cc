#include "tests/arb/compare.h"

#include <algorithm>
#include <cmath>

#include "reference/text.h"

namespace exactloss::arb {
namespace {

/// An end point of an enclosure or of a ball, exactly; or an infinity.
class Point {
 public:
  Point() { arf_init(x_); }
  explicit Point(const Extended& e) : Point() {
    arf_t tail;
    arf_init(tail);
    arf_set_d(tail, e.tail);
    arf_set_d(x_, e.head);
    arf_add(x_, x_, tail, ARF_PREC_EXACT, ARF_RND_DOWN);
    arf_mul_2exp_si(x_, x_, e.scale);
    arf_clear(tail);
  }
  Point(const Point& other) : Point() { arf_set(x_, other.x_); }
  Point& operator=(const Point&) = delete;
  ~Point() { arf_clear(x_); }

  arf_ptr get() { return x_; }
  arf_srcptr get() const { return x_; }

 private:
  arf_t x_;
};

bool operator<=(const Point& a, const Point& b) { return arf_cmp(a.get(), b.get()) <= 0; }

struct Range {
  explicit Range(const Enclosure& e) : lower(e.lower), upper(e.upper) {}
  /// The ends of the ball, rounded outward where they have more bits than a ball of `bits` can differ in.
  Range(const Ball& ball, slong bits) {
    arb_get_lbound_arf(lower.get(), ball.get(), bits);
    arb_get_ubound_arf(upper.get(), ball.get(), bits);
  }
  Range(const Point& low, const Point& high) : lower(low), upper(high) {}

  Point lower, upper;
};

bool Intersect(const Range& a, const Range& b) { return a.lower <= b.upper && b.lower <= a.upper; }

Range Hull(const Range& a, const Range& b) {
  return {a.lower <= b.lower ? a.lower : b.lower, a.upper <= b.upper ? b.upper : a.upper};
}

/// How far an end of a proven enclosure may lie from the truth, in ulp: the reference stops at 2^-32.
constexpr int kProvenBits = 30;

/// Whether |a - b| <= 2^-kProvenBits ulp(b) in the dtype. Beyond twice the range of the dtype all is one.
bool Close(const Point& a, const Point& b, Dtype dtype) {
  if (arf_equal(a.get(), b.get())) return true;
  const FloatFormat& format = FormatOf(dtype);
  const slong top = format.max_exponent + 3;
  if (arf_cmpabs_2exp_si(a.get(), top) > 0 && arf_cmpabs_2exp_si(b.get(), top) > 0) {
    return arf_sgn(a.get()) == arf_sgn(b.get());
  }
  if (!arf_is_finite(a.get()) || !arf_is_finite(b.get())) return false;
  const bool subnormal = arf_cmpabs_2exp_si(b.get(), format.min_exponent) < 0;
  const slong exponent = subnormal ? format.min_exponent : arf_abs_bound_lt_2exp_si(b.get()) - 1;
  Point difference;
  arf_sub(difference.get(), a.get(), b.get(), 64, ARF_RND_DOWN);
  return arf_cmpabs_2exp_si(difference.get(), exponent - format.precision + 1 - kProvenBits) <= 0;
}

bool Close(const Range& a, const Range& b, Dtype dtype) {
  return Close(a.lower, b.lower, dtype) && Close(a.upper, b.upper, dtype);
}

constexpr int kShown = 40;  ///< digits

std::string ToString(const Enclosure& e) {
  return Concat("[", ToDecimal(e.lower, kShown), ", ", ToDecimal(e.upper, kShown), "]");
}

bool IsKnown(const Ball& ball) {
  return arb_is_finite(ball.get()) || (arb_is_exact(ball.get()) && arf_is_inf(arb_midref(ball.get())));
}

/// What is wrong with one element, in words; empty if nothing is.
std::string Judge(const Element& arb, const ElementTruth& truth, Dtype dtype, slong bits, Tally* tally) {
  if (!IsKnown(arb.value) || !IsKnown(arb.left) || !IsKnown(arb.right)) {
    ++tally->wide;
    return truth.proven && !IsNan(truth.value) ? "proven where Arb finds no number" : "";
  }
  ++tally->outputs;
  if (!truth.proven) {
    ++tally->unproven;
    return "";
  }
  if (IsNan(truth.value)) return "not a number where Arb finds one";

  const Range left(arb.left, bits), right(arb.right, bits), value(arb.value, bits);
  const Range reference(truth.value), allowed(truth.allowed);
  if (!Intersect(value, reference)) return "the value lies elsewhere";
  const bool kink = !Intersect(left, right);
  if (kink) ++tally->kinks;
  if (kink && !truth.kink && !Close(left, right, dtype)) return "a kink is not marked";
  if (!Intersect(left, allowed)) return "the derivative from the left is not allowed";
  if (!Intersect(right, allowed)) return "the derivative from the right is not allowed";
  if (!Close(reference, value, dtype)) return "the enclosure is wide";
  // PyTorch's element of a tie between norms may lie beside both derivatives.
  const Range span = Hull(Hull(left, right), value);
  if (!Close(allowed, span, dtype)) return "what is allowed is not the span of the derivatives";
  return "";
}

}  // namespace

std::vector<std::string> Contradictions(const Problem& problem, const Truth& truth, const Answer& answer,
                                        Tally* tally) {
  std::vector<std::string> found;
  ++tally->problems;
  if (!answer.decided) {
    ++tally->undecided;
    return found;
  }
  for (std::size_t k = 0; k < truth.outputs.size(); ++k) {
    const OutputTruth& output = truth.outputs[k];
    for (std::size_t i = 0; i < output.elements.size(); ++i) {
      const ElementTruth& element = output.elements[i];
      const Element& arb = answer.outputs[k][i];
      const std::string wrong = Judge(arb, element, problem.dtype, 2 * answer.bits, tally);
      if (wrong.empty()) continue;
      found.push_back(output.spec.name + "[" + std::to_string(i) + "]: " + wrong + "\n  Arb: value " +
                      ToString(arb.value, kShown) + ", from the left " + ToString(arb.left, kShown) +
                      ", from the right " + ToString(arb.right, kShown) + "\n  reference: value " +
                      ToString(element.value) + ", allowed " + ToString(element.allowed) +
                      (element.kink ? ", kink" : "") + (element.proven ? "" : ", undecided"));
    }
  }
  return found;
}

}  // namespace exactloss::arb
