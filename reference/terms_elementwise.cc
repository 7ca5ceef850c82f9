// The elementwise losses: which formula text is run.
#include <map>
#include <string_view>

#include "reference/losses/bce.h"
#include "reference/losses/bce_with_logits.h"
#include "reference/losses/focal_simple.h"
#include "reference/losses/huber.h"
#include "reference/losses/kl_div.h"
#include "reference/losses/l1.h"
#include "reference/losses/mse.h"
#include "reference/losses/sigmoid_focal.h"
#include "reference/losses/smooth_l1.h"
#include "reference/small_terms.h"

namespace exactloss {
namespace {

using Maker = std::unique_ptr<Terms> (*)(const Problem&);

/// Input and target are what it is differentiable in.
template <class Formula>
std::unique_ptr<Terms> Make(const Problem& problem) {
  Placement placement = Placement::Elementwise(problem, problem.inputs.size());
  const std::int64_t divisor = DivisorOf(problem, placement.Count());
  return std::make_unique<SmallTerms<Formula, 2>>(problem, std::move(placement), divisor);
}

const std::map<std::string_view, Maker> kMakers = {
    {"mse", Make<Mse>},
    {"l1", Make<L1>},
    {"smooth_l1", Make<SmoothL1>},
    {"huber", Make<Huber>},
    {"bce", Make<Bce>},
    {"bce_with_logits", Make<BceWithLogits>},
    {"sigmoid_focal", Make<SigmoidFocal>},
    {"focal_simple", Make<FocalSimple>},
    {"kl_div", Make<KlDiv>},
};

}  // namespace

std::unique_ptr<Terms> MakeElementwiseTerms(const Problem& problem) {
  return kMakers.at(problem.loss->name)(problem);
}

}  // namespace exactloss
