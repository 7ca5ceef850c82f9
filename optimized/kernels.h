// The list of kernels. A new one is a .cc and two lines here.
#pragma once

#include "optimized/contract.h"

namespace exactloss::optimized {

extern const Contract kMseContract;
extern const Contract kL1Contract;
extern const Contract kSmoothL1Contract;
extern const Contract kHuberContract;
extern const Contract kBceContract;
extern const Contract kBceWithLogitsContract;
extern const Contract kKlDivContract;
extern const Contract kSigmoidFocalContract;
extern const Contract kFocalSimpleContract;
extern const Contract kNllContract;
extern const Contract kCrossEntropyContract;
extern const Contract kDiceContract;
extern const Contract kBceDiceContract;
extern const Contract kIouContract;
extern const Contract kGiouContract;
extern const Contract kDiouContract;
extern const Contract kCiouContract;
extern const Contract kDetectionContract;
extern const Contract kTripletMarginContract;

inline constexpr const Contract* kContracts[] = {
    &kMseContract,           &kL1Contract,    &kSmoothL1Contract,     &kHuberContract,         &kBceContract,
    &kBceWithLogitsContract, &kKlDivContract, &kSigmoidFocalContract, &kFocalSimpleContract,   &kNllContract,
    &kCrossEntropyContract,  &kDiceContract,  &kBceDiceContract,      &kIouContract,           &kGiouContract,
    &kDiouContract,          &kCiouContract,  &kDetectionContract,    &kTripletMarginContract,
};

}  // namespace exactloss::optimized
