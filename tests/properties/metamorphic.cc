// The same problem, changed in a way whose effect is known.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "tests/properties/derive.h"

namespace exactloss {
namespace {

using Made = std::optional<Instance>;

bool IsOver(const Problem& problem, std::initializer_list<std::string_view> losses) {
  return std::find(losses.begin(), losses.end(), problem.loss->name) != losses.end();
}

/// (x, t) exchanged: the loss stays, the gradients are exchanged.
Made Symmetric(const Problem& problem) {
  Problem second = problem;
  std::swap(second.inputs[0], second.inputs[1]);
  InstanceBuilder builder(problem);
  builder.Add(second);
  builder.Equal({0, "loss"}, {1, "loss"});
  builder.Equal({0, "grad:input"}, {1, "grad:target"});
  builder.Equal({0, "grad:target"}, {1, "grad:input"});
  return builder.Done();
}

/// What a loss is times, and which parameters are, where the inputs are times s.
struct Homogeneity {
  std::string_view loss;
  int degree;
  std::vector<std::string_view> lengths;  ///< parameters of degree 1
  std::vector<std::string_view> zeros;    ///< parameters that must be 0
};
const Homogeneity kHomogeneities[] = {
    {"mse", 2, {}, {}},          {"l1", 1, {}, {}},        {"smooth_l1", 1, {"beta"}, {}},
    {"huber", 2, {"delta"}, {}}, {"nll", 1, {}, {}},       {"triplet_margin", 1, {"margin", "eps"}, {}},
    {"iou", 0, {}, {"eps"}},     {"giou", 0, {}, {"eps"}}, {"diou", 0, {}, {"eps"}},
    {"ciou", 0, {}, {"eps"}},
};

Made ScaledBy(const Problem& problem, int exponent) {
  const auto law = std::find_if(std::begin(kHomogeneities), std::end(kHomogeneities),
                                [&](const Homogeneity& h) { return h.loss == problem.loss->name; });
  Problem first = problem;
  for (const std::string_view zero : law->zeros) SetParameter(first, zero, 0);
  Problem second = first;
  for (const std::string_view length : law->lengths) {
    SetParameter(second, length, std::ldexp(first.parameter(length), exponent));
  }
  for (std::size_t i = 0; i < first.inputs.size(); ++i) {
    const Role role = problem.loss->inputs[i].role;
    if (!first.inputs[i] || role == Role::kWeight || role == Role::kClassIndex) continue;
    second.inputs[i] = ScaledByTwo(problem.dtype, *first.inputs[i], exponent);
    if (!second.inputs[i]) return {};
  }
  InstanceBuilder builder(first);
  builder.Add(second);
  builder.AllEqual(std::ldexp(1, -exponent * law->degree), std::ldexp(1, -exponent * (law->degree - 1)));
  return builder.Done();
}

/// The largest scaling that is exact.
Made ScaledByPowerOfTwo(const Problem& problem) {
  for (const int exponent : {40, 7, -7, 1, -1}) {
    if (auto made = ScaledBy(problem, exponent)) return made;
  }
  return {};
}

/// Every prediction and target of a term moved by one number.
Made Translated(const Problem& problem) {
  if (!IsFinite(problem)) return {};
  Problem second = problem;
  std::vector<const Tensor*> moved;
  for (std::size_t i = 0; i < problem.inputs.size(); ++i) {
    const Role role = problem.loss->inputs[i].role;
    const bool moves =
        role == Role::kPrediction || (role == Role::kTarget && problem.loss->family != Family::kClassRows);
    if (problem.inputs[i] && moves) moved.push_back(&*problem.inputs[i]);
  }
  const std::optional<double> by = ShiftOf(problem.dtype, moved);
  if (!by) return {};
  for (std::size_t i = 0; i < problem.inputs.size(); ++i) {
    if (problem.inputs[i] && std::find(moved.begin(), moved.end(), &*problem.inputs[i]) != moved.end()) {
      second.inputs[i] = Shifted(problem.dtype, *problem.inputs[i], *by);
    }
  }
  InstanceBuilder builder(problem);
  builder.Add(second);
  builder.AllEqual();
  return builder.Done();
}

std::size_t SliceSize(std::size_t elements, std::int64_t batch) {
  return elements / static_cast<std::size_t>(batch);
}

/// The batch in reverse order.
Made BatchReversed(const Problem& problem) {
  const std::int64_t batch = BatchOf(problem);
  if (batch < 2) return {};
  std::vector<std::int64_t> slices(static_cast<std::size_t>(batch));
  std::iota(slices.rbegin(), slices.rend(), 0);
  const std::optional<Problem> second = TakeBatch(problem, slices);
  if (!second) return {};
  InstanceBuilder builder(problem);
  builder.Add(*second);
  for (const OutputSpec& output : OutputsOf(problem)) {
    const auto size = static_cast<std::size_t>(ElementCount(output.shape));
    if (output.shape.empty()) {
      builder.Equal({0, output.name}, {1, output.name});
      continue;
    }
    const std::size_t slice = SliceSize(size, batch);
    builder.Equal({0, output.name}, {1, output.name}, 1, [size, slice](std::size_t i) {
      return (size / slice - 1 - i / slice) * slice + i % slice;
    });
  }
  return builder.Done();
}

/// The batch in two parts: their sums add up, and so do their gradients, side by side.
Made BatchSplit(const Problem& problem) {
  const std::int64_t batch = BatchOf(problem), head = batch / 2;
  const bool per_sample = problem.loss->family != Family::kOverlap || problem.parameter("per_sample") != 0;
  if (batch < 2 || !per_sample) return {};
  const Problem first = WithReduction(problem, Reduction::kSum);
  std::vector<std::int64_t> slices(static_cast<std::size_t>(batch));
  std::iota(slices.begin(), slices.end(), 0);
  const auto middle = slices.begin() + head;
  const auto a = TakeBatch(first, {slices.begin(), middle}), b = TakeBatch(first, {middle, slices.end()});
  if (!a || !b) return {};
  InstanceBuilder builder(first);
  builder.Add(*a);
  builder.Add(*b);
  for (const OutputSpec& output : OutputsOf(first)) {
    if (output.input == OutputSpec::kLoss) {
      builder.Claim({builder.Element(-1, {0, output.name}, 0), builder.Element(1, {1, output.name}, 0),
                     builder.Element(1, {2, output.name}, 0)});
      continue;
    }
    const std::size_t in_head = builder.Size({1, output.name}), size = builder.Size({0, output.name});
    for (std::size_t i = 0; i < size; ++i) {
      const std::size_t part = i < in_head ? 1 : 2;
      builder.Claim({builder.Element(1, {0, output.name}, i),
                     builder.Element(-1, {part, output.name}, i < in_head ? i : i - in_head)});
    }
  }
  return builder.Done();
}

/// The classes in reverse order, with their targets and weights.
Made ClassesReversed(const Problem& problem) {
  Problem second = problem;
  const auto rows = ClassRowsOf(problem);
  const std::size_t classes = rows[0].size();
  if (classes < 2) return {};
  const double ignored = problem.parameter("ignore_index");
  std::vector<std::size_t> place(problem.inputs[0]->values.size());
  for (const auto& row : rows) {
    for (std::size_t j = 0; j < classes; ++j) place[row[j]] = row[classes - 1 - j];
  }
  for (std::size_t i = 0; i < problem.inputs.size(); ++i) {
    if (!problem.inputs[i]) continue;
    std::vector<double>& values = second.inputs[i]->values;
    const std::vector<double>& old = problem.inputs[i]->values;
    second.inputs[i]->layout = Layout::kContiguous;
    switch (problem.loss->inputs[i].role) {
      case Role::kClassIndex:
        for (double& index : values) {
          const double mirrored = static_cast<double>(classes) - 1 - index;
          if (index != ignored) index = mirrored;
          // An ignored index of the new numbering would be another class.
          if (mirrored == ignored && index == ignored) return {};
        }
        break;
      case Role::kWeight:
        std::reverse(values.begin(), values.end());
        break;
      default:
        for (std::size_t k = 0; k < values.size(); ++k) values[k] = old[place[k]];
    }
  }
  InstanceBuilder builder(problem);
  builder.Add(second);
  for (const OutputSpec& output : OutputsOf(problem)) {
    const bool is_loss = output.input == OutputSpec::kLoss;
    builder.Equal(
        {0, output.name}, {1, output.name}, 1,
        is_loss ? InstanceBuilder::Map() : [&place](std::size_t i) { return place[i]; });
  }
  return builder.Done();
}

/// x and y exchanged in every box.
Made AxesExchanged(const Problem& problem) {
  Problem second = problem;
  for (auto& input : second.inputs) {
    input->layout = Layout::kContiguous;
    for (std::size_t k = 0; k < input->values.size(); k += 2)
      std::swap(input->values[k], input->values[k + 1]);
  }
  // The aspect is read as one of two limits where a height is 0.
  if (IsOver(problem, {"ciou"}) && !HasProperBoxes(problem)) return {};
  InstanceBuilder builder(problem);
  builder.Add(second);
  builder.Equal({0, "loss"}, {1, "loss"});
  const auto exchanged = [](std::size_t i) { return i % 2 == 0 ? i + 1 : i - 1; };
  builder.Equal({0, "grad:input"}, {1, "grad:input"}, 1, exchanged);
  builder.Equal({0, "grad:target"}, {1, "grad:target"}, 1, exchanged);
  return builder.Done();
}

/// An f32 problem at f64: its numbers are f64 numbers too.
Made WiderDtype(const Problem& problem) {
  if (problem.dtype == Dtype::kF64) return {};
  Problem second = problem;
  second.dtype = Dtype::kF64;
  InstanceBuilder builder(problem);
  builder.Add(second);
  builder.AllEqual();
  return builder.Done();
}

/// Every input in another layout.
Made OtherLayouts(const Problem& problem) {
  Problem first = problem, second = problem;
  for (std::size_t i = 0; i < problem.inputs.size(); ++i) {
    if (!problem.inputs[i]) continue;
    first.inputs[i]->layout = Layout::kContiguous;
    constexpr Layout kOthers[] = {Layout::kStrided, Layout::kTransposed, Layout::kMisaligned};
    second.inputs[i]->layout = kOthers[(i + problem.inputs[0]->values.size()) % std::size(kOthers)];
  }
  InstanceBuilder builder(first);
  builder.Add(second);
  builder.AllEqual();
  return builder.Done();
}

/// The same problem asked again, of a subject with other threads where there is one.
Made AskedAgain(const Problem& problem) {
  InstanceBuilder builder(problem);
  builder.Add(problem);
  builder.AllEqual();
  return builder.Done();
}

/// What the mean divides by, if that is known without rounding.
std::optional<double> CountOf(const Problem& problem, Reduction reduction) {
  const Problem none = WithReduction(problem, Reduction::kNone);
  if (reduction == Reduction::kBatchMean) return static_cast<double>(BatchOf(problem));
  if (problem.loss->family == Family::kClassRows && problem.input("target")) {
    if (problem.input("weight")) return {};
    const std::vector<double>& target = problem.input("target")->values;
    const double ignored = problem.parameter("ignore_index");
    return static_cast<double>(target.size()) -
           static_cast<double>(std::count(target.begin(), target.end(), ignored));
  }
  return static_cast<double>(ElementCount(OutputsOf(none)[0].shape));
}

/// sum = n mean, and so for the gradients.
Made SumIsCountTimesMean(const Problem& problem) {
  const bool is_batch = problem.reduction == Reduction::kBatchMean;
  const Reduction reduction = is_batch ? Reduction::kBatchMean : Reduction::kMean;
  const std::optional<double> count = CountOf(problem, reduction);
  if (!count || *count == 0) return {};
  InstanceBuilder builder(WithReduction(problem, Reduction::kSum));
  builder.Add(WithReduction(problem, reduction));
  builder.AllEqual(*count, *count);
  return builder.Done();
}

/// The elements of `none` add up to the sum, and have its gradients.
Made ElementsAddUp(const Problem& problem) {
  const Problem sum = WithReduction(problem, Reduction::kSum);
  InstanceBuilder builder(sum);
  builder.Add(WithReduction(problem, Reduction::kNone));
  std::vector<Addend> addends = {builder.Element(-1, {0, "loss"}, 0)};
  for (std::size_t i = 0; i < builder.Size({1, "loss"}); ++i)
    addends.push_back(builder.Element(1, {1, "loss"}, i));
  builder.Claim(std::move(addends));
  for (const OutputSpec& output : OutputsOf(sum)) {
    if (output.input != OutputSpec::kLoss) builder.Equal({0, output.name}, {1, output.name});
  }
  return builder.Done();
}

}  // namespace

std::vector<Property> MetamorphicProperties() {
  const std::vector<std::string_view> boxes = {"iou", "giou", "diou", "ciou"};
  const std::vector<std::string_view> reduced = {"mse",           "l1",
                                                 "smooth_l1",     "huber",
                                                 "bce",           "bce_with_logits",
                                                 "nll",           "cross_entropy",
                                                 "sigmoid_focal", "focal_simple",
                                                 "dice",          "iou",
                                                 "giou",          "diou",
                                                 "ciou",          "kl_div",
                                                 "triplet_margin"};
  return {
      {"symmetric",
       "input and target exchanged",
       {"mse", "l1", "smooth_l1", "huber", "iou", "giou", "diou", "ciou"},
       Symmetric},
      {"scaled",
       "inputs times a power of two: the loss is times its power of it",
       {"mse", "l1", "smooth_l1", "huber", "nll", "triplet_margin", "iou", "giou", "diou", "ciou"},
       ScaledByPowerOfTwo},
      {"translated",
       "inputs moved by one number, where that is exact",
       {"mse", "l1", "smooth_l1", "huber", "triplet_margin", "cross_entropy", "iou", "giou", "diou", "ciou"},
       Translated},
      {"batch_reversed", "the rows of a batch in reverse order", {}, BatchReversed},
      {"batch_split", "a batch in two parts: their sums add up", reduced, BatchSplit},
      {"classes_reversed", "the classes in reverse order", {"cross_entropy", "nll"}, ClassesReversed},
      {"axes_exchanged", "x and y exchanged", boxes, AxesExchanged},
      {"wider_dtype", "the same numbers at f64", {}, WiderDtype},
      {"other_layouts", "strided, transposed and misaligned inputs", {}, OtherLayouts},
      {"asked_again",
       "the same problem twice; one thread against two where the subject has them",
       {},
       AskedAgain},
      {"sum_is_n_mean", "sum = n mean", reduced, SumIsCountTimesMean},
      {"elements_add_up", "the elements of none add up to the sum", reduced, ElementsAddUp},
  };
}

}  // namespace exactloss
