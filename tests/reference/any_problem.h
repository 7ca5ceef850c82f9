// Problems of every kind, from random bits: what the text of a problem must hold without loss.
#pragma once

#include <cstdint>

#include "reference/problem.h"

namespace exactloss {

/// A problem that CheckProblem accepts: any loss, dtype, reduction, parameters in their domain, shapes,
/// layouts; values of any bits in their domain, NaN, infinities and -0 among them. The same for the same
/// seed.
Problem AnyProblem(std::uint64_t seed);

/// Equal bit for bit, every NaN being one.
bool SameProblem(const Problem& a, const Problem& b);

}  // namespace exactloss
