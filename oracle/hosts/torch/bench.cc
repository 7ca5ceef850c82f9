#include "oracle/hosts/torch/bench.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/abs.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <malloc.h>
#include <time.h>

#include <climits>
#include <cstdlib>

namespace exactloss::torch_host {
namespace {

using Json = nlohmann::json;

at::Tensor Drawn(const std::string& fill, const std::vector<std::int64_t>& shape, std::int64_t classes) {
  if (fill == "normal") return 3 * at::randn(shape);
  if (fill == "binary") return at::randint(2, shape).to(at::kFloat);
  if (fill == "log_probability") return -at::abs(3 * at::randn(shape));
  if (fill == "index") return at::randint(classes, shape, at::kLong);
  const at::Tensor unit = 0.01 + 0.98 * at::rand(shape);
  if (fill != "boxes") return unit;
  return 50 * at::cat({unit.narrow(1, 0, 2), unit.narrow(1, 2, 2) + 1}, 1);
}

at::ScalarType TypeOf(const std::string& dtype) {
  if (dtype == "f64") return at::kDouble;
  if (dtype == "f32") return at::kFloat;
  return dtype == "bf16" ? at::kBFloat16 : at::kHalf;
}

double Seconds(int threads) {
  timespec now = {};
  clock_gettime(threads == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

}  // namespace

Json Bench::Answer(const Json& frame) {
  Json answer = {{"type", frame.at("type")}};
  try {
    if (frame.at("type") == "bench") {
      Prepare(frame);
    } else {
      answer["seconds"] = Time(frame.at("repeat"));
    }
  } catch (const c10::Error& error) {
    const std::string text = error.what_without_backtrace();
    answer["message"] = text.substr(0, text.find('\n'));
  } catch (const std::exception& error) {
    answer["message"] = error.what();
  }
  return answer;
}

void Bench::Prepare(const Json& frame) {
  // Large outputs would be mapped and faulted in at each call: that is the time of the kernel of the machine,
  // not of LibTorch.
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, INT_MAX);
  threads_ = frame.at("threads");
  at::set_num_threads(threads_);
  loss_ = FindLoss(frame.at("loss"));
  call_ = {};
  call_.reduction = "mean";
  predictions_.clear();
  for (const auto& [name, value] : frame.at("parameters").items()) {
    call_.parameters[name] = std::strtod(value.get<std::string>().c_str(), nullptr);
  }
  const Json& inputs = frame.at("inputs");
  for (const Json& input : inputs) {
    const std::string name = input.at("name"), fill = input.at("fill");
    at::Tensor tensor = Drawn(fill, input.at("shape"), input.at("classes"));
    call_.inputs[name] = fill == "index" ? tensor : tensor.to(TypeOf(frame.at("dtype")));
    if (inputs.size() == 3 || predictions_.empty() || name == "boxes") predictions_.push_back(name);
  }
  Evaluate(loss_, call_, predictions_);
}

double Bench::Time(int repeat) const {
  const double start = Seconds(threads_);
  for (int i = 0; i < repeat; ++i) Evaluate(loss_, call_, predictions_);
  return Seconds(threads_) - start;
}

}  // namespace exactloss::torch_host
