#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <cstring>
#include <random>
#include <system_error>
#include <utility>

#include "optimized/byte_floor.h"
#include "oracle/bench_contender.h"
#include "oracle/bench_host.h"
#include "oracle/torch_hosts.h"
#include "reference/problem.h"
#include "reference/text.h"

namespace exactloss {
namespace {

using Json = nlohmann::json;

class Peer final : public BenchContender {
 public:
  Peer(std::string subject, HostCommand command, int threads)
      : name_(std::move(subject)), host_(std::move(command)), threads_(threads) {}

  std::string name() const override { return name_; }
  std::string Prepare(const BenchCell& cell) override {
    return host_.Ask(BenchFrame(cell, threads_)).value("message", "");
  }
  double Time(int repeat) override { return host_.Time(repeat); }

 private:
  std::string name_;
  BenchHost host_;
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
  std::size_t bytes() const { return bytes_; }

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
  explicit InProcess(int threads) : threads_(threads) {}

  std::string Prepare(const BenchCell& cell) override {
    cell_ = cell;
    inputs_.clear();
    gradients_.clear();
    std::mt19937_64 random(1);
    for (const BenchInput& input : cell.loss->inputs) inputs_.push_back(Drawn(cell, input.fill, &random));
    for (std::size_t k = 0; k < Predictions().size(); ++k) gradients_.emplace_back(bytes());
    return {};
  }

 protected:
  std::size_t bytes() const { return cell_.elements() * static_cast<std::size_t>(SizeInBytes(cell_.dtype)); }

  /// Which of the inputs: an input, each of a triplet, the classes and the boxes.
  std::vector<std::size_t> Predictions() const {
    if (cell_.loss->inputs.size() == 2) return {0};
    return cell_.loss->inputs.size() == 3 ? std::vector<std::size_t>{0, 1, 2}
                                          : std::vector<std::size_t>{0, 2};
  }

  int threads_;
  BenchCell cell_;
  std::vector<Buffer> inputs_, gradients_;
  Buffer loss_{sizeof(double)};
};

class ByteFloor final : public InProcess {
 public:
  using InProcess::InProcess;
  std::string name() const override { return "byte floor"; }
  double Time(int repeat) override {
    const bool pair = cell_.loss->inputs[1].fill != BenchFill::kIndex;
    const std::size_t whole = (bytes() + 63) / 64 * 64;
    const double start = BenchSeconds(threads_);
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
    return BenchSeconds(threads_) - start;
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
  Kernels(optimized::Mode mode, int threads) : InProcess(threads), mode_(mode) {}
  std::string name() const override { return mode_ == optimized::Mode::kFast ? "fast" : "exact"; }

  std::string Prepare(const BenchCell& cell) override {
    InProcess::Prepare(cell);
    if (const optimized::Error error = Run(cell.rows)) return Concat(error.argument, " ", error.reason);
    return {};
  }
  double Time(int repeat) override { return TimeRows(cell_.rows, repeat); }

 protected:
  double TimeRows(std::size_t rows, int repeat) {
    const double start = BenchSeconds(threads_);
    for (int i = 0; i < repeat; ++i) Run(rows);
    return BenchSeconds(threads_) - start;
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
};

class EmptyCall final : public Kernels {
 public:
  explicit EmptyCall(int threads) : Kernels(optimized::Mode::kFast, threads) {}
  std::string name() const override { return "empty call"; }
  double Time(int repeat) override { return TimeRows(0, repeat); }
};

/// Memory of a descriptor for as long as it is needed.
class Mapping {
 public:
  Mapping(int fd, std::size_t size) : fd_(fd), size_(size) {
    void* data = MAP_FAILED;
    if (ftruncate(fd, static_cast<off_t>(size)) == 0)
      data = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (data == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "no shared memory");
    data_ = static_cast<std::byte*>(data);
  }
  ~Mapping() {
    munmap(data_, size_);
    if (ftruncate(fd_, 0) != 0) return;  // it lasts until the next, then
  }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  std::byte* data() const { return data_; }

 private:
  int fd_;
  std::size_t size_;
  std::byte* data_;
};

/// The norm of what differs, as a part of that of ours; the last bit of the smallest numbers is nothing.
double Distance(Dtype dtype, const std::byte* theirs, const void* ours, std::size_t count) {
  const auto size = static_cast<std::size_t>(SizeInBytes(dtype));
  double difference = 0, norm = 0;
  for (std::size_t i = 0; i < count; ++i) {
    std::uint64_t a = 0, b = 0;
    std::memcpy(&a, theirs + i * size, size);
    std::memcpy(&b, static_cast<const std::byte*>(ours) + i * size, size);
    const double y = FromBits(dtype, b);
    difference += std::pow(FromBits(dtype, a) - y, 2);
    norm += y * y;
  }
  const double nothing = FromBits(dtype, 1) * std::sqrt(static_cast<double>(count));
  const double left = std::sqrt(difference) - nothing;
  return left <= 0 ? 0 : left / std::sqrt(norm);
}

/// At the inputs of our kernels, whose results its own must resemble: else another thing would be timed.
class Compiled final : public Kernels {
 public:
  Compiled(const std::string& python, int threads)
      : Kernels(optimized::Mode::kExact, threads),
        memory_(memfd_create("exactloss", MFD_CLOEXEC)),
        host_(StartCompiledHost(python, memory_.get(), &missing_)) {
    if (!host_ && !python.empty()) throw UsageError(missing_);
  }
  std::string name() const override { return "torch.compile"; }

  std::string Prepare(const BenchCell& cell) override {
    if (!host_) return missing_;
    if (const std::string why = Kernels::Prepare(cell); !why.empty()) return why;
    std::size_t size = 0;
    const auto place = [&](const Buffer& buffer) { return std::exchange(size, size + buffer.bytes()); };
    Json frame = BenchFrame(cell, threads_);
    std::vector<std::size_t> offsets;
    for (std::size_t k = 0; k < inputs_.size(); ++k)
      frame["inputs"][k]["offset"] = offsets.emplace_back(place(inputs_[k]));
    frame["predictions"] = Predictions();
    std::vector<std::size_t> results = {place(loss_)};
    for (const Buffer& gradient : gradients_) results.push_back(place(gradient));
    frame["results"] = results;

    const Mapping memory(memory_.get(), size);
    for (std::size_t k = 0; k < inputs_.size(); ++k)
      std::memcpy(memory.data() + offsets[k], inputs_[k].data(), inputs_[k].bytes());
    if (std::string why = host_->Ask(frame).value("message", ""); !why.empty()) return why;
    for (std::size_t k = 0; k < results.size(); ++k) {
      const Buffer& ours = k == 0 ? loss_ : gradients_[k - 1];
      const double distance =
          Distance(cell.dtype, memory.data() + results[k], ours.data(), k == 0 ? 1 : cell.elements());
      if (!(distance <= kResembles))
        return Concat(k == 0 ? "its loss is another: " : "its gradient is another: ", distance,
                      " of ours off");
    }
    return {};
  }
  double Time(int repeat) override { return host_->Time(repeat); }

 private:
  /// Sixteen bits are rounded at every step by some.
  static constexpr double kResembles = 0.02;

  std::string missing_;
  FileDescriptor memory_;
  std::unique_ptr<BenchHost> host_;
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
std::unique_ptr<BenchContender> MakeCompiled(const std::string& python, int threads) {
  return std::make_unique<Compiled>(python, threads);
}
std::unique_ptr<BenchContender> MakeByteFloor(int threads) { return std::make_unique<ByteFloor>(threads); }
std::unique_ptr<BenchContender> MakeEmptyCall(int threads) { return std::make_unique<EmptyCall>(threads); }

}  // namespace exactloss
