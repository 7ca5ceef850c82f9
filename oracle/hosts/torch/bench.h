// Times LibTorch in its own process: a loss with the gradient to its predictions, at inputs drawn here.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "oracle/hosts/torch/losses.h"

namespace exactloss::torch_host {

class Bench {
 public:
  /// A frame `bench` (a cell; its message says why LibTorch has it not) or `time` (seconds of so many
  /// repeats).
  nlohmann::json Answer(const nlohmann::json& frame);

 private:
  void Prepare(const nlohmann::json& frame);
  double Time(int repeat) const;

  Loss loss_ = nullptr;
  Call call_;
  std::vector<std::string> predictions_;
  int threads_ = 1;
};

}  // namespace exactloss::torch_host
