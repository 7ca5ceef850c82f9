// The triplet margin: rows of vectors (N, D), or one (D).
#include <algorithm>

#include "tests/arb/formula.h"

namespace exactloss::arb {
namespace {

using Vector = std::vector<Number>;

/// norm_p(u - v + eps), and what tells whether two such norms are equal when Arb's balls cannot.
struct Distance {
  Distance(const Vector& u, const Vector& v, double p, double eps) {
    Vector difference;
    for (std::size_t i = 0; i < u.size(); ++i) difference.push_back(u[i] - v[i] + eps);
    for (const Number& x : difference) magnitudes.push_back(Abs(x.value));
    norm = Norm(difference, p);
  }

  std::vector<Ball> magnitudes;
  Number norm;
};

/// Whether the vectors are the same but for order and signs: then every norm of theirs is the same.
bool SameMagnitudes(const Distance& a, const Distance& b) {
  const auto same = [](const Ball& x, const Ball& y) { return Compare(x, y) == 0; };
  return std::is_permutation(a.magnitudes.begin(), a.magnitudes.end(), b.magnitudes.begin(),
                             b.magnitudes.end(), same);
}

Number operator-(const Distance& a, const Distance& b) {
  Number difference = a.norm - b.norm;
  if (SameMagnitudes(a, b)) difference.value = Ball();
  return difference;
}

Distance Nearer(const Distance& a, const Distance& b) {
  const Number gap = b - a;
  Distance nearer = Sign(gap.value) < 0 ? b : a;
  if (IsZero(gap.value)) nearer.norm = a.norm + Min(gap, 0.0);
  return nearer;
}

Vector RowOf(const Arguments& a, std::string_view input, std::size_t row, std::size_t size) {
  const auto first = a[input].begin() + static_cast<std::ptrdiff_t>(row * size);
  return {first, first + static_cast<std::ptrdiff_t>(size)};
}

}  // namespace

std::vector<Number> TripletMargin(const Arguments& a) {
  const double p = a.Parameter("p"), eps = a.Parameter("eps");
  const auto size = static_cast<std::size_t>(a.ShapeOf("anchor").back());
  std::vector<Number> terms;
  for (std::size_t row = 0; row < a["anchor"].size() / size; ++row) {
    const Vector anchor = RowOf(a, "anchor", row, size), positive = RowOf(a, "positive", row, size),
                 negative = RowOf(a, "negative", row, size);
    const Distance pull(anchor, positive, p, eps);
    Distance push(anchor, negative, p, eps);
    if (a.Parameter("swap") != 0) push = Nearer(push, Distance(positive, negative, p, eps));
    terms.push_back(PositivePart(pull - push + a.Parameter("margin"), TieElement::kOther));
  }
  return Reduce(a, std::move(terms));
}

}  // namespace exactloss::arb
