#include "oracle/fuzz.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "oracle/fill_draw.h"
#include "reference/text.h"

namespace exactloss {

FuzzProblems::FuzzProblems(Selection selection) : selection_(std::move(selection)) {
  if (selection_.dtypes.empty()) selection_.dtypes.assign(std::begin(kAllDtypes), std::end(kAllDtypes));
  if (selection_.losses.empty()) {
    for (const LossSpec& loss : Catalogue()) selection_.losses.push_back(&loss);
  }
  const std::vector<Reduction>& wanted = selection_.reductions;
  for (const LossSpec* loss : selection_.losses) {
    OfLoss of_loss{loss, {}};
    for (const Reduction reduction : loss->reductions) {
      if (wanted.empty() || std::find(wanted.begin(), wanted.end(), reduction) != wanted.end()) {
        of_loss.reductions.push_back(reduction);
      }
    }
    if (!of_loss.reductions.empty()) losses_.push_back(std::move(of_loss));
  }
  if (losses_.empty()) {
    throw UsageError("nothing is selected; `exactloss list losses` shows which reductions a loss has");
  }
}

AskedProblem FuzzProblems::operator()(std::uint64_t number) const {
  Draw draw({selection_.seed, HashOf("fuzz"), number}, Purpose::kProblem, 0, 0);
  const OfLoss& of_loss = losses_[draw.Below(losses_.size())];
  const Dtype dtype = draw.Pick(selection_.dtypes);
  const Reduction reduction = draw.Pick(of_loss.reductions);
  const Fill* fill = &MixtureFill();
  if (!selection_.fills.empty()) {
    fill = draw.Pick(selection_.fills);
  } else if (draw.OneIn(2)) {
    const Fill& other = Fills()[draw.Below(Fills().size())];
    if (IsMeaningful(other, *of_loss.loss, reduction)) fill = &other;
  }
  Problem problem = FillProblem(*fill, *of_loss.loss, dtype, reduction, selection_.seed, number);
  std::string line = FormatProblem(problem);
  return {std::move(line), Concat(fill->name, "#", selection_.seed, ".", number), std::move(problem)};
}

}  // namespace exactloss
