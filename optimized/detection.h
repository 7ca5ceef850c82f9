// What the parts of the detection loss agree on: the focal loss of the classes, and smooth L1 with complete
// IoU of the boxes. No SIMD here.
#pragma once

#include "optimized/box_decision.h"

namespace exactloss::optimized {

struct DetectionCall {
  ElementCall classes, boxes;
  FocalParameters focal;
  double class_weight = 1;
  BoxConstants constants;
};

/// The sums of a part's terms: of the classes before their weight, of the boxes with theirs.
struct DetectionSums {
  Total classes, boxes;
};

}  // namespace exactloss::optimized
