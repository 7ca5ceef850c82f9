#include "oracle/highway.h"

#include <algorithm>
#include <cstring>
#include <deque>
#include <utility>

#include "optimized/kernels.h"
#include "optimized/losses.h"
#include "oracle/broadcast.h"
#include "oracle/guarded_memory.h"
#include "reference/text.h"

namespace exactloss {
namespace {

/// Zeros; between guard pages in a process that wants them.
class Bytes {
 public:
  Bytes() = default;
  Bytes(std::size_t bytes, std::size_t elements) {
    if (WantsGuardPages()) {
      guarded_ = GuardedMemory(bytes, SideFor(elements));
    } else {
      plain_.resize(bytes);
    }
  }

  std::byte* data() { return guarded_.data() != nullptr ? guarded_.data() : plain_.data(); }
  const std::byte* data() const { return guarded_.data() != nullptr ? guarded_.data() : plain_.data(); }

 private:
  GuardedMemory guarded_;
  std::vector<std::byte> plain_;
};

/// A tensor as bytes of the problem's dtype; one element off an aligned address if its layout says so.
class Memory {
 public:
  Memory() = default;
  Memory(Dtype dtype, std::size_t elements, Layout layout = Layout::kContiguous)
      : dtype_(dtype),
        offset_(layout == Layout::kMisaligned ? ElementSize() : 0),
        bytes_(offset_ + elements * ElementSize(), elements) {}

  void* data() { return bytes_.data() + offset_; }
  void Set(std::size_t i, double value) {
    const std::uint64_t bits = ToBits(dtype_, value);
    std::memcpy(bytes_.data() + offset_ + i * ElementSize(), &bits, ElementSize());
  }
  std::uint64_t BitsAt(std::size_t i) const {
    std::uint64_t bits = 0;
    std::memcpy(&bits, bytes_.data() + offset_ + i * ElementSize(), ElementSize());
    return bits;
  }

 private:
  std::size_t ElementSize() const { return static_cast<std::size_t>(SizeInBytes(dtype_)); }

  Dtype dtype_ = Dtype::kF32;
  std::size_t offset_ = 0;
  Bytes bytes_;
};

optimized::Dtype DtypeOf(Dtype dtype) {
  switch (dtype) {
    case Dtype::kF64:
      return optimized::Dtype::kF64;
    case Dtype::kF32:
      return optimized::Dtype::kF32;
    case Dtype::kBF16:
      return optimized::Dtype::kBF16;
    default:
      return optimized::Dtype::kF16;
  }
}

optimized::Reduction ReductionOf(Reduction reduction) {
  switch (reduction) {
    case Reduction::kNone:
      return optimized::Reduction::kNone;
    case Reduction::kMean:
      return optimized::Reduction::kMean;
    case Reduction::kSum:
      return optimized::Reduction::kSum;
    default:
      return optimized::Reduction::kBatchMean;
  }
}

/// A problem in memory: what a kernel reads and writes.
class Work {
 public:
  /// Tensors in `raw`, if it is there, are read and written in place.
  Work(const Problem& problem, optimized::Mode mode, const RawTensors* raw = nullptr)
      : problem_(problem), raw_(raw) {
    call.dtype = DtypeOf(problem.dtype);
    call.mode = mode;
    call.reduction = ReductionOf(problem.reduction);
    if (raw != nullptr) return;
    for (const OutputSpec& spec : OutputsOf(problem)) {
      outputs_.emplace_back(problem.dtype, static_cast<std::size_t>(ElementCount(spec.shape)));
    }
  }

  double parameter(std::string_view name) const { return problem_.parameter(name); }

  /// Dense, but for a tensor expanded along dimension 0, of which one slice is kept.
  optimized::Input Input(std::string_view name) {
    const std::optional<Tensor>& tensor = problem_.input(name);
    if (!tensor) return {};
    if (raw_ != nullptr) return {raw_->inputs[IndexOf(name)], optimized::kDense};
    const bool expanded =
        tensor->layout == Layout::kExpanded && tensor->shape.size() > 1 && tensor->shape[0] > 0;
    const std::size_t size =
        tensor->values.size() / static_cast<std::size_t>(expanded ? tensor->shape[0] : 1);
    Memory& memory = inputs_.emplace_back(problem_.dtype, size, tensor->layout);
    for (std::size_t i = 0; i < size; ++i) memory.Set(i, tensor->values[i]);
    return {memory.data(), expanded ? 0 : optimized::kDense};
  }

  /// Expanded to the shape of the first input.
  optimized::Input Broadcast(std::string_view name) {
    const std::optional<Tensor>& tensor = problem_.input(name);
    if (!tensor) return {};
    if (raw_ != nullptr) return Input(name);
    const Tensor& first = *problem_.inputs[0];
    Memory& memory = inputs_.emplace_back(problem_.dtype, first.values.size(), tensor->layout);
    for (std::int64_t i = 0; i < first.size(); ++i) {
      memory.Set(static_cast<std::size_t>(i), tensor->values[BroadcastIndex(first.shape, tensor->shape, i)]);
    }
    return {memory.data(), optimized::kDense};
  }

  /// Rows are dimension 0.
  optimized::Pair Pair(const std::string& input = "input", const std::string& target = "target") {
    const Tensor& tensor = *problem_.input(input);
    optimized::Pair pair;
    pair.rows = tensor.shape.empty() ? 1 : static_cast<std::size_t>(tensor.shape[0]);
    pair.columns = pair.rows == 0 ? 0 : static_cast<std::size_t>(ElementCount(tensor.shape)) / pair.rows;
    pair.input = Input(input);
    pair.target = Input(target);
    pair.loss = Output("loss");
    pair.input_gradient = Output("grad:" + input);
    pair.target_gradient = Output("grad:" + target);
    return pair;
  }

  /// Rows are dimension 0, or one row of classes alone.
  optimized::ClassRows ClassRows() {
    const Shape& shape = problem_.inputs[0]->shape;
    optimized::ClassRows rows;
    const bool batch = shape.size() > 1;
    rows.rows = batch ? static_cast<std::size_t>(shape[0]) : 1;
    rows.classes = static_cast<std::size_t>(shape[batch ? 1 : 0]);
    for (std::size_t k = 2; k < shape.size(); ++k) rows.inner *= static_cast<std::size_t>(shape[k]);
    rows.input = Input("input");
    if (const std::optional<Tensor>& target = problem_.input("target")) {
      classes_ = Bytes(target->values.size() * sizeof(std::int64_t), target->values.size());
      auto* classes = reinterpret_cast<std::int64_t*>(classes_.data());
      for (const double index : target->values) *classes++ = static_cast<std::int64_t>(index);
      rows.target = reinterpret_cast<const std::int64_t*>(classes_.data());
    }
    rows.weight = Input("weight").data;
    rows.loss = Output("loss");
    rows.input_gradient = Output("grad:input");
    return rows;
  }

  /// Cross entropy alone has probabilities.
  optimized::ClassRows ProbabilityRows() {
    optimized::ClassRows rows = ClassRows();
    rows.target_probabilities = Input("target_probabilities");
    rows.target_gradient = Output("grad:target_probabilities");
    return rows;
  }

  optimized::Pair Boxes() {
    optimized::Pair pair = Pair();
    pair.columns = 4;  // of no rows too
    return pair;
  }

  /// What detection has beside its classes.
  optimized::Pair DetectedBoxes() {
    optimized::Pair pair = Pair("boxes", "target_boxes");
    pair.columns = 4;
    pair.loss = nullptr;
    return pair;
  }

  /// Of one row or several.
  optimized::Triplet Triplet() {
    const Shape& shape = problem_.inputs[0]->shape;
    optimized::Triplet triplet;
    triplet.columns = static_cast<std::size_t>(shape.back());
    triplet.rows = shape.size() > 1 ? static_cast<std::size_t>(shape[0]) : 1;
    triplet.anchor = Input("anchor");
    triplet.positive = Input("positive");
    triplet.negative = Input("negative");
    triplet.loss = Output("loss");
    triplet.anchor_gradient = Output("grad:anchor");
    triplet.positive_gradient = Output("grad:positive");
    triplet.negative_gradient = Output("grad:negative");
    return triplet;
  }

  void* Output(std::string_view name) {
    const std::vector<OutputSpec> specs = OutputsOf(problem_);
    for (std::size_t k = 0; k < specs.size(); ++k) {
      if (specs[k].name == name) return raw_ != nullptr ? raw_->outputs[k] : outputs_[k].data();
    }
    return nullptr;
  }

  Answer ToAnswer() const {
    Answer answer;
    const std::vector<OutputSpec> specs = OutputsOf(problem_);
    for (std::size_t k = 0; k < specs.size(); ++k) {
      exactloss::Output output{specs[k].name, problem_.dtype, specs[k].shape, {}};
      if (raw_ != nullptr) {
        if (raw_->outputs[k] != nullptr) answer.outputs.push_back(std::move(output));
        continue;
      }
      const auto size = static_cast<std::size_t>(ElementCount(specs[k].shape));
      for (std::size_t i = 0; i < size; ++i) output.bits.push_back(outputs_[k].BitsAt(i));
      answer.outputs.push_back(std::move(output));
    }
    return answer;
  }

  optimized::Call call;

 private:
  std::size_t IndexOf(std::string_view input) const {
    const auto& inputs = problem_.loss->inputs;
    const auto found =
        std::find_if(inputs.begin(), inputs.end(), [&](const InputSpec& spec) { return spec.name == input; });
    return static_cast<std::size_t>(found - inputs.begin());
  }

  const Problem& problem_;
  const RawTensors* raw_;
  std::vector<Memory> outputs_;
  Bytes classes_;
  std::deque<Memory> inputs_;  // which hands out addresses
};

struct Kernel {
  std::string_view loss;
  optimized::Error (*run)(Work* work);
};

const Kernel kKernels[] = {
    {"mse", [](Work* w) { return optimized::Mse(w->call, w->Pair()); }},
    {"l1", [](Work* w) { return optimized::L1(w->call, w->Pair()); }},
    {"smooth_l1", [](Work* w) { return optimized::SmoothL1(w->call, w->Pair(), {w->parameter("beta")}); }},
    {"huber", [](Work* w) { return optimized::Huber(w->call, w->Pair(), {w->parameter("delta")}); }},
    {"bce",
     [](Work* w) {
       return optimized::Bce(w->call, w->Pair(), {w->Broadcast("weight"), w->parameter("log_clamp")});
     }},
    {"bce_with_logits",
     [](Work* w) {
       return optimized::BceWithLogits(w->call, w->Pair(),
                                       {w->Broadcast("weight"), w->Broadcast("pos_weight")});
     }},
    {"nll",
     [](Work* w) {
       return optimized::Nll(w->call, w->ClassRows(),
                             {static_cast<std::int64_t>(w->parameter("ignore_index"))});
     }},
    {"cross_entropy",
     [](Work* w) {
       return optimized::CrossEntropy(
           w->call, w->ProbabilityRows(),
           {static_cast<std::int64_t>(w->parameter("ignore_index")), w->parameter("label_smoothing")});
     }},
    {"sigmoid_focal",
     [](Work* w) {
       return optimized::SigmoidFocal(w->call, w->Pair(), {w->parameter("alpha"), w->parameter("gamma")});
     }},
    {"focal_simple",
     [](Work* w) {
       return optimized::FocalSimple(w->call, w->Pair(), {w->parameter("alpha"), w->parameter("gamma")});
     }},
    {"kl_div",
     [](Work* w) { return optimized::KlDiv(w->call, w->Pair(), {w->parameter("log_target") != 0}); }},
    {"dice",
     [](Work* w) {
       return optimized::Dice(w->call, w->Pair(), {w->parameter("smooth"), w->parameter("per_sample") != 0});
     }},
    {"bce_dice",
     [](Work* w) {
       return optimized::BceDice(
           w->call, w->Pair(),
           {w->parameter("bce_weight"), w->parameter("dice_weight"), w->parameter("smooth")});
     }},
    {"iou", [](Work* w) { return optimized::Iou(w->call, w->Boxes(), {w->parameter("eps")}); }},
    {"giou", [](Work* w) { return optimized::Giou(w->call, w->Boxes(), {w->parameter("eps")}); }},
    {"diou", [](Work* w) { return optimized::Diou(w->call, w->Boxes(), {w->parameter("eps")}); }},
    {"ciou", [](Work* w) { return optimized::Ciou(w->call, w->Boxes(), {w->parameter("eps")}); }},
    {"detection",
     [](Work* w) {
       return optimized::Detection(
           w->call, w->Pair(), w->DetectedBoxes(),
           {w->parameter("alpha"), w->parameter("gamma"), w->parameter("beta"), w->parameter("eps"),
            w->parameter("class_weight"), w->parameter("box_weight"), w->parameter("iou_weight")});
     }},
    {"triplet_margin",
     [](Work* w) {
       return optimized::TripletMargin(
           w->call, w->Triplet(),
           {w->parameter("margin"), w->parameter("p"), w->parameter("eps"), w->parameter("swap") != 0});
     }},
};

/// What of a call with wrong arguments the kernels' interface cannot say: it has one dtype and one shape for
/// all tensors, so the memory that it names would not be there. "" where all is said.
std::string Inexpressible(const Problem& problem) {
  for (const std::optional<Tensor>& tensor : problem.inputs) {
    if (tensor && !tensor->type.empty()) return "a call has one dtype for all of its tensors";
  }
  try {
    CheckShapes(problem, /*least_size=*/0);
  } catch (const UsageError& error) {
    return Concat("a call has one shape for all of its tensors; ", error.what());
  }
  return {};
}

class HighwaySubject final : public Subject {
 public:
  HighwaySubject(const std::string& target, optimized::Mode mode, const std::string& mode_name)
      : info_{"highway/" + target + "/" + mode_name,
              EXACTLOSS_VERSION,
              {{"library", "Exactloss"}, {"target", target}, {"mode", mode_name}, {"threads", "1"}},
              {.accumulator = Dtype::kF64}},  // in blocks and double words: the worst of it is in doubles
        target_(target),
        mode_(mode) {}

  const SubjectInfo& info() const override { return info_; }
  bool ChecksArguments() const override { return true; }

  std::vector<Answer> Run(std::span<const Problem> problems) override {
    optimized::UseTarget(target_.c_str());
    std::vector<Answer> answers;
    answers.reserve(problems.size());
    for (const Problem& problem : problems) answers.push_back(Run(problem));
    return answers;
  }

  /// Rows of classes have indices of another type than memory of the dtype.
  Answer RunRaw(const Problem& form, const RawTensors& raw) override {
    if (form.loss->family != Family::kElementwise) return Subject::RunRaw(form, raw);
    optimized::UseTarget(target_.c_str());
    return Run(form, &raw);
  }

  std::optional<double> DeclaredUlp(const Problem& problem, const OutputSpec&) const override {
    for (const optimized::Contract* contract : optimized::kContracts) {
      if (problem.loss->name != contract->loss) continue;
      if (problem.dtype == Dtype::kF64) return contract->f64;
      return mode_ == optimized::Mode::kFast ? contract->fast : contract->exact;
    }
    return {};
  }

 private:
  Answer Run(const Problem& problem, const RawTensors* raw = nullptr) const {
    const auto* kernel = std::find_if(std::begin(kKernels), std::end(kKernels),
                                      [&](const Kernel& k) { return k.loss == problem.loss->name; });
    if (kernel == std::end(kKernels)) {
      return {
          AnswerStatus::kUnsupported, Concat("no kernel: write optimized/", problem.loss->name, ".cc"), {}};
    }
    if (std::string why = Inexpressible(problem); !why.empty()) {
      return {AnswerStatus::kUnsupported, std::move(why), {}};
    }
    Work work(problem, mode_, raw);
    if (const optimized::Error error = kernel->run(&work)) {
      return {AnswerStatus::kError, Concat(error.argument, " ", error.reason), {}};
    }
    return work.ToAnswer();
  }

  SubjectInfo info_;
  std::string target_;
  optimized::Mode mode_;
};

constexpr std::pair<const char*, optimized::Mode> kModes[] = {{"exact", optimized::Mode::kExact},
                                                              {"fast", optimized::Mode::kFast}};

}  // namespace

std::vector<std::string> HighwayKernels() {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < optimized::TargetCount(); ++i) {
    for (const auto& [mode, value] : kModes) names.push_back(Concat(optimized::TargetName(i), "/", mode));
  }
  return names;
}

std::unique_ptr<Subject> MakeHighwaySubject(const std::string& kernels) {
  for (std::size_t i = 0; i < optimized::TargetCount(); ++i) {
    const std::string target = optimized::TargetName(i);
    for (const auto& [mode, value] : kModes) {
      if (kernels == target + "/" + mode) return std::make_unique<HighwaySubject>(target, value, mode);
    }
  }
  const std::vector<std::string> there = HighwayKernels();
  const std::vector<std::string_view> names(there.begin(), there.end());
  throw UsageError(Concat("no kernels ", Quoted(kernels), "; ", Suggestion(kernels, names)));
}

}  // namespace exactloss
