#include "reference/real.h"

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

}  // namespace

void Real::TakeWidestRange() {
  thread_local WidestRange range;
  has_widest_range_ = true;
}

}  // namespace exactloss
