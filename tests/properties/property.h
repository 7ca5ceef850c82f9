// Properties: what holds between losses in real arithmetic, whatever an implementation rounds.
//
// A property makes of one problem several, and claims linear relations between their outputs. The same claims
// are put to the truth, where they must hold within the enclosures, and to a subject, where each output may
// be off by what the judge allows it.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "reference/problem.h"

namespace exactloss {

/// factor * (an element of an output of a problem of the instance)
struct Addend {
  double factor;
  std::size_t problem, output, element;
};

enum class Relation : bool { kZero, kNotNegative };

/// sum of the addends + constant = 0, or >= 0.
struct Claim {
  std::vector<Addend> sum;
  double constant = 0;
  Relation relation = Relation::kZero;
};

struct Instance {
  std::vector<Problem> problems;
  std::vector<Claim> claims;
};

struct Property {
  std::string_view name;
  std::string_view what;                 ///< the identity, for people
  std::vector<std::string_view> losses;  ///< empty: all
  /// None: it says nothing of such a problem.
  std::optional<Instance> (*make)(const Problem& problem);
};

const std::vector<Property>& Properties();
/// Null for a name that is none.
const Property* FindProperty(std::string_view name);
bool HasLoss(const Property& property, const LossSpec& loss);

// By kind; Properties() joins them.
std::vector<Property> IdentityProperties();     // identities between losses, LOSSES.md C
std::vector<Property> BoundProperties();        // ranges, orders, zeros
std::vector<Property> MetamorphicProperties();  // scaling, translation, permutation, splitting, layouts

}  // namespace exactloss
