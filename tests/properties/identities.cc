// Identities between losses, and between a loss and its own parts.
#include <algorithm>
#include <cmath>
#include <limits>

#include "tests/properties/derive.h"

namespace exactloss {
namespace {

using Made = std::optional<Instance>;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// bce_with_logits(x, t) = bce_with_logits(-x, 1 - t); with t = 1 it is softplus(-x).
Made Flip(const Problem& problem) {
  Problem first = problem;
  first.inputs[InputIndex(first, "pos_weight")].reset();
  for (double& t : InputOf(first, "target").values) {
    if (1 - (1 - t) != t || !IsRepresentable(first.dtype, 1 - t)) t = t >= 0.5;
  }
  Problem flipped = first;
  for (double& x : InputOf(flipped, "input").values) x = -x;
  for (double& t : InputOf(flipped, "target").values) t = 1 - t;
  InstanceBuilder builder(first);
  builder.Add(flipped);
  builder.AllEqual(1, -1);
  return builder.Done();
}

/// d/dx bce_with_logits(x, t) = sigmoid(x) - t, sigmoid(x) being the slope at t = 0.
Made SlopeIsSigmoid(const Problem& problem) {
  if (problem.reduction == Reduction::kMean || !IsFinite(problem)) return {};
  const Problem first = Plain(problem);
  Problem at_zero = first;
  for (double& t : InputOf(at_zero, "target").values) t = 0;
  InstanceBuilder builder(first);
  builder.Add(at_zero);
  const std::vector<double>& t = first.inputs[1]->values;
  for (std::size_t i = 0; i < t.size(); ++i) {
    builder.Claim({builder.Element(1, {0, "grad:input"}, i), builder.Element(-1, {1, "grad:input"}, i)},
                  t[i]);
  }
  return builder.Done();
}

Made FocalIsBce(const Problem& problem) {
  Problem first = problem;
  SetParameter(first, "gamma", 0);
  SetParameter(first, "alpha", -1);
  InstanceBuilder builder(first);
  builder.Add(WithLoss(first, "bce_with_logits"));
  builder.AllEqual();
  return builder.Done();
}

/// cross_entropy of two classes = bce_with_logits(x_1 - x_0, [target is 1]).
Made TwoClasses(const Problem& problem) {
  if (!problem.input("target") || !IsFinite(problem)) return {};
  const auto rows = ClassRowsOf(problem);
  if (rows[0].size() < 2) return {};
  const auto count = static_cast<std::int64_t>(rows.size());
  Problem first = MakeProblem(*problem.loss, problem.dtype, problem.reduction);
  Problem second = MakeProblem(*FindLoss("bce_with_logits"), problem.dtype, problem.reduction);
  Tensor logits, classes, differences;
  logits.shape = {count, 2};
  classes.shape = differences.shape = {count};
  for (std::size_t r = 0; r < rows.size(); ++r) {
    const double index = problem.input("target")->values[r];
    const double x0 = problem.inputs[0]->values[rows[r][0]], x1 = problem.inputs[0]->values[rows[r][1]];
    logits.values.insert(logits.values.end(), {x0, x1});
    classes.values.push_back(index == problem.parameter("ignore_index") ? 0 : std::fmod(index, 2));
    const std::optional<double> difference = ExactSum(problem.dtype, x1, -x0);
    if (!difference) return {};
    differences.values.push_back(*difference);
  }
  first.inputs[0] = logits;
  first.inputs[1] = second.inputs[1] = classes;
  second.inputs[0] = differences;
  InstanceBuilder builder(first);
  builder.Add(second);
  builder.Equal({0, "loss"}, {1, "loss"});
  for (std::size_t r = 0; r < rows.size(); ++r) {
    builder.Claim(
        {builder.Element(1, {0, "grad:input"}, 2 * r + 1), builder.Element(-1, {1, "grad:input"}, r)});
    builder.Claim({builder.Element(1, {0, "grad:input"}, 2 * r), builder.Element(1, {1, "grad:input"}, r)});
  }
  return builder.Done();
}

/// Class indices are probabilities of 0 and 1. Their means divide by different numbers where weights are
/// given.
Made OneHot(const Problem& problem) {
  if (!problem.input("target")) return {};
  Problem first = problem;
  if (problem.reduction == Reduction::kMean) first.inputs[InputIndex(first, "weight")].reset();
  for (double& index : InputOf(first, "target").values) {
    if (index == problem.parameter("ignore_index")) index = 0;
  }
  SetParameter(first, "ignore_index", -100);
  Problem second = first;
  second.inputs[InputIndex(second, "target")].reset();
  Tensor& p = second.inputs[InputIndex(second, "target_probabilities")].emplace();
  p.shape = first.inputs[0]->shape;
  p.values.assign(first.inputs[0]->values.size(), 0);
  const auto rows = ClassRowsOf(first);
  for (std::size_t r = 0; r < rows.size(); ++r) {
    p.values[rows[r][static_cast<std::size_t>(first.inputs[1]->values[r])]] = 1;
  }
  InstanceBuilder builder(first);
  builder.Add(second);
  builder.Equal({0, "loss"}, {1, "loss"});
  builder.Equal({0, "grad:input"}, {1, "grad:input"});
  return builder.Done();
}

/// huber(delta) = delta smooth_l1(beta = delta)
Made HuberIsSmoothL1(const Problem& problem) {
  const double delta = problem.parameter("delta");
  Problem second = WithLoss(problem, "smooth_l1");
  SetParameter(second, "beta", delta);
  InstanceBuilder builder(problem);
  builder.Add(second);
  builder.AllEqual(delta, delta);
  return builder.Done();
}

Made SmoothL1IsL1(const Problem& problem) {
  Problem first = problem;
  SetParameter(first, "beta", 0);
  InstanceBuilder builder(first);
  builder.Add(WithLoss(first, "l1"));
  builder.AllEqual();
  return builder.Done();
}

/// mse = 2 beta smooth_l1 where beta is larger than every difference.
Made SmoothL1IsMse(const Problem& problem) {
  if (!IsFinite(problem)) return {};
  double largest = 0;
  for (std::size_t i = 0; i < problem.inputs[0]->values.size(); ++i) {
    largest = std::max(largest, std::fabs(problem.inputs[0]->values[i] - problem.inputs[1]->values[i]));
  }
  if (largest == 0 || !std::isfinite(4 * largest)) return {};
  Problem second = problem;
  const double beta = std::ldexp(1, std::ilogb(largest) + 1);
  SetParameter(second, "beta", beta);
  InstanceBuilder builder(WithLoss(problem, "mse"));
  builder.Add(second);
  builder.AllEqual(2 * beta, 2 * beta);
  return builder.Done();
}

/// t in {0, 1} and s = log t in {-inf, 0} are one target.
Made LogTargetAgrees(const Problem& problem) {
  Problem first = problem, second = problem;
  SetParameter(first, "log_target", 0);
  SetParameter(second, "log_target", 1);
  const std::vector<double> t = problem.inputs[1]->values;
  for (std::size_t i = 0; i < t.size(); ++i) {
    const bool one = std::fabs(t[i]) >= 0.25;
    InputOf(first, "target").values[i] = one;
    InputOf(second, "target").values[i] = one ? 0 : -kInfinity;
  }
  InstanceBuilder builder(first);
  builder.Add(second);
  builder.Equal({0, "loss"}, {1, "loss"});
  builder.Equal({0, "grad:input"}, {1, "grad:input"});
  return builder.Done();
}

/// exp(s)(s - x) lies between t (log t - x) at the neighbours t of exp(s): t log t - t x grows with t where
/// log t > x - 1, and falls where it is less.
Made LogTargetIsBetween(const Problem& problem) {
  if (problem.parameter("log_target") == 0 || !IsFinite(problem)) return {};
  const Problem none = WithReduction(problem, Reduction::kNone);
  Problem low = none;
  SetParameter(low, "log_target", 0);
  Problem high = low;
  const std::vector<double>&x = none.inputs[0]->values, &s = none.inputs[1]->values;
  for (std::size_t i = 0; i < s.size(); ++i) {
    const double t = RoundTo(none.dtype, std::exp(s[i]));
    if (!(t > 0) || !std::isfinite(t)) return {};
    InputOf(low, "target").values[i] = NextDown(none.dtype, t);
    InputOf(high, "target").values[i] = NextUp(none.dtype, t);
  }
  InstanceBuilder builder(none);
  builder.Add(low);
  builder.Add(high);
  for (std::size_t i = 0; i < s.size(); ++i) {
    if (std::fabs(s[i] - x[i] + 1) < 1) continue;  // near the turn
    const double sign = s[i] > x[i] - 1 ? 1 : -1;
    builder.Claim({builder.Element(sign, {0, "loss"}, i), builder.Element(-sign, {1, "loss"}, i)}, 0,
                  Relation::kNotNegative);
    builder.Claim({builder.Element(-sign, {0, "loss"}, i), builder.Element(sign, {2, "loss"}, i)}, 0,
                  Relation::kNotNegative);
  }
  return builder.Done();
}

/// nll = -x_t, and its slope there is -1.
Made NllIsLinear(const Problem& problem) {
  Problem first = Plain(WithReduction(problem, Reduction::kNone));
  if (!IsFinite(first)) return {};
  InstanceBuilder builder(first);
  const auto rows = ClassRowsOf(first);
  for (std::size_t r = 0; r < rows.size(); ++r) {
    const double index = first.inputs[1]->values[r];
    const bool ignored = index == first.parameter("ignore_index");
    const double x = ignored ? 0 : first.inputs[0]->values[rows[r][static_cast<std::size_t>(index)]];
    builder.Claim({builder.Element(1, {0, "loss"}, r)}, x);
    for (std::size_t j = 0; j < rows[r].size(); ++j) {
      builder.Claim({builder.Element(1, {0, "grad:input"}, rows[r][j])},
                    !ignored && static_cast<double>(j) == index ? 1 : 0);
    }
  }
  return builder.Done();
}

/// One of the losses that a composite adds up.
struct Part {
  Problem problem;
  double weight;
  std::vector<std::pair<std::string, std::string>> gradients;  ///< of the whole, of the part
};

Made SumOfParts(const Problem& problem, const std::vector<Part>& parts) {
  InstanceBuilder builder(problem);
  for (const Part& part : parts) builder.Add(part.problem);
  const auto claim = [&](const std::string& output, const std::vector<std::string>& of_parts) {
    for (std::size_t i = 0; i < builder.Size({0, output}); ++i) {
      std::vector<Addend> sum = {builder.Element(1, {0, output}, i)};
      for (std::size_t k = 0; k < parts.size(); ++k) {
        if (!of_parts[k].empty()) sum.push_back(builder.Element(-parts[k].weight, {k + 1, of_parts[k]}, i));
      }
      builder.Claim(std::move(sum));
    }
  };
  claim("loss", std::vector<std::string>(parts.size(), "loss"));
  for (const OutputSpec& output : OutputsOf(problem)) {
    if (output.input == OutputSpec::kLoss) continue;
    std::vector<std::string> of_parts(parts.size());
    for (std::size_t k = 0; k < parts.size(); ++k) {
      for (const auto& [whole, part] : parts[k].gradients) {
        if (whole == output.name) of_parts[k] = part;
      }
    }
    claim(output.name, of_parts);
  }
  return builder.Done();
}

Made BceDiceParts(const Problem& problem) {
  const std::vector<std::pair<std::string, std::string>> both = {{"grad:input", "grad:input"},
                                                                 {"grad:target", "grad:target"}};
  return SumOfParts(problem, {{WithLoss(problem, "bce_with_logits"), problem.parameter("bce_weight"), both},
                              {WithLoss(problem, "dice"), problem.parameter("dice_weight"), both}});
}

Made DetectionParts(const Problem& problem) {
  const auto of_boxes = [&](std::string_view loss) {
    Problem part = WithLoss(problem, loss);
    part.inputs[0] = problem.input("boxes");
    part.inputs[1] = problem.input("target_boxes");
    return part;
  };
  const std::vector<std::pair<std::string, std::string>> classes = {{"grad:input", "grad:input"},
                                                                    {"grad:target", "grad:target"}};
  const std::vector<std::pair<std::string, std::string>> boxes = {{"grad:boxes", "grad:input"},
                                                                  {"grad:target_boxes", "grad:target"}};
  return SumOfParts(problem,
                    {{WithLoss(problem, "sigmoid_focal"), problem.parameter("class_weight"), classes},
                     {of_boxes("smooth_l1"), problem.parameter("box_weight"), boxes},
                     {of_boxes("ciou"), problem.parameter("iou_weight"), boxes}});
}

}  // namespace

std::vector<Property> IdentityProperties() {
  return {
      {"flip", "bce_with_logits(x, t) = bce_with_logits(-x, 1 - t)", {"bce_with_logits"}, Flip},
      {"slope_is_sigmoid",
       "d/dx bce_with_logits(x, t) = sigmoid(x) - t",
       {"bce_with_logits"},
       SlopeIsSigmoid},
      {"focal_is_bce",
       "sigmoid_focal(gamma = 0, alpha < 0) = bce_with_logits",
       {"sigmoid_focal"},
       FocalIsBce},
      {"two_classes",
       "cross_entropy of two classes = bce_with_logits(x1 - x0)",
       {"cross_entropy"},
       TwoClasses},
      {"one_hot", "class indices = probabilities of 0 and 1", {"cross_entropy"}, OneHot},
      {"huber_is_smooth_l1", "huber(delta) = delta smooth_l1(beta = delta)", {"huber"}, HuberIsSmoothL1},
      {"smooth_l1_is_l1", "smooth_l1(beta = 0) = l1", {"smooth_l1"}, SmoothL1IsL1},
      {"smooth_l1_is_mse", "2 beta smooth_l1 = mse within beta", {"smooth_l1"}, SmoothL1IsMse},
      {"log_target_agrees",
       "kl_div(t) = kl_div(log t, log_target) for t in {0, 1}",
       {"kl_div"},
       LogTargetAgrees},
      {"log_target_between",
       "kl_div(s, log_target) lies between kl_div at the neighbours of exp(s)",
       {"kl_div"},
       LogTargetIsBetween},
      {"nll_is_linear", "nll = -x_t, with slope -1", {"nll"}, NllIsLinear},
      {"bce_dice_parts",
       "bce_dice = bce_weight bce_with_logits + dice_weight dice",
       {"bce_dice"},
       BceDiceParts},
      {"detection_parts",
       "detection = class_weight sigmoid_focal + box_weight smooth_l1 + iou_weight ciou",
       {"detection"},
       DetectionParts},
  };
}

}  // namespace exactloss
