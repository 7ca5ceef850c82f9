#include "oracle/bench.h"

#include <malloc.h>

#include <algorithm>
#include <climits>
#include <cmath>
#include <stdexcept>

#include "oracle/bench_contender.h"

namespace exactloss {
namespace {

/// A round lasts long enough for the clock, and short enough to be many.
constexpr double kRoundSeconds = 2e-3;
constexpr int kMaxRepeat = 2000;

std::vector<BenchCell> CellsOf(const BenchOptions& options) {
  std::vector<BenchCell> cells;
  for (const BenchLoss& loss : BenchLosses()) {
    if (!options.losses.empty() &&
        std::find(options.losses.begin(), options.losses.end(), loss.loss) == options.losses.end()) {
      continue;
    }
    for (const Dtype dtype : options.dtypes) {
      for (const std::size_t size : options.sizes) {
        std::vector<std::size_t> columns = {loss.columns == 0 ? size : loss.columns};
        if (loss.classes) columns = options.classes;
        for (const std::size_t c : columns)
          cells.push_back({&loss, dtype, std::max<std::size_t>(1, size / c), c});
      }
    }
  }
  return cells;
}

/// Seconds of a computation, once a few in a row take about the same: caches and dispatch are warm then, and
/// the heap of a host has grown, whose new pages may take many times as long as the loss and come over many
/// calls.
double WarmUp(BenchContender* contender) {
  constexpr std::size_t kMost = 40, kInARow = 8;
  constexpr double kSame = 1.3;
  std::vector<double> seconds;
  for (;;) {
    seconds.push_back(contender->Time(1));
    if (seconds.size() < kInARow) continue;
    const auto [low, high] = std::minmax_element(seconds.end() - kInARow, seconds.end());
    if (*high <= kSame * *low || seconds.size() == kMost) return *low;
  }
}

struct Lane {
  BenchContender* contender;
  int repeat = 1;
  std::vector<double> seconds = {};  ///< of one computation, round by round
  std::string missing = {};

  /// Who fails is out of this cell, and the others go on.
  template <class Step>
  void Try(Step step) {
    if (!missing.empty()) return;
    try {
      step();
    } catch (const std::runtime_error& error) {
      missing = error.what();
      seconds.clear();
    }
  }
};

void RunCell(const BenchCell& cell, const BenchOptions& options,
             const std::vector<std::unique_ptr<BenchContender>>& all,
             const std::function<void(const BenchRow&)>& sink) {
  std::vector<Lane> lanes;
  for (const auto& contender : all) {
    Lane& lane = lanes.emplace_back(Lane{contender.get()});
    lane.Try([&] {
      lane.missing = contender->Prepare(cell);
      if (!lane.missing.empty()) return;
      lane.repeat = static_cast<int>(
          std::clamp(kRoundSeconds / std::max(WarmUp(contender.get()), 1e-9), 1.0, double{kMaxRepeat}));
    });
  }
  for (int round = 0; round < options.rounds; ++round) {
    for (Lane& lane : lanes)
      lane.Try([&] { lane.seconds.push_back(lane.contender->Time(lane.repeat) / lane.repeat); });
  }
  for (const Lane& lane : lanes) {
    BenchRow row{std::string(cell.loss->loss),
                 std::string(Name(cell.dtype)),
                 lane.contender->name(),
                 cell.rows,
                 cell.columns,
                 {},
                 {},
                 lane.missing};
    std::vector<double> nanoseconds, ratios;
    for (std::size_t i = 0; i < lane.seconds.size(); ++i) {
      nanoseconds.push_back(lane.seconds[i] * 1e9 / static_cast<double>(cell.elements()));
      if (!lanes[0].seconds.empty()) ratios.push_back(lanes[0].seconds[i] / lane.seconds[i]);
    }
    row.nanoseconds = QuartilesOf(nanoseconds);
    row.ratio = QuartilesOf(ratios);
    sink(row);
  }
}

}  // namespace

const std::vector<BenchLoss>& BenchLosses() {
  using enum BenchFill;
  static const std::vector<BenchLoss> kLosses = {
      {"mse", {{"input", kNormal}, {"target", kNormal}}},
      {"l1", {{"input", kNormal}, {"target", kNormal}}},
      {"smooth_l1", {{"input", kNormal}, {"target", kNormal}}},
      {"huber", {{"input", kNormal}, {"target", kNormal}}},
      {"bce", {{"input", kUnit}, {"target", kBinary}}},
      {"bce_with_logits", {{"input", kNormal}, {"target", kBinary}}},
      {"sigmoid_focal", {{"input", kNormal}, {"target", kBinary}}},
      {"focal_simple", {{"input", kNormal}, {"target", kBinary}}},
      {"kl_div", {{"input", kLogProbability}, {"target", kUnit}}},
      {"nll", {{"input", kLogProbability}, {"target", kIndex}}, 0, true},
      {"cross_entropy", {{"input", kNormal}, {"target", kIndex}}, 0, true},
      {"dice", {{"input", kNormal}, {"target", kBinary}}},
      {"bce_dice", {{"input", kNormal}, {"target", kBinary}}},
      {"iou", {{"input", kBoxes}, {"target", kBoxes}}, 4},
      {"giou", {{"input", kBoxes}, {"target", kBoxes}}, 4},
      {"diou", {{"input", kBoxes}, {"target", kBoxes}}, 4},
      {"ciou", {{"input", kBoxes}, {"target", kBoxes}}, 4},
      {"detection",
       {{"input", kNormal}, {"target", kBinary}, {"boxes", kBoxes}, {"target_boxes", kBoxes}},
       4},
      {"triplet_margin", {{"anchor", kNormal}, {"positive", kNormal}, {"negative", kNormal}}, 128},
  };
  return kLosses;
}

Quartiles QuartilesOf(std::vector<double> values) {
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  const auto at = [&](double share) {
    const double place = share * static_cast<double>(values.size() - 1);
    const auto low = static_cast<std::size_t>(place);
    const std::size_t high = std::min(low + 1, values.size() - 1);
    return std::lerp(values[low], values[high], place - static_cast<double>(low));
  };
  return {at(0.25), at(0.5), at(0.75)};
}

void Bench(const BenchOptions& options, const std::function<void(const BenchRow&)>& sink) {
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, INT_MAX);
  std::vector<std::unique_ptr<BenchContender>> contenders;
  for (const std::string& peer : options.peers) contenders.push_back(MakePeer(peer, options.threads));
  if (options.compile) contenders.push_back(MakeCompiled(options.python, options.threads));
  contenders.push_back(MakeKernels(optimized::Mode::kFast, options.threads));
  contenders.push_back(MakeKernels(optimized::Mode::kExact, options.threads));
  contenders.push_back(MakeByteFloor(options.threads));
  contenders.push_back(MakeEmptyCall(options.threads));
  for (const BenchCell& cell : CellsOf(options)) {
    if (options.progress) {
      options.progress(std::string(cell.loss->loss) + " " + std::string(Name(cell.dtype)) + " " +
                       std::to_string(cell.rows) + " x " + std::to_string(cell.columns));
    }
    RunCell(cell, options, contenders, sink);
  }
}

}  // namespace exactloss
