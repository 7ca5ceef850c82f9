// A number of MPFR with its limbs inline: the door to MPFR, and the end point of an interval.
//
// Up to kInlineBits nothing is allocated; that is the first precision of Ziv's loop, where nearly all work is
// done.
#pragma once

#include <mpfr.h>

namespace exactloss {

class Real {
 public:
  static constexpr int kInlineBits = 128;

  Real() { x_->_mpfr_d = nullptr; }  ///< no number yet: assign or Init before use
  explicit Real(int bits) { Init(bits); }
  Real(const Real& other);
  Real(Real&& other) noexcept;
  Real& operator=(const Real& other);
  Real& operator=(Real&& other) noexcept;
  ~Real() { Free(); }

  void Init(int bits);  ///< NaN, of that precision; only where there is no number yet

  mpfr_ptr get() { return x_; }
  mpfr_srcptr get() const { return x_; }

 private:
  bool IsInline() const { return x_->_mpfr_d == limbs_; }
  void Free() {
    if (x_->_mpfr_d != nullptr && !IsInline()) mpfr_clear(x_);
  }
  void CopyInline(const Real& other);

  mpfr_t x_;
  mp_limb_t limbs_[kInlineBits / (8 * sizeof(mp_limb_t))];
};

}  // namespace exactloss
