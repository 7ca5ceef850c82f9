#include "oracle/fill.h"

#include <charconv>
#include <optional>

#include "oracle/fill_recipe.h"
#include "reference/text.h"

namespace exactloss {
namespace {

constexpr std::int64_t kLongestWritten = 64;  // elements; a line names longer tensors by their source

/// What tells the draws of one cell of a selection from those of all others.
DrawKey KeyOf(const Recipe& recipe, const Problem& problem, std::uint64_t seed, std::uint64_t index) {
  const std::string cell = Concat(recipe.fill.name, " ", problem.loss->name, " ", Name(problem.dtype), " ",
                                  Name(problem.reduction));
  return {seed, HashOf(cell), index};
}

const Recipe* FindRecipe(std::string_view name) {
  for (const Recipe& recipe : Recipes()) {
    if (recipe.fill.name == name) return &recipe;
  }
  return name == MixtureRecipe().fill.name ? &MixtureRecipe() : nullptr;
}

/// "normal#7.3"
struct Source {
  std::string_view fill;
  std::uint64_t seed = 0, index = 0;
};

std::optional<std::uint64_t> ReadNumber(std::string_view text) {
  std::uint64_t number = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
  if (result.ec != std::errc() || result.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

Source ReadSource(std::string_view text) {
  const std::size_t hash = text.find('#'), dot = text.find('.', hash);
  if (dot != std::string_view::npos) {
    const auto seed = ReadNumber(text.substr(hash + 1, dot - hash - 1));
    const auto index = ReadNumber(text.substr(dot + 1));
    if (seed && index) return {text.substr(0, hash), *seed, *index};
  }
  throw UsageError(Concat(Quoted(text), " is no tensor of a fill; write fill#seed.index"));
}

}  // namespace

const std::vector<Recipe>& Recipes() {
  static const std::vector<Recipe> recipes = {
      {.fill = {"uniform", "Numbers of one size, evenly spread: what a random test would take.", true},
       .sizes = Sizes::kSmall,
       .real = UniformReal,
       .probability = UniformProbability,
       .box = UniformBox,
       .regular = true},
      {.fill = {"normal", "Numbers as a network in training has them.", true},
       .sizes = Sizes::kSmall,
       .real = NormalReal,
       .probability = NormalProbability,
       .box = NearbyBox,
       .regular = true},
      {.fill = {"bits", "Random bit patterns: every exponent of the format alike."},
       .sizes = Sizes::kSmall,
       .real = BitsReal,
       .probability = BitsProbability,
       .box = RawBox,
       .raw = true},
      {.fill = {"extreme", "Where exp, log, squares and sums leave the format, and the numbers next to it."},
       .sizes = Sizes::kSmall,
       .real = ExtremeReal,
       .probability = ExtremeProbability,
       .box = RawBox,
       .raw = true},
      {.fill = {"ties", "Inputs equal to each other: kinks, equal maxima, identical and touching boxes."},
       .sizes = Sizes::kSmall,
       .real = TiesReal,
       .probability = TiesProbability,
       .box = TiedBox,
       .relates = true},
      {.fill = {"saturated", "Logits so large that probabilities round to 0 or 1; boxes far apart."},
       .sizes = Sizes::kSmall,
       .real = SaturatedReal,
       .probability = SaturatedProbability,
       .box = FarBox,
       .regular = true},
      {.fill = {"near_kink", "Within a few ulps of a kink or of a change of formula, on both sides."},
       .sizes = Sizes::kSmall,
       .real = NearKinkReal,
       .probability = NearKinkProbability,
       .box = NearlyTiedBox,
       .relates = true},
      {.fill = {"cancelling", "Inputs that nearly agree, so that the loss or its gradient is a small rest."},
       .sizes = Sizes::kSmall,
       .real = CancellingReal,
       .probability = CancellingProbability,
       .box = CancellingBox,
       .regular = true,
       .relates = true},
      {.fill = {"ill_conditioned", "A common offset much larger than what the loss depends on."},
       .sizes = Sizes::kSmall,
       .real = IllConditionedReal,
       .probability = IllConditionedProbability,
       .box = OffsetBox,
       .regular = true},
      {.fill = {"subnormal", "Subnormal numbers and products that are: what flushing to zero loses."},
       .sizes = Sizes::kSmall,
       .real = SubnormalReal,
       .probability = SubnormalProbability,
       .box = RawBox,
       .raw = true},
      {.fill = {"special", "NaN, infinities and -0 among ordinary numbers."},
       .sizes = Sizes::kTiny,
       .real = SpecialReal,
       .probability = SpecialProbability,
       .box = RawBox,
       .raw = true},
      {.fill = {"lengths", "Lengths from 1 to two SIMD vectors and one element, in every memory layout.",
                true},
       .sizes = Sizes::kLengths,
       .real = NormalReal,
       .probability = NormalProbability,
       .box = NearbyBox,
       .regular = true},
      {.fill = {"many_classes", "Rows of up to 1000 classes.", true},
       .sizes = Sizes::kManyClasses,
       .real = NormalReal,
       .probability = NormalProbability,
       .box = NearbyBox,
       .regular = true},
      {.fill = {"long_sums", "Some thousand elements, whose sum shows how a reduction accumulates."},
       .sizes = Sizes::kLongSums,
       .real = LongSumsReal,
       .probability = NormalProbability,
       .box = NearbyBox,
       .regular = true},
  };
  return recipes;
}

const Recipe& MixtureRecipe() {
  static const Recipe recipe = {
      .fill = {"mixture", "What the other fills have, and their relations, mixed in each problem."},
      .sizes = Sizes::kMixed,
      .real = MixtureReal,
      .probability = MixtureProbability,
      .box = MixtureBox,
      .raw = true,
      .relates = true};
  return recipe;
}

const Fill& MixtureFill() { return MixtureRecipe().fill; }

const std::vector<Fill>& Fills() {
  static const std::vector<Fill> fills = [] {
    std::vector<Fill> all;
    for (const Recipe& recipe : Recipes()) all.push_back(recipe.fill);
    return all;
  }();
  return fills;
}

const Fill* FindFill(std::string_view name) {
  for (const Fill& fill : Fills()) {
    if (fill.name == name) return &fill;
  }
  return name == MixtureFill().name ? &MixtureFill() : nullptr;
}

Problem FillProblem(const Fill& fill, const LossSpec& loss, Dtype dtype, Reduction reduction,
                    std::uint64_t seed, std::uint64_t index) {
  const Recipe& recipe = *FindRecipe(fill.name);
  const DrawKey key = KeyOf(recipe, MakeProblem(loss, dtype, reduction), seed, index);
  Problem problem = FillShapes(recipe, loss, dtype, reduction, key);
  for (std::size_t i = 0; i < problem.inputs.size(); ++i) {
    if (!problem.inputs[i]) continue;
    Tensor& tensor = *problem.inputs[i];
    tensor.values = FillValues(recipe, problem, i, key);
    if (tensor.size() > kLongestWritten) tensor.source = Concat(fill.name, "#", seed, ".", index);
  }
  return problem;
}

std::vector<double> FillTensor(const Problem& problem, std::size_t input, std::string_view source) {
  const Source from = ReadSource(source);
  const Recipe* recipe = FindRecipe(from.fill);
  if (recipe == nullptr) {
    std::vector<std::string_view> names;
    for (const Fill& fill : Fills()) names.push_back(fill.name);
    throw UsageError(Concat("unknown fill ", Quoted(from.fill), "; ", Suggestion(from.fill, names)));
  }
  return FillValues(*recipe, problem, input, KeyOf(*recipe, problem, from.seed, from.index));
}

}  // namespace exactloss
