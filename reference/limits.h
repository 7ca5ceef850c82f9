// Terms at infinite inputs: the limit of the formula, where it has one.
#pragma once

#include <vector>

#include "reference/proof.h"

namespace exactloss {

/// Each infinity is replaced by huge finite numbers in several growth orders, equal ones among them, and the
/// term is proven at each. Where all agree that is the limit (a magnitude beyond all numbers is an infinity,
/// one below all a zero), else it is NaN. A probe, not a proof: the tests hold it to limits derived by hand.
std::vector<Proven> ProveLimit(Prover& prover, std::int64_t term, const std::vector<double>& values,
                               const ProofOptions& options);

}  // namespace exactloss
