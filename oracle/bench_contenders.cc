#include <time.h>

#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <random>
#include <utility>

#include "optimized/byte_floor.h"
#include "oracle/bench_contender.h"
#include "oracle/host_process.h"
#include "oracle/subject.h"
#include "oracle/torch_hosts.h"
#include "reference/text.h"

namespace exactloss {
namespace {

using Json = nlohmann::json;

/// Of the CPU that this thread used; of all threads when several compute.
double Seconds(int threads) {
  timespec now = {};
  clock_gettime(threads == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

std::string_view NameOf(BenchFill fill) {
  switch (fill) {
    case BenchFill::kNormal:
      return "normal";
    case BenchFill::kBinary:
      return "binary";
    case BenchFill::kUnit:
      return "unit";
    case BenchFill::kLogProbability:
      return "log_probability";
    case BenchFill::kBoxes:
      return "boxes";
    default:
      return "index";
  }
}

class Peer final : public BenchContender {
 public:
  Peer(std::string subject, const HostCommand& command, int threads)
      : name_(std::move(subject)), process_(command), threads_(threads) {}

  std::string name() const override { return name_; }

  std::string Prepare(const BenchCell& cell) override {
    Json inputs = Json::array();
    for (const BenchInput& input : cell.loss->inputs) {
      const bool index = input.fill == BenchFill::kIndex;
      Json shape = index ? Json{cell.rows} : Json{cell.rows, cell.columns};
      inputs.push_back(
          {{"name", input.name}, {"fill", NameOf(input.fill)}, {"shape", shape}, {"classes", cell.columns}});
    }
    Json parameters = Json::object();
    for (const ParameterSpec& parameter : FindLoss(cell.loss->loss)->parameters) {
      parameters[std::string(parameter.name)] = FormatHex(parameter.default_value);
    }
    const Json answer = Ask({{"type", "bench"},
                             {"loss", cell.loss->loss},
                             {"dtype", Name(cell.dtype)},
                             {"parameters", parameters},
                             {"inputs", inputs},
                             {"threads", threads_}});
    return answer.value("message", "");
  }

  double Time(int repeat) override {
    return Ask({{"type", "time"}, {"repeat", repeat}}).value("seconds", std::nan(""));
  }

 private:
  Json Ask(const Json& frame) {
    process_.Send(frame.dump() + "\n");
    std::string line;
    if (process_.ReadLine(&line, 1 << 20, std::chrono::minutes(5)) != HostProcess::Event::kRead) {
      throw std::runtime_error(Concat(name_, ": its host ", process_.Ending(), ": ", process_.LastWords()));
    }
    return Json::parse(line);
  }

  std::string name_;
  HostProcess process_;
  int threads_;
};

/// Sixty-four-byte aligned memory, left as it is drawn.
class Buffer {
 public:
  explicit Buffer(std::size_t bytes = 0)
      : bytes_((bytes / 64 + 1) * 64), data_(new (std::align_val_t{64}) std::byte[bytes_]) {
    std::memset(data_.get(), 0, bytes_);
  }
  void* data() const { return data_.get(); }

 private:
  struct Free {
    void operator()(std::byte* data) const { ::operator delete[](data, std::align_val_t{64}); }
  };
  std::size_t bytes_;
  std::unique_ptr<std::byte, Free> data_;
};

Buffer Drawn(const BenchCell& cell, BenchFill fill, std::mt19937_64* random) {
  std::normal_distribution<double> normal(0, 3);
  std::uniform_real_distribution<double> unit(0.01, 0.99);
  if (fill == BenchFill::kIndex) {
    Buffer buffer(cell.rows * sizeof(std::int64_t));
    auto* indices = static_cast<std::int64_t*>(buffer.data());
    for (std::size_t i = 0; i < cell.rows; ++i)
      indices[i] = static_cast<std::int64_t>((*random)() % cell.columns);
    return buffer;
  }
  const auto size = static_cast<std::size_t>(SizeInBytes(cell.dtype));
  Buffer buffer(cell.elements() * size);
  auto* bytes = static_cast<std::byte*>(buffer.data());
  for (std::size_t i = 0; i < cell.elements(); ++i) {
    double value = 0;
    switch (fill) {
      case BenchFill::kNormal:
        value = normal(*random);
        break;
      case BenchFill::kBinary:
        value = static_cast<double>((*random)() & 1);
        break;
      case BenchFill::kLogProbability:
        value = -std::fabs(normal(*random));
        break;
      default:
        value = unit(*random);
    }
    if (fill == BenchFill::kBoxes) value = 50 * value + (i % 4 < 2 ? 0 : 50);
    const std::uint64_t bits = ToBits(cell.dtype, RoundTo(cell.dtype, value));
    std::memcpy(bytes + i * size, &bits, size);
  }
  return buffer;
}

/// What is computed in process: inputs, and room for a gradient to each prediction.
class InProcess : public BenchContender {
 public:
  std::string Prepare(const BenchCell& cell) override {
    cell_ = cell;
    inputs_.clear();
    gradients_.clear();
    std::mt19937_64 random(1);
    for (const BenchInput& input : cell.loss->inputs) inputs_.push_back(Drawn(cell, input.fill, &random));
    const std::size_t predictions = inputs_.size() == 2 ? 1 : inputs_.size() == 3 ? 3 : 2;
    for (std::size_t k = 0; k < predictions; ++k) gradients_.emplace_back(bytes());
    return {};
  }

 protected:
  std::size_t bytes() const { return cell_.elements() * static_cast<std::size_t>(SizeInBytes(cell_.dtype)); }

  BenchCell cell_;
  std::vector<Buffer> inputs_, gradients_;
  Buffer loss_{sizeof(double)};
};

class ByteFloor final : public InProcess {
 public:
  std::string name() const override { return "byte floor"; }
  double Time(int repeat) override {
    const bool pair = cell_.loss->inputs[1].fill != BenchFill::kIndex;
    const std::size_t whole = (bytes() + 63) / 64 * 64;
    const double start = Seconds(1);
    for (int i = 0; i < repeat; ++i) {
      optimized::ByteFloor(inputs_[0].data(), pair ? inputs_[1].data() : nullptr, gradients_[0].data(),
                           whole);
      if (inputs_.size() == 3) {
        optimized::ByteFloor(inputs_[2].data(), nullptr, gradients_[1].data(), whole);
        optimized::ByteFloor(inputs_[2].data(), nullptr, gradients_[2].data(), whole);
      }
      if (inputs_.size() == 4) {
        optimized::ByteFloor(inputs_[2].data(), inputs_[3].data(), gradients_[1].data(), whole);
      }
    }
    return Seconds(1) - start;
  }
};

using PairLoss = optimized::Error (*)(const optimized::Call&, const optimized::Pair&);
constexpr std::pair<std::string_view, PairLoss> kPairLosses[] = {
    {"mse", optimized::Mse},
    {"l1", optimized::L1},
    {"smooth_l1", [](const auto& call, const auto& pair) { return optimized::SmoothL1(call, pair); }},
    {"huber", [](const auto& call, const auto& pair) { return optimized::Huber(call, pair); }},
    {"bce", [](const auto& call, const auto& pair) { return optimized::Bce(call, pair); }},
    {"bce_with_logits",
     [](const auto& call, const auto& pair) { return optimized::BceWithLogits(call, pair); }},
    {"sigmoid_focal", [](const auto& call, const auto& pair) { return optimized::SigmoidFocal(call, pair); }},
    {"focal_simple", [](const auto& call, const auto& pair) { return optimized::FocalSimple(call, pair); }},
    {"iou", [](const auto& call, const auto& pair) { return optimized::Iou(call, pair); }},
    {"giou", [](const auto& call, const auto& pair) { return optimized::Giou(call, pair); }},
    {"diou", [](const auto& call, const auto& pair) { return optimized::Diou(call, pair); }},
    {"ciou", [](const auto& call, const auto& pair) { return optimized::Ciou(call, pair); }},
    {"kl_div", [](const auto& call, const auto& pair) { return optimized::KlDiv(call, pair); }},
    {"dice", [](const auto& call, const auto& pair) { return optimized::Dice(call, pair); }},
    {"bce_dice", [](const auto& call, const auto& pair) { return optimized::BceDice(call, pair); }},
};

class Kernels : public InProcess {
 public:
  Kernels(optimized::Mode mode, int threads) : mode_(mode), threads_(threads) {}
  std::string name() const override { return mode_ == optimized::Mode::kFast ? "fast" : "exact"; }

  std::string Prepare(const BenchCell& cell) override {
    InProcess::Prepare(cell);
    if (const optimized::Error error = Run(cell.rows)) return Concat(error.argument, " ", error.reason);
    return {};
  }
  double Time(int repeat) override { return TimeRows(cell_.rows, repeat); }

 protected:
  double TimeRows(std::size_t rows, int repeat) {
    const double start = Seconds(threads_);
    for (int i = 0; i < repeat; ++i) Run(rows);
    return Seconds(threads_) - start;
  }

 private:
  optimized::Error Run(std::size_t rows) {
    optimized::Call call;
    call.dtype = static_cast<optimized::Dtype>(cell_.dtype);
    call.mode = mode_;
    call.threads = threads_;
    for (const auto& [loss, run] : kPairLosses) {
      if (loss != cell_.loss->loss) continue;
      optimized::Pair pair;
      pair.rows = rows;
      pair.columns = cell_.columns;
      pair.input.data = inputs_[0].data();
      pair.target.data = inputs_[1].data();
      pair.loss = loss_.data();
      pair.input_gradient = gradients_[0].data();
      return run(call, pair);
    }
    if (cell_.loss->classes) {
      optimized::ClassRows batch;
      batch.rows = rows;
      batch.classes = cell_.columns;
      batch.input.data = inputs_[0].data();
      batch.target = static_cast<const std::int64_t*>(inputs_[1].data());
      batch.loss = loss_.data();
      batch.input_gradient = gradients_[0].data();
      return cell_.loss->loss == "nll" ? optimized::Nll(call, batch) : optimized::CrossEntropy(call, batch);
    }
    if (inputs_.size() == 3) {
      optimized::Triplet triplet;
      triplet.rows = rows;
      triplet.columns = cell_.columns;
      triplet.anchor.data = inputs_[0].data();
      triplet.positive.data = inputs_[1].data();
      triplet.negative.data = inputs_[2].data();
      triplet.loss = loss_.data();
      triplet.anchor_gradient = gradients_[0].data();
      triplet.positive_gradient = gradients_[1].data();
      triplet.negative_gradient = gradients_[2].data();
      return optimized::TripletMargin(call, triplet);
    }
    if (inputs_.size() == 4) {
      optimized::Pair pairs[2];
      for (std::size_t k = 0; k < 2; ++k) {
        pairs[k].rows = rows;
        pairs[k].columns = cell_.columns;
        pairs[k].input.data = inputs_[2 * k].data();
        pairs[k].target.data = inputs_[2 * k + 1].data();
        pairs[k].input_gradient = gradients_[k].data();
      }
      pairs[0].loss = loss_.data();
      return optimized::Detection(call, pairs[0], pairs[1]);
    }
    return {"loss", "has no kernel"};
  }

  optimized::Mode mode_;
  int threads_;
};

class EmptyCall final : public Kernels {
 public:
  EmptyCall() : Kernels(optimized::Mode::kFast, 1) {}
  std::string name() const override { return "empty call"; }
  double Time(int repeat) override { return TimeRows(0, repeat); }
};

static_assert(static_cast<int>(optimized::Dtype::kF64) == static_cast<int>(Dtype::kF64) &&
              static_cast<int>(optimized::Dtype::kF32) == static_cast<int>(Dtype::kF32) &&
              static_cast<int>(optimized::Dtype::kBF16) == static_cast<int>(Dtype::kBF16) &&
              static_cast<int>(optimized::Dtype::kF16) == static_cast<int>(Dtype::kF16));

}  // namespace

std::unique_ptr<BenchContender> MakePeer(const std::string& subject, int threads) {
  return std::make_unique<Peer>(subject, TorchHostCommand(subject), threads);
}
std::unique_ptr<BenchContender> MakeKernels(optimized::Mode mode, int threads) {
  return std::make_unique<Kernels>(mode, threads);
}
std::unique_ptr<BenchContender> MakeByteFloor() { return std::make_unique<ByteFloor>(); }
std::unique_ptr<BenchContender> MakeEmptyCall() { return std::make_unique<EmptyCall>(); }

}  // namespace exactloss
