// Every loss of the catalogue as a call of LibTorch: the built-in operator where there is one, else a
// composite of LibTorch operators in the form in which its authors publish it.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace exactloss::torch_host {

/// LibTorch has no such loss, parameter or dtype.
class Unsupported : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// What a loss is called with. A name that was not sent throws std::out_of_range.
struct Call {
  std::map<std::string, at::Tensor> inputs;
  std::map<std::string, double> parameters;
  std::string reduction;

  const at::Tensor& operator[](const char* input) const { return inputs.at(input); }
  at::Tensor Optional(const char* input) const;  ///< undefined when it was not given
  double Real(const char* parameter) const { return parameters.at(parameter); }
  std::int64_t Integer(const char* parameter) const { return static_cast<std::int64_t>(Real(parameter)); }
  bool Boolean(const char* parameter) const { return Real(parameter) != 0; }
};

using Loss = at::Tensor (*)(const Call&);

/// The loss of that name; throws Unsupported when there is none.
Loss FindLoss(const std::string& name);

using Tensors = std::map<std::string, at::Tensor>;

/// The loss, and the gradients of its sum with respect to the inputs named.
Tensors Evaluate(Loss loss, Call call, const std::vector<std::string>& differentiable);

/// LibTorch's number for a reduction ("none", "mean", "sum").
std::int64_t ReductionOf(const Call& call);

/// The terms of a composite, reduced.
at::Tensor Reduce(const at::Tensor& terms, const Call& call);

}  // namespace exactloss::torch_host
