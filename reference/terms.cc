#include "reference/terms.h"

#include <utility>

#include "reference/small_terms.h"

namespace exactloss {

std::int64_t DivisorOf(const Problem& problem, std::int64_t count) {
  if (problem.reduction == Reduction::kBatchMean) return problem.inputs[0]->shape[0];
  return problem.reduction == Reduction::kMean ? count : 1;
}

Placement Placement::Elementwise(const Problem& problem, std::size_t inputs) {
  Placement placement;
  placement.shape_ = problem.inputs[0]->shape;
  placement.count_ = ElementCount(placement.shape_);
  for (std::uint32_t i = 0; i < inputs; ++i) {
    const InputSpec& spec = problem.loss->inputs[i];
    Slot slot{i, spec.role, spec.differentiable, problem.inputs[i].has_value(), {}, 0};
    if (slot.given && problem.inputs[i]->shape != placement.shape_) {
      // Broadcast: aligned at the last dimension, a size of 1 repeats.
      slot.stride.assign(placement.shape_.size(), 0);
      const Shape& shape = problem.inputs[i]->shape;
      std::int64_t stride = 1;
      for (std::size_t k = 0; k < shape.size(); ++k) {
        const std::int64_t size = shape[shape.size() - 1 - k];
        if (size > 1) slot.stride[placement.shape_.size() - 1 - k] = stride;
        stride *= size;
      }
    }
    placement.slots_.push_back(std::move(slot));
  }
  return placement;
}

Placement Placement::Rows(const Problem& problem, std::uint32_t first, std::uint32_t second,
                          std::int64_t width) {
  Placement placement;
  placement.count_ = problem.inputs[first]->size() / width;
  placement.shape_ = {placement.count_};
  for (const std::uint32_t input : {first, second}) {
    const InputSpec& spec = problem.loss->inputs[input];
    for (std::int64_t k = 0; k < width; ++k) {
      placement.slots_.push_back({input, spec.role, spec.differentiable, true, {width}, k});
    }
  }
  return placement;
}

std::int64_t Placement::IndexOf(const Slot& slot, std::int64_t term) const {
  if (slot.stride.empty()) return shape_.empty() || slot.given ? term : 0;
  std::int64_t index = slot.offset;
  for (std::size_t k = shape_.size(); k-- > 0; term /= shape_[k]) index += term % shape_[k] * slot.stride[k];
  return index;
}

std::vector<std::unique_ptr<Terms>> TermsOf(const Problem& problem) {
  std::vector<std::unique_ptr<Terms>> terms;
  switch (problem.loss->family) {
    case Family::kElementwise:
      terms.push_back(MakeElementwiseTerms(problem));
      break;
    case Family::kBoxes:
      terms.push_back(MakeBoxTerms(problem));
      break;
    case Family::kClassRows:
      terms.push_back(MakeClassRows(problem));
      break;
    case Family::kTriplet:
      terms.push_back(MakeTriplets(problem));
      break;
    case Family::kOverlap:
      terms.push_back(MakeOverlaps(problem));
      break;
    case Family::kComposite:
      problem.loss->name == "detection" ? AddDetectionTerms(problem, terms) : AddBceDiceTerm(problem, terms);
  }
  return terms;
}

}  // namespace exactloss
