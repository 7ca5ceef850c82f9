// Problems bred from others: small changes of their numbers, in places of the dtype as well as in size.
#pragma once

#include <optional>

#include "oracle/fill_draw.h"
#include "reference/problem.h"

namespace exactloss {

/// `parent` with one or two changes; `other` is one that did well, `fresh` one that a fill made, both of the
/// same loss and dtype. Nothing where no change that was tried leaves a problem in its domain.
std::optional<Problem> Mutated(const Problem& parent, const Problem& other, const Problem& fresh, Draw& draw);

/// The rows (dimension 0 of the first input) in another order, or with some left out or repeated, in all
/// inputs that have them.
Problem WithRows(const Problem& problem, const std::vector<std::size_t>& rows);

}  // namespace exactloss
