// The losses of boxes, and detection, which adds a classification to them.
#include <map>
#include <string_view>

#include "reference/losses/ciou.h"
#include "reference/losses/detection.h"
#include "reference/losses/diou.h"
#include "reference/losses/giou.h"
#include "reference/losses/iou.h"
#include "reference/small_terms.h"

namespace exactloss {
namespace {

using Maker = std::unique_ptr<Terms> (*)(const Problem&);

template <class Formula>
std::unique_ptr<Terms> MakeRows(const Problem& problem, std::uint32_t boxes, std::uint32_t target_boxes) {
  Placement placement = Placement::Rows(problem, boxes, target_boxes, kCorners);
  const std::int64_t divisor = DivisorOf(problem, placement.Count());
  return std::make_unique<SmallTerms<Formula, 2 * kCorners>>(problem, std::move(placement), divisor);
}

template <class Formula>
std::unique_ptr<Terms> Make(const Problem& problem) {
  return MakeRows<Formula>(problem, 0, 1);
}

const std::map<std::string_view, Maker> kMakers = {
    {"iou", Make<Iou>}, {"giou", Make<Giou>}, {"diou", Make<Diou>}, {"ciou", Make<Ciou>}};

}  // namespace

std::unique_ptr<Terms> MakeBoxTerms(const Problem& problem) {
  return kMakers.at(problem.loss->name)(problem);
}

void AddDetectionTerms(const Problem& problem, std::vector<std::unique_ptr<Terms>>& terms) {
  constexpr std::uint32_t kClasses = 2, kBoxes = 2, kTargetBoxes = 3;  // places among the inputs
  Placement placement = Placement::Elementwise(problem, kClasses);
  const std::int64_t divisor = DivisorOf(problem, placement.Count());
  terms.push_back(std::make_unique<SmallTerms<SigmoidFocal, 2>>(problem, std::move(placement), divisor,
                                                                problem.parameter("class_weight")));
  terms.push_back(MakeRows<DetectionBoxes>(problem, kBoxes, kTargetBoxes));
}

}  // namespace exactloss
