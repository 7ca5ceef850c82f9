// A number of MPFR with its limbs inline: the door to MPFR, and the end point of an interval.
//
// Up to kInlineBits nothing is allocated; that is the first precision of Ziv's loop, where nearly all work is
// done, and all of it but the arithmetic itself is inline here.
#pragma once

#include <mpfr.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <utility>

namespace exactloss {

class Real {
 public:
  static constexpr int kInlineBits = 128;

  Real() { x_->_mpfr_d = nullptr; }  ///< no number yet: assign or Init before use
  explicit Real(int bits) { Init(bits); }
  Real(const Real& other) { CopyFrom(other); }
  Real(Real&& other) noexcept { MoveFrom(other); }
  Real& operator=(const Real& other) {
    if (this != &other) Free(), CopyFrom(other);
    return *this;
  }
  Real& operator=(Real&& other) noexcept {
    if (this != &other) Free(), MoveFrom(other);
    return *this;
  }
  ~Real() { Free(); }

  /// NaN, of that precision; only where there is no number yet.
  void Init(int bits) {
    if (!has_widest_range_) TakeWidestRange();
    if (bits > kInlineBits) {
      mpfr_init2(x_, bits);
    } else {
      mpfr_custom_init_set(x_, MPFR_NAN_KIND, 0, bits, limbs_);
    }
  }

  /// A double has no more bits than its top limb, where there are so many.
  void Set(double exact) {
    const auto precision = mpfr_get_prec(x_);
    const bool is_normal = std::isnormal(exact);
    if (!IsInline() || precision < std::numeric_limits<double>::digits || !(is_normal || exact == 0)) {
      mpfr_set_d(x_, exact, MPFR_RNDN);
      return;
    }
    const auto bits = std::bit_cast<std::uint64_t>(exact);
    std::memset(limbs_, 0, sizeof limbs_);
    limbs_[(precision - 1) / 64] = bits << 11 | std::uint64_t{1} << 63;
    const int kind = is_normal ? MPFR_REGULAR_KIND : MPFR_ZERO_KIND;
    const int exponent = static_cast<int>(bits >> 52 & 0x7ff) - 1022;
    mpfr_custom_init_set(x_, std::signbit(exact) ? -kind : kind, exponent, precision, limbs_);
  }
  void Negate() { mpfr_neg(x_, x_, MPFR_RNDN); }

  mpfr_ptr get() { return x_; }
  mpfr_srcptr get() const { return x_; }

 private:
  bool HasNumber() const { return x_->_mpfr_d != nullptr; }
  bool IsInline() const { return x_->_mpfr_d == limbs_; }
  void Free() {
    if (HasNumber() && !IsInline()) mpfr_clear(x_);
  }

  void CopyFrom(const Real& other) {
    if (!other.HasNumber() || other.IsInline()) {
      CopyBits(other);
    } else {
      mpfr_init2(x_, mpfr_get_prec(other.x_));
      mpfr_set(x_, other.x_, MPFR_RNDN);
    }
  }
  void MoveFrom(Real& other) {
    CopyBits(other);
    if (!IsInline()) other.x_->_mpfr_d = nullptr;
  }
  void CopyBits(const Real& other) {
    x_[0] = other.x_[0];
    if (!other.IsInline()) return;
    x_->_mpfr_d = limbs_;
    std::memcpy(limbs_, other.limbs_, sizeof limbs_);
  }

  /// MPFR's range of exponents belongs to the thread.
  static void TakeWidestRange();
  inline static thread_local constinit bool has_widest_range_ = false;

  mpfr_t x_;
  mp_limb_t limbs_[kInlineBits / (8 * sizeof(mp_limb_t))];
};

}  // namespace exactloss
