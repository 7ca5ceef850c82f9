// Ranges, orders and zeros.
#include <algorithm>
#include <cmath>

#include "reference/interval.h"
#include "tests/properties/derive.h"

namespace exactloss {
namespace {

using Made = std::optional<Instance>;

/// kl_div(p, p) = 0, with log_target: both are the same numbers.
Made KlOfItself(const Problem& problem) {
  if (!IsFinite(problem)) return {};
  Problem first = problem;
  SetParameter(first, "log_target", 1);
  first.inputs[1] = first.inputs[0];
  InstanceBuilder builder(first);
  for (std::size_t i = 0; i < builder.Size({0, "loss"}); ++i)
    builder.Claim({builder.Element(1, {0, "loss"}, i)});
  return builder.Done();
}

/// sum t (log t - x) >= 0 where the mass of exp(x) is at most that of t; here x is just below log t.
Made KlIsNotNegative(const Problem& problem) {
  if (problem.parameter("log_target") != 0 || problem.reduction == Reduction::kNone || !IsFinite(problem))
    return {};
  Problem first = problem;
  const std::vector<double>& t = problem.inputs[1]->values;
  Interval mass(0.0), of_exp(0.0);
  for (std::size_t i = 0; i < t.size(); ++i) {
    if (!(t[i] > 0)) return {};
    double& x = InputOf(first, "input").values[i];
    x = NextDown(problem.dtype, NextDown(problem.dtype, RoundTo(problem.dtype, std::log(t[i]))));
    mass = mass + Interval(t[i]);
    of_exp = of_exp + Exp(Interval(x));
  }
  if (SignOf(mass - of_exp) != Sign::kPositive) return {};
  InstanceBuilder builder(first);
  builder.Bounded(0);
  return builder.Done();
}

Made NotNegative(const Problem& problem) {
  if (!problem.loss->non_negative) return {};
  InstanceBuilder builder(problem);
  builder.Bounded(0);
  return builder.Done();
}

Made DiceRange(const Problem& problem) {
  if (problem.reduction == Reduction::kSum || !IsFinite(problem)) return {};
  InstanceBuilder builder(problem);
  builder.Bounded(0, 1);
  return builder.Done();
}

Made BoxRange(const Problem& problem) {
  if (problem.reduction == Reduction::kSum || !HasProperBoxes(problem)) return {};
  InstanceBuilder builder(problem);
  builder.Bounded(0, problem.loss->name == "iou" ? 1 : 2);
  return builder.Done();
}

/// iou <= diou <= ciou, and iou <= giou
Made BoxOrder(const Problem& problem) {
  if (!HasProperBoxes(problem)) return {};
  InstanceBuilder builder(WithLoss(problem, "iou"));
  builder.Add(WithLoss(problem, "diou"));
  builder.Add(WithLoss(problem, "ciou"));
  for (std::size_t i = 0; i < builder.Size({0, "loss"}); ++i) {
    for (const std::size_t k : {0U, 1U}) {
      builder.Claim({builder.Element(-1, {k, "loss"}, i), builder.Element(1, {k + 1, "loss"}, i)}, 0,
                    Relation::kNotNegative);
    }
  }
  return builder.Done();
}

Made IdenticalBoxes(const Problem& problem) {
  Problem first = problem;
  first.inputs[1] = first.inputs[0];
  SetParameter(first, "eps", 0);
  if (!HasProperBoxes(first)) return {};
  InstanceBuilder builder(first);
  for (std::size_t i = 0; i < builder.Size({0, "loss"}); ++i)
    builder.Claim({builder.Element(1, {0, "loss"}, i)});
  return builder.Done();
}

Made SwapNeverLowers(const Problem& problem) {
  if (!IsFinite(problem)) return {};
  Problem plain = problem, swapped = problem;
  SetParameter(plain, "swap", 0);
  SetParameter(swapped, "swap", 1);
  InstanceBuilder builder(plain);
  builder.Add(swapped);
  for (std::size_t i = 0; i < builder.Size({0, "loss"}); ++i) {
    builder.Claim({builder.Element(-1, {0, "loss"}, i), builder.Element(1, {1, "loss"}, i)}, 0,
                  Relation::kNotNegative);
  }
  return builder.Done();
}

Made TripletOfEquals(const Problem& problem) {
  if (!IsFinite(problem)) return {};
  Problem first = problem;
  SetParameter(first, "swap", 0);
  SetParameter(first, "margin", 0);
  InputOf(first, "negative") = InputOf(first, "positive");
  InstanceBuilder builder(first);
  for (std::size_t i = 0; i < builder.Size({0, "loss"}); ++i)
    builder.Claim({builder.Element(1, {0, "loss"}, i)});
  return builder.Done();
}

/// The slopes of a row sum to 0: softmax has the mass of the target.
Made RowSlopesCancel(const Problem& problem) {
  InstanceBuilder builder(problem);
  for (const auto& row : ClassRowsOf(problem)) {
    std::vector<Addend> sum;
    for (const std::size_t at : row) sum.push_back(builder.Element(1, {0, "grad:input"}, at));
    builder.Claim(std::move(sum));
  }
  return builder.Done();
}

/// A step of the input away from the target, whose loss grows with it, never lowers the loss.
Made Monotone(const Problem& problem) {
  const bool is_negated = problem.loss->name == "focal_simple" && problem.parameter("alpha") < 0;
  if (!IsFinite(problem) || is_negated) return {};
  const bool is_distance = problem.loss->family == Family::kElementwise &&
                           !HasParameter(*problem.loss, "gamma") && !problem.loss->name.starts_with("bce");
  Problem first = problem;
  Tensor& target = *first.inputs[1];
  for (double& t : target.values) t = is_distance ? t : t >= 0.5;
  Problem moved = first;
  moved.inputs[0]->layout = Layout::kContiguous;
  std::vector<double>& x = moved.inputs[0]->values;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const bool up = is_distance ? x[i] >= target.values[i] : target.values[i] == 0;
    x[i] = up ? NextUp(problem.dtype, x[i]) : NextDown(problem.dtype, x[i]);
  }
  if (!IsFinite(moved)) return {};
  InstanceBuilder builder(first);
  builder.Add(moved);
  for (std::size_t i = 0; i < builder.Size({0, "loss"}); ++i) {
    builder.Claim({builder.Element(-1, {0, "loss"}, i), builder.Element(1, {1, "loss"}, i)}, 0,
                  Relation::kNotNegative);
  }
  return builder.Done();
}

}  // namespace

std::vector<Property> BoundProperties() {
  return {
      {"kl_of_itself", "kl_div(s, s, log_target) = 0", {"kl_div"}, KlOfItself},
      {"kl_not_negative", "kl_div >= 0 for distributions", {"kl_div"}, KlIsNotNegative},
      {"not_negative", "a loss that is >= 0 in real arithmetic is", {}, NotNegative},
      {"dice_range", "0 <= dice <= 1", {"dice"}, DiceRange},
      {"box_range", "0 <= iou <= 1, 0 <= giou <= 2", {"iou", "giou"}, BoxRange},
      {"box_order", "iou <= diou <= ciou", {"iou", "diou", "ciou"}, BoxOrder},
      {"identical_boxes",
       "identical boxes give 0 at eps = 0",
       {"iou", "giou", "diou", "ciou"},
       IdenticalBoxes},
      {"swap_never_lowers", "triplet_margin(swap) >= triplet_margin", {"triplet_margin"}, SwapNeverLowers},
      {"triplet_of_equals",
       "triplet_margin(margin = 0) = 0 where positive = negative",
       {"triplet_margin"},
       TripletOfEquals},
      {"row_slopes_cancel",
       "the slopes of a row of cross_entropy sum to 0",
       {"cross_entropy"},
       RowSlopesCancel},
      {"monotone",
       "a step away from the target never lowers the loss",
       {"mse", "l1", "smooth_l1", "huber", "bce", "bce_with_logits", "sigmoid_focal", "focal_simple"},
       Monotone},
  };
}

}  // namespace exactloss
