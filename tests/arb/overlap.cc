// Dice, and its sum with binary cross entropy.
#include "tests/arb/formula.h"

namespace exactloss::arb {

Number DiceTerm(const std::vector<Number>& x, const std::vector<Number>& t, double smooth) {
  Number both = 0.0, either = 0.0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const Number p = 1.0 / (1.0 + Exp(-x[i]));
    both = both + p * t[i];
    either = either + p + t[i];
  }
  return 1.0 - (2.0 * both + smooth) / (either + smooth);
}

std::vector<Number> Dice(const Arguments& a) {
  const std::vector<Number>&x = a["input"], &t = a["target"];
  const std::size_t samples =
      a.Parameter("per_sample") != 0 ? static_cast<std::size_t>(a.ShapeOf("input")[0]) : 1;
  const auto size = static_cast<std::ptrdiff_t>(x.size() / samples);
  std::vector<Number> terms;
  for (std::ptrdiff_t at = 0; at < static_cast<std::ptrdiff_t>(x.size()); at += size) {
    terms.push_back(DiceTerm({x.begin() + at, x.begin() + at + size}, {t.begin() + at, t.begin() + at + size},
                             a.Parameter("smooth")));
  }
  return Reduce(a, std::move(terms));
}

std::vector<Number> BceDice(const Arguments& a) {
  Number bce = 0.0;
  for (std::size_t i = 0; i < a["input"].size(); ++i) {
    bce = bce + BceWithLogitsTerm(a["input"][i], a["target"][i], 1.0);
  }
  const Number mean = bce / static_cast<double>(a["input"].size());
  const Number dice = DiceTerm(a["input"], a["target"], a.Parameter("smooth"));
  return {a.Parameter("bce_weight") * mean + a.Parameter("dice_weight") * dice};
}

}  // namespace exactloss::arb
