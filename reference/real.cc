#include "reference/real.h"

#include <cstring>
#include <new>
#include <utility>

namespace exactloss {
namespace {

/// MPFR's default range of exponents ends at exp(7e8); the widest one ends beyond exp(3e18).
struct WidestRange {
  WidestRange() {
    mpfr_set_emax(mpfr_get_emax_max());
    mpfr_set_emin(mpfr_get_emin_min());
  }
  ~WidestRange() { mpfr_free_cache(); }
};

thread_local WidestRange widest_range;

}  // namespace

void Real::Init(int bits) {
  (void)&widest_range;  // the range belongs to the thread
  if (bits > kInlineBits) {
    mpfr_init2(x_, bits);
    return;
  }
  mpfr_custom_init(limbs_, bits);
  mpfr_custom_init_set(x_, MPFR_NAN_KIND, 0, bits, limbs_);
}

void Real::CopyInline(const Real& other) {
  x_[0] = other.x_[0];
  x_->_mpfr_d = limbs_;
  std::memcpy(limbs_, other.limbs_, sizeof limbs_);
}

Real::Real(const Real& other) {
  if (other.x_->_mpfr_d == nullptr) {
    x_->_mpfr_d = nullptr;
  } else if (other.IsInline()) {
    CopyInline(other);
  } else {
    mpfr_init2(x_, mpfr_get_prec(other.x_));
    mpfr_set(x_, other.x_, MPFR_RNDN);
  }
}

Real::Real(Real&& other) noexcept {
  if (other.x_->_mpfr_d != nullptr && other.IsInline()) {
    CopyInline(other);
  } else {
    x_[0] = other.x_[0];
    other.x_->_mpfr_d = nullptr;
  }
}

Real& Real::operator=(const Real& other) {
  if (this != &other) {
    this->~Real();
    new (this) Real(other);
  }
  return *this;
}

Real& Real::operator=(Real&& other) noexcept {
  if (this != &other) {
    this->~Real();
    new (this) Real(std::move(other));
  }
  return *this;
}

}  // namespace exactloss
