// The naive forms as formulas: a term, and its gradient by the chain rule, step by step as autograd takes it.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "oracle/rounded.h"
#include "reference/loss_spec.h"

namespace exactloss {

/// A form refuses a problem as the code that it stands for does.
struct NaiveRefusal {
  std::string_view message;
};

/// A term of input x, target t and weight w; the slopes are times the gradient of the reduced loss,
/// `upstream`.
struct NaiveTerm {
  Rounded value;
  Rounded input_slope;
  std::optional<Rounded> target_slope = {};  ///< none: the form has no gradient there
};
using NaiveElement = NaiveTerm (*)(Rounded x, Rounded t, Rounded w, Rounded upstream);

/// A row of logits, with the class that is right and its weight.
struct NaiveRow {
  std::vector<Rounded> logits;
  std::size_t target;
  Rounded weight;
  Rounded upstream;
};
struct NaiveRowTerm {
  Rounded value;
  std::vector<Rounded> slopes;
};
using NaiveClasses = NaiveRowTerm (*)(const NaiveRow& row);

struct NaiveForm {
  std::string_view name;
  std::string_view loss;
  std::vector<std::string_view> takes;  ///< inputs and parameters; no others may be given or set
  NaiveElement element = nullptr;
  NaiveClasses classes = nullptr;
  /// Not empty: the function that it computes instead.
  std::string_view other_semantics = {};
  /// The reductions that it has, each with the one that it computes; empty: all of the loss, as they are.
  std::vector<std::pair<Reduction, Reduction>> reductions = {};
};

/// A form of several losses has a row for each.
const std::vector<NaiveForm>& NaiveFormTable();

}  // namespace exactloss
