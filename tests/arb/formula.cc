#include "tests/arb/formula.h"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace exactloss::arb {
namespace {

struct Row {
  std::string_view loss;
  Formula formula;
};

constexpr Row kFormulas[] = {
    {"mse", Mse},
    {"l1", L1},
    {"smooth_l1", SmoothL1},
    {"huber", Huber},
    {"bce", Bce},
    {"bce_with_logits", BceWithLogits},
    {"nll", Nll},
    {"cross_entropy", CrossEntropy},
    {"sigmoid_focal", SigmoidFocal},
    {"focal_simple", FocalSimple},
    {"dice", Dice},
    {"bce_dice", BceDice},
    {"iou", Iou},
    {"giou", Giou},
    {"diou", Diou},
    {"ciou", Ciou},
    {"detection", Detection},
    {"kl_div", KlDiv},
    {"triplet_margin", TripletMargin},
};

}  // namespace

Formula FindFormula(std::string_view loss) {
  const Row* row = std::find_if(std::begin(kFormulas), std::end(kFormulas),
                                [loss](const Row& r) { return r.loss == loss; });
  return row == std::end(kFormulas) ? nullptr : row->formula;
}

Arguments::Arguments(const Problem& problem) : problem_(problem) {
  std::size_t leaf = 0;
  for (std::size_t i = 0; i < problem.inputs.size(); ++i) {
    first_leaf_.push_back(leaf);
    std::vector<Number>& numbers = numbers_.emplace_back();
    if (!problem.inputs[i]) continue;
    for (const double x : problem.inputs[i]->values) {
      numbers.push_back(problem.loss->inputs[i].differentiable ? Leaf(x, leaf++) : Number(x));
    }
  }
}

std::size_t Arguments::IndexOf(std::string_view input) const {
  const auto& specs = problem_.loss->inputs;
  for (std::size_t i = 0; i < specs.size(); ++i) {
    if (specs[i].name == input) return i;
  }
  throw std::logic_error(std::string(problem_.loss->name) + " has no input " + std::string(input));
}

bool Arguments::Has(std::string_view input) const { return problem_.inputs[IndexOf(input)].has_value(); }

const std::vector<Number>& Arguments::operator[](std::string_view input) const {
  return numbers_[IndexOf(input)];
}

const Shape& Arguments::ShapeOf(std::string_view input) const {
  return problem_.inputs[IndexOf(input)]->shape;
}

const Number& Arguments::Broadcast(std::string_view input, std::string_view like, std::size_t at) const {
  const Shape& from = ShapeOf(input);
  const Shape& to = ShapeOf(like);
  std::size_t place = 0;
  std::size_t stride = 1;
  for (std::size_t k = 1; k <= to.size(); ++k) {
    const auto size = static_cast<std::size_t>(to[to.size() - k]);
    if (k <= from.size()) {
      const auto own = static_cast<std::size_t>(from[from.size() - k]);
      if (own != 1) place += at % size * stride;
      stride *= own;
    }
    at /= size;
  }
  return (*this)[input][place];
}

std::vector<Number> Reduce(const Arguments& arguments, std::vector<Number> terms, const Number& divisor) {
  switch (arguments.reduction()) {
    case Reduction::kNone:
      return terms;
    case Reduction::kSum:
      return {Sum(terms)};
    case Reduction::kMean:
      return {Sum(terms) / divisor};
    case Reduction::kBatchMean:
      return {Sum(terms) / static_cast<double>(arguments.ShapeOf("input")[0])};
  }
  throw std::logic_error("no such reduction");
}

std::vector<Number> Reduce(const Arguments& arguments, std::vector<Number> terms) {
  const auto count = static_cast<double>(terms.size());
  return Reduce(arguments, std::move(terms), count);
}

}  // namespace exactloss::arb
