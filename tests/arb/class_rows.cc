// Losses over rows of classes (N, C, d...), or one row (C).
#include <cstdint>

#include "tests/arb/formula.h"

namespace exactloss::arb {
namespace {

/// Where the rows of an (N, C, d...) tensor lie: the inner dimensions stand behind the classes.
struct RowLayout {
  explicit RowLayout(const Shape& shape) {
    classes = static_cast<std::size_t>(shape.size() == 1 ? shape[0] : shape[1]);
    for (std::size_t k = 2; k < shape.size(); ++k) inner *= static_cast<std::size_t>(shape[k]);
    rows = shape.size() == 1 ? 1 : static_cast<std::size_t>(shape[0]) * inner;
  }
  std::size_t At(std::size_t row, std::size_t c) const {
    return (row / inner * classes + c) * inner + row % inner;
  }

  std::size_t classes = 0, inner = 1, rows = 0;
};

Number ClassWeight(const Arguments& a, std::size_t c) {
  return a.Has("weight") ? a["weight"][c] : Number(1.0);
}

/// The class of a row, or -1 if it is ignored.
std::int64_t ClassOf(const Arguments& a, std::size_t row) {
  const double c = arf_get_d(arb_midref(a["target"][row].value.get()), ARF_RND_NEAR);
  return c == a.Parameter("ignore_index") ? -1 : static_cast<std::int64_t>(c);
}

/// Terms of the rows that are not ignored, and the sum of the weights of their classes.
template <class Term>
std::vector<Number> IndexedRows(const Arguments& a, Term term) {
  const RowLayout layout(a.ShapeOf("input"));
  std::vector<Number> terms;
  Number divisor = 0.0;
  for (std::size_t row = 0; row < layout.rows; ++row) {
    const std::int64_t c = ClassOf(a, row);
    if (c < 0) {
      terms.push_back(0.0);
      continue;
    }
    terms.push_back(term(layout, row, static_cast<std::size_t>(c)));
    divisor = divisor + ClassWeight(a, static_cast<std::size_t>(c));
  }
  return Reduce(a, std::move(terms), divisor);
}

/// -log softmax(x)[c] = log(1 + sum over the other classes of exp(x[j] - x[c])).
Number MinusLogSoftmax(const Arguments& a, const RowLayout& layout, std::size_t row, std::size_t c) {
  const std::vector<Number>& x = a["input"];
  Number others = x[layout.At(row, c)] - x[layout.At(row, c)];  // 0, and depends on its own logit
  for (std::size_t j = 0; j < layout.classes; ++j) {
    if (j != c) others = others + Exp(x[layout.At(row, j)] - x[layout.At(row, c)]);
  }
  return Log1p(others);
}

Number IndexedTerm(const Arguments& a, const RowLayout& layout, std::size_t row, std::size_t c) {
  const Ball smoothing = a.Parameter("label_smoothing");
  Number own = ClassWeight(a, c) * MinusLogSoftmax(a, layout, row, c);
  if (IsZero(smoothing)) return own;
  Number all = 0.0;
  for (std::size_t j = 0; j < layout.classes; ++j) {
    all = all + ClassWeight(a, j) * MinusLogSoftmax(a, layout, row, j);
  }
  return (Ball(1.0) - smoothing) * own + smoothing / static_cast<double>(layout.classes) * all;
}

std::vector<Number> WithProbabilities(const Arguments& a) {
  const RowLayout layout(a.ShapeOf("input"));
  const Ball smoothing = a.Parameter("label_smoothing");
  std::vector<Number> terms;
  for (std::size_t row = 0; row < layout.rows; ++row) {
    Number term = 0.0;
    for (std::size_t j = 0; j < layout.classes; ++j) {
      const Number p = (Ball(1.0) - smoothing) * a["target_probabilities"][layout.At(row, j)] +
                       smoothing / static_cast<double>(layout.classes);
      term = term + ClassWeight(a, j) * p * MinusLogSoftmax(a, layout, row, j);
    }
    terms.push_back(term);
  }
  return Reduce(a, std::move(terms));
}

}  // namespace

std::vector<Number> Nll(const Arguments& a) {
  return IndexedRows(a, [&a](const RowLayout& layout, std::size_t row, std::size_t c) {
    return -ClassWeight(a, c) * a["input"][layout.At(row, c)];
  });
}

std::vector<Number> CrossEntropy(const Arguments& a) {
  if (a.Has("target_probabilities")) return WithProbabilities(a);
  return IndexedRows(a, [&a](const RowLayout& layout, std::size_t row, std::size_t c) {
    return IndexedTerm(a, layout, row, c);
  });
}

}  // namespace exactloss::arb
