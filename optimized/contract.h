// What a kernel promises. It stands at the foot of the kernel's file, once; an audit holds every target to
// it.
#pragma once

namespace exactloss::optimized {

/// Bounds in ulp of the exact result, for every output and every input of the loss's domain. Where an output
/// cancels (a gradient near its zero), `fast` is meant in ulps of the largest term that it is made of.
struct Contract {
  const char* loss;
  double fast;   ///< f32, bf16, f16
  double exact;  ///< f32, bf16, f16; 0.5: correctly rounded
  double f64;    ///< of either mode
};

}  // namespace exactloss::optimized
