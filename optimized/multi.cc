#include "optimized/multi.h"

#include <cmath>
#include <limits>

#include "optimized/formats.h"

namespace exactloss::optimized {
namespace {

thread_local bool any_undecided = false;
thread_local bool ties_taken = false;

/// MPFR keeps constants for each thread, and leaves it to the thread to free them.
struct ThreadsCache {
  ~ThreadsCache() { mpfr_free_cache2(MPFR_FREE_LOCAL_CACHE); }
};

}  // namespace

MultiPrecision::MultiPrecision(int bits)
    : before_(mpfr_get_default_prec()), least_before_(mpfr_get_emin()), largest_before_(mpfr_get_emax()) {
  thread_local const ThreadsCache kCache;
  static_cast<void>(kCache);
  mpfr_set_default_prec(bits);
  mpfr_set_emin(mpfr_get_emin_min());  // exp(-1e308), the surrogate of a limit, is not 0
  mpfr_set_emax(mpfr_get_emax_max());
  any_undecided = ties_taken = false;
}
MultiPrecision::~MultiPrecision() {
  mpfr_set_default_prec(before_);
  mpfr_set_emin(least_before_);
  mpfr_set_emax(largest_before_);
}
void MultiPrecision::TakeTies() { ties_taken = true; }
bool MultiPrecision::undecided() const { return any_undecided; }

Multi::Multi() : Multi(0.0) {}
Multi::Multi(double exact) : nan_(exact != exact) {
  mpfr_init_set_d(lower_.value, exact, MPFR_RNDD);
  mpfr_init_set_d(upper_.value, exact, MPFR_RNDU);
}
Multi::Multi(const Multi& other) : nan_(other.nan_) {
  mpfr_init(lower_.value);
  mpfr_init(upper_.value);
  *this = other;
}
Multi& Multi::operator=(const Multi& other) {
  if (this == &other) return *this;
  nan_ = other.nan_;
  lower_.open = mpfr_set(lower_.value, other.lower_.value, MPFR_RNDD) != 0 || other.lower_.open;
  upper_.open = mpfr_set(upper_.value, other.upper_.value, MPFR_RNDU) != 0 || other.upper_.open;
  return *this;
}
Multi::~Multi() {
  mpfr_clear(lower_.value);
  mpfr_clear(upper_.value);
}

Multi Multi::Nan() { return Multi(std::numeric_limits<double>::quiet_NaN()); }

Multi operator+(const Multi& a, const Multi& b) {
  if (a.nan_ || b.nan_) return Multi::Nan();
  Multi r;
  const int low = mpfr_add(r.lower_.value, a.lower_.value, b.lower_.value, MPFR_RNDD);
  const int high = mpfr_add(r.upper_.value, a.upper_.value, b.upper_.value, MPFR_RNDU);
  r.lower_.open = low != 0 || a.lower_.open || b.lower_.open;
  r.upper_.open = high != 0 || a.upper_.open || b.upper_.open;
  r.nan_ = mpfr_nan_p(r.lower_.value) || mpfr_nan_p(r.upper_.value);
  return r;
}

Multi operator-(const Multi& a) {
  Multi r;
  r.nan_ = a.nan_;
  mpfr_neg(r.lower_.value, a.upper_.value, MPFR_RNDD);
  mpfr_neg(r.upper_.value, a.lower_.value, MPFR_RNDU);
  r.lower_.open = a.upper_.open;
  r.upper_.open = a.lower_.open;
  return r;
}

/// Takes the candidate when it lies further out (sign < 0: below); of equal ends the closed one.
void Multi::KeepEarlier(End* end, const End& candidate, int sign) {
  const int order = mpfr_cmp(candidate.value, end->value) * (sign < 0 ? 1 : -1);
  if (order < 0) {
    mpfr_set(end->value, candidate.value, MPFR_RNDN);
    end->open = candidate.open;
  } else if (order == 0) {
    end->open = end->open && candidate.open;
  }
}

Multi operator*(const Multi& a, const Multi& b) {
  if (a.nan_ || b.nan_) return Multi::Nan();
  Multi r;
  Multi::End candidate;
  mpfr_init(candidate.value);
  bool first = true;
  for (const Multi::End* x : {&a.lower_, &a.upper_}) {
    for (const Multi::End* y : {&b.lower_, &b.upper_}) {
      // A closed zero times an open end is a closed zero: it is attained.
      const bool zero = (mpfr_zero_p(x->value) && !x->open) || (mpfr_zero_p(y->value) && !y->open);
      for (const int sign : {-1, 1}) {
        const int inexact = mpfr_mul(candidate.value, x->value, y->value, sign < 0 ? MPFR_RNDD : MPFR_RNDU);
        candidate.open = !zero && (inexact != 0 || x->open || y->open);
        Multi::End* end = sign < 0 ? &r.lower_ : &r.upper_;
        if (mpfr_nan_p(candidate.value)) r.nan_ = true;
        if (first) {
          mpfr_set(end->value, candidate.value, MPFR_RNDN);
          end->open = candidate.open;
        } else {
          r.KeepEarlier(end, candidate, sign);
        }
      }
      first = false;
    }
  }
  mpfr_clear(candidate.value);
  return r;
}

Multi operator/(const Multi& a, const Multi& b) {
  if (a.nan_ || b.nan_) return Multi::Nan();
  const int low = mpfr_sgn(b.lower_.value), high = mpfr_sgn(b.upper_.value);
  if (low == 0 && high == 0) return Multi::Nan();
  if (low <= 0 && high >= 0) {  // it may be 0, or arbitrarily near: more digits would tell
    any_undecided = true;
    return Multi::Nan();
  }
  Multi inverse;
  inverse.lower_.open = mpfr_ui_div(inverse.lower_.value, 1, b.upper_.value, MPFR_RNDD) != 0 || b.upper_.open;
  inverse.upper_.open = mpfr_ui_div(inverse.upper_.value, 1, b.lower_.value, MPFR_RNDU) != 0 || b.lower_.open;
  const bool points =
      mpfr_equal_p(a.lower_.value, a.upper_.value) && mpfr_equal_p(b.lower_.value, b.upper_.value);
  if (!points) return a * inverse;
  Multi r;  // an exact quotient, such as 1/3 * 3, must stay one: ties depend on it
  r.lower_.open = mpfr_div(r.lower_.value, a.lower_.value, b.lower_.value, MPFR_RNDD) != 0 || a.lower_.open ||
                  b.lower_.open;
  r.upper_.open = mpfr_div(r.upper_.value, a.upper_.value, b.upper_.value, MPFR_RNDU) != 0 || a.upper_.open ||
                  b.upper_.open;
  return r;
}

bool operator<(const Multi& a, const Multi& b) {
  if (a.nan_ || b.nan_) return false;
  const int order = mpfr_cmp(a.upper_.value, b.lower_.value);
  if (order < 0 || (order == 0 && (a.upper_.open || b.lower_.open))) return true;
  if (mpfr_cmp(a.lower_.value, b.upper_.value) < 0 && !ties_taken) any_undecided = true;
  return false;
}

bool operator==(const Multi& a, const Multi& b) {
  if (a.nan_ || b.nan_) return false;
  if (mpfr_cmp(a.upper_.value, b.lower_.value) < 0 || mpfr_cmp(b.upper_.value, a.lower_.value) < 0)
    return false;
  const bool points =
      mpfr_equal_p(a.lower_.value, a.upper_.value) && mpfr_equal_p(b.lower_.value, b.upper_.value);
  if (points) return true;
  if (!ties_taken) any_undecided = true;
  return ties_taken;
}

Multi Abs(const Multi& a) {
  if (a.nan_ || mpfr_sgn(a.lower_.value) >= 0) return a;
  if (mpfr_sgn(a.upper_.value) <= 0) return -a;
  Multi r = mpfr_cmpabs(a.lower_.value, a.upper_.value) > 0 ? -a : a;
  mpfr_set_zero(r.lower_.value, 1);
  r.lower_.open = false;
  return r;
}

Multi Multi::Increasing(const Multi& a, Function* function) {
  if (a.nan_) return Nan();
  Multi r;
  r.lower_.open = function(r.lower_.value, a.lower_.value, MPFR_RNDD) != 0 || a.lower_.open;
  r.upper_.open = function(r.upper_.value, a.upper_.value, MPFR_RNDU) != 0 || a.upper_.open;
  r.nan_ = mpfr_nan_p(r.lower_.value) || mpfr_nan_p(r.upper_.value);
  return r;
}
Multi Sqrt(const Multi& a) { return Multi::Increasing(a, mpfr_sqrt); }
Multi Exp(const Multi& a) { return Multi::Increasing(a, mpfr_exp); }
Multi Expm1(const Multi& a) { return Multi::Increasing(a, mpfr_expm1); }
Multi Log(const Multi& a) { return Multi::Increasing(a, mpfr_log); }
Multi Log1p(const Multi& a) { return Multi::Increasing(a, mpfr_log1p); }

Multi AtanRatio(const Multi& y, const Multi& x) {
  if (y.nan_ || x.nan_) return Multi::Nan();
  if (x == Multi(0.0)) {
    if (y == Multi(0.0)) return Multi::Nan();
    Multi right;
    right.lower_.open = mpfr_const_pi(right.lower_.value, MPFR_RNDD) != 0;
    right.upper_.open = mpfr_const_pi(right.upper_.value, MPFR_RNDU) != 0;
    right = right * Multi(0.5);
    return y < Multi(0.0) ? -right : right;
  }
  return Multi::Increasing(y / x, mpfr_atan);
}

namespace {

/// `x` to nearest; an open end counts as lying just inside (sign > 0: above) itself.
double Nearest(Dtype dtype, mpfr_srcptr x, bool open, int sign) {
  if (dtype == Dtype::kF64) {
    mpfr_t inside;
    mpfr_init2(inside, mpfr_get_prec(x));
    mpfr_set(inside, x, MPFR_RNDN);
    if (open) sign > 0 ? mpfr_nextabove(inside) : mpfr_nextbelow(inside);
    const double rounded = mpfr_get_d(inside, MPFR_RNDN);
    mpfr_clear(inside);
    return rounded;
  }
  // Towards zero, then odd if something was cut off: that is then rounded once.
  const double down = mpfr_get_d(x, MPFR_RNDZ);
  const int cut = mpfr_cmp_d(x, down);
  if (cut == 0 && !open) return RoundTo(dtype, down);
  return RoundTo(dtype, OddBeside(down, cut != 0 ? cut : sign));
}

}  // namespace

bool Multi::RoundsTo(Dtype dtype, double* rounded) const {
  if (nan_) {
    *rounded = std::numeric_limits<double>::quiet_NaN();
    return true;
  }
  *rounded = Nearest(dtype, upper_.value, upper_.open, -1);
  if (mpfr_zero_p(lower_.value) && mpfr_zero_p(upper_.value)) *rounded = 0;  // an exact zero is +0
  return Nearest(dtype, lower_.value, lower_.open, 1) == *rounded;
}

Word2 Multi::ToWords() const {
  Word2 words;
  RoundsTo(Dtype::kF64, &words.hi);
  if (std::isfinite(words.hi)) (*this - Multi(words.hi)).RoundsTo(Dtype::kF64, &words.lo);
  return words;
}

Multi Multi::PowerOfTwo(int exponent, bool negative) {
  Multi r(negative ? -1.0 : 1.0);
  mpfr_mul_2si(r.lower_.value, r.lower_.value, exponent, MPFR_RNDN);
  mpfr_mul_2si(r.upper_.value, r.upper_.value, exponent, MPFR_RNDN);
  return r;
}

}  // namespace exactloss::optimized
