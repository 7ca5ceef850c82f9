// exactloss-torch-host: LibTorch behind the subject protocol (docs/protocol.md).
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/ones_like.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <torch/csrc/autograd/autograd.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "oracle/float_environment.h"
#include "oracle/guarded_memory.h"
#include "oracle/hosts/torch/bench.h"
#include "oracle/hosts/torch/losses.h"

namespace exactloss::torch_host {
namespace {

using Json = nlohmann::json;

const std::string kGradient = "grad:";

const std::map<std::string, at::ScalarType> kDtypes = {{"f64", at::kDouble},
                                                       {"f32", at::kFloat},
                                                       {"bf16", at::kBFloat16},
                                                       {"f16", at::kHalf},
                                                       {"i64", at::kLong}};

std::string NameOf(at::ScalarType type) {
  for (const auto& [name, dtype] : kDtypes) {
    if (dtype == type) return name;
  }
  return at::toString(type);
}

/// The auditor's shared memory, where bulk data lies; null when there is none.
std::byte* MapSharedMemory() {
  const char* fd = std::getenv("EXACTLOSS_SHM_FD");
  struct stat status = {};
  if (fd == nullptr || fstat(std::atoi(fd), &status) != 0) return nullptr;
  const auto size = static_cast<std::size_t>(status.st_size);
  void* data = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, std::atoi(fd), 0);
  return data == MAP_FAILED ? nullptr : static_cast<std::byte*>(data);
}

/// A payload at an aligned address, as tensors would be that LibTorch made itself.
using Payload = std::unique_ptr<std::byte, decltype(&std::free)>;

Payload AllocatePayload(std::size_t bytes) {
  constexpr std::size_t kAlignment = 64;
  const std::size_t rounded_up = (bytes / kAlignment + 1) * kAlignment;
  return {static_cast<std::byte*>(std::aligned_alloc(kAlignment, rounded_up)), &std::free};
}

at::Tensor InputOf(const Json& input, std::byte* memory) {
  return at::from_blob(memory + input.at("offset").get<std::size_t>(),
                       input.at("shape").get<std::vector<std::int64_t>>(),
                       input.at("strides").get<std::vector<std::int64_t>>(),
                       at::TensorOptions().dtype(kDtypes.at(input.at("dtype"))));
}

/// The same tensor between guard pages, which it holds on to: LibTorch's kernels are not instrumented, and
/// nothing else would see them read past its end.
at::Tensor Guarded(const at::Tensor& tensor) {
  std::size_t elements = tensor.numel() == 0 ? 0 : 1;
  for (std::int64_t d = 0; d < tensor.dim() && elements != 0; ++d) {
    elements += static_cast<std::size_t>((tensor.size(d) - 1) * tensor.stride(d));
  }
  const std::size_t bytes = elements * tensor.element_size();
  const auto memory = std::make_shared<GuardedMemory>(bytes, SideFor(elements));
  std::memcpy(memory->data(), tensor.data_ptr(), bytes);
  return at::from_blob(
      memory->data(), tensor.sizes(), tensor.strides(), [memory](void*) {}, tensor.options());
}

Call CallOf(const Json& problem, std::byte* memory) {
  Call call;
  call.reduction = problem.at("reduction");
  for (const auto& [name, value] : problem.at("parameters").items()) {
    call.parameters[name] = std::strtod(value.get<std::string>().c_str(), nullptr);
  }
  for (const Json& input : problem.at("inputs")) {
    const at::Tensor tensor = InputOf(input, memory);
    call.inputs[input.at("name")] = WantsGuardPages() ? Guarded(tensor) : tensor;
  }
  return call;
}

}  // namespace

Tensors Evaluate(Loss loss, Call call, const std::vector<std::string>& differentiable) {
  std::vector<at::Tensor> leaves;
  for (const std::string& name : differentiable) {
    leaves.push_back(call.inputs.at(name).set_requires_grad(true));
  }
  const at::Tensor value = loss(call);
  Tensors outputs = {{"loss", value.detach()}};
  if (!value.requires_grad()) return outputs;
  const std::vector<at::Tensor> gradients =
      torch::autograd::grad({value}, leaves, {at::ones_like(value)}, /*retain_graph=*/{},
                            /*create_graph=*/false, /*allow_unused=*/true);
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    if (gradients[i].defined()) outputs[kGradient + differentiable[i]] = gradients[i];
  }
  return outputs;
}

namespace {

/// LibTorch has no kernel for this dtype, or no derivative with respect to this input.
bool IsMissing(const c10::Error& error) {
  return std::strstr(error.what_without_backtrace(), "not implemented") != nullptr;
}

/// As many of the outputs as LibTorch has. Tensors are handles, so each evaluation gets a call of its own:
/// what one marks as differentiable must not be seen by the next.
Tensors Run(const Json& problem, std::byte* memory) {
  const Loss loss = FindLoss(problem.at("loss"));
  std::vector<std::string> differentiable;
  for (const Json& output : problem.at("outputs")) {
    const std::string name = output.at("name");
    if (name.rfind(kGradient, 0) == 0) differentiable.push_back(name.substr(kGradient.size()));
  }
  try {
    return Evaluate(loss, CallOf(problem, memory), differentiable);
  } catch (const c10::Error& error) {
    if (!IsMissing(error)) throw;
  }
  std::vector<std::string> possible;
  for (const std::string& name : differentiable) {
    try {
      Evaluate(loss, CallOf(problem, memory), {name});
      possible.push_back(name);
    } catch (const c10::Error& error) {
      if (!IsMissing(error)) throw;
    }
  }
  return Evaluate(loss, CallOf(problem, memory), possible);
}

/// The instruction set whose kernels run: ATEN_CPU_CAPABILITY and the CPU decide, and it changes the bits.
std::string Capability() {
  const std::string label = "CPU capability usage: ";
  const std::string config = at::show_config();
  const std::size_t found = config.find(label);
  if (found == std::string::npos) return "unknown";
  const std::size_t start = found + label.size();
  return config.substr(start, config.find('\n', start) - start);
}

class Host {
 public:
  explicit Host(std::FILE* out) : out_(out), shared_(MapSharedMemory()) {}

  void Hello() {
    Write({{"exactloss", 1},
           {"type", "hello"},
           {"name", "LibTorch"},
           {"version", EXACTLOSS_TORCH_VERSION},
           {"details", {{"capability", Capability()}, {"threads", std::to_string(at::get_num_threads())}}},
           {"shared_memory", shared_ != nullptr}});
    std::fflush(out_);
  }

  /// Answers one problem, whatever it throws.
  void Answer(const Json& problem, std::size_t number, std::int64_t run, std::byte* payload) {
    Json answer = {{"type", "answer"}, {"id", run}, {"problem", number}};
    std::vector<at::Tensor> in_payload;
    const FloatEnvironment environment;
    try {
      const Tensors outputs = Run(problem, shared_ != nullptr ? shared_ : payload);
      answer["status"] = "ok";
      answer["outputs"] = Put(problem, outputs, &in_payload);
    } catch (const Unsupported& error) {
      answer.update({{"status", "unsupported"}, {"message", error.what()}});
    } catch (const c10::Error& error) {
      const std::string message = FirstLine(error.what_without_backtrace());
      answer.update({{"status", IsMissing(error) ? "unsupported" : "error"}, {"message", message}});
    } catch (const std::exception& error) {
      answer.update({{"status", "error"}, {"message", FirstLine(error.what())}});
    }
    if (const std::string changes = environment.Restored(); !changes.empty()) {
      in_payload.clear();
      answer.update(
          {{"status", "error"}, {"message", "it leaves the floating-point environment changed: " + changes}});
    }
    std::size_t bytes = 0;
    for (const at::Tensor& tensor : in_payload) bytes += tensor.nbytes();
    answer["bytes"] = bytes;
    Write(answer);
    for (const at::Tensor& tensor : in_payload) std::fwrite(tensor.data_ptr(), 1, tensor.nbytes(), out_);
    std::fflush(out_);
  }

  void Write(const Json& frame) {
    // A message may quote bytes that are no UTF-8.
    const std::string line = frame.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
    std::fwrite(line.data(), 1, line.size(), out_);
  }

 private:
  /// Lays the outputs where the problem wants them, and says what they are.
  Json Put(const Json& problem, const Tensors& outputs, std::vector<at::Tensor>* in_payload) {
    Json described = Json::array();
    for (const Json& wanted : problem.at("outputs")) {
      const auto found = outputs.find(wanted.at("name"));
      if (found == outputs.end()) continue;
      const at::Tensor tensor = found->second.contiguous();
      described.push_back(
          {{"name", found->first}, {"dtype", NameOf(tensor.scalar_type())}, {"shape", tensor.sizes().vec()}});
      if (!wanted.contains("offset")) {
        in_payload->push_back(tensor);
      } else if (tensor.sizes() == wanted.at("shape").get<std::vector<std::int64_t>>()) {
        std::memcpy(shared_ + wanted.at("offset").get<std::size_t>(), tensor.data_ptr(), tensor.nbytes());
      }
    }
    return described;
  }

  static std::string FirstLine(const std::string& text) { return text.substr(0, text.find('\n')); }

  std::FILE* out_;
  std::byte* shared_;
};

int Main() {
  // Standard output is the protocol's alone: what a library prints there goes to standard error.
  std::FILE* out = fdopen(dup(STDOUT_FILENO), "wb");
  dup2(STDERR_FILENO, STDOUT_FILENO);
  std::ios::sync_with_stdio(false);
  at::set_num_threads(1);
  Host host(out);
  Bench bench;

  for (std::string line; std::getline(std::cin, line);) {
    const Json frame = Json::parse(line);
    const auto bytes = frame.value("bytes", std::size_t{0});
    const Payload payload = AllocatePayload(bytes);
    std::cin.read(reinterpret_cast<char*>(payload.get()), static_cast<std::streamsize>(bytes));
    if (frame.at("type") == "hello") {
      host.Hello();
    } else if (frame.at("type") == "run") {
      const Json& problems = frame.at("problems");
      for (std::size_t i = 0; i < problems.size(); ++i) {
        host.Answer(problems[i], i, frame.at("id"), payload.get());
      }
    } else if (frame.at("type") == "bench" || frame.at("type") == "time") {
      host.Write(bench.Answer(frame));
      std::fflush(out);
    }
  }
  return 0;
}

}  // namespace
}  // namespace exactloss::torch_host

int main() {
  try {
    return exactloss::torch_host::Main();
  } catch (const std::exception& error) {
    std::cerr << "exactloss-torch-host: " << error.what() << "\n";
    return 1;
  }
}
