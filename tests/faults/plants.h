// Ways to break an answer, put together in the tables of faults.
#pragma once

#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <utility>

#include "tests/faults/fault.h"
#include "tests/properties/derive.h"

namespace exactloss {

inline constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

/// The answer to another problem.
template <class Change>
Plant AsIf(Change change) {
  return [change](Making& m) {
    std::vector<Numbers> outputs = m.Of(change);
    if (!outputs.empty()) m.outputs = std::move(outputs);
  };
}
inline Plant AsIfLoss(std::string_view loss) {
  return AsIf([loss](Problem& p) { p = WithLoss(p, loss); });
}
inline Plant AsIfParameter(std::string_view name, double value) {
  return AsIf([name, value](Problem& p) { SetParameter(p, name, value); });
}
inline Plant WithoutInput(std::string_view name) {
  return AsIf([name](Problem& p) { Drop(p, name); });
}

inline Plant Exchanges(std::string_view one, std::string_view other) {
  return AsIf([one, other](Problem& p) {
    const double value = p.parameter(one);
    SetParameter(p, one, p.parameter(other));
    SetParameter(p, other, value);
  });
}

/// What of a fault reaches the loss alone, or the gradients alone.
inline Plant LossOnly(const Plant& plant) {
  return [plant](Making& m) {
    const std::vector<Numbers> right = m.outputs;
    plant(m);
    for (std::size_t i = 1; i < right.size(); ++i) m.outputs[i] = right[i];
  };
}
inline Plant GradientsOnly(const Plant& plant) {
  return [plant](Making& m) {
    const Numbers right = m.loss();
    plant(m);
    m.loss() = right;
  };
}

/// term(m, i, right): the term i of the loss instead of the right one.
template <class Term>
Plant EachTerm(Term term) {
  return [term](Making& m) {
    Numbers terms = m.Terms();
    for (std::size_t i = 0; i < terms.size(); ++i) terms[i] = term(m, i, terms[i]);
    m.Reduce(terms);
  };
}

/// slope(m, i, right): an element of a gradient instead of the right one; m.Factor() is in both.
template <class Slope>
Plant EachSlope(const std::string& input, Slope slope) {
  return [input, slope](Making& m) {
    Numbers* gradient = m.Gradient(input);
    if (gradient == nullptr) return;
    for (std::size_t i = 0; i < gradient->size(); ++i) (*gradient)[i] = slope(m, i, (*gradient)[i]);
  };
}
inline Plant ZeroGradient(const std::string& input) {
  return EachSlope(input, [](Making&, std::size_t, double) { return 0.0; });
}

/// number(m, right): every number of every output.
template <class Change>
Plant EachNumber(Change change) {
  return [change](Making& m) {
    for (Numbers& output : m.outputs) {
      for (double& number : output) number = change(m, number);
    }
  };
}

/// The loss (the gradients) times a factor that the problem decides.
template <class Of>
Plant TimesLoss(Of of) {
  return [of](Making& m) {
    for (double& number : m.loss()) number *= of(m);
  };
}
template <class Of>
Plant TimesGradients(Of of) {
  return [of](Making& m) {
    for (std::size_t k = 1; k < m.outputs.size(); ++k) {
      for (double& number : m.outputs[k]) number *= of(m);
    }
  };
}
template <class Of>
Plant Times(Of of) {
  return [of](Making& m) {
    TimesLoss(of)(m);
    TimesGradients(of)(m);
  };
}

/// term(m, row, right) and slope(m, row, j, right) of losses over rows of classes.
template <class Term>
Plant EachRow(Term term) {
  return [term](Making& m) {
    Numbers terms = m.Terms();
    const std::vector<ClassRow> rows = m.Rows();
    for (std::size_t i = 0; i < rows.size(); ++i) terms[i] = term(m, rows[i], terms[i]);
    m.Reduce(terms);
  };
}
template <class Slope>
Plant EachRowSlope(Slope slope) {
  return [slope](Making& m) {
    Numbers* gradient = m.Gradient("input");
    for (const ClassRow& row : m.Rows()) {
      for (std::size_t j = 0; j < row.at.size(); ++j) {
        double& number = (*gradient)[row.at[j]];
        number = slope(m, row, j, number);
      }
    }
  };
}

}  // namespace exactloss
